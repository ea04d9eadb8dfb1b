import type { Observer } from "./layers/layer_kind.ts";
import { kindOf } from "./layers/layer_kinds.ts";
import type { Model, Weights } from "./model.ts";
import { checkWeights, outputShapes } from "./shapes.ts";

export type { Observer };

/**
 * Computes a model on a batch of windows: the plain reference that the fast engines, the converted models and the
 * quantizer are checked against. It computes in float64 throughout and rounds the output once to float32.
 *
 * @param model Checked as `checkModel` does.
 * @param weights Checked as `checkWeights` does.
 * @param inputs [batch, ...inputShape].
 * @param batch Number of windows, at least 0.
 * @param observe Receives every layer's output under the layer's name; before it what the layer's kind shows of its way there
 *   ("<layer>/preactivation", an LSTM's "<layer>/cell" and "<layer>/hidden").
 * @returns [batch, ...outputShape].
 * @throws RangeError, TypeError A model or weights that do not fit, or `inputs` of another length.
 */
export function forward(
  model: Model,
  weights: Weights,
  inputs: Float32Array,
  batch: number,
  observe?: Observer,
): Float32Array {
  const shapes = outputShapes(model);
  checkWeights(model, weights);
  const steps = model.layers.map((layer) =>
    kindOf(layer).prepare(layer, {
      inputShapes: layer.inputs.map((input) => shapes.get(input)!),
      outputShape: shapes.get(layer.name)!,
      weight: (name) => weights.get(`${layer.name}/${name}`)!.data,
    })
  );
  const buffers = new Map(steps.map((step, i) => [model.layers[i].name, step.output]));
  const read = model.layers.map((layer) => layer.inputs.map((name) => buffers.get(name)!));
  const inputLayer = model.layers.find(({ kind }) => kind === "InputLayer")!;
  const input = buffers.get(inputLayer.name)!, output = buffers.get(model.output)!;
  if (!Number.isInteger(batch) || batch < 0 || inputs.length !== batch * input.length) {
    throw new RangeError(
      `Cannot compute model "${model.name}": inputs must hold batch x ${input.length} values, ` +
        `got ${inputs.length} for batch ${batch}`,
    );
  }
  const results = new Float32Array(batch * output.length);
  for (let window = 0; window < batch; window++) {
    input.set(inputs.subarray(window * input.length, (window + 1) * input.length));
    model.layers.forEach((layer, i) => {
      steps[i].run(read[i], observe);
      observe?.(layer.name, steps[i].output);
    });
    results.set(output, window * output.length);
  }
  return results;
}
