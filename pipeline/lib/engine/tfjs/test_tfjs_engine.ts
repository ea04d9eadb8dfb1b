import assert from "node:assert/strict";
import { createRng } from "../../core/rng.ts";
import { buildCnn } from "../../nn/architectures/cnn.ts";
import { buildLstm } from "../../nn/architectures/lstm.ts";
import { initializeWeights } from "../../nn/initialize.ts";
import type { Model, Weights } from "../../nn/model.ts";
import type { Engine, TrainingBatch } from "../engine.ts";
import { ENGINES } from "../engines.ts";
import { chain, engineGradient, type LayerSizes, randomBatch, randomWeights } from "../test_gradients.ts";
import type { WasmEngineOptions } from "../wasm_engine.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** Largest difference between two engines' gradients (both float32), as a share of the largest gradient. */
const GRADIENT_TOLERANCE = 1e-4;
const PROBABILITY_TOLERANCE = 1e-5;

const input = (...shape: number[]): LayerSizes => ({ kind: "InputLayer", shape });
const softmax: LayerSizes = { kind: "Dense", units: 3, activation: "softmax" };

const MODELS: Record<string, Model> = {
  lstm: buildLstm({ windowSamples: 24, channels: 1, classes: 3 }),
  cnn: buildCnn({ windowSamples: 24, channels: 1, classes: 3 }),
  "conv1d, stacked lstm and dense": chain(
    input(17, 2),
    { kind: "Conv1D", filters: 5, kernelSize: 4, strides: 1, padding: "same", activation: "relu" },
    { kind: "Conv1D", filters: 6, kernelSize: 3, strides: 1, padding: "valid", activation: "linear" },
    { kind: "Conv1D", filters: 4, kernelSize: 2, strides: 3, padding: "same", activation: "relu" },
    { kind: "LSTM", units: 5, returnSequences: true },
    { kind: "LSTM", units: 4, returnSequences: false },
    { kind: "Dense", units: 7, activation: "relu" },
    softmax,
  ),
  "what TensorFlow.js lacks: dilated and separable convolutions, gru in both directions": chain(
    input(19, 2),
    {
      kind: "Conv1D",
      filters: 4,
      kernelSize: 3,
      strides: 1,
      padding: "causal",
      dilation: 2,
      activation: "relu",
    },
    {
      kind: "SeparableConv1D",
      filters: 5,
      kernelSize: 3,
      strides: 2,
      padding: "same",
      dilation: 1,
      depthMultiplier: 2,
      useBias: true,
      activation: "tanh",
    },
    {
      kind: "Bidirectional",
      layer: { kind: "GRU", units: 4, returnSequences: false, resetAfter: true },
      mergeMode: "concat",
    },
    softmax,
  ),
  "batch normalization, poolings and dropout": chain(
    input(23, 2),
    { kind: "Conv1D", filters: 5, kernelSize: 3, strides: 1, padding: "same", activation: "tanh" },
    { kind: "BatchNormalization", axis: -1, momentum: 0.8, epsilon: 1e-3, center: true, scale: true },
    { kind: "Dropout", rate: 0.3 },
    { kind: "MaxPooling1D", poolSize: 3, strides: 2, padding: "same" },
    { kind: "AveragePooling1D", poolSize: 4, strides: 3, padding: "same" },
    { kind: "Flatten" },
    { kind: "Dropout", rate: 0.5 },
    softmax,
  ),
};

async function withTfjs<T>(
  name: string,
  { model, weights, ...options }: WasmEngineOptions & { model: Model; weights: Weights },
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await ENGINES[name].create(model, weights, options);
  try {
    return await use(engine);
  } finally {
    engine.close();
  }
}

function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
) {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= tolerance,
      `${what}, value ${i}: ${actual[i]} is not ${expected[i]}`,
    );
  }
}

const flat = (weights: Weights) => Float32Array.from([...weights.values()].flatMap(({ data }) => [...data]));

/**
 * Registers the tests of an engine on TensorFlow.js, each in a file of its own: two copies of TensorFlow.js do not get on with
 * each other in one global scope.
 *
 * @param name Its name in `ENGINES`.
 * @param isInstalled A test run installs no packages: what is absent is skipped by name.
 * @param load Loads its TensorFlow.js.
 */
export function testTfjsEngine(
  { name, isInstalled, load }: { name: string; isInstalled: boolean; load: () => Promise<TensorFlow> },
): void {
  const test = (what: string, fn: () => Promise<void>) =>
    Deno.test({ name: `[${name}] ${what}`, ignore: !isInstalled, sanitizeResources: false, fn });

  for (const [modelName, model] of Object.entries(MODELS)) {
    test(`createTfjsEngine() has the own kernels' loss and gradient: ${modelName}`, async () => {
      const rng = createRng(1), weights = randomWeights(model, rng), classWeights = [0.5, 2, 1];
      for (const count of [1, 33]) {
        const batch = randomBatch(model, count, rng);
        const expected = await engineGradient(model, weights, batch, classWeights);
        const optimizer = { beta1: 0, beta2: 0 };
        await withTfjs(name, { model, weights, classWeights, optimizer }, async (engine) => {
          assert.ok(Math.abs(await engine.trainBatch(batch, 0) - expected.loss) < 1e-5);
          const largest = expected.gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
          const { firstMoments } = engine.getOptimizerState().slots;
          assertClose(firstMoments, expected.gradient, GRADIENT_TOLERANCE * largest, `count ${count}`);
        });
      }
    });
  }

  test("createTfjsEngine() and the own kernels train alike and go on where the other stopped", async () => {
    for (const model of Object.values(MODELS)) {
      const rng = createRng(2), weights = initializeWeights(model, rng);
      const batches = [40, 33, 40, 5].map((count) => randomBatch(model, count, rng));
      const own = await trainIn("wasm", model, { weights, batches });
      const tfjs = await trainIn(name, model, { weights, batches });
      // A weight moves by about the learning rate in each step, however small its gradient is.
      assertClose(flat(tfjs.weights), flat(own.weights), 1e-4, "weights");
      assertClose(tfjs.probabilities, own.probabilities, 10 * PROBABILITY_TOLERANCE, "probabilities");
      const half = await trainIn("wasm", model, { weights, batches: batches.slice(0, 2) });
      const resumed = await trainIn(name, model, { ...half, batches: batches.slice(2) });
      assertClose(flat(resumed.weights), flat(own.weights), 1e-4, "weights of both");
      assert.equal(resumed.state.step, 4);
      const loaded = await trainIn("wasm", model, { weights: tfjs.weights, batches: [] });
      assertClose(loaded.probabilities, tfjs.probabilities, PROBABILITY_TOLERANCE, "what the other loads");
    }
  });

  test("createTfjsEngine() gives the same bytes for the same batches, whole or in two halves", async () => {
    for (const model of Object.values(MODELS)) {
      const rng = createRng(3), weights = initializeWeights(model, rng);
      const batches = [64, 64, 33].map((count) => randomBatch(model, count, rng));
      const whole = await trainIn(name, model, { weights, batches });
      assert.deepEqual(await trainIn(name, model, { weights, batches }), whole);
      const half = await trainIn(name, model, { weights, batches: batches.slice(0, 1) });
      assert.deepEqual(await trainIn(name, model, { ...half, batches: batches.slice(1) }), whole);
    }
  });

  test("createTfjsEngine() leaves no tensors behind", async () => {
    for (const model of Object.values(MODELS)) {
      const rng = createRng(6), weights = initializeWeights(model, rng);
      const tensors = async () => (await load()).memory().numTensors, before = await tensors();
      await withTfjs(name, { model, weights, batchSize: 8 }, async (engine) => {
        const batch = randomBatch(model, 8, rng), started = await tensors();
        for (let step = 0; step < 3; step++) await engine.trainBatch(batch, 1e-3);
        await engine.predict(batch.windows, 8);
        engine.setWeights(weights);
        assert.equal(await tensors(), started, model.name);
      });
      assert.equal(await tensors(), before, model.name);
    }
  });

  test("createTfjsEngine() refuses what is out of range, overlapping calls, and calls after close()", async () => {
    const model = MODELS.cnn, rng = createRng(4), weights = randomWeights(model, rng);
    const batch = randomBatch(model, 8, rng);
    await assert.rejects(ENGINES[name].create(model, new Map()), RangeError);
    await assert.rejects(ENGINES[name].create(model, weights, { batchSize: 0 }), RangeError);
    await assert.rejects(ENGINES[name].create(model, weights, { classWeights: [1] }), RangeError);
    await assert.rejects(ENGINES[name].create(model, weights, { loss: { focalGamma: 1 } }), /no focal loss/);
    await assert.rejects(ENGINES[name].create(model, weights, { roundWeight: () => {} }), /cannot round/);
    await assert.rejects(ENGINES[name].create(model, weights, { roundings: {} }), /cannot round/);
    const linear = chain(input(6), { kind: "Dense", units: 3, activation: "linear" });
    const linearWeights = randomWeights(linear, rng);
    await assert.rejects(
      ENGINES[name].create(linear, linearWeights),
      /output must be \[classes\] from a Dense or Activation layer with softmax/,
    );
    const hard = chain(
      input(6, 1),
      { kind: "LSTM", units: 2, returnSequences: false, recurrentActivation: "hard_sigmoid_keras3" },
      softmax,
    );
    await assert.rejects(
      ENGINES[name].create(hard, randomWeights(hard, rng)),
      /Cannot train layer "layer1" with tfjs-.*got the hard_sigmoid of Keras 3/,
    );
    await withTfjs(name, { model, weights, batchSize: 8 }, async (engine) => {
      await assert.rejects(engine.trainBatch({ ...batch, count: 9 }, 1e-3), /count/);
      await assert.rejects(engine.trainBatch(batch, -1), /learningRate/);
      await assert.rejects(engine.predict(batch.windows, 9), /windows/);
      const first = engine.trainBatch(batch, 1e-3);
      await assert.rejects(engine.trainBatch(batch, 1e-3), /must not overlap/);
      await first;
      assert.equal((await engine.predict(batch.windows, 0)).length, 0);
      engine.close();
      await assert.rejects(engine.trainBatch(batch, 1e-3), /closed/);
    });
  });
}

/** What a number of steps from a state leaves. */
async function trainIn(
  name: string,
  model: Model,
  { weights, state, batches }: {
    weights: Weights;
    state?: ReturnType<Engine["getOptimizerState"]>;
    batches: TrainingBatch[];
  },
) {
  return await withTfjs(name, { model, weights, workers: 1, batchSize: 256 }, async (engine) => {
    if (state) engine.setOptimizerState(state);
    for (const batch of batches) await engine.trainBatch(batch, 1e-3);
    const { windows } = randomBatch(model, 70, createRng(5));
    return {
      weights: engine.getWeights(),
      state: engine.getOptimizerState(),
      probabilities: await engine.predict(windows, 70),
    };
  });
}
