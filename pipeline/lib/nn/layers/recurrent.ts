import { z } from "zod";
import { sigmoid } from "./activations.ts";
import { HARD_SIGMOID_SLOPES, hardSigmoid } from "./hard_sigmoid.ts";
import { anything, flag, initializers, nulls, off, size, weightOptions } from "./keras_options.ts";
import { checkRank, checkSize, type LayerBase } from "./layer_kind.ts";

/** Activation functions that the gates of a recurrent layer can have. */
const RECURRENT_ACTIVATIONS = ["sigmoid", "hard_sigmoid", "hard_sigmoid_keras3"] as const;
export type RecurrentActivation = typeof RECURRENT_ACTIVATIONS[number];

/** What the layers have that carry a state of `units` values from step to step, beginning at 0. */
export interface RecurrentLayer extends LayerBase {
  units: number;
  /** False: only the last step, [units]; true: every step, [time, units]. */
  returnSequences: boolean;
  /** Whether it reads from the last step to the first; the steps that it returns stand in that order. Default false. */
  goBackwards?: boolean;
  /** Default true. */
  useBias?: boolean;
  /** That of the gates. Default "sigmoid". */
  recurrentActivation?: RecurrentActivation;
}

/** Checks a recurrent layer and gives its output's shape. */
export function recurrentOutputShape(layer: RecurrentLayer, [input]: number[][]): number[] {
  checkRank(layer, input, 2);
  checkSize(layer.name, "units", layer.units);
  const { recurrentActivation = "sigmoid" } = layer;
  if (!RECURRENT_ACTIVATIONS.includes(recurrentActivation)) {
    throw new TypeError(
      `Cannot use layer "${layer.name}": recurrentActivation must be one of ${
        RECURRENT_ACTIVATIONS.join(", ")
      }, got "${recurrentActivation}"`,
    );
  }
  return layer.returnSequences ? [input[0], layer.units] : [layer.units];
}

/** Keras' options of every recurrent layer. No layer gives masks, so what would be done with one is not asked. */
export const recurrentOptions = {
  ...weightOptions,
  recurrent_initializer: anything,
  recurrent_regularizer: anything,
  recurrent_constraint: anything,
  units: size,
  activation: z.literal("tanh"),
  recurrent_activation: z.enum(["sigmoid", "hard_sigmoid"]),
  use_bias: flag,
  return_sequences: z.boolean(),
  return_state: off,
  go_backwards: z.boolean().default(false),
  stateful: off,
  time_major: off,
  zero_output_for_mask: anything,
  unroll: anything,
  dropout: anything,
  recurrent_dropout: anything,
  seed: anything,
  implementation: anything,
};

/** Reads what `recurrentOptions` checked. */
export function fromRecurrentOptions(
  options: {
    units: number;
    return_sequences: boolean;
    go_backwards: boolean;
    use_bias: boolean;
    recurrent_activation: "sigmoid" | "hard_sigmoid";
  },
): Omit<RecurrentLayer, keyof LayerBase> {
  const { units, return_sequences: returnSequences, go_backwards: goBackwards, use_bias: useBias } = options;
  const { recurrent_activation: recurrentActivation } = options;
  return {
    units,
    returnSequences,
    ...(goBackwards && { goBackwards }),
    ...(!useBias && { useBias }),
    ...(recurrentActivation !== "sigmoid" && { recurrentActivation }),
  };
}

/**
 * Writes the options as Keras 2.15 does; `time_major: false` is left out: it is Keras 2's default, and Keras 3 fails on it.
 *
 * @param ofKind What stands behind the initializers.
 */
export function toRecurrentOptions(
  { units, returnSequences, goBackwards = false, useBias = true, recurrentActivation = "sigmoid" }:
    RecurrentLayer,
  ofKind: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    return_sequences: returnSequences,
    return_state: false,
    go_backwards: goBackwards,
    stateful: false,
    unroll: false,
    units,
    activation: "tanh",
    recurrent_activation: recurrentActivation,
    use_bias: useBias,
    ...initializers(["kernel", "recurrent", "bias"]),
    ...ofKind,
    ...nulls("regularizer", ["kernel", "recurrent", "bias", "activity"]),
    ...nulls("constraint", ["kernel", "recurrent", "bias"]),
    dropout: 0,
    recurrent_dropout: 0,
    implementation: 2,
  };
}

/** @returns The activation function of a recurrent layer's gates. */
export function gateFunction({ recurrentActivation = "sigmoid" }: RecurrentLayer): (x: number) => number {
  if (recurrentActivation === "sigmoid") return sigmoid;
  const slope = HARD_SIGMOID_SLOPES[recurrentActivation];
  return (x) => hardSigmoid(x, slope);
}

/** @returns Where step `t` of a recurrent layer finds its input, in steps. */
export const inputStep = (t: number, steps: number, goBackwards: boolean): number =>
  goBackwards ? steps - 1 - t : t;

/** Rows of a vector and of a matrix. */
interface Product {
  vector: Float64Array;
  offset: number;
  rows: number;
  /** [rows, columns]. */
  matrix: Float32Array;
}

/** Adds vector[offset ... offset + rows] times matrix to `sum`; four rows a pass to touch `sum` less often. */
export function addProduct(sum: Float64Array, { vector, offset, rows, matrix }: Product): void {
  const columns = sum.length;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    const a = vector[offset + row], b = vector[offset + row + 1];
    const c = vector[offset + row + 2], d = vector[offset + row + 3];
    let at = row * columns;
    for (let j = 0; j < columns; j++, at++) {
      sum[j] += a * matrix[at] + b * matrix[at + columns] + c * matrix[at + 2 * columns] +
        d * matrix[at + 3 * columns];
    }
  }
  for (; row < rows; row++) {
    const x = vector[offset + row];
    for (let j = 0, at = row * columns; j < columns; j++, at++) sum[j] += x * matrix[at];
  }
}
