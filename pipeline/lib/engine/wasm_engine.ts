import type { Model, Weights } from "../nn/model.ts";
import { checkWeights, valueCount } from "../nn/shapes.ts";
import { compileBlockProgram, copyWeight, type ParameterPlace } from "./block_program.ts";
import type { AdamOptions, Engine, OptimizerState, TrainingBatch } from "./engine.ts";
import { BLOCK_SAMPLES, compileKernels, createMachine } from "./kernels/kernels.ts";
import { type EngineLayout, planMemory, shardCount } from "./wasm_layout.ts";
import type { WorkerMessage } from "./wasm_worker.ts";
import { createWorkerPool, type WorkerPool } from "./worker_pool.ts";

/** How a wasm engine computes. */
export interface WasmEngineOptions {
  /** Threads, at least 1. Default: one a core. */
  workers?: number;
  /** Largest batch, at least 1. Default 256. */
  batchSize?: number;
  optimizer?: AdamOptions;
  /** What a window's loss is multiplied by, by class, at least 0. Default: all 1. */
  classWeights?: ArrayLike<number>;
}

const MAX_WORKERS = 256;

/**
 * Starts an engine on the project's own WebAssembly SIMD kernels: one module worker a core, weights and gradients in
 * shared memory. The weights after any number of steps are the same bytes for any number of workers and on any
 * processor, because gradients are summed in fixed parts and in a fixed order.
 *
 * Needs read permission for this folder and those that it imports.
 *
 * Source: Kingma and Ba, "Adam: a method for stochastic optimization", 2015, in the order of computation of section 2's
 * end, where epsilon is added to the root of the uncorrected second moment, as in Keras.
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
  const { workers = navigator.hardwareConcurrency, batchSize = 256 } = options;
  checkInteger("workers", workers, MAX_WORKERS);
  checkInteger("batchSize", batchSize, 2 ** 20);
  const adam = checkAdam(options.optimizer ?? {});
  const layout = planMemory(model, { batchSize, workers });
  const classWeights = checkClassWeights(options.classWeights, layout.classes);
  checkWeights(model, weights);

  const kernels = compileKernels();
  const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
  const machine = createMachine(kernels, memory);
  const parameters = createParameters(model, layout, machine.floats);
  parameters.write(layout.weights, (name) => weights.get(name)!.data);

  const pool = await createWorkerPool({
    script: new URL("./wasm_worker.ts", import.meta.url),
    name: "the wasm engine",
    starts: Array.from(
      { length: workers },
      (_, worker): WorkerMessage => ({ kind: "start", kernels, memory, model, layout, worker, classWeights }),
    ),
  });
  const run = createRunner(pool, new Int32Array(memory.buffer, layout.next, 1));
  const windows = new Float32Array(memory.buffer, layout.windows, batchSize * layout.windowValues);
  const labels = new Uint8Array(memory.buffer, layout.labels, batchSize);
  const losses = new Float64Array(memory.buffer, layout.losses, layout.blocks);
  let step = 0;

  return {
    name: "wasm",
    model,
    workers,
    batchSize,
    async trainBatch(batch, learningRate) {
      checkBatch(batch, layout);
      if (!(learningRate >= 0 && learningRate < Infinity)) {
        throw new RangeError(
          `Cannot train: learningRate must be a number of at least 0, got ${learningRate}`,
        );
      }
      const { count } = batch, blocks = Math.ceil(count / BLOCK_SAMPLES), shards = shardCount(blocks);
      await run("train", { count, items: shards }, () => {
        windows.set(batch.windows.subarray(0, count * layout.windowValues));
        labels.set(batch.labels.subarray(0, count));
      });
      step++;
      machine.kernels.adam(
        layout.parameterBytes / 4,
        shards,
        layout.parameterBytes,
        layout.gradients,
        layout.weights,
        layout.moments1,
        layout.moments2,
        learningRate * Math.sqrt(1 - adam.beta2 ** step) / (1 - adam.beta1 ** step),
        1 - adam.beta1,
        1 - adam.beta2,
        adam.epsilon,
      );
      let loss = 0;
      for (let block = 0; block < blocks; block++) loss += losses[block];
      return loss;
    },
    async predict(inputs, count) {
      checkWindows(inputs, count, layout);
      const { windowValues, classes } = layout;
      const result = new Float32Array(count * classes);
      const probabilities = new Float32Array(memory.buffer, layout.probabilities, batchSize * classes);
      for (let first = 0; first < count; first += batchSize) {
        const part = Math.min(batchSize, count - first);
        await run(
          "predict",
          { count: part, items: Math.ceil(part / BLOCK_SAMPLES) },
          () => windows.set(inputs.subarray(first * windowValues, (first + part) * windowValues)),
        );
        result.set(probabilities.subarray(0, part * classes), first * classes);
      }
      return result;
    },
    getWeights: () => parameters.readTensors(layout.weights),
    setWeights(replacement) {
      checkWeights(model, replacement);
      parameters.write(layout.weights, (name) => replacement.get(name)!.data);
    },
    getOptimizerState: () => ({
      step,
      firstMoments: parameters.readFlat(layout.moments1),
      secondMoments: parameters.readFlat(layout.moments2),
    }),
    setOptimizerState(state) {
      checkOptimizerState(state, parameters.count);
      step = state.step;
      parameters.write(layout.moments1, parameters.slicesOf(state.firstMoments));
      parameters.write(layout.moments2, parameters.slicesOf(state.secondMoments));
    },
    close: () => pool.close(),
  };
}

/** @returns A function that fills the shared memory and lets the workers compute; its calls must not overlap. */
function createRunner(pool: WorkerPool, next: Int32Array) {
  let busy = false;
  return async (kind: "train" | "predict", work: { count: number; items: number }, fill: () => void) => {
    if (busy) throw new Error("Cannot run the wasm engine: its calls must not overlap");
    busy = true;
    try {
      fill();
      Atomics.store(next, 0, 0);
      const message: WorkerMessage = { kind, ...work };
      await pool.run(message, work.items);
    } finally {
      busy = false;
    }
  };
}

/** Moves values between the shared memory's layout and that of the model's weights. */
function createParameters(model: Model, layout: EngineLayout, floats: Float32Array) {
  const { parameterPlaces } = compileBlockProgram(model, {
    parameters: layout.weights,
    scratch: layout.scratch,
  });
  const at = (address: number) => floats.subarray(address / 4, (address + layout.parameterBytes) / 4);
  const read = (address: number, { shape, ...place }: ParameterPlace): Float32Array => {
    const values = new Float32Array(valueCount(shape));
    copyWeight({ shape, ...place }, { parameters: at(address), values, direction: "fromParameters" });
    return values;
  };
  const count = parameterPlaces.reduce((sum, { shape }) => sum + valueCount(shape), 0);
  return {
    /** Parameters of the model. */
    count,
    write(address: number, valuesOf: (name: string) => Float32Array): void {
      for (const place of parameterPlaces) {
        copyWeight(place, {
          parameters: at(address),
          values: valuesOf(place.name),
          direction: "toParameters",
        });
      }
    },
    readTensors: (address: number): Weights =>
      new Map(parameterPlaces.map((place) => [place.name, {
        shape: [...place.shape],
        data: read(address, place),
      }])),
    /** @returns All values in the order of the weights. */
    readFlat(address: number): Float32Array {
      const values = new Float32Array(count);
      let offset = 0;
      for (const place of parameterPlaces) {
        values.set(read(address, place), offset);
        offset += valueCount(place.shape);
      }
      return values;
    },
    /** @returns The part of a flat array that belongs to a weight. */
    slicesOf(flat: Float32Array): (name: string) => Float32Array {
      const slices = new Map<string, Float32Array>();
      let offset = 0;
      for (const { name, shape } of parameterPlaces) {
        slices.set(name, flat.subarray(offset, offset += valueCount(shape)));
      }
      return (name) => slices.get(name)!;
    },
  };
}

function checkInteger(name: string, value: number, largest: number): void {
  if (!Number.isInteger(value) || value < 1 || value > largest) {
    throw new RangeError(
      `Cannot start the wasm engine: ${name} must be an integer in [1, ${largest}], got ${value}`,
    );
  }
}

function checkAdam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }: AdamOptions): Required<AdamOptions> {
  for (const [name, beta] of [["beta1", beta1], ["beta2", beta2]] as const) {
    if (!(beta >= 0 && beta < 1)) {
      throw new RangeError(`Cannot start the wasm engine: ${name} must be in [0, 1), got ${beta}`);
    }
  }
  if (!(epsilon > 0 && epsilon < Infinity)) {
    throw new RangeError(`Cannot start the wasm engine: epsilon must be above 0, got ${epsilon}`);
  }
  return { beta1, beta2, epsilon };
}

function checkClassWeights(weights: ArrayLike<number> | undefined, classes: number): Float64Array {
  const checked = weights === undefined ? new Float64Array(classes).fill(1) : Float64Array.from(weights);
  if (checked.length !== classes || !checked.every((weight) => weight >= 0 && weight < Infinity)) {
    throw new RangeError(
      `Cannot start the wasm engine: classWeights must hold ${classes} numbers of at least 0, got [${
        checked.join(", ")
      }]`,
    );
  }
  return checked;
}

function checkBatch({ windows, labels, count }: TrainingBatch, layout: EngineLayout): void {
  if (!Number.isInteger(count) || count < 1 || count > layout.batchSize) {
    throw new RangeError(`Cannot train: count must be an integer in [1, ${layout.batchSize}], got ${count}`);
  }
  checkWindows(windows, count, layout);
  if (labels.length < count) {
    throw new RangeError(`Cannot train: labels must hold ${count} classes, got ${labels.length}`);
  }
  for (let i = 0; i < count; i++) {
    if (labels[i] >= layout.classes) {
      throw new RangeError(
        `Cannot train: labels must be below the ${layout.classes} classes, got ${labels[i]} at window ${i}`,
      );
    }
  }
}

function checkWindows(windows: Float32Array, count: number, { windowValues }: EngineLayout): void {
  if (!Number.isInteger(count) || count < 0 || windows.length < count * windowValues) {
    throw new RangeError(
      `Cannot compute: windows must hold count x ${windowValues} values, got ${windows.length} for count ${count}`,
    );
  }
}

function checkOptimizerState({ step, firstMoments, secondMoments }: OptimizerState, count: number): void {
  if (!Number.isInteger(step) || step < 0) {
    throw new RangeError(
      `Cannot set the optimizer's state: step must be an integer of at least 0, got ${step}`,
    );
  }
  for (const [name, moments] of [["firstMoments", firstMoments], ["secondMoments", secondMoments]] as const) {
    if (moments.length !== count || !moments.every(Number.isFinite)) {
      throw new RangeError(
        `Cannot set the optimizer's state: ${name} must hold ${count} finite values, got ${moments.length}`,
      );
    }
  }
}
