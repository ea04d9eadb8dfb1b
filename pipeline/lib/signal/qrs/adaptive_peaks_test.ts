import assert from "node:assert/strict";
import { createAdaptivePeaks } from "./adaptive_peaks.ts";

const FS = 125;

/** Runs the thresholds over an energy of triangles 80 ms wide; gives the times in seconds of those found, as they were given in. */
function findPeaks(peaks: readonly [seconds: number, height: number][], seconds: number): number[] {
  const energy = new Float64Array(seconds * FS);
  for (const [time, height] of peaks) {
    for (let d = -5; d <= 5; d++) energy[Math.round(time * FS) + d] = height * (1 - Math.abs(d) / 6);
  }
  const adaptive = createAdaptivePeaks(FS), found: number[] = [];
  for (const value of energy) adaptive.next(value, found);
  adaptive.finish(found);
  found.forEach((at, k) => assert.ok(k === 0 || at > found[k - 1], "in order of time"));
  return found.map((at) => at / FS);
}

/** Beats of a height once a second from `from` to `to`. */
const beats = (from: number, to: number, height = 1): [number, number][] =>
  Array.from({ length: to - from }, (_, k) => [from + k + 0.4, height]);
const times = (peaks: readonly [number, number][]) => peaks.map(([time]) => time);

Deno.test("createAdaptivePeaks() finds beats among peaks of a sixth of their energy, from the first one on", () => {
  const noise = beats(0, 30, 0.17).map(([time, height]): [number, number] => [time + 0.5, height]);
  assert.deepEqual(findPeaks([...beats(0, 30), ...noise], 31), times(beats(0, 30)));
});

Deno.test("createAdaptivePeaks() searches back for a beat of a fifth, and not for a T wave", () => {
  const withSmall = beats(0, 30);
  withSmall[20] = [20.4, 0.2];
  assert.deepEqual(findPeaks(withSmall, 31), times(withSmall));
  const withPause = beats(0, 30).toSpliced(20, 1), tWaves = beats(0, 30, 0.14);
  const expected = times(withPause);
  for (const tWave of tWaves) tWave[0] += 0.3;
  assert.deepEqual(findPeaks([...withPause, ...tWaves.toSpliced(20, 1)], 31), expected);
});

Deno.test("createAdaptivePeaks() misses no beat where all become a hundredth", () => {
  const peaks = [...beats(0, 30), ...beats(30, 60, 0.01)];
  assert.deepEqual(findPeaks(peaks, 61), times(peaks));
});

Deno.test("createAdaptivePeaks() is not blinded by a peak of 1e60", () => {
  const peaks = [...beats(0, 20), ...beats(20, 21, 1e60), ...beats(21, 40)];
  assert.deepEqual(findPeaks(peaks, 41), times(peaks));
});

Deno.test("createAdaptivePeaks() takes what is a millionth for noise as long as there were beats, a minute at most", () => {
  for (const [seconds, believed] of [[20, 20], [200, 60]]) {
    const before = beats(0, seconds), noise = beats(seconds, seconds + 90, 1e-6), end = seconds + believed;
    assert.deepEqual(findPeaks([...before, ...noise.slice(0, believed - 2)], end), times(before));
    const found = findPeaks([...before, ...noise], seconds + 91).filter((time) => time > seconds);
    // The seconds that are learnt from are judged too.
    assert.ok(found[0] > end - 11 && found[0] < end + 2, `${seconds} s: first at ${found[0]} s`);
    assert.deepEqual(found, times(noise).filter((time) => time >= found[0]));
  }
});

Deno.test("createAdaptivePeaks() finds nothing where nothing rises", () => {
  assert.deepEqual(findPeaks([], 100), []);
});
