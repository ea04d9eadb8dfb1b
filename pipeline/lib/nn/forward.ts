import type { Observer } from "./layers/layer_kind.ts";
import { kindOf } from "./layers/layer_kinds.ts";
import type { Model, Weights } from "./model.ts";
import { checkWeights, outputShapes } from "./shapes.ts";

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
  const { steps, read, entries, output } = prepareLayers(model, weights, { inputs, batch });
  const results = new Float32Array(batch * output.length);
  let at = 0;
  for (let window = 0; window < batch; window++) {
    for (const { buffer } of entries) buffer.set(inputs.subarray(at, at += buffer.length));
    model.layers.forEach((layer, i) => {
      steps[i].run(read[i], observe);
      observe?.(layer.name, steps[i].output);
    });
    results.set(output, window * output.length);
  }
  return results;
}

/**
 * Computes a model as in training: blocks of windows one by one, each with its own statistics where a layer has such
 * (BatchNormalization); nothing is dropped.
 *
 * @param blockWindows Windows of a block; the last one may hold fewer.
 * @returns The outputs in float64, [batch, ...outputShape].
 * @throws RangeError, TypeError as `forward`.
 */
export function forwardTraining(
  model: Model,
  weights: Weights,
  inputs: Float32Array,
  { batch, blockWindows }: { batch: number; blockWindows: number },
): Float64Array {
  const { steps, entries, output } = prepareLayers(model, weights, { inputs, batch });
  const results = new Float64Array(batch * output.length);
  let at = 0;
  for (let first = 0; first < batch; first += blockWindows) {
    const windows = Array.from({ length: Math.min(blockWindows, batch - first) }, (_, i) => i);
    // By layer, of each window of the block.
    const outputs = new Map<string, Float64Array[]>();
    model.layers.forEach(({ name }) => outputs.set(name, []));
    for (const window of windows) {
      for (const { name, buffer } of entries) {
        outputs.get(name)![window] = Float64Array.from(inputs.subarray(at, at += buffer.length));
      }
    }
    model.layers.forEach((layer, i) => {
      if (layer.kind === "InputLayer") return;
      const step = steps[i], own = outputs.get(layer.name)!;
      const read = windows.map((window) => layer.inputs.map((input) => outputs.get(input)![window]));
      if (step.trainBlock) {
        for (const window of windows) own[window] = new Float64Array(step.output.length);
        step.trainBlock(read, own);
      } else {
        for (const window of windows) {
          step.run(read[window]);
          own[window] = step.output.slice();
        }
      }
    });
    outputs.get(model.output)!.forEach((values, i) => results.set(values, (first + i) * output.length));
  }
  return results;
}

/** Makes every layer ready, with its weights and buffers. */
function prepareLayers(
  model: Model,
  weights: Weights,
  { inputs, batch }: { inputs: Float32Array; batch: number },
) {
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
  const entries = model.layers.filter(({ kind }) => kind === "InputLayer").map(({ name }) => ({
    name,
    buffer: buffers.get(name)!,
  }));
  const windowValues = entries.reduce((sum, { buffer }) => sum + buffer.length, 0);
  const output = buffers.get(model.output)!;
  if (!Number.isInteger(batch) || batch < 0 || inputs.length !== batch * windowValues) {
    throw new RangeError(
      `Cannot compute model "${model.name}": inputs must hold batch x ${windowValues} values, ` +
        `got ${inputs.length} for batch ${batch}`,
    );
  }
  return { steps, read, entries, output };
}
