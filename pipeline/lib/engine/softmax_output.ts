import type { ActivationLayer, DenseLayer, Model } from "../nn/model.ts";

/**
 * Checks that a model can be trained by cross-entropy.
 *
 * @param shapes Of the layers' outputs, as `outputShapes` gives them.
 * @returns The layer whose softmax is the model's output.
 * @throws TypeError Another output.
 */
export function checkSoftmaxOutput(
  model: Model,
  shapes: Map<string, number[]>,
): DenseLayer | ActivationLayer {
  const output = model.layers.find(({ name }) => name === model.output)!;
  const isSoftmax = (output.kind === "Dense" || output.kind === "Activation") &&
    output.activation === "softmax";
  if (isSoftmax && shapes.get(model.output)!.length === 1) return output;
  throw new TypeError(
    `Cannot train model "${model.name}": its output must be [classes] from a Dense or Activation layer with softmax, ` +
      `got [${shapes.get(model.output)!.join(", ")}] from ${output.kind} "${output.name}"`,
  );
}
