import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import type { Engine } from "../engine/engine.ts";
import type { LossOptions } from "../engine/losses.ts";
import { createWasmEngine } from "../engine/wasm_engine.ts";
import { buildCnn } from "../nn/architectures/cnn.ts";
import { initializeWeights } from "../nn/initialize.ts";
import { createAugmenter } from "./augment/augment.ts";
import { balancedClassWeights } from "./class_weights.ts";
import { evaluate, type LabelledWindows } from "./evaluate.ts";
import { createSampler } from "./sampling.ts";
import { trainModel, type TrainOptions } from "./train_model.ts";
import { decodeTrainState, encodeTrainState, type TrainState } from "./train_state.ts";

const WINDOW_SAMPLES = 24, CLASSES = 3;
const model = buildCnn({ windowSamples: WINDOW_SAMPLES, channels: 1, classes: CLASSES });

/** @returns Windows with a bump whose place tells the class, in noise. */
function bumps(count: number, seed: number): LabelledWindows & { windows: Float32Array } {
  const rng = createRng(seed), windows = new Float32Array(count * WINDOW_SAMPLES);
  const labels = Uint8Array.from(
    { length: count },
    () => rng.uniform() < 0.7 ? 0 : 1 + rng.integer(CLASSES - 1),
  );
  for (let i = 0; i < windows.length; i++) {
    const place = 4 + 7 * labels[Math.floor(i / WINDOW_SAMPLES)], distance = i % WINDOW_SAMPLES - place;
    windows[i] = Math.exp(-(distance ** 2) / 4) * (labels[Math.floor(i / WINDOW_SAMPLES)] === 1 ? -1 : 1) +
      0.3 * rng.normal();
  }
  return { windows, labels };
}

const train = bumps(150, 1), validation = bumps(60, 2);
const shuffle = (seed: number) => createSampler({ labels: train.labels, classes: "natural", seed });

async function withEngine<T>(
  use: (engine: Engine) => Promise<T>,
  workers = 1,
  loss?: LossOptions,
): Promise<T> {
  const weights = initializeWeights(model, createRng(3));
  const classWeights = balancedClassWeights(train.labels, CLASSES, 0.5);
  const engine = await createWasmEngine(model, weights, { workers, batchSize: 64, classWeights, loss });
  try {
    return await use(engine);
  } finally {
    engine.close();
  }
}

const runTraining = (options: Partial<TrainOptions> = {}, workers = 1, loss?: LossOptions) =>
  withEngine(
    (engine) =>
      trainModel({
        engine,
        train,
        validation,
        epochs: 6,
        batchSize: 64,
        sampler: shuffle(5),
        learningRate: ({ epoch }) => 0.01 / epoch,
        monitor: "macroF1",
        ...options,
      }),
    workers,
    loss,
  );

Deno.test("trainModel() learns, and gives the weights of its best epoch", async () => {
  const { history, bestWeights, bestEpoch, stoppedEarly, timings } = await runTraining({
    learningRate: () => 0.01,
    epochs: 12,
  });
  assert.equal(history.length, 12);
  assert.equal(timings.length, 12);
  assert.equal(stoppedEarly, false);
  assert.ok(history[11].loss < history[0].loss / 2, `loss ${history[0].loss} to ${history[11].loss}`);
  const best = history[bestEpoch - 1];
  assert.equal(best.validationMacroF1, Math.max(...history.map((figures) => figures.validationMacroF1)));
  assert.ok(best.validationMacroF1 > 0.9, `macro F1 ${best.validationMacroF1}`);
  const evaluation = await withEngine((engine) => {
    engine.setWeights(bestWeights);
    return evaluate(engine, validation);
  });
  assert.deepEqual(evaluation, {
    loss: best.validationLoss,
    accuracy: best.validationAccuracy,
    balancedAccuracy: best.validationBalancedAccuracy,
    macroF1: best.validationMacroF1,
  });
});

Deno.test("trainModel() gives the same bytes for the same seed and any number of workers, others for another", async () => {
  const first = await runTraining(),
    again = await runTraining({}, 2),
    other = await runTraining({ sampler: shuffle(6) });
  assert.deepEqual(again.history, first.history);
  assert.deepEqual(again.bestWeights, first.bestWeights);
  assert.notDeepEqual(other.history, first.history);
});

Deno.test("trainModel() goes on from a decoded state with the bytes of a run that was not interrupted", async () => {
  const states: TrainState[] = [];
  const whole = await runTraining({ onEpoch: ({ state }) => void states.push(state) });
  for (const { epoch } of whole.history.slice(0, -1)) {
    const resume = decodeTrainState(encodeTrainState(states[epoch - 1]));
    const resumed: TrainState[] = [];
    const result = await runTraining({ resume, onEpoch: ({ state }) => void resumed.push(state) });
    assert.deepEqual(encodeTrainState(resumed.at(-1)!), encodeTrainState(states.at(-1)!));
    assert.deepEqual({ ...result, timings: [] }, { ...whole, timings: [] });
    assert.equal(result.timings.length, whole.history.length - epoch);
  }
});

Deno.test("trainModel() samples and augments alike after an interruption, and on any number of workers", async () => {
  const states: TrainState[] = [], { labels } = train;
  const options: Partial<TrainOptions> = {
    sampler: createSampler({ labels, classes: "balanced", seed: 5 }),
    augment: createAugmenter({
      steps: WINDOW_SAMPLES,
      channels: 1,
      seed: 5,
      rescale: false,
      augmentation: { amplitude: 0.2, shift: 1, wander: 0.1, noise: 0.1, warp: 0.05, polarity: 0.1 },
    }),
    epochs: 3,
  };
  const whole = await runTraining({ ...options, onEpoch: ({ state }) => void states.push(state) });
  const resumed = await runTraining({ ...options, resume: states[0] }, 3);
  assert.deepEqual({ ...resumed, timings: [] }, { ...whole, timings: [] });
  const plain = await runTraining({ epochs: 3 });
  assert.notDeepEqual(plain.history, whole.history);
});

Deno.test("trainModel() lets a student learn from a teacher alone, whatever the labels say", async () => {
  const teacher = new Float32Array(train.labels.length * CLASSES).fill(0.05);
  train.labels.forEach((label, i) => teacher[i * CLASSES + label] = 0.9);
  const wrong = { ...train, labels: train.labels.map((label) => (label + 1) % CLASSES), teacher };
  const options = { train: wrong, learningRate: () => 0.01, epochs: 12 };
  for (const teacherTemperature of [1, 4]) {
    const { history, bestEpoch } = await runTraining(options, 1, { teacherWeight: 1, teacherTemperature });
    const { validationMacroF1 } = history[bestEpoch - 1];
    assert.ok(validationMacroF1 > 0.9, `macro F1 ${validationMacroF1} at temperature ${teacherTemperature}`);
  }
});

Deno.test("trainModel() stops when patience ends, and a state from there stays ended", async () => {
  let last: TrainState | undefined;
  const options: Partial<TrainOptions> = { learningRate: () => 0, epochs: 9, patience: 2, monitor: "loss" };
  const result = await runTraining({ ...options, onEpoch: ({ state }) => void (last = state) });
  assert.deepEqual([result.bestEpoch, result.history.length, result.stoppedEarly], [1, 3, true]);
  const resumed = await runTraining({
    ...options,
    resume: last,
    onEpoch: () => assert.fail("an epoch was done"),
  });
  assert.deepEqual({ ...resumed, timings: [] }, { ...result, timings: [] });
});

Deno.test("trainModel() reports batches, epochs and the learning rate", async () => {
  const batches: string[] = [], epochs: [number, number, boolean][] = [];
  await runTraining({
    epochs: 2,
    onBatch: ({ epoch, batch, batches: all, loss }) =>
      batches.push(`${epoch}: ${batch}/${all} ${Number.isFinite(loss)}`),
    onEpoch: ({ figures, improved, timing }) => {
      epochs.push([figures.epoch, figures.learningRate, improved && timing.windowsPerSecond > 0]);
    },
  });
  assert.deepEqual(batches, [1, 2].flatMap((epoch) => [1, 2, 3].map((batch) => `${epoch}: ${batch}/3 true`)));
  assert.deepEqual(epochs[0], [1, 0.01, true]);
  assert.deepEqual(epochs[1].slice(0, 2), [2, 0.005]);
});

Deno.test("trainModel() keeps the weights of the epoch that is best by the monitor", async () => {
  const figures = {
    loss: "validationLoss",
    accuracy: "validationAccuracy",
    balancedAccuracy: "validationBalancedAccuracy",
  } as const;
  for (const monitor of ["loss", "accuracy", "balancedAccuracy"] as const) {
    const { history, bestEpoch } = await runTraining({ monitor, learningRate: () => 0.03 });
    const scores = history.map((epoch) => epoch[figures[monitor]] * (monitor === "loss" ? -1 : 1));
    assert.equal(bestEpoch, 1 + scores.indexOf(Math.max(...scores)));
  }
});

Deno.test("trainModel() stops at a weight that is not finite though the loss is", async () => {
  await withEngine(async (engine) => {
    const getWeights = () => {
      const weights = engine.getWeights();
      weights.values().next().value!.data[3] = Infinity;
      return weights;
    };
    const options = {
      train,
      validation,
      epochs: 1,
      batchSize: 64,
      sampler: shuffle(1),
      learningRate: () => 0.01,
    };
    await assert.rejects(
      trainModel({ ...options, engine: { ...engine, getWeights }, monitor: "loss" }),
      /weight .*\[3\] must be finite, got Infinity in epoch 1/,
    );
  });
});

Deno.test("trainModel() stops with a hint when the loss is not finite", async () => {
  const windows = train.windows.slice();
  windows[100] = NaN;
  await assert.rejects(runTraining({ train: { ...train, windows } }), {
    name: "StageError",
    message: /loss must be finite, got NaN in epoch 1/,
  });
});

Deno.test("trainModel() ends by what reading the windows threw, whatever becomes of the step under way", async () => {
  const windows = {
    count: train.labels.length,
    values: WINDOW_SAMPLES,
    reads: 0,
    read() {
      // In the epoch's second batch, which is read while the engine computes the first.
      if (++this.reads === 65) throw new Error("Cannot read the windows");
    },
  };
  await assert.rejects(runTraining({ train: { ...train, windows } }), /Cannot read the windows/);
  // A rejection that nobody has taken is reported in a later turn.
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("trainModel() refuses options out of their range", async () => {
  const wrong: Partial<TrainOptions>[] = [
    { epochs: 0 },
    { epochs: Infinity },
    { batchSize: 65 },
    { patience: 0 },
    { learningRate: () => NaN },
    { train: { windows: train.windows.subarray(1), labels: train.labels } },
    { validation: { windows: new Float32Array(), labels: new Uint8Array() } },
    { monitor: "recall" as "loss" },
  ];
  for (const options of wrong) {
    await assert.rejects(runTraining(options), RangeError, JSON.stringify(options));
  }
});
