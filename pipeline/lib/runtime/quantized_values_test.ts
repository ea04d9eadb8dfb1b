import assert from "node:assert/strict";
import fc from "fast-check";
import { dequantizeOutput, dequantizeValues, quantizeInput, quantizeValues } from "./quantized_values.ts";

Deno.test("quantizeInput() rounds halves away from zero, clamps, and gives the zero point for NaN", () => {
  const values = Float32Array.of(0, 0.25, -0.25, 0.75, -0.75, 1000, -1000, NaN);
  assert.deepEqual([...quantizeInput(values, 0.5, 3)], [3, 4, 2, 5, 1, 127, -128, 3]);
});

Deno.test("quantizeValues() clamps to the range of the array's type", () => {
  for (
    const [output, low, high] of [[new Uint8Array(2), 0, 255], [new Int16Array(2), -32768, 32767]] as const
  ) {
    quantizeValues(Float32Array.of(-1e9, 1e9), { scale: 1, zeroPoint: 5 }, output);
    assert.deepEqual([...output], [low, high]);
  }
});

Deno.test("dequantizeOutput() undoes quantizeInput() to half a step inside the range", () => {
  fc.assert(fc.property(
    fc.double({ min: 1e-4, max: 10, noNaN: true }),
    fc.integer({ min: -128, max: 127 }),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }),
    (scale, zeroPoint, fractions) => {
      const low = scale * (-128 - zeroPoint), high = scale * (127 - zeroPoint);
      const values = Float32Array.from(fractions, (fraction) => low + fraction * (high - low));
      const back = dequantizeOutput(quantizeInput(values, scale, zeroPoint), scale, zeroPoint);
      back.forEach((value, i) =>
        assert.ok(Math.abs(value - values[i]) <= scale * 0.501, `${values[i]} ${value}`)
      );
    },
  ));
});

Deno.test("quantizeValues() and dequantizeValues() refuse arrays of other lengths", () => {
  const quantization = { scale: 1, zeroPoint: 0 };
  assert.throws(
    () => quantizeValues(new Float32Array(2), quantization, new Int8Array(3)),
    /must hold 2 values, got 3/,
  );
  assert.throws(() => dequantizeValues(new Int8Array(2), quantization, new Float32Array(1)), RangeError);
});
