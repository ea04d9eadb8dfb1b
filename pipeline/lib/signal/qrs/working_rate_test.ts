import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../../core/rng.ts";
import { HISTORY_SECONDS } from "./detector.ts";
import { matchedFilter } from "./matched_filter.ts";
import { swt } from "./swt.ts";
import { drawEcg, drawRhythm } from "./test_ecg.ts";
import { twoAverage } from "./two_average.ts";
import { createWorkingRate, WORKING_FS } from "./working_rate.ts";
import { wqrs } from "./wqrs.ts";

const RATES = [100, 125, 128, 250, 360, 1000];

function runInPieces(x: Float32Array, fs: number, lengths: readonly number[]): number[] {
  const rate = createWorkingRate(fs), out: number[] = [];
  for (let from = 0, k = 0; from < x.length; k++) {
    const to = from + lengths[k % lengths.length];
    out.push(...rate.run(x.subarray(from, to)));
    from = to;
  }
  return out;
}

/** Mean of the lines that join the samples over each interval, by cutting it at every sample. */
function plainWorkingRate(x: Float32Array, fs: number): number[] {
  const step = fs / WORKING_FS, out: number[] = [];
  const valueAt = (t: number) => {
    const i = Math.min(Math.floor(t), x.length - 2);
    return t <= 0 ? x[0] : x[i] + (x[i + 1] - x[i]) * (t - i);
  };
  for (let k = 0; (k + 0.5) * step <= x.length - 1; k++) {
    const begin = (k - 0.5) * step, end = (k + 0.5) * step;
    const cuts = [begin];
    for (let i = Math.ceil(begin); i < end; i++) if (i > begin) cuts.push(i);
    cuts.push(end);
    let area = 0;
    for (let c = 1; c < cuts.length; c++) {
      area += (cuts[c] - cuts[c - 1]) * (valueAt(cuts[c - 1]) + valueAt(cuts[c])) / 2;
    }
    out.push(area / step);
  }
  return out;
}

Deno.test("createWorkingRate() gives the mean of the joined samples over each interval", () => {
  for (const fs of RATES) {
    const rng = createRng(fs), x = Float32Array.from({ length: 700 }, rng.normal);
    const expected = plainWorkingRate(x, fs), actual = runInPieces(x, fs, [x.length]);
    assert.equal(actual.length, expected.length, `${fs} Hz`);
    actual.forEach((value, k) => {
      assert.ok(Math.abs(value - expected[k]) < 1e-12, `${fs} Hz, sample ${k}: ${value}, not ${expected[k]}`);
    });
  }
});

Deno.test("createWorkingRate() gives the very same samples in pieces of any length", () => {
  const rng = createRng(2), x = Float32Array.from({ length: 1500 }, rng.normal);
  fc.assert(
    fc.property(
      fc.constantFrom(...RATES),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
      (fs, lengths) => assert.deepEqual(runInPieces(x, fs, lengths), runInPieces(x, fs, [x.length])),
    ),
    { seed: 3, numRuns: 60 },
  );
});

Deno.test("createWorkingRate() keeps a flat lead exactly flat and forgets a spike of 1e30", () => {
  const level = Math.fround(-2659.6496248443586);
  for (const fs of RATES) {
    const x = new Float32Array(4 * fs).fill(level);
    assert.ok(runInPieces(x, fs, [7]).every((value) => value === level), `${fs} Hz`);
    x[2 * fs] = 1e30;
    const after = Math.ceil(2 * WORKING_FS + WORKING_FS / fs) + 1;
    assert.ok(runInPieces(x, fs, [7]).slice(after).every((value) => value === level), `${fs} Hz, spike`);
  }
});

for (const algorithm of [swt, twoAverage, matchedFilter, wqrs]) {
  Deno.test(`${algorithm.name} reports complexes within 40 ms of the R peak and in time, at any rate`, () => {
    for (const fs of RATES) {
      const times = drawRhythm(40, 5), ecg = drawEcg(times, 40, fs);
      const search = algorithm.open(fs), found: number[] = [];
      const report = (samples: number, reported: number[]) => {
        for (const at of reported) {
          assert.ok(Number.isInteger(at) && at >= 0 && at < samples, `${at} of ${samples} samples`);
          assert.ok(samples - at <= HISTORY_SECONDS * fs, `${(samples - at) / fs} s late at ${fs} Hz`);
        }
        found.push(...reported);
      };
      for (let from = 0; from < ecg.length; from += fs) {
        const reported: number[] = [];
        search.push(ecg.slice(from, from + fs), reported);
        report(Math.min(ecg.length, from + fs), reported);
      }
      const reported: number[] = [];
      search.finish(reported);
      report(ecg.length, reported);
      assert.equal(found.length, times.length, `${fs} Hz`);
      found.forEach((at, k) => {
        const error = at / fs - times[k];
        assert.ok(Math.abs(error) < 0.04, `beat ${k} at ${fs} Hz: ${(1000 * error).toFixed(1)} ms`);
      });
    }
  });
}
