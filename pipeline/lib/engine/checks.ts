import type { OptimizerState, TrainingBatch } from "./engine.ts";

/** What a batch is checked against. */
export interface BatchSizes {
  /** Largest batch, in windows. */
  batchSize: number;
  /** Values of one window. */
  windowValues: number;
  classes: number;
}

/** @throws RangeError Unless the option is an integer in [1, largest]. */
export function checkInteger(name: string, value: number, largest: number): void {
  if (!Number.isInteger(value) || value < 1 || value > largest) {
    throw new RangeError(
      `Cannot start the engine: ${name} must be an integer in [1, ${largest}], got ${value}`,
    );
  }
}

/** @returns One weight a class, all 1 by default. @throws RangeError Another number of weights, or a negative one. */
export function checkClassWeights(weights: ArrayLike<number> | undefined, classes: number): Float64Array {
  const checked = weights === undefined ? new Float64Array(classes).fill(1) : Float64Array.from(weights);
  if (checked.length !== classes || !checked.every((weight) => weight >= 0 && weight < Infinity)) {
    throw new RangeError(
      `Cannot start the engine: classWeights must hold ${classes} numbers of at least 0, got [${
        checked.join(", ")
      }]`,
    );
  }
  return checked;
}

/** @throws RangeError Unless it is a number of at least 0. */
export function checkLearningRate(learningRate: number): void {
  if (!(learningRate >= 0 && learningRate < Infinity)) {
    throw new RangeError(`Cannot train: learningRate must be a number of at least 0, got ${learningRate}`);
  }
}

/** @throws RangeError A batch that is too large, too short, or has a label that is no class. */
export function checkBatch({ windows, labels, count }: TrainingBatch, layout: BatchSizes): void {
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

/** @throws RangeError Fewer probabilities of a teacher than the batch's windows have, or others than in [0, 1]. */
export function checkTeacher(
  { teacher, count }: TrainingBatch,
  { classes }: Pick<BatchSizes, "classes">,
): void {
  const values = count * classes;
  if (teacher === undefined || teacher.length < values) {
    throw new RangeError(
      `Cannot train: teacher must hold ${values} probabilities, got ${teacher?.length ?? 0}`,
    );
  }
  const wrong = teacher.subarray(0, values).findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong !== -1) {
    throw new RangeError(`Cannot train: teacher must hold probabilities, got ${teacher[wrong]} at ${wrong}`);
  }
}

/** @throws RangeError Fewer values than `count` windows have. */
export function checkWindows(
  windows: Float32Array,
  count: number,
  { windowValues }: Pick<BatchSizes, "windowValues">,
): void {
  if (!Number.isInteger(count) || count < 0 || windows.length < count * windowValues) {
    throw new RangeError(
      `Cannot compute: windows must hold count x ${windowValues} values, got ${windows.length} for count ${count}`,
    );
  }
}

/** @throws RangeError Other slots than the optimizer's, slots of another number of parameters, or no finite ones. */
export function checkOptimizerState(
  { step, slots }: OptimizerState,
  { names, count }: { names: readonly string[]; count: number },
): void {
  if (!Number.isInteger(step) || step < 0) {
    throw new RangeError(
      `Cannot set the optimizer's state: step must be an integer of at least 0, got ${step}`,
    );
  }
  const given = Object.keys(slots);
  if (given.length !== names.length || !names.every((name) => given.includes(name))) {
    throw new RangeError(
      `Cannot set the optimizer's state: its slots must be ${names.join(", ")}, got ${
        given.join(", ") || "none"
      }`,
    );
  }
  for (const name of names) {
    if (slots[name].length !== count || !slots[name].every(Number.isFinite)) {
      throw new RangeError(
        `Cannot set the optimizer's state: ${name} must hold ${count} finite values, got ${
          slots[name].length
        }`,
      );
    }
  }
}
