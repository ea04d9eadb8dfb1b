import assert from "node:assert/strict";
import { scaleRange } from "./scale.ts";

Deno.test("scaleRange() maps the range given and does not clip", () => {
  assert.deepEqual([...scaleRange(Float32Array.of(-2, 0, 2, 4), { min: 0, max: 2 })], [-1, 0, 1, 2]);
});

Deno.test("scaleRange() puts the ends of the range on 0 and 1 exactly, and may work in place", () => {
  const x = Float32Array.of(-0.7, 0.1, 12.3), range = { min: x[0], max: x[2] };
  assert.equal(scaleRange(x, range, x), x);
  assert.deepEqual([x[0], x[2]], [0, 1]);
});

Deno.test("scaleRange() refuses NaN, infinite and rangeless input", () => {
  assert.throws(() => scaleRange(Float32Array.of(0, NaN), { min: 0, max: 1 }), /got NaN at sample 1/);
  assert.throws(() => scaleRange(Float64Array.of(-Infinity, 0), { min: 0, max: 1 }), RangeError);
  assert.throws(() => scaleRange(Float32Array.of(1), { min: 1, max: 1 }), RangeError);
  assert.throws(() => scaleRange(Float32Array.of(1), { min: NaN, max: 1 }), RangeError);
});
