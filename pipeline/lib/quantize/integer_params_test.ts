import assert from "node:assert/strict";
import fc from "fast-check";
import {
  activationQuantization,
  cellQuantization,
  hiddenQuantization,
  quantizeBias,
  quantizeWeights,
  roundHalfAway,
} from "./integer_params.ts";

const finite = fc.float({ min: Math.fround(-1e6), max: Math.fround(1e6), noNaN: true });

Deno.test("roundHalfAway() rounds halves away from zero", () => {
  assert.deepEqual([-2.5, -0.5, 0.5, 2.5, 2.4].map(roundHalfAway), [-3, -1, 1, 3, 2]);
});

Deno.test("activationQuantization() puts the range onto -128 to 127", () => {
  assert.deepEqual(activationQuantization({ min: 0, max: 1 }).zeroPoint, [-128]);
  assert.deepEqual(activationQuantization({ min: 0, max: 1 }).scale, [Math.fround(1 / 255)]);
  // 0 falls between two integers, and halves go away from zero.
  assert.deepEqual(activationQuantization({ min: -1, max: 1 }).zeroPoint, [-1]);
  assert.deepEqual(activationQuantization({ min: -3, max: -1 }).zeroPoint, [127]);
  assert.deepEqual(activationQuantization({ min: 0, max: 0 }).scale, [1]);
});

Deno.test("activationQuantization() holds the range and zero to half a step", () => {
  fc.assert(fc.property(finite, finite, (a, b) => {
    const { scale: [scale], zeroPoint: [zeroPoint] } = activationQuantization({
      min: Math.min(a, b),
      max: Math.max(a, b),
    });
    assert.ok(scale > 0 && Number.isInteger(zeroPoint) && zeroPoint >= -128 && zeroPoint <= 127);
    for (const value of [a, b]) {
      const integer = Math.min(Math.max(roundHalfAway(value / scale) + zeroPoint, -128), 127);
      assert.ok(Math.abs((integer - zeroPoint) * scale - value) <= 1.01 * scale, `${value} as ${integer}`);
    }
  }));
});

Deno.test("hiddenQuantization() is symmetric with zero point 0", () => {
  assert.deepEqual(hiddenQuantization({ min: -0.5, max: 0.25 }), {
    scale: [Math.fround(0.5 / 127)],
    zeroPoint: [0],
    quantizedDimension: 0,
  });
});

Deno.test("cellQuantization() takes the least power of two from 1 to 8", () => {
  const integerBits = (magnitude: number) =>
    Math.log2(cellQuantization({ min: -magnitude, max: 0.1 }).scale[0]) + 15;
  assert.deepEqual([0, 0.3, 1, 1.01, 2, 8, 9, 1000].map(integerBits), [0, 0, 0, 1, 1, 3, 3, 3]);
});

Deno.test("quantizeWeights() uses -127 to 127 with one scale a tensor or an index of the axis", () => {
  const weights = Float32Array.of(1, -2, 0.5, 0.25, 0, -4);
  const tensor = quantizeWeights(weights, { shape: [3, 2] });
  assert.deepEqual(tensor.quantization.scale, [Math.fround(4 / 127)]);
  assert.deepEqual([...tensor.values], [32, -64, 16, 8, 0, -127]);
  const rows = quantizeWeights(weights, { shape: [3, 2], axis: 0 });
  assert.deepEqual([...rows.values], [64, -127, 127, 64, 0, -127]);
  const columns = quantizeWeights(weights, { shape: [3, 2], axis: 1 });
  assert.deepEqual(columns.quantization, {
    scale: [Math.fround(1 / 127), Math.fround(4 / 127)],
    zeroPoint: [0, 0],
    quantizedDimension: 1,
  });
  assert.deepEqual([...columns.values], [127, -64, 64, 8, 0, -127]);
});

Deno.test("quantizeWeights() gives zeros a scale of 1 and widens scales whose bias would overflow", () => {
  assert.deepEqual(quantizeWeights(new Float32Array(4), { shape: [2, 2] }).quantization.scale, [1]);
  const bias = { values: Float32Array.of(1000, 0), inputScale: 1e-6 };
  const { quantization } = quantizeWeights(Float32Array.of(1e-3, 1e-3), { shape: [2, 1], axis: 0, bias });
  const { values } = quantizeBias(bias.values, bias.inputScale, quantization.scale);
  assert.ok(Math.abs(values[0] - 2 ** 30) < 2 ** 8, `${values[0]}`);
  assert.equal(quantization.scale[1], Math.fround(Math.fround(1e-3) / 127));
});

Deno.test("quantizeBias() uses the accumulator's scale", () => {
  const { values, quantization } = quantizeBias(Float32Array.of(1, -1), 0.5, [0.25, 0.125]);
  assert.deepEqual(quantization.scale, [0.125, 0.0625]);
  assert.deepEqual([...values], [8, -16]);
});
