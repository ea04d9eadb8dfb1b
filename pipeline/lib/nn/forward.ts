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
 * @param inputs [batch, ...inputShape]; of a model with several InputLayers, each window's values of all of them in the
 *   model's order, one behind the other.
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
  const entries = model.layers.filter(({ kind }) => kind === "InputLayer").map(({ name }) =>
    buffers.get(name)!
  );
  const windowValues = entries.reduce((sum, { length }) => sum + length, 0),
    output = buffers.get(model.output)!;
  if (!Number.isInteger(batch) || batch < 0 || inputs.length !== batch * windowValues) {
    throw new RangeError(
      `Cannot compute model "${model.name}": inputs must hold batch x ${windowValues} values, ` +
        `got ${inputs.length} for batch ${batch}`,
    );
  }
  const results = new Float32Array(batch * output.length);
  for (let window = 0; window < batch; window++) {
    let at = window * windowValues;
    for (const entry of entries) entry.set(inputs.subarray(at, at += entry.length));
    model.layers.forEach((layer, i) => {
      steps[i].run(read[i], observe);
      observe?.(layer.name, steps[i].output);
    });
    results.set(output, window * output.length);
  }
  return results;
}
