import assert from "node:assert/strict";
import { fractionEqual, maxAbsDifference } from "./agreement.ts";

Deno.test("fractionEqual() counts equal labels", () => {
  assert.equal(fractionEqual(Uint8Array.of(0, 1, 2, 3), Uint8Array.of(0, 1, 2, 4)), 0.75);
  assert.equal(fractionEqual(Uint8Array.of(), Uint8Array.of()), 1);
  assert.throws(() => fractionEqual(Uint8Array.of(0), Uint8Array.of()), RangeError);
});

Deno.test("maxAbsDifference() finds the largest difference and never hides a NaN", () => {
  assert.equal(maxAbsDifference(Float32Array.of(1, -2, 3), Float32Array.of(1, 2, 2.5)), 4);
  assert.equal(maxAbsDifference(Float64Array.of(), Float64Array.of()), 0);
  assert.equal(maxAbsDifference(Float32Array.of(NaN, 1), Float32Array.of(0, 9)), NaN);
  assert.equal(maxAbsDifference(Float32Array.of(0, Infinity), Float32Array.of(0, Infinity)), NaN);
  assert.throws(() => maxAbsDifference(Float32Array.of(1), Float32Array.of(1, 2)), RangeError);
});
