import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../core/rng.ts";
import { RR_FEATURE_NAMES, rrFeatures } from "./rr.ts";

const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
const median = (values: number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const clip = (x: number) => Math.min(1.5, Math.max(-1.5, x));

/** The definition, written down beat by beat from whole lists of intervals. */
function referenceFeatures(rPeaks: number[], fs: number): number[][] {
  const rr = rPeaks.slice(1).map((peak, i) => (peak - rPeaks[i]) / fs);
  return rPeaks.map((_, beat) => {
    const known = rr.slice(0, Math.max(1, beat));
    const pre = known[known.length - 1];
    const post = rr[beat] ?? pre;
    const dRr = known.slice(1).map((interval, i) => Math.abs(interval - known[i]));
    const variability = dRr.length === 0 ? 0 : 5 * median(dRr.slice(-20)) / median(known.slice(-20));
    return [
      pre,
      post,
      clip(Math.log(pre / post)),
      clip(Math.log(pre / mean(known.slice(-10)))),
      clip(Math.log(pre / mean(known.slice(-250)))),
      Math.min(2, variability),
    ];
  });
}

function assertClose(actual: Float32Array, expected: number[][]): void {
  assert.equal(actual.length, expected.length * 6);
  expected.flat().forEach((value, i) => {
    const beat = Math.floor(i / 6);
    assert.ok(
      Math.abs(actual[i] - value) <= 1e-6 * (1 + Math.abs(value)),
      `${RR_FEATURE_NAMES[i % 6]} of beat ${beat}: ${actual[i]}, ${value}`,
    );
  });
}

Deno.test("rrFeatures() equals the plain reference on a long irregular record", () => {
  const rng = createRng(11);
  const rPeaks = [90];
  for (let i = 0; i < 700; i++) {
    rPeaks.push(rPeaks[i] + Math.round(290 + 60 * rng.normal() ** 2 + 20 * rng.normal()));
  }
  rPeaks.sort((a, b) => a - b);
  assertClose(rrFeatures(Uint32Array.from(rPeaks), 360), referenceFeatures(rPeaks, 360));
});

Deno.test("rrFeatures() equals the plain reference for any intervals", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 60 }),
    fc.integer({ min: 50, max: 1000 }),
    (intervals, fs) => {
      const rPeaks = [7];
      for (const interval of intervals) rPeaks.push(rPeaks[rPeaks.length - 1] + interval);
      assertClose(rrFeatures(Int32Array.from(rPeaks), fs), referenceFeatures(rPeaks, fs));
    },
  ));
});

Deno.test("rrFeatures() of a premature beat, by hand", () => {
  const features = rrFeatures(Uint32Array.of(0, 360, 720, 900, 1440), 360);
  const row = (beat: number) =>
    [...features.subarray(beat * 6, beat * 6 + 6)].map((x) => Number(x.toFixed(4)));
  assert.deepEqual(row(0), [1, 1, 0, 0, 0, 0], "first beat: the interval that follows");
  // RR 1, 1, 0.5: mean 2.5/3; |dRR| 0, 0.5: median 0.25; 5 x 0.25 / 1.
  const lnLocal = Number(Math.log(0.5 / (2.5 / 3)).toFixed(4));
  assert.deepEqual(row(3), [0.5, 1.5, Number(Math.log(1 / 3).toFixed(4)), lnLocal, lnLocal, 1.25]);
  assert.deepEqual(row(4).slice(0, 3), [1.5, 1.5, 0], "last beat: post is pre");
});

Deno.test("rrFeatures() stays finite on no, one, and coinciding beats", () => {
  assert.equal(rrFeatures(new Uint32Array(0), 360).length, 0);
  assert.deepEqual([...rrFeatures(Uint32Array.of(5), 360)], [0, 0, 0, 0, 0, 0]);
  for (const peaks of [[3, 3], [3, 3, 3, 400], [0, 400, 400, 400, 400, 900]]) {
    assert.ok(rrFeatures(Uint32Array.from(peaks), 360).every(Number.isFinite), peaks.join());
  }
});

Deno.test("rrFeatures() refuses falling R peaks and a rate that is not positive", () => {
  assert.throws(() => rrFeatures(Uint32Array.of(400, 300), 360), /must not fall, got 300 after 400/);
  for (const fs of [0, -1, NaN, Infinity]) {
    assert.throws(() => rrFeatures(Uint32Array.of(1, 2), fs), RangeError);
  }
});
