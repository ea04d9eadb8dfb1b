import assert from "node:assert/strict";
import fc from "fast-check";
import { createPolyphaseResampler, MAX_RATIO_TERM, rateRatio } from "./polyphase.ts";
import { mapSampleIndex, resampledLength, resampleFft } from "./resample.ts";
import golden from "./testdata/scipy.json" with { type: "json" };

const x = Float64Array.from(golden.x);

for (const { n, up, down, y } of golden.resamplePoly) {
  Deno.test(`createPolyphaseResampler() equals SciPy, ${n} samples by ${up} / ${down}`, () => {
    const resampled = createPolyphaseResampler({ up, down }).resample(x.subarray(0, n));
    assert.equal(resampled.length, y.length);
    y.forEach((value, m) => assert.ok(Math.abs(resampled[m] - value) < 1e-9, `sample ${m}`));
  });
}

Deno.test("rateRatio() finds the exact fraction of rates with a few decimals", () => {
  assert.deepEqual(rateRatio({ fromFs: 250, toFs: 360 }), { up: 36, down: 25 });
  assert.deepEqual(rateRatio({ fromFs: 1000, toFs: 360 }), { up: 9, down: 25 });
  assert.deepEqual(rateRatio({ fromFs: 257.3, toFs: 360 }), { up: 3600, down: 2573 });
  assert.deepEqual(rateRatio({ fromFs: 360, toFs: 128 }), { up: 16, down: 45 });
  assert.deepEqual(rateRatio({ fromFs: 360, toFs: 360 }), { up: 1, down: 1 });
  assert.deepEqual(rateRatio({ fromFs: 100_000, toFs: 50 }), { up: 1, down: 2000 });
});

Deno.test("rateRatio() is the nearest fraction, as trying all denominators finds it", () => {
  const rate = fc.double({ min: 50, max: 2000, noNaN: true });
  fc.assert(
    fc.property(rate, rate, (fromFs, toFs) => {
      const { up, down } = rateRatio({ fromFs, toFs });
      const small = Math.min(up, down), large = Math.max(up, down);
      const wanted = Math.min(fromFs, toFs) / Math.max(fromFs, toFs);
      let best = Infinity;
      for (let q = 1; q <= MAX_RATIO_TERM; q++) {
        best = Math.min(best, Math.abs(Math.round(wanted * q) / q - wanted));
      }
      assert.ok((up < down) === (toFs < fromFs) || up === down);
      assert.ok(large <= MAX_RATIO_TERM && best < 1 / MAX_RATIO_TERM);
      assert.ok(Math.abs(small / large - wanted) <= best + 1e-15, `${up} / ${down} for ${wanted}`);
    }),
    { seed: 11, numRuns: 50 },
  );
});

Deno.test("rateRatio() and createPolyphaseResampler() refuse what is out of range", () => {
  for (const [fromFs, toFs] of [[0, 360], [360, NaN], [-1, 360], [-1, -2], [Infinity, 360], [1e9, 360]]) {
    assert.throws(() => rateRatio({ fromFs, toFs }), RangeError);
  }
  for (const [up, down] of [[0, 1], [1, 1.5], [MAX_RATIO_TERM + 1, 1]]) {
    assert.throws(() => createPolyphaseResampler({ up, down }), RangeError);
  }
  assert.throws(
    () => createPolyphaseResampler({ up: 2, down: 3 }).resample(Float64Array.of(0, NaN)),
    /NaN at sample 1/,
  );
});

/** Pulses of a bell's form at given times in seconds: known at any rate without resampling. */
function pulseTrain(timesSeconds: number[], fs: number, seconds: number): Float64Array {
  return Float64Array.from(
    { length: Math.round(seconds * fs) },
    (_, i) => timesSeconds.reduce((sum, time) => sum + Math.exp(-(((i / fs - time) / 0.012) ** 2)), 0),
  );
}

/** Place of the maximum near an index, between samples by a parabola. */
function peakNear(signal: Float64Array, index: number, reach: number): number {
  let at = index;
  for (let i = Math.max(1, index - reach); i <= Math.min(signal.length - 2, index + reach); i++) {
    if (signal[i] > signal[at]) at = i;
  }
  const left = signal[at - 1], right = signal[at + 1];
  return at + (left - right) / (2 * (left - 2 * signal[at] + right));
}

Deno.test("resampling keeps a pulse where it was to a tenth of a sample and maps its index to half of one, at any rates", () => {
  const rate = fc.double({ min: 200, max: 1000, noNaN: true }),
    gap = fc.double({ min: 0.3, max: 1.2, noNaN: true });
  fc.assert(
    fc.property(rate, rate, fc.array(gap, { minLength: 1, maxLength: 8 }), (fromFs, toFs, gaps) => {
      let seconds = 0.3;
      const times = gaps.map((more) => seconds += more);
      const signal = pulseTrain(times, fromFs, seconds + 0.4), n = signal.length;
      const poly = createPolyphaseResampler(rateRatio({ fromFs, toFs })),
        fft = resampleFft(signal, { fromFs, toFs });
      const { up, down } = poly.ratio;
      for (
        const [resampled, from, to] of [[poly.resample(signal), down, up], [fft, n, fft.length]] as const
      ) {
        assert.ok(Math.abs(resampled.length - resampledLength(n, { fromFs, toFs })) <= 1);
        for (const time of times) {
          const there = peakNear(resampled, Math.round(time * fromFs * to / from), 5);
          assert.ok(
            Math.abs(there - time * fromFs * to / from) < 0.1,
            `${there} at ${time} s, ${fromFs} to ${toFs} Hz`,
          );
          // An annotation stands on the nearest sample.
          const annotated = Math.round(time * fromFs),
            mapped = mapSampleIndex(annotated, from, to, resampled.length);
          assert.ok(Math.abs(mapped - annotated * to / from) <= 0.5);
        }
      }
    }),
    { seed: 12, numRuns: 25 },
  );
});
