import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { detectBeats } from "./detector.ts";
import { drawEcg } from "./test_ecg.ts";
import { WORKING_FS } from "./working_rate.ts";
import { createLengthTransform, wqrs } from "./wqrs.ts";

/** Slopes of noise in which each second has one of the given height. */
function slopesOf(height: number, seconds: number, seed = 1): Float64Array {
  const rng = createRng(seed);
  return Float64Array.from(
    { length: seconds * WORKING_FS },
    (_, i) => i % WORKING_FS === 60 ? height : 0.1 * height * (2 * rng.uniform() - 1),
  );
}

Deno.test("createLengthTransform() sums the length beyond that of a curve of a slope of 12 % of the usual one", () => {
  const transform = createLengthTransform(), slopes = slopesOf(2, 20);
  transform.learn(slopes.subarray(0, 8 * WORKING_FS));
  const lengths = slopes.slice();
  for (let from = 0; from < lengths.length; from += 77) transform.run(lengths.subarray(from, from + 77));
  const least = 0.12 * 2, window = 16;
  assert.equal(transform.delay, (window - 1) / 2);
  for (let i = window; i < slopes.length; i++) {
    let expected = 0;
    for (let k = i - window + 1; k <= i; k++) {
      expected += (Math.sqrt(slopes[k] ** 2 + least ** 2) - least) / window;
    }
    assert.ok(Math.abs(lengths[i] - expected) < 1e-12, `sample ${i}: ${lengths[i]}, not ${expected}`);
  }
});

Deno.test("createLengthTransform() follows the usual slope, an artefact slowly, and noise not at all", () => {
  const heightAt = (slopes: Float64Array[]) => {
    const transform = createLengthTransform();
    transform.learn(slopes[0]);
    for (const more of slopes) transform.run(more.slice());
    const probe = new Float64Array(40);
    probe[20] = 1e-6;
    transform.run(probe);
    // A slope far below the least adds slope^2 / (2 least) / 16.
    return 1e-12 / (32 * Math.max(...probe.subarray(20)) * 0.12);
  };
  const assertNear = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual / expected - 1) < 1e-3, `${actual}, not ${expected}`);
  assertNear(heightAt([slopesOf(2, 8)]), 2);
  assertNear(heightAt([slopesOf(2, 8), slopesOf(3, 8)]), 3);
  assertNear(heightAt([slopesOf(2, 8), slopesOf(1e30, 2)]), 2);
  assertNear(heightAt([slopesOf(2, 8), slopesOf(1e30, 4)]), 4);
  assertNear(heightAt([slopesOf(2, 8), slopesOf(0.01, 20)]), 2);
});

Deno.test("wqrs lowers its threshold when beats become a quarter as high, and finds all of them soon", () => {
  const fs = 360, times = Array.from({ length: 60 }, (_, k) => 0.5 + 0.9 * k), ecg = drawEcg(times, 55, fs);
  for (let i = 20 * fs; i < ecg.length; i++) ecg[i] *= 0.25;
  const found = Array.from(detectBeats(wqrs, ecg, fs), (at) => at / fs);
  const isFound = (time: number) => found.some((at) => Math.abs(at - time) < 0.05);
  assert.ok(times.filter((time) => time < 20 || time > 30).every(isFound));
  const first = found.find((at) => at > 20)!;
  assert.ok(first > 22 && first < 24, `first of the lower beats at ${first} s`);
  assert.ok(found.every((at) => times.some((time) => Math.abs(at - time) < 0.05)), "nothing else");
});
