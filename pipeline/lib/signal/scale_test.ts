import assert from "node:assert/strict";
import fc from "fast-check";
import { scaleRange, scaleToUnit } from "./scale.ts";

Deno.test("scaleToUnit() puts the smallest value on 0 and the largest on 1", () => {
  const { samples, min, max, constant } = scaleToUnit(Float32Array.of(-1, 0, 3));
  assert.deepEqual([...samples], [0, 0.25, 1]);
  assert.deepEqual([min, max, constant], [-1, 3, false]);
});

Deno.test("scaleToUnit() stays in [0, 1], reaches both ends and keeps the order", () => {
  const signal = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 50 });
  fc.assert(
    fc.property(signal, (values) => {
      const { samples, constant } = scaleToUnit(Float64Array.from(values));
      const ordered = values.every((value, i) =>
        i === 0 || value < values[i - 1] || samples[i] >= samples[i - 1]
      );
      return constant || (Math.min(...samples) === 0 && Math.max(...samples) === 1 && ordered);
    }),
    { seed: 3 },
  );
});

Deno.test("scaleToUnit() gives zeros for a constant signal and says so", () => {
  assert.deepEqual(scaleToUnit(Float32Array.of(7, 7)), {
    samples: new Float32Array(2),
    min: 7,
    max: 7,
    constant: true,
  });
});

Deno.test("scaleRange() maps the range given and does not clip", () => {
  assert.deepEqual([...scaleRange(Float32Array.of(-2, 0, 2, 4), { min: 0, max: 2 })], [-1, 0, 1, 2]);
});

Deno.test("scaling refuses empty, NaN, infinite and rangeless input", () => {
  assert.throws(() => scaleToUnit(new Float32Array(0)), RangeError);
  assert.throws(() => scaleToUnit(Float32Array.of(0, NaN)), /got NaN at sample 1/);
  assert.throws(() => scaleToUnit(Float64Array.of(-Infinity, 0)), RangeError);
  assert.throws(() => scaleRange(Float32Array.of(NaN), { min: 0, max: 1 }), RangeError);
  assert.throws(() => scaleRange(Float32Array.of(1), { min: 1, max: 1 }), RangeError);
  assert.throws(() => scaleRange(Float32Array.of(1), { min: NaN, max: 1 }), RangeError);
});
