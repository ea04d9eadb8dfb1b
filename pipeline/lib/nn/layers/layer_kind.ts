import type { Rng } from "../../core/rng.ts";
import type { WindowExtent } from "./window_extent.ts";

/** What the layers of every kind have. */
export interface LayerBase {
  /** Name of the kind: Keras' name of the layer's class. */
  kind: string;
  /** Unique in the model; the first part of its weights' names. */
  name: string;
  /** Names of the layers whose outputs this layer reads. */
  inputs: string[];
}

/** One weight that a layer needs. */
export interface WeightSpec {
  /** Its name within the layer, as Keras has it: "kernel", "bias". */
  name: string;
  shape: number[];
  /** Its name in Keras 3 where that differs. */
  keras3Name?: string;
  /** False: the optimizer leaves it alone. Default true. */
  trainable?: boolean;
  /** Smallest value that it can have. Default: any. */
  min?: number;
  /** Draws its first values, row-major. */
  initialize(rng: Rng): Float32Array;
}

/** Gives the values of a layer's weight by its name within the layer, row-major. */
export type WeightReader = (name: string) => Float32Array;

/**
 * Sees the values of one window's tensor. It is called once a window and tensor; the array is used again for the
 * next window, so copy what you keep.
 */
export type Observer = (tensorName: string, values: Float64Array) => void;

/** A layer with its weights and buffers, ready to compute one window after another. */
export interface LayerStep {
  /** Row-major, in the layer's output shape; overwritten by every run. */
  output: Float64Array;
  /**
   * @param inputs Outputs of the layers that it reads, in their order.
   * @param observe Receives what the layer computes on its way, as "<layer>/<what>".
   */
  run(inputs: Float64Array[], observe?: Observer): void;
  /**
   * Computes the windows of one block as in training, where that is not `run` on each of them.
   *
   * @param inputs For each window what `run` gets. @param outputs Written, one for each window.
   */
  trainBlock?(inputs: Float64Array[][], outputs: Float64Array[]): void;
}

/** What a step is made from. */
export interface StepContext {
  /** Shapes of the inputs and of the output, without the batch axis. */
  inputShapes: number[][];
  outputShape: number[];
  weight: WeightReader;
}

/** All that is to be known of one kind of layer. `K` is what zod makes of its options in Keras' form. */
export interface LayerKind<L extends LayerBase, K = never> {
  kind: L["kind"];
  /** How many layers it reads; "several" is two or more. */
  inputCount: number | "several";
  /**
   * @param inputs Shapes of what it reads, without the batch axis.
   * @returns The shape of its output, without the batch axis.
   * @throws RangeError, TypeError An option or an input that it cannot have.
   */
  outputShape(layer: L, inputs: number[][]): number[];
  /** The zeros that it reads before and behind its input of `steps` steps; absent: none. */
  margins?(layer: L, steps: number): Pick<WindowExtent, "padLeft" | "padRight">;
  /** Weights in Keras' order (kernel, recurrent kernel, bias). */
  weights(layer: L, inputs: number[][]): WeightSpec[];
  /** Checks and reads the options in Keras' form; one that is not known may only be null. */
  kerasOptions: { safeParse(value: unknown): KerasParse<K> };
  /** Turns what `kerasOptions` read into the layer's own fields. @throws FormatError What it does not support. */
  fromKeras(options: K): Omit<L, keyof LayerBase>;
  /** Writes the options of Keras 2.15 that stand behind name, trainable and dtype. */
  toKeras(layer: L): Record<string, unknown>;
  /** Path of a weight below its layer in Keras 2's files, such as "lstm_cell/kernel"; by default the weight's own name. */
  kerasPath?(layer: L, weight: string): string;
  /**
   * Finds the weight to its path in a file of any version of Keras, without the ":0" behind it; by default, what stands
   * last in it.
   */
  weightOfPath?(path: string): string;
  /** Prepares the plain reference computation, in float64. */
  prepare(layer: L, context: StepContext): LayerStep;
}

/** The result of zod's safeParse, as far as it is used. */
export type KerasParse<K> =
  | { success: true; data: K }
  | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };

/** @returns The number of values of a tensor of this shape; 1 for []. */
export function valueCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** @throws RangeError When a size is no integer of at least 1. */
export function checkSize(layer: string, what: string, size: number): void {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(
      `Cannot use layer "${layer}": ${what} must be an integer of at least 1, got ${size}`,
    );
  }
}

/** @throws RangeError When an input has not this number of axes. */
export function checkRank({ name, kind }: LayerBase, input: number[], rank: 1 | 2 | 3): void {
  if (input.length !== rank) {
    const wanted = ["[features]", "[time, channels]", "[height, width, channels]"][rank - 1];
    throw new RangeError(
      `Cannot use layer "${name}": the input of ${kind} must be ${wanted}, got [${input.join(", ")}]`,
    );
  }
}
