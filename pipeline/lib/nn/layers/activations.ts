import { HARD_SIGMOID_SLOPES, hardSigmoid } from "./hard_sigmoid.ts";
import { type LayerStep, valueCount } from "./layer_kind.ts";

/** Names of the activation functions: Keras' own, but for the hard sigmoid of Keras 3. */
export const ACTIVATIONS = [
  "linear",
  "relu",
  "relu6",
  "sigmoid",
  "softmax",
  "tanh",
  "hard_sigmoid",
  "hard_sigmoid_keras3",
] as const;

/** Activation function by its name. */
export type Activation = typeof ACTIVATIONS[number];

/** @throws TypeError When there is no such activation. */
export function checkActivation(layer: string, activation: string): void {
  if (!(ACTIVATIONS as readonly string[]).includes(activation)) {
    throw new TypeError(
      `Cannot use layer "${layer}": activation must be one of ${ACTIVATIONS.join(", ")}, got "${activation}"`,
    );
  }
}

/**
 * Makes the step of a layer that ends in an activation. Unless it is linear, an observer sees what comes before it as
 * "<layer>/preactivation".
 *
 * @param compute Computes the layer before its activation from its one input.
 */
export function activatedStep(
  { name, activation }: { name: string; activation: Activation },
  outputShape: number[],
  compute: (input: Float64Array, output: Float64Array) => void,
): LayerStep {
  const output = new Float64Array(valueCount(outputShape));
  if (activation === "linear") return { output, run: ([input]) => compute(input, output) };
  const sum = new Float64Array(output.length);
  const lastAxis = outputShape[outputShape.length - 1];
  return {
    output,
    run([input], observe) {
      compute(input, sum);
      observe?.(`${name}/preactivation`, sum);
      activate(activation, { values: sum, lastAxis, output });
    },
  };
}

/** The logistic function, 1 / (1 + e^-x); exact 0 and 1 at the ends, never NaN for a finite x. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/**
 * Applies an activation.
 *
 * @param activation Name; softmax works along the last axis.
 * @param values Preactivations, [rows, lastAxis].
 * @param lastAxis Size of the last axis.
 * @param output Written, of the length of `values`; may be `values` itself.
 */
export function activate(
  activation: Activation,
  { values, lastAxis, output }: { values: Float64Array; lastAxis: number; output: Float64Array },
): void {
  switch (activation) {
    case "linear":
      output.set(values);
      return;
    case "relu":
      for (let i = 0; i < values.length; i++) output[i] = Math.max(values[i], 0);
      return;
    case "relu6":
      for (let i = 0; i < values.length; i++) output[i] = Math.min(Math.max(values[i], 0), 6);
      return;
    case "sigmoid":
      for (let i = 0; i < values.length; i++) output[i] = sigmoid(values[i]);
      return;
    case "tanh":
      for (let i = 0; i < values.length; i++) output[i] = Math.tanh(values[i]);
      return;
    case "hard_sigmoid":
    case "hard_sigmoid_keras3": {
      const slope = HARD_SIGMOID_SLOPES[activation];
      for (let i = 0; i < values.length; i++) output[i] = hardSigmoid(values[i], slope);
      return;
    }
    case "softmax":
      for (let row = 0; row < values.length; row += lastAxis) softmaxRow(values, row, lastAxis, output);
      return;
  }
}

function softmaxRow(values: Float64Array, row: number, size: number, output: Float64Array): void {
  let max = -Infinity;
  for (let i = row; i < row + size; i++) max = Math.max(max, values[i]);
  let sum = 0;
  for (let i = row; i < row + size; i++) {
    output[i] = Math.exp(values[i] - max);
    sum += output[i];
  }
  for (let i = row; i < row + size; i++) output[i] /= sum;
}
