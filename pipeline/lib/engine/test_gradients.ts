import assert from "node:assert/strict";
import { createRng, type Rng } from "../core/rng.ts";
import { forward, forwardTraining } from "../nn/forward.ts";
import { initializeWeights } from "../nn/initialize.ts";
import type { Layer, Model, Weights } from "../nn/model.ts";
import { outputShapes, valueCount } from "../nn/shapes.ts";
import type { TrainingBatch } from "./engine.ts";
import { ENGINES } from "./engines.ts";
import { BLOCK_SAMPLES } from "./kernels/kernels.ts";
import type { Roundings } from "./layers/rounding.ts";
import { isTfjsWasmInstalled } from "./tfjs/tfjs_packages.ts";
import { createWasmEngine, type WasmEngineOptions } from "./wasm_engine.ts";

/** Largest difference between a probability of the kernels (float32) and of the reference (float64). */
export const PROBABILITY_TOLERANCE = 1e-5;
/** Largest difference between a gradient (float32) and its finite difference, as a share of the largest gradient. */
const GRADIENT_TOLERANCE = 1e-4;

/** A layer without its place in a model. */
export type LayerSizes = {
  [K in Layer["kind"]]: Omit<Extract<Layer, { kind: K }>, "name" | "inputs">;
}[Layer["kind"]];

/** @returns A chain of layers named by their index. */
export function chain(...layers: LayerSizes[]): Model {
  return {
    name: "test",
    layers: layers.map((layer, i) =>
      ({ ...layer, name: `layer${i}`, inputs: i === 0 ? [] : [`layer${i - 1}`] }) as Layer
    ),
    output: `layer${layers.length - 1}`,
  };
}

/** @returns Weights of about unit size, biases too, so that no activation is near its start. */
export function randomWeights(model: Model, rng: Rng): Weights {
  const weights = initializeWeights(model, rng);
  for (const { data } of weights.values()) {
    for (let i = 0; i < data.length; i++) data[i] += 0.2 * rng.normal();
  }
  return weights;
}

/** @returns Windows with random classes. */
export function randomBatch(model: Model, count: number, rng: Rng): TrainingBatch {
  const shapes = outputShapes(model);
  const values = model.layers.reduce(
    (sum, { kind, name }) => sum + (kind === "InputLayer" ? valueCount(shapes.get(name)!) : 0),
    0,
  );
  const classes = shapes.get(model.output)![0];
  return {
    windows: Float32Array.from({ length: count * values }, rng.normal),
    labels: Uint8Array.from({ length: count }, () => rng.integer(classes)),
    count,
  };
}

/** Opens an engine for as long as it is used. */
export async function withEngine<T>(
  model: Model,
  options: WasmEngineOptions & { weights: Weights },
  use: (engine: Awaited<ReturnType<typeof createWasmEngine>>) => Promise<T>,
): Promise<T> {
  const engine = await createWasmEngine(model, options.weights, options);
  try {
    return await use(engine);
  } finally {
    engine.close();
  }
}

/** The engine's loss in float64, by the reference forward pass as in training. */
function referenceLoss(
  model: Model,
  weights: Weights,
  { windows, labels, count }: TrainingBatch,
  classWeights: number[],
) {
  const probabilities = forwardTraining(model, weights, windows, {
    batch: count,
    blockWindows: BLOCK_SAMPLES,
  });
  const classes = probabilities.length / count;
  let loss = 0;
  for (let window = 0; window < count; window++) {
    const label = labels[window];
    loss -= classWeights[label] * Math.log(probabilities[window * classes + label]) / count;
  }
  return loss;
}

/**
 * With beta1 and beta2 of 0 the moments are the gradient and its square, and with a learning rate of 0 the weights
 * stay: the optimizer's state shows the gradient.
 */
export async function engineGradient(
  model: Model,
  weights: Weights,
  batch: TrainingBatch,
  classWeights: number[],
  roundings: Roundings = {},
) {
  const options = {
    weights,
    roundings,
    workers: 1,
    batchSize: batch.count,
    classWeights,
    optimizer: { beta1: 0, beta2: 0 },
  };
  return await withEngine(model, options, async (engine) => {
    const loss = await engine.trainBatch(batch, 0);
    return { loss, gradient: engine.getOptimizerState().slots.firstMoments };
  });
}

/** Asserts that the engine's loss and gradient are those of the reference, the gradient by finite differences. */
export async function assertGradient(
  model: Model,
  weights: Weights,
  batch: TrainingBatch,
  classWeights: number[],
): Promise<void> {
  const { loss, gradient } = await engineGradient(model, weights, batch, classWeights);
  const expectedLoss = referenceLoss(model, weights, batch, classWeights);
  assert.ok(Math.abs(loss - expectedLoss) < 1e-5, `loss ${loss} is not ${expectedLoss}`);
  const largest = gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  let at = 0;
  for (const [weightName, { data }] of weights) {
    for (let i = 0; i < data.length; i++, at++) {
      const kept = data[i], h = 1e-5;
      data[i] = kept + h;
      const above = data[i], lossAbove = referenceLoss(model, weights, batch, classWeights);
      data[i] = kept - h;
      const below = data[i], lossBelow = referenceLoss(model, weights, batch, classWeights);
      data[i] = kept;
      const expected = (lossAbove - lossBelow) / (above - below);
      assert.ok(
        Math.abs(gradient[at] - expected) < GRADIENT_TOLERANCE * largest,
        `count ${batch.count}, ${weightName}[${i}]: ${gradient[at]} is not ${expected}`,
      );
    }
  }
  assert.equal(at, gradient.length);
}

/**
 * Registers the tests of every model: the engine predicts as the reference, and its gradient is that of the
 * reference's loss, by finite differences.
 *
 * @param tfjs Whether TensorFlow.js computes them too, and is compared with.
 */
export function testModels(models: Record<string, Model>, { tfjs = true } = {}): void {
  for (const [name, model] of Object.entries(models)) {
    if (tfjs) testAgainstTfjs(name, model);
    testModel(name, model);
  }
}

/** Registers a test of every model: TensorFlow.js has the own kernels' gradient; skipped where it is not installed. */
function testAgainstTfjs(name: string, model: Model): void {
  Deno.test({
    name: `[tfjs-wasm] createWasmEngine() has TensorFlow.js' gradient: ${name}`,
    ignore: !isTfjsWasmInstalled(),
    async fn() {
      const rng = createRng(3), weights = randomWeights(model, rng), classWeights = [0.5, 2, 1];
      const batch = randomBatch(model, 33, rng);
      const own = await engineGradient(model, weights, batch, classWeights);
      const options = { batchSize: 33, classWeights, optimizer: { beta1: 0, beta2: 0 } };
      const engine = await ENGINES["tfjs-wasm"].create(model, weights, options);
      const loss = await engine.trainBatch(batch, 0),
        gradient = engine.getOptimizerState().slots.firstMoments;
      // With moving statistics that have moved.
      const probabilities = await engine.predict(batch.windows, 33), after = engine.getWeights();
      engine.close();
      assert.ok(Math.abs(loss - own.loss) < 1e-5, `loss ${own.loss} is not ${loss}`);
      const largest = gradient.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      gradient.forEach((value, i) =>
        assert.ok(
          Math.abs(own.gradient[i] - value) < GRADIENT_TOLERANCE * largest,
          `value ${i}: ${own.gradient[i]} is not ${value}`,
        )
      );
      forward(model, after, batch.windows, 33).forEach((value, i) =>
        assert.ok(Math.abs(probabilities[i] - value) < PROBABILITY_TOLERANCE, `${i}: ${probabilities[i]}`)
      );
    },
  });
}

function testModel(name: string, model: Model): void {
  Deno.test(`createWasmEngine() predicts as the reference: ${name}`, async () => {
    const rng = createRng(1), weights = randomWeights(model, rng);
    await withEngine(model, { weights, workers: 1, batchSize: 40 }, async (engine) => {
      for (const count of [0, 1, 31, 33, 100]) {
        const { windows } = randomBatch(model, count, rng);
        const probabilities = await engine.predict(windows, count);
        const expected = forward(model, weights, windows, count);
        assert.equal(probabilities.length, expected.length);
        probabilities.forEach((probability, i) =>
          assert.ok(
            Math.abs(probability - expected[i]) < PROBABILITY_TOLERANCE,
            `count ${count}, value ${i}: ${probability} is not ${expected[i]}`,
          )
        );
      }
    });
  });

  Deno.test(`createWasmEngine() has the gradient of the reference's loss: ${name}`, async () => {
    const rng = createRng(2), weights = randomWeights(model, rng), classWeights = [0.5, 2, 1];
    for (const count of [1, 33]) {
      const batch = randomBatch(model, count, rng);
      await assertGradient(model, weights, batch, classWeights);
    }
  });
}
