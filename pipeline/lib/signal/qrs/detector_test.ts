import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../../core/rng.ts";
import { detectBeats, openBeatStream, type QrsAlgorithm, REFRACTORY_SECONDS } from "./detector.ts";
import { DETECTORS } from "./detectors.ts";

/** Upright spikes of 30 ms, one every `everySeconds`, in a little noise. */
function drawSpikes(seconds: number, fs: number, everySeconds = 0.8): { ecg: Float32Array; peaks: number[] } {
  const rng = createRng(3), ecg = Float32Array.from({ length: seconds * fs }, () => 0.01 * rng.normal());
  const peaks: number[] = [];
  for (let t = 0.5; t < seconds - 0.4; t += everySeconds) {
    const peak = Math.round(t * fs), half = Math.round(0.015 * fs);
    for (let i = -half; i <= half; i++) ecg[peak + i] += 1 - Math.abs(i) / (half + 1);
    peaks.push(peak);
  }
  return { ecg, peaks };
}

/** Reports what it is told to, one sample after it has passed. */
function reporting(at: number[]): QrsAlgorithm {
  return {
    name: "reporting",
    doc: "",
    open() {
      let samples = 0, next = 0;
      const report = (found: number[]) => {
        while (next < at.length && at[next] < samples) found.push(at[next++]);
      };
      return {
        push(ecg, found) {
          assert.ok(ecg.every((value) => Number.isFinite(value)));
          samples += ecg.length;
          report(found);
        },
        finish: report,
      };
    },
  };
}

Deno.test("detectBeats() moves what an algorithm reports to the R peak", () => {
  const fs = 360, { ecg, peaks } = drawSpikes(20, fs);
  for (const shift of [-30, -8, 0, 8, 30]) {
    assert.deepEqual([...detectBeats(reporting(peaks.map((p) => p + shift)), ecg, fs)], peaks);
    assert.deepEqual([...detectBeats(reporting(peaks.map((p) => p + shift)), ecg.map((v) => -v), fs)], peaks);
  }
});

Deno.test("detectBeats() keeps one of two reports of the same beat", () => {
  const fs = 250, { ecg, peaks } = drawSpikes(20, fs);
  const doubled = peaks.flatMap((p) => [p - 10, p + 10]);
  assert.deepEqual([...detectBeats(reporting(doubled), ecg, fs)], peaks);
});

Deno.test("detectBeats() hands on finite samples only", () => {
  const fs = 360, { ecg, peaks } = drawSpikes(10, fs);
  ecg.fill(NaN, 0, 20);
  ecg[400] = Infinity;
  ecg[401] = -Infinity;
  assert.deepEqual([...detectBeats(reporting(peaks), ecg, fs)], peaks);
});

Deno.test("detectBeats() refuses sampling rates that detectors are not made for", () => {
  for (const fs of [99, 1001, NaN]) {
    assert.throws(() => detectBeats(reporting([]), new Float32Array(10), fs), RangeError);
  }
});

for (const [name, algorithm] of Object.entries(DETECTORS)) {
  Deno.test(`${name} stands under its own name and finds the same beats in pieces of any length`, () => {
    assert.equal(algorithm.name, name);
    const fs = 250, { ecg } = drawSpikes(30, fs), whole = [...detectBeats(algorithm, ecg, fs)];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 8 }), (lengths) => {
        const stream = openBeatStream(algorithm, fs), peaks: number[] = [];
        for (let from = 0, k = 0; from < ecg.length; from += lengths[k++ % lengths.length]) {
          peaks.push(...stream.push(ecg.subarray(from, from + lengths[k % lengths.length])));
        }
        assert.deepEqual([...peaks, ...stream.finish()], whole);
      }),
      { seed: 4, numRuns: 10 },
    );
  });

  Deno.test(`${name} ends on noise, flat lines, NaN, ramps and spikes, peaks ascending and apart`, () => {
    const rng = createRng(12);
    for (const fs of [100, 250, 1000]) {
      const n = 20 * fs;
      const leads = [
        new Float32Array(n),
        new Float32Array(n).fill(NaN),
        new Float32Array(n).fill(1024.7),
        Float32Array.from({ length: n }, rng.normal),
        Float32Array.from({ length: n }, (_, i) => i / 7),
        Float32Array.from({ length: n }, (_, i) => i < n / 2 ? 0 : 1e6),
        Float32Array.from({ length: n }, (_, i) => i % 3 === 0 ? 1 : -1),
        Float32Array.from({ length: n }, () => rng.uniform() < 0.01 ? 1e30 : rng.normal()),
        Float32Array.from({ length: n }, () => rng.uniform() < 0.2 ? NaN : rng.normal()),
        new Float32Array(0),
        new Float32Array(1),
      ];
      for (const [which, lead] of leads.entries()) {
        const peaks = detectBeats(algorithm, lead, fs);
        for (let i = 0; i < peaks.length; i++) {
          assert.ok(peaks[i] < lead.length, `lead ${which} at ${fs} Hz: ${peaks[i]}`);
          assert.ok(
            i === 0 || peaks[i] - peaks[i - 1] > REFRACTORY_SECONDS * fs,
            `lead ${which} at ${fs} Hz`,
          );
        }
        if (which < 3) assert.equal(peaks.length, 0, `beats on flat lead ${which} at ${fs} Hz`);
      }
    }
  });
}
