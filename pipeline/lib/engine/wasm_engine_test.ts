import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { buildCnn } from "../nn/architectures/cnn.ts";
import { buildLstm } from "../nn/architectures/lstm.ts";
import { forward } from "../nn/forward.ts";
import { initializeWeights } from "../nn/initialize.ts";
import type { Activation, Conv1DLayer, Model, Weights } from "../nn/model.ts";
import {
  chain,
  engineGradient,
  type LayerSizes,
  PROBABILITY_TOLERANCE,
  randomBatch,
  randomWeights,
  testModels,
  withEngine,
} from "./test_gradients.ts";
import { createWasmEngine, type WasmEngineOptions } from "./wasm_engine.ts";

const input = (...shape: number[]): LayerSizes => ({ kind: "InputLayer", shape });
const conv1d = (sizes: Partial<Conv1DLayer>): LayerSizes => ({
  kind: "Conv1D",
  filters: 3,
  kernelSize: 3,
  strides: 1,
  padding: "same",
  activation: "relu",
  ...sizes,
});
const lstm = (units: number, returnSequences = false): LayerSizes => ({
  kind: "LSTM",
  units,
  returnSequences,
});
const dense = (units: number, activation: Activation): LayerSizes => ({ kind: "Dense", units, activation });
const average: LayerSizes = { kind: "GlobalAveragePooling1D" };
const softmax = dense(3, "softmax");

/** Every kind of layer, in sizes that are no multiples of 4 or 8. */
const MODELS: Record<string, Model> = {
  dense: chain(input(6), softmax),
  "dense with every activation": chain(
    input(6),
    dense(5, "tanh"),
    dense(6, "sigmoid"),
    dense(5, "relu"),
    dense(7, "linear"),
    softmax,
  ),
  "dense relu and linear": chain(input(6), dense(5, "relu"), dense(7, "linear"), softmax),
  lstm: chain(input(7, 2), lstm(5), softmax),
  "lstm of one step": chain(input(1, 2), lstm(3, true), average, softmax),
  "stacked lstm": chain(input(7, 1), lstm(5, true), lstm(3, true), lstm(4), softmax),
  "lstm of all steps, averaged": chain(input(5, 3), lstm(5, true), average, softmax),
  "conv1d same, stride 2": chain(input(7, 1), conv1d({ strides: 2, kernelSize: 4 }), average, softmax),
  "conv1d same, stride 3 beyond the kernel": chain(
    input(8, 2),
    conv1d({ strides: 3, kernelSize: 2 }),
    average,
    softmax,
  ),
  "conv1d valid": chain(input(9, 2), conv1d({ padding: "valid", strides: 2 }), average, softmax),
  "stacked conv1d": chain(
    input(11, 1),
    conv1d({ filters: 5, strides: 2, kernelSize: 5 }),
    conv1d({ filters: 3, padding: "valid", activation: "linear" }),
    conv1d({ filters: 6, strides: 3, kernelSize: 7 }),
    average,
    dense(5, "relu"),
    softmax,
  ),
  "conv1d sigmoid": chain(input(7, 1), conv1d({ activation: "sigmoid" }), average, softmax),
  "conv1d and lstm": chain(input(9, 1), conv1d({ strides: 2 }), lstm(5, true), conv1d({}), lstm(4), softmax),
};

testModels(MODELS);

Deno.test("createWasmEngine() predicts as the reference with fused multiply-add", async () => {
  const model = MODELS["conv1d and lstm"], rng = createRng(10), weights = randomWeights(model, rng);
  const { windows } = randomBatch(model, 40, rng), expected = forward(model, weights, windows, 40);
  await withEngine(model, { weights, workers: 1, fusedMultiplyAdd: true }, async (engine) => {
    const probabilities = await engine.predict(windows, 40);
    probabilities.forEach((probability, i) =>
      assert.ok(Math.abs(probability - expected[i]) < PROBABILITY_TOLERANCE, `value ${i}`)
    );
  });
});

Deno.test("createWasmEngine() takes gradients below 1e-30 for 0, so that no denormal number slows it", async () => {
  for (const name of ["lstm", "stacked conv1d"]) {
    const model = MODELS[name], rng = createRng(9), weights = randomWeights(model, rng);
    const { gradient } = await engineGradient(model, weights, randomBatch(model, 4, rng), [
      1e-31,
      1e-31,
      1e-31,
    ]);
    assert.ok(gradient.every((value) => value === 0));
  }
});

Deno.test("createWasmEngine() gives the same bytes for 1, 2 and 3 workers", async () => {
  const sizes = { windowSamples: 24, channels: 1, classes: 5 };
  for (const model of [buildLstm(sizes), buildCnn(sizes)]) {
    const results = [];
    for (const workers of [1, 2, 3]) {
      const rng = createRng(3), weights = initializeWeights(model, rng);
      results.push(
        await withEngine(model, { weights, workers, batchSize: 1100 }, async (engine) => {
          const losses = [];
          // More than 32 blocks, so that one shard holds two; and a last batch that fills no block.
          for (const count of [1100, 200, 7]) {
            losses.push(await engine.trainBatch(randomBatch(model, count, rng), 1e-2));
          }
          const { windows } = randomBatch(model, 70, rng);
          return {
            losses,
            weights: engine.getWeights(),
            state: engine.getOptimizerState(),
            probabilities: await engine.predict(windows, 70),
          };
        }),
      );
    }
    assert.deepEqual(results[1], results[0]);
    assert.deepEqual(results[2], results[0]);
  }
});

Deno.test("trainBatch() steps as Adam by its paper, with the learning rate of each batch", async () => {
  const model = MODELS.dense, rng = createRng(4), weights = randomWeights(model, rng);
  const options = { weights, workers: 1, optimizer: { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 } };
  const rates = [0.1, 0.05, 0.2];
  const flat = (tensors: Weights) => [...tensors.values()].flatMap(({ data }) => [...data]);
  await withEngine(model, options, async (engine) => {
    const first = flat(weights).map(() => 0), second = first.slice();
    for (const [t, rate] of rates.entries()) {
      const batch = randomBatch(model, 10, rng), before = engine.getWeights();
      const { gradient } = await engineGradient(model, before, batch, [1, 1, 1]);
      await engine.trainBatch(batch, rate);
      const after = flat(engine.getWeights());
      flat(before).forEach((weight, i) => {
        first[i] = 0.8 * first[i] + 0.2 * gradient[i];
        second[i] = 0.95 * second[i] + 0.05 * gradient[i] ** 2;
        const stepSize = rate * Math.sqrt(1 - 0.95 ** (t + 1)) / (1 - 0.8 ** (t + 1));
        const expected = weight - stepSize * first[i] / (Math.sqrt(second[i]) + 1e-3);
        assert.ok(Math.abs(after[i] - expected) < 1e-6, `step ${t}, ${i}: ${after[i]} is not ${expected}`);
      });
      assert.equal(engine.getOptimizerState().step, t + 1);
    }
  });
});

Deno.test("setWeights() and setOptimizerState() let another engine go on with the same bytes", async () => {
  const model = MODELS["conv1d and lstm"], rng = createRng(5), weights = randomWeights(model, rng);
  const batches = [40, 33, 64, 5].map((count) => randomBatch(model, count, rng));
  const whole = await withEngine(model, { weights, workers: 1 }, async (engine) => {
    for (const batch of batches) await engine.trainBatch(batch, 1e-2);
    return engine.getWeights();
  });
  const half = await withEngine(model, { weights, workers: 1 }, async (engine) => {
    for (const batch of batches.slice(0, 2)) await engine.trainBatch(batch, 1e-2);
    return { weights: engine.getWeights(), state: engine.getOptimizerState() };
  });
  const resumed = await withEngine(model, { weights, workers: 1 }, async (engine) => {
    engine.setWeights(half.weights);
    engine.setOptimizerState(half.state);
    for (const batch of batches.slice(2)) await engine.trainBatch(batch, 1e-2);
    return engine.getWeights();
  });
  assert.deepEqual(resumed, whole);
});

Deno.test("roundWeight() is what the passes see, while the optimizer steps the weight itself", async () => {
  const model = MODELS["conv1d and lstm"], rng = createRng(11), weights = randomWeights(model, rng);
  const round = (_: string, __: readonly number[], values: Float32Array) =>
    values.forEach((value, i) => values[i] = Math.round(8 * value) / 8);
  const rounded = (tensors: Weights): Weights =>
    new Map([...tensors].map(([name, { shape, data }]) => {
      const values = data.slice();
      round(name, shape, values);
      return [name, { shape, data: values }];
    }));
  const batch = randomBatch(model, 40, rng), optimizer = { kind: "sgd" } as const;
  await withEngine(model, { weights, workers: 1, optimizer, roundWeight: round }, async (engine) => {
    for (let step = 0; step < 2; step++) {
      const before = engine.getWeights();
      const { loss, gradient } = await engineGradient(model, rounded(before), batch, [1, 1, 1]);
      assert.equal(await engine.trainBatch(batch, 0.01), loss);
      let at = 0;
      for (const [name, { data }] of engine.getWeights()) {
        data.forEach((value, i) => {
          const expected = before.get(name)!.data[i] - 0.01 * gradient[at++];
          assert.ok(Math.abs(value - expected) < 1e-6, `${name}[${i}]: ${value} is not ${expected}`);
        });
      }
    }
    const expected = forward(model, rounded(engine.getWeights()), batch.windows, 40);
    (await engine.predict(batch.windows, 40)).forEach((probability, i) =>
      assert.ok(Math.abs(probability - expected[i]) < PROBABILITY_TOLERANCE)
    );
    engine.setWeights(weights);
    assert.deepEqual(engine.getWeights(), weights);
  });
});

Deno.test("trainBatch() makes a small set learnable to a loss near 0", async () => {
  const model = MODELS.lstm, rng = createRng(6), weights = initializeWeights(model, rng);
  const batch = randomBatch(model, 20, rng);
  await withEngine(model, { weights, workers: 1 }, async (engine) => {
    let loss = Infinity;
    for (let i = 0; i < 400; i++) loss = await engine.trainBatch(batch, 0.02);
    assert.ok(loss < 0.05, `loss ${loss}`);
  });
});

Deno.test("createWasmEngine() refuses a layer or activation without kernels by name", async () => {
  const cases: [Model, RegExp][] = [
    [chain(input(6), dense(5, "softmax"), softmax), /Dense layer "layer1".*softmax/],
    [
      chain(input(6), dense(5, "relu")),
      /output must be \[classes\] from a Dense or Activation layer with softmax, got \[5\] from Dense "layer1"/,
    ],
  ];
  for (const [model, message] of cases) {
    await assert.rejects(createWasmEngine(model, initializeWeights(model, createRng(1)), { workers: 1 }), {
      name: "TypeError",
      message,
    });
  }
  const unknown = chain(input(6), { kind: "Attention" } as unknown as LayerSizes, softmax);
  await assert.rejects(createWasmEngine(unknown, new Map(), { workers: 1 }), /"layer1".*Attention/);
});

Deno.test("createWasmEngine() and its calls refuse what is out of range", async () => {
  const model = MODELS.dense, rng = createRng(7), weights = randomWeights(model, rng);
  const refused: WasmEngineOptions[] = [
    { workers: 0 },
    { workers: 1.5 },
    { batchSize: 0 },
    { classWeights: [1, 1] },
    { classWeights: [1, 1, NaN] },
    { optimizer: { beta1: 1 } },
    { optimizer: { epsilon: 0 } },
  ];
  for (const options of refused) await assert.rejects(createWasmEngine(model, weights, options), RangeError);
  await assert.rejects(createWasmEngine(model, new Map(), { workers: 1 }), RangeError);
  await withEngine(model, { weights, workers: 1, batchSize: 8 }, async (engine) => {
    const batch = randomBatch(model, 8, rng);
    await assert.rejects(engine.trainBatch({ ...batch, count: 9 }, 1e-3), /count/);
    await assert.rejects(engine.trainBatch({ ...batch, count: 0 }, 1e-3), /count/);
    await assert.rejects(engine.trainBatch({ ...batch, windows: new Float32Array(5) }, 1e-3), /windows/);
    await assert.rejects(engine.trainBatch({ ...batch, labels: new Uint8Array(8).fill(3) }, 1e-3), /labels/);
    await assert.rejects(engine.trainBatch(batch, NaN), /learningRate/);
    await assert.rejects(engine.predict(batch.windows, 9), /windows/);
    assert.throws(() => engine.setWeights(new Map()), RangeError);
    const state = engine.getOptimizerState();
    assert.throws(() => engine.setOptimizerState({ ...state, step: -1 }), /step/);
    assert.throws(
      () =>
        engine.setOptimizerState({
          ...state,
          slots: { ...state.slots, firstMoments: new Float32Array(1) },
        }),
      /firstMoments/,
    );
    assert.throws(
      () => engine.setOptimizerState({ step: 0, slots: { velocity: new Float32Array(1) } }),
      /slots must be firstMoments, secondMoments, got velocity/,
    );
    const first = engine.trainBatch(batch, 1e-3);
    await assert.rejects(engine.trainBatch(batch, 1e-3), /must not overlap/);
    await first;
  });
});

Deno.test("createWasmEngine() starts by default no more threads than it can have, whatever the number of cores", async () => {
  const cores = navigator.hardwareConcurrency;
  Object.defineProperty(navigator, "hardwareConcurrency", { value: 300, configurable: true });
  try {
    // Refused before a thread is started, but behind the check of their number.
    await assert.rejects(createWasmEngine(MODELS.dense, new Map()), /weight 0 must be "layer1\/kernel"/);
  } finally {
    Object.defineProperty(navigator, "hardwareConcurrency", { value: cores, configurable: true });
  }
});

Deno.test("close() rejects a call under way and every later one", async () => {
  const model = MODELS.dense, rng = createRng(8), weights = randomWeights(model, rng);
  const engine = await createWasmEngine(model, weights, { workers: 1 });
  const batch = randomBatch(model, 8, rng),
    rejected = assert.rejects(engine.trainBatch(batch, 1e-3), /closed/);
  engine.close();
  await rejected;
  await assert.rejects(engine.predict(batch.windows, 8), /closed/);
});
