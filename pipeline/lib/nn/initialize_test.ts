import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { ARCHITECTURES } from "./architectures/architectures.ts";
import { initializeWeights } from "./initialize.ts";
import { checkWeights } from "./shapes.ts";

const SIZES = { windowSamples: 216, channels: 1, classes: 5 };

Deno.test("initializeWeights() draws Glorot uniform kernels within their limit", () => {
  const weights = initializeWeights(ARCHITECTURES.cnn.build(SIZES), createRng(1));
  const { data } = weights.get("conv1d_2/kernel")!;
  const limit = Math.sqrt(6 / (27 * 32 + 27 * 64));
  const variance = data.reduce((sum, x) => sum + x * x, 0) / data.length;
  assert.ok(data.every((x) => Math.abs(x) <= limit));
  assert.ok(Math.abs(variance / (limit * limit / 3) - 1) < 0.05, `variance ${variance}`);
  assert.ok(weights.get("conv1d_2/bias")!.data.every((x) => x === 0));
});

Deno.test("initializeWeights() draws orthonormal rows for the recurrent kernel", () => {
  const { shape: [rows, columns], data } = initializeWeights(ARCHITECTURES.lstm.build(SIZES), createRng(1))
    .get("lstm/recurrent_kernel")!;
  for (let a = 0; a < rows; a++) {
    for (let b = 0; b <= a; b++) {
      let product = 0;
      for (let j = 0; j < columns; j++) product += data[a * columns + j] * data[b * columns + j];
      assert.ok(Math.abs(product - (a === b ? 1 : 0)) < 1e-6, `rows ${a} and ${b}: ${product}`);
    }
  }
});

Deno.test("initializeWeights() lets an LSTM's units remember from 1 to as many steps as the window has", () => {
  const { data } = initializeWeights(ARCHITECTURES.lstm.build(SIZES), createRng(1)).get("lstm/bias")!;
  const forget = data.subarray(64, 128), last = Math.log(215);
  assert.ok(forget.every((bias) => bias >= 0 && bias <= last));
  assert.ok(Math.max(...forget) > 0.9 * last, "some units must remember the whole window");
  forget.forEach((bias, unit) => assert.equal(data[unit], -bias));
  assert.ok(data.subarray(128).every((bias) => bias === 0));
});

Deno.test("initializeWeights() fits the model and follows the seed", () => {
  for (const { build } of Object.values(ARCHITECTURES)) {
    const model = build(SIZES);
    const weights = initializeWeights(model, createRng(7));
    checkWeights(model, weights);
    assert.deepEqual(initializeWeights(model, createRng(7)), weights);
    assert.notDeepEqual(initializeWeights(model, createRng(8)), weights);
  }
});
