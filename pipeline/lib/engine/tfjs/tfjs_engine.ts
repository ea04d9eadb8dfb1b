import type { Model, Weights } from "../../nn/model.ts";
import { checkWeights, outputShapes, valueCount, weightShapes } from "../../nn/shapes.ts";
import {
  checkBatch,
  checkClassWeights,
  checkInteger,
  checkLearningRate,
  checkOptimizerState,
  checkTeacher,
  checkWindows,
} from "../checks.ts";
import type { Engine, OptimizerState } from "../engine.ts";
import { stepOptimizer } from "../optimizer_reference.ts";
import { checkLoss, writeTargets } from "../losses.ts";
import { checkOptimizer, isPenalized, OPTIMIZER_SLOTS } from "../optimizers.ts";
import type { WasmEngineOptions } from "../wasm_engine.ts";
import type { TensorFlow } from "./tensorflow.ts";
import { buildTfjsModel } from "./tfjs_model.ts";

/** How an engine on TensorFlow.js computes. */
export interface TfjsEngineOptions extends
  Pick<
    WasmEngineOptions,
    "batchSize" | "optimizer" | "classWeights" | "loss" | "roundWeight" | "roundings" | "seed"
  > {
  /** For example "tfjs-wasm". */
  name: string;
  /** Name of TensorFlow.js' backend, for example "wasm". */
  backend: string;
  /** Threads that the backend uses. */
  workers: number;
}

/**
 * Starts an engine on TensorFlow.js: forward and backward passes are those of its layers, while weights and the optimizer are
 * kept here.
 *
 * @param tf TensorFlow.js with its backend, see tfjs_packages.ts.
 * @param weights First weights.
 * @throws TypeError A layer that TensorFlow.js does not have, by name.
 * @throws RangeError Weights that are not the model's, or an option out of its range; a focal loss, a teacher at a temperature, or
 *   rounded weights.
 */
export async function createTfjsEngine(
  tf: TensorFlow,
  model: Model,
  weights: Weights,
  options: TfjsEngineOptions,
): Promise<Engine> {
  const { name, backend, workers, batchSize = 256, seed = 0 } = options;
  checkInteger("batchSize", batchSize, 2 ** 20);
  const optimizer = checkOptimizer(options.optimizer), slotNames = OPTIMIZER_SLOTS[optimizer.kind];
  const lossOptions = checkLoss(options.loss);
  if (options.roundWeight || options.roundings) {
    throw new RangeError(
      `Cannot start ${name}: it cannot round weights and activations as it trains; use the engine wasm`,
    );
  }
  if (lossOptions.focalGamma > 0) {
    throw new RangeError(
      `Cannot start ${name}: it has no focal loss, focalGamma must be 0, got ${lossOptions.focalGamma}; use the engine wasm`,
    );
  }
  if (lossOptions.teacherWeight > 0 && lossOptions.teacherTemperature !== 1) {
    throw new RangeError(
      `Cannot start ${name}: it learns from a teacher at temperature 1 only, got ${lossOptions.teacherTemperature}; ` +
        `use --temperature 1 or the engine wasm`,
    );
  }
  checkWeights(model, weights);
  const classes = valueCount(outputShapes(model).get(model.output)!);
  const classWeights = checkClassWeights(options.classWeights, classes);
  await tf.setBackend(backend);
  const network = await buildTfjsModel(tf, model, name), { windowValues, parameterCount } = network;
  const sizes = { batchSize, windowValues, classes }, targets = new Float64Array(classes);
  const values = flatten(weights);
  let state: OptimizerState = {
    step: 0,
    slots: Object.fromEntries(slotNames.map((slot) => [slot, new Float32Array(parameterCount)])),
  };
  const penalized = Uint8Array.from(
    [...weights].flatMap(([weight, { data }]) => Array(data.length).fill(Number(isPenalized(weight)))),
  );
  network.writeWeights(values);

  let isBusy = false, isClosed = false;
  const run = async <T>(compute: () => T): Promise<T> => {
    if (isClosed) throw new Error(`Cannot run ${name}: it was closed`);
    if (isBusy) throw new Error(`Cannot run ${name}: its calls must not overlap`);
    isBusy = true;
    try {
      // Another engine in this process may have chosen its own.
      await tf.setBackend(backend);
      return compute();
    } finally {
      isBusy = false;
    }
  };
  return {
    name,
    model,
    workers,
    batchSize,
    async trainBatch(batch, learningRate) {
      checkBatch(batch, sizes);
      if (lossOptions.teacherWeight > 0) checkTeacher(batch, sizes);
      checkLearningRate(learningRate);
      return await run(() => {
        const { windows, labels, count } = batch, lossWeights = new Float32Array(count * classes);
        for (let i = 0; i < count; i++) {
          writeTargets(lossOptions, { label: labels[i], teacher: batch.teacher, at: i * classes }, targets);
          for (let c = 0; c < classes; c++) {
            lossWeights[i * classes + c] = targets[c] * classWeights[labels[i]] / count;
          }
        }
        const { loss, gradient } = network.differentiate(windows, lossWeights, { seed, step: state.step });
        stepOptimizer(optimizer, { weights: values, gradient, penalized }, state, learningRate);
        network.readMoving(values);
        network.writeWeights(values);
        return loss;
      });
    },
    async predict(windows, count) {
      checkWindows(windows, count, sizes);
      return await run(() => {
        const probabilities = new Float32Array(count * classes);
        for (let first = 0; first < count; first += batchSize) {
          const part = Math.min(batchSize, count - first);
          const inputs = windows.subarray(first * windowValues, (first + part) * windowValues);
          probabilities.set(network.predict(inputs, part), first * classes);
        }
        return probabilities;
      });
    },
    getWeights() {
      let offset = 0;
      return new Map(
        weightShapes(model).map(({ name, shape }) => {
          const data = values.slice(offset, offset += valueCount(shape));
          return [name, { shape, data }];
        }),
      );
    },
    setWeights(replacement) {
      checkWeights(model, replacement);
      values.set(flatten(replacement));
      network.writeWeights(values);
    },
    getOptimizerState: () => copyState(state),
    setOptimizerState(replacement) {
      checkOptimizerState(replacement, { names: slotNames, count: parameterCount });
      state = copyState(replacement);
    },
    close() {
      if (!isClosed) network.dispose();
      isClosed = true;
    },
  };
}

/** @returns All values in the order of the weights. */
function flatten(weights: Weights): Float32Array {
  const arrays = [...weights.values()].map(({ data }) => data);
  const values = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    values.set(array, offset);
    offset += array.length;
  }
  return values;
}

const copyState = ({ step, slots }: OptimizerState): OptimizerState => ({
  step,
  slots: Object.fromEntries(Object.entries(slots).map(([name, values]) => [name, values.slice()])),
});
