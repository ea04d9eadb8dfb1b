import assert from "node:assert/strict";
import { createThirdDetail } from "./swt.ts";
import golden from "./testdata/pywavelets.json" with { type: "json" };

const DB3_LOW = [
  0.035226291882100656,
  -0.08544127388224149,
  -0.13501102001039084,
  0.4598775021193313,
  0.8068915093133388,
  0.3326705529509569,
];

/** The wavelet's weights, printed to 16 digits, add up to 3e-12 and not to 0: what that makes of the signal's mean. */
const TOLERANCE = 1e-10;

/** Full convolution, weights `step` samples apart. */
function convolve(x: readonly number[], weights: readonly number[], step = 1): number[] {
  const out = new Array<number>(x.length + (weights.length - 1) * step).fill(0);
  x.forEach((value, i) => weights.forEach((weight, k) => out[i + k * step] += weight * value));
  return out;
}

Deno.test("createThirdDetail() gives what the three filters in a row give", () => {
  const high = DB3_LOW.toReversed().map((weight, k) => k % 2 === 0 ? -weight : weight);
  const expected = convolve(convolve(convolve(golden.x, DB3_LOW), DB3_LOW, 2), high, 4);
  const actual = Float64Array.from(golden.x), detail = createThirdDetail();
  detail.run(actual.subarray(0, 100));
  detail.run(actual.subarray(100));
  assert.equal(2 * detail.delay, 5 * (1 + 2 + 4));
  // Before that the convolution takes what was before the first sample for 0.
  for (let i = 2 * detail.delay; i < actual.length; i++) {
    assert.ok(Math.abs(actual[i] - expected[i]) < TOLERANCE, `sample ${i}: ${actual[i]}, not ${expected[i]}`);
  }
});

Deno.test("createThirdDetail() equals pywt.swt() of level 3 with db3", () => {
  const actual = Float64Array.from(golden.x), detail = createThirdDetail();
  detail.run(actual);
  // PyWavelets takes the signal for one period and puts the fourth weight of each filter at the sample.
  const shift = 3 * (1 + 2 + 4);
  for (let i = 2 * detail.delay; i < actual.length; i++) {
    const expected = golden.detail[i - shift];
    assert.ok(Math.abs(actual[i] - expected) < TOLERANCE, `sample ${i}: ${actual[i]}, not ${expected}`);
  }
});

Deno.test("createThirdDetail() gives exactly 0 on a flat lead", () => {
  const flat = new Float64Array(200).fill(-2659.6496248443586);
  createThirdDetail().run(flat);
  assert.ok(flat.every((value) => value === 0));
});
