import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { initializeWeights } from "../initialize.ts";
import type { BatchNormalizationLayer, Model } from "../model.ts";
import { checkModel, checkWeights, countParameters, weightShapes } from "../shapes.ts";
import { batchNormalizationKind, blockStatistics } from "./batch_normalization.ts";

function modelWith(options: Partial<BatchNormalizationLayer>): Model {
  return {
    name: "test",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [4, 2] },
      {
        kind: "BatchNormalization",
        name: "norm",
        inputs: ["input"],
        axis: -1,
        momentum: 0.99,
        epsilon: 1e-3,
        center: true,
        scale: true,
        ...options,
      },
    ],
    output: "norm",
  };
}

Deno.test("batchNormalizationKind has Keras' weights, of which the optimizer trains gamma and beta", () => {
  const model = modelWith({}), weights = initializeWeights(model, createRng(1));
  assert.deepEqual([...weights].map(([name, { data }]) => [name, ...data]), [
    ["norm/gamma", 1, 1],
    ["norm/beta", 0, 0],
    ["norm/moving_mean", 0, 0],
    ["norm/moving_variance", 1, 1],
  ]);
  assert.equal(countParameters(model), 4);
  assert.deepEqual(weightShapes(modelWith({ scale: false, center: false })).map(({ name }) => name), [
    "norm/moving_mean",
    "norm/moving_variance",
  ]);
});

Deno.test("batchNormalizationKind refuses every axis but the last and constants out of range", () => {
  checkModel(modelWith({ axis: 2 }));
  for (const wrong of [{ axis: 1 }, { axis: 3 }, { momentum: 1 }, { momentum: NaN }, { epsilon: 0 }]) {
    assert.throws(() => checkModel(modelWith(wrong)), /layer "norm": (axis|momentum|epsilon) must be/);
  }
});

Deno.test("batchNormalizationKind reads the axis as a number and as Keras 2's list of one", () => {
  const options = batchNormalizationKind.toKeras(modelWith({}).layers[1] as BatchNormalizationLayer);
  for (const [axis, expected] of [[-1, -1], [[2], 2]]) {
    const parsed = batchNormalizationKind.kerasOptions.safeParse({ name: "norm", ...options, axis });
    assert.ok(parsed.success);
    assert.equal(batchNormalizationKind.fromKeras(parsed.data).axis, expected);
  }
  // As in models made for MLPerf Tiny.
  const parsed = batchNormalizationKind.kerasOptions.safeParse({
    name: "norm",
    ...options,
    scale: 1,
    center: 0,
  });
  assert.ok(parsed.success && parsed.data.scale === true && parsed.data.center === false);
  for (const wrong of [{ scale: 2 }, { axis: [1, 2] }, { renorm: true }, { synchronized: true }]) {
    assert.ok(!batchNormalizationKind.kerasOptions.safeParse({ name: "norm", ...options, ...wrong }).success);
  }
});

Deno.test("blockStatistics() are mean and biased variance over windows and steps", () => {
  const windows = [[1, 10, 2, 10], [3, 10, 6, 30]].map((values) => Float64Array.from(values));
  const { mean, variance } = blockStatistics(windows, 2);
  assert.deepEqual([...mean], [3, 15]);
  assert.deepEqual([...variance], [3.5, 75]);
});

Deno.test("checkWeights() refuses a negative moving variance by name", () => {
  const model = modelWith({}), negative = initializeWeights(model, createRng(1));
  negative.get("norm/moving_variance")!.data[0] = -1e-3;
  assert.throws(
    () => checkWeights(model, negative),
    /weight "norm\/moving_variance": values must be at least 0, got -0\.001/,
  );
});
