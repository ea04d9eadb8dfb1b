import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { forward } from "../../nn/forward.ts";
import { blockStatistics } from "../../nn/layers/batch_normalization.ts";
import type { BatchNormalizationLayer } from "../../nn/model.ts";
import {
  chain,
  type LayerSizes,
  randomBatch,
  randomWeights,
  testModels,
  withEngine,
} from "../test_gradients.ts";

const input = (...shape: number[]): LayerSizes => ({ kind: "InputLayer", shape });
const convolution: LayerSizes = {
  kind: "Conv1D",
  filters: 5,
  kernelSize: 3,
  strides: 1,
  padding: "same",
  activation: "linear",
};
const normalization = (options: Partial<BatchNormalizationLayer> = {}): LayerSizes => ({
  kind: "BatchNormalization",
  axis: -1,
  momentum: 0.99,
  epsilon: 1e-3,
  center: true,
  scale: true,
  ...options,
});
const dense: LayerSizes = { kind: "Dense", units: 6, activation: "linear" };
const average: LayerSizes = { kind: "GlobalAveragePooling1D" };
const softmax: LayerSizes = { kind: "Dense", units: 3, activation: "softmax" };

testModels({
  "batch normalization of a convolution": chain(
    input(7, 2),
    convolution,
    normalization(),
    { kind: "Activation", activation: "tanh" },
    convolution,
    normalization({ epsilon: 0.1, axis: 2 }),
    average,
    softmax,
  ),
  "batch normalization of the input and of features": chain(
    input(4, 3),
    normalization({ scale: false }),
    { kind: "Flatten" },
    dense,
    normalization({ center: false, axis: 1, epsilon: 0.5 }),
    softmax,
  ),
});

/** Two of them, so that the second sees what the first makes of a block. */
const MODEL = chain(
  input(5, 3),
  normalization({ momentum: 0.9 }),
  average,
  normalization({ momentum: 0.5 }),
  softmax,
);

Deno.test("trainBatch() moves the moving statistics to the mean of the blocks', by their windows", async () => {
  const rng = createRng(3), weights = randomWeights(MODEL, rng), batch = randomBatch(MODEL, 70, rng);
  batch.windows.forEach((value, i) => batch.windows[i] = 3 * value + i % 3);
  const after = await withEngine(MODEL, { weights, workers: 1 }, async (engine) => {
    await engine.trainBatch(batch, 0.1);
    return engine.getWeights();
  });
  const expected = { mean: [0, 0, 0], variance: [0, 0, 0] };
  for (const [first, count] of [[0, 32], [32, 32], [64, 6]]) {
    const windows = Array.from(
      { length: count },
      (_, i) => Float64Array.from(batch.windows.subarray(15 * (first + i), 15 * (first + i + 1))),
    );
    const { mean, variance } = blockStatistics(windows, 3);
    for (let c = 0; c < 3; c++) {
      expected.mean[c] += mean[c] * count / 70;
      expected.variance[c] += variance[c] * count / 70;
    }
  }
  for (const name of ["mean", "variance"] as const) {
    const weight = `layer1/moving_${name}`;
    weights.get(weight)!.data.forEach((before, c) => {
      const moved = 0.9 * before + 0.1 * expected[name][c];
      assert.ok(Math.abs(after.get(weight)!.data[c] - moved) < 1e-5, `${weight}[${c}]`);
    });
  }
});

Deno.test("trainBatch() gives the same moving statistics for 1 and 3 workers", async () => {
  const results = [];
  for (const workers of [1, 3]) {
    const rng = createRng(4), weights = randomWeights(MODEL, rng);
    results.push(
      await withEngine(MODEL, { weights, workers, batchSize: 1100 }, async (engine) => {
        for (const count of [1100, 40]) await engine.trainBatch(randomBatch(MODEL, count, rng), 0.01);
        return { weights: engine.getWeights(), state: engine.getOptimizerState() };
      }),
    );
  }
  assert.deepEqual(results[1], results[0]);
});

Deno.test("predict() normalizes by the moving statistics that trainBatch() left", async () => {
  const rng = createRng(5), weights = randomWeights(MODEL, rng), batch = randomBatch(MODEL, 40, rng);
  await withEngine(MODEL, { weights, workers: 1 }, async (engine) => {
    for (let step = 0; step < 30; step++) await engine.trainBatch(batch, 0.01);
    const probabilities = await engine.predict(batch.windows, 40);
    const expected = forward(MODEL, engine.getWeights(), batch.windows, 40);
    probabilities.forEach((probability, i) => assert.ok(Math.abs(probability - expected[i]) < 1e-5));
  });
});
