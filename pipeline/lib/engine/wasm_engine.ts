import type { Model, Weights } from "../nn/model.ts";
import { checkWeights } from "../nn/shapes.ts";
import {
  checkBatch,
  checkClassWeights,
  checkInteger,
  checkLearningRate,
  checkOptimizerState,
  checkTeacher,
  checkWindows,
} from "./checks.ts";
import type { Engine } from "./engine.ts";
import { BLOCK_SAMPLES, compileKernels, createMachine } from "./kernels/kernels.ts";
import { checkRoundings, type Roundings } from "./layers/rounding.ts";
import { checkLoss, type LossOptions } from "./losses.ts";
import { createOptimizer, isPenalized, type OptimizerOptions } from "./optimizers.ts";
import { planMemory, shardCount } from "./wasm_layout.ts";
import { createParameters, type WeightChange } from "./wasm_parameters.ts";
import type { WorkerMessage } from "./wasm_worker.ts";
import { createWorkerPool, type WorkerPool } from "./worker_pool.ts";

/** How a wasm engine computes. */
export interface WasmEngineOptions {
  /** Threads, 1 to 256. Default: one a core. */
  workers?: number;
  /** Largest batch, at least 1. Default 256. */
  batchSize?: number;
  /** Default: Adam with Keras' constants. */
  optimizer?: OptimizerOptions;
  /**
   * Lets the processor round a * b + c once instead of twice: 5 to 20 % faster. The bytes are then the same only on
   * processors that all have a fused multiply-add, or all have none. Default false.
   */
  fusedMultiplyAdd?: boolean;
  /** What a window's loss is multiplied by, by class, at least 0. Default: all 1. */
  classWeights?: ArrayLike<number>;
  /** Default: the cross-entropy. */
  loss?: LossOptions;
  /**
   * Makes of each weight what forward and backward passes see instead, for example values that int8 can hold. The optimizer
   * steps the weight itself by the gradient at what was seen (straight-through estimator: Bengio et al., "Estimating or
   * propagating gradients through stochastic neurons", 2013), and `getWeights` gives the weight itself. Must follow from its
   * arguments alone. Default: the weight itself.
   */
  roundWeight?: WeightChange;
  /** What activations, but for the model's output, are rounded to in both passes and in predictions. Default: nothing. */
  roundings?: Roundings;
  /** Decides the masks of Dropout layers, together with the steps done: an integer of at least 0 below 2^32. Default 0. */
  seed?: number;
}

const MAX_WORKERS = 256;

/**
 * Starts an engine on the project's own WebAssembly SIMD kernels: one module worker a core, weights and gradients in
 * shared memory. The weights after any number of steps are the same bytes for any number of workers, because gradients
 * are summed in fixed parts and in a fixed order, and on any processor, because every instruction is rounded as IEEE 754
 * says (see `fusedMultiplyAdd`).
 *
 * Needs read permission for this folder and those that it imports.
 *
 * @param weights First weights.
 * @throws TypeError A layer that the kernels do not have, by name.
 * @throws RangeError Weights that are not the model's, or an option out of its range.
 */
export async function createWasmEngine(
  model: Model,
  weights: Weights,
  options: WasmEngineOptions = {},
): Promise<Engine> {
  const { workers = Math.min(navigator.hardwareConcurrency, MAX_WORKERS), batchSize = 256 } = options;
  const { seed = 0, roundings = {} } = options;
  checkInteger("workers", workers, MAX_WORKERS);
  checkInteger("batchSize", batchSize, 2 ** 20);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new RangeError(`Cannot start the wasm engine: seed must be an integer in [0, 2^32), got ${seed}`);
  }
  checkRoundings(roundings);
  const loss = checkLoss(options.loss);
  const optimizer = createOptimizer(options.optimizer), { roundWeight } = options;
  const layout = planMemory(model, {
    batchSize,
    workers,
    slots: optimizer.slots.length,
    isRounded: roundWeight !== undefined,
    roundings,
  });
  const classWeights = checkClassWeights(options.classWeights, layout.classes);
  checkWeights(model, weights);

  const kernels = compileKernels(options.fusedMultiplyAdd ?? false);
  const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
  const machine = createMachine(kernels, memory);
  const parameters = createParameters(model, layout, machine.floats);
  const writeWeights = (tensors: Weights) => {
    parameters.write(layout.master, (name) => tensors.get(name)!.data);
    showWeights();
  };
  const showWeights = () => {
    if (roundWeight) parameters.transform(layout.master, layout.weights, roundWeight);
  };
  writeWeights(weights);
  parameters.write(
    layout.penalized,
    (name) => new Float32Array(weights.get(name)!.data.length).fill(isPenalized(name) ? 1 : 0),
  );

  const pool = await createWorkerPool({
    script: new URL("./wasm_worker.ts", import.meta.url),
    name: "the wasm engine",
    starts: Array.from(
      { length: workers },
      (_, worker): WorkerMessage => ({
        kind: "start",
        kernels,
        memory,
        model,
        roundings,
        layout,
        worker,
        seed,
        classWeights,
        loss,
      }),
    ),
  });
  const run = createRunner(pool, new Int32Array(memory.buffer, layout.next, 1));
  const windows = new Float32Array(memory.buffer, layout.windows, batchSize * layout.windowValues);
  const labels = new Uint8Array(memory.buffer, layout.labels, batchSize);
  const teacher = new Float32Array(memory.buffer, layout.teacher, batchSize * layout.classes);
  const losses = new Float64Array(memory.buffer, layout.losses, layout.blocks);
  const parameterCount = layout.parameterBytes / 4;
  const optimized = { ...layout, parameterCount, weights: layout.master };
  let step = 0;

  return {
    name: "wasm",
    model,
    workers,
    batchSize,
    async trainBatch(batch, learningRate) {
      checkBatch(batch, layout);
      if (loss.teacherWeight > 0) checkTeacher(batch, layout);
      checkLearningRate(learningRate);
      const { count } = batch, blocks = Math.ceil(count / BLOCK_SAMPLES), shards = shardCount(blocks);
      await run({ kind: "train", count, items: shards, step }, () => {
        windows.set(batch.windows.subarray(0, count * layout.windowValues));
        labels.set(batch.labels.subarray(0, count));
        if (loss.teacherWeight > 0) teacher.set(batch.teacher!.subarray(0, teacher.length));
      });
      step++;
      machine.kernels.sumGradients(parameterCount, shards, layout.parameterBytes, layout.gradients);
      for (const { offset, count: floats, momentum } of parameters.movingParameters) {
        const sums = layout.gradients + 4 * offset, weights = layout.master + 4 * offset;
        machine.kernels.movingAverage(floats, sums, weights, 1 - momentum, count);
      }
      optimizer.step(machine.kernels, optimized, { step, learningRate });
      showWeights();
      let sum = 0;
      for (let block = 0; block < blocks; block++) sum += losses[block];
      return sum;
    },
    async predict(inputs, count) {
      checkWindows(inputs, count, layout);
      const { windowValues, classes } = layout;
      const result = new Float32Array(count * classes);
      const probabilities = new Float32Array(memory.buffer, layout.probabilities, batchSize * classes);
      for (let first = 0; first < count; first += batchSize) {
        const part = Math.min(batchSize, count - first);
        await run(
          { kind: "predict", count: part, items: Math.ceil(part / BLOCK_SAMPLES) },
          () => windows.set(inputs.subarray(first * windowValues, (first + part) * windowValues)),
        );
        result.set(probabilities.subarray(0, part * classes), first * classes);
      }
      return result;
    },
    getWeights: () => parameters.readTensors(layout.master),
    setWeights(replacement) {
      checkWeights(model, replacement);
      writeWeights(replacement);
    },
    getOptimizerState: () => ({
      step,
      slots: Object.fromEntries(
        optimizer.slots.map((name, i) => [name, parameters.readFlat(layout.slots[i])]),
      ),
    }),
    setOptimizerState(state) {
      checkOptimizerState(state, { names: optimizer.slots, count: parameters.count });
      step = state.step;
      optimizer.slots.forEach((name, i) =>
        parameters.write(layout.slots[i], parameters.slicesOf(state.slots[name]))
      );
    },
    close: () => pool.close(),
  };
}

/** @returns A function that fills the shared memory and lets the workers compute; its calls must not overlap. */
function createRunner(pool: WorkerPool, next: Int32Array) {
  let busy = false;
  return async (message: Exclude<WorkerMessage, { kind: "start" }>, fill: () => void) => {
    if (busy) throw new Error("Cannot run the wasm engine: its calls must not overlap");
    busy = true;
    try {
      fill();
      Atomics.store(next, 0, 0);
      await pool.run(message, message.items);
    } finally {
      busy = false;
    }
  };
}
