import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { initializeWeights } from "../../nn/initialize.ts";
import { dropThreshold, isKept, maskKeys } from "../../nn/layers/dropout.ts";
import type { Layer, Model } from "../../nn/model.ts";
import { outputShapes, valueCount } from "../../nn/shapes.ts";
import type { TrainingBatch } from "../engine.ts";
import {
  chain,
  engineGradient,
  type LayerSizes,
  randomBatch,
  randomWeights,
  testModels,
  withEngine,
} from "../test_gradients.ts";

const dropout = (rate: number): LayerSizes => ({ kind: "Dropout", rate });
const softmax: LayerSizes = { kind: "Dense", units: 3, activation: "softmax" };
const MODEL = chain(
  { kind: "InputLayer", shape: [5, 2] },
  dropout(0.2),
  { kind: "Conv1D", filters: 7, kernelSize: 3, strides: 1, padding: "same", activation: "tanh" },
  dropout(0.4),
  { kind: "LSTM", units: 6, returnSequences: false },
  dropout(0.5),
  softmax,
);

testModels({ "dropout of 0": chain({ kind: "InputLayer", shape: [6] }, dropout(0), softmax) });

/** The same model with the masks as further inputs; layers have gradient tests of their own. */
function withMasks(model: Model, batch: TrainingBatch, seed: number, step: number) {
  const shapes = outputShapes(model), masks: { layer: string; rate: number; values: number }[] = [];
  const layers = model.layers.flatMap((layer): Layer[] => {
    if (layer.kind !== "Dropout") return [layer];
    const shape = shapes.get(layer.name)!, name = `${layer.name}_mask`;
    masks.push({ layer: layer.name, rate: layer.rate, values: valueCount(shape) });
    return [
      { kind: "InputLayer", name, inputs: [], shape },
      { kind: "Multiply", name: layer.name, inputs: [...layer.inputs, name] },
    ];
  });
  const values = batch.windows.length / batch.count;
  const windows = Array.from({ length: batch.count }, (_, window) => {
    const block = Math.floor(window / 32), sample = window % 32;
    return [
      ...batch.windows.subarray(window * values, (window + 1) * values),
      ...masks.flatMap(({ layer, rate, values }) => {
        const keys = maskKeys(layer, { seed, step, block });
        return Array.from(
          { length: values },
          (_, unit) => isKept(keys, unit * 32 + sample, rate) ? 1 / (1 - rate) : 0,
        );
      }),
    ];
  });
  return { model: { ...model, layers }, batch: { ...batch, windows: Float32Array.from(windows.flat()) } };
}

Deno.test("createWasmEngine() drops by the mask of step, block, unit and sample, there and back", async () => {
  const rng = createRng(3), weights = randomWeights(MODEL, rng), batch = randomBatch(MODEL, 70, rng);
  const masked = withMasks(MODEL, batch, 0, 0);
  const actual = await engineGradient(MODEL, weights, batch, [0.5, 2, 1]);
  const expected = await engineGradient(masked.model, weights, masked.batch, [0.5, 2, 1]);
  assert.ok(Math.abs(actual.loss - expected.loss) < 1e-6);
  assert.ok(expected.gradient.some((value) => Math.abs(value) > 1e-2));
  actual.gradient.forEach((value, i) =>
    assert.ok(Math.abs(value - expected.gradient[i]) < 1e-6, `${i}: ${value} is not ${expected.gradient[i]}`)
  );
});

Deno.test("createWasmEngine() with dropout gives the same bytes for any number of workers and when it is resumed", async () => {
  const train = async (workers: number, options: { seed?: number; breakAfter?: number } = {}) => {
    const { seed = 5, breakAfter = Infinity } = options, rng = createRng(4);
    let weights = initializeWeights(MODEL, rng), first = 0;
    const batches = [300, 70, 300].map((count) => randomBatch(MODEL, count, rng));
    const state = await withEngine(MODEL, { weights, workers, batchSize: 300, seed }, async (engine) => {
      for (; first < Math.min(breakAfter, batches.length); first++) {
        await engine.trainBatch(batches[first], 1e-2);
      }
      weights = engine.getWeights();
      return engine.getOptimizerState();
    });
    return await withEngine(MODEL, { weights, workers, batchSize: 300, seed }, async (engine) => {
      engine.setOptimizerState(state);
      for (; first < batches.length; first++) await engine.trainBatch(batches[first], 1e-2);
      return engine.getWeights();
    });
  };
  const one = await train(1);
  assert.deepEqual(await train(3), one);
  assert.deepEqual(await train(2, { breakAfter: 1 }), one);
  assert.notDeepEqual(await train(1, { seed: 6 }), one);
});

Deno.test("createWasmEngine() hands on what Dropout reads when it predicts", async () => {
  const rng = createRng(6), weights = randomWeights(MODEL, rng), { windows } = randomBatch(MODEL, 40, rng);
  const predict = (model: Model) =>
    withEngine(model, { weights, workers: 1 }, (engine) => engine.predict(windows, 40));
  const handingOn = MODEL.layers.map(({ kind, ...layer }) =>
    (kind === "Dropout"
      ? { ...layer, kind: "Activation", activation: "linear" }
      : { ...layer, kind }) as Layer
  );
  assert.deepEqual(await predict(MODEL), await predict({ ...MODEL, layers: handingOn }));
});

Deno.test("isKept() drops the share that the rate says, independently of layer, step, block and unit", () => {
  const positions = [
    ["a", { seed: 0, step: 0, block: 0 }],
    ["b", { seed: 0, step: 0, block: 0 }],
    ["a", { seed: 1, step: 0, block: 0 }],
    ["a", { seed: 0, step: 1, block: 0 }],
    ["a", { seed: 0, step: 0, block: 1 }],
  ] as const;
  const count = 40_000, rate = 0.3;
  const masks = positions.map(([layer, position]) => {
    const keys = maskKeys(layer, position);
    return Array.from({ length: count }, (_, i) => isKept(keys, i, rate) ? 0 : 1);
  });
  /** Five standard deviations of a mean of independent draws. */
  const limit = (share: number) => 5 * Math.sqrt(share * (1 - share) / count);
  const share = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  masks.forEach((mask, i) => {
    assert.ok(Math.abs(share(mask) - rate) < limit(rate));
    const pairs = [32, 1, 64].map((distance) => mask.map((value, j) => value * mask[(j + distance) % count]));
    for (const other of masks.slice(i + 1)) pairs.push(mask.map((value, j) => value * other[j]));
    for (const both of pairs) assert.ok(Math.abs(share(both) - rate * rate) < limit(rate * rate));
  });
  assert.deepEqual([dropThreshold(0), dropThreshold(0.5), dropThreshold(1 - 1e-12)], [
    0,
    2 ** 31,
    2 ** 32 - 1,
  ]);
});
