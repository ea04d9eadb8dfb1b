import assert from "node:assert/strict";
import { createRPeakLocator } from "./r_peak_locator.ts";

const FS = 360;

/** Beats of the given height and width at `at`, on a wandering baseline. */
function draw(at: number[], width: number, height: number, wander = 0): Float32Array {
  return Float32Array.from({ length: 12 * FS }, (_, i) => {
    const beats = at.reduce((sum, peak) => sum + height * Math.exp(-(((i - peak) / FS / width) ** 2) / 2), 0);
    return 1000 + beats + wander * Math.sin(2 * Math.PI * 0.3 * i / FS);
  });
}

function locate(ecg: Float32Array, found: number[]): number[] {
  const locator = createRPeakLocator({ fs: FS, historySeconds: 12, refractorySeconds: 0.2 }),
    peaks: number[] = [];
  locator.push(ecg, found, peaks);
  locator.finish([], peaks);
  return peaks;
}

const BEATS = Array.from({ length: 12 }, (_, k) => 200 + 340 * k);

Deno.test("createRPeakLocator() finds the peak of narrow and wide beats of either polarity from 60 ms away, on a wandering baseline", () => {
  for (const [width, height] of [[0.012, 1], [0.012, -1], [0.04, 1.5], [0.04, -1.5]]) {
    const ecg = draw(BEATS, width, height, 1);
    for (const shift of [-21, 0, 21]) {
      const peaks = locate(ecg, BEATS.map((beat) => beat + shift));
      assert.equal(peaks.length, BEATS.length);
      peaks.forEach((peak, k) =>
        assert.ok(Math.abs(peak - BEATS[k]) <= 3, `${width} s, ${shift}: ${peak}, ${BEATS[k]}`)
      );
    }
  }
});

Deno.test("createRPeakLocator() is not drawn to a T wave at the end of its stretch that is as high as the beat", () => {
  const ecg = draw(BEATS, 0.012, 1), t = draw(BEATS.map((beat) => beat + 50), 0.03, 1.1);
  assert.deepEqual(locate(ecg.map((v, i) => v + t[i] - 1000), BEATS.map((beat) => beat + 4)), BEATS);
});

Deno.test("createRPeakLocator() keeps the higher one of two peaks in the refractory period", () => {
  const low = draw([1000], 0.01, 1), high = draw([1060], 0.01, 2);
  assert.deepEqual(locate(low.map((v, i) => v + high[i] - 1000), [1000, 1060]), [1060]);
  assert.deepEqual(locate(low.map((v, i) => 2 * v + 0.3 * high[i]), [1000, 1060]), [1000]);
});
