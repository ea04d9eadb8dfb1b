import { activate } from "./layers/activations.ts";
import { conv1d } from "./layers/conv1d.ts";
import { dense } from "./layers/dense.ts";
import { lstm } from "./layers/lstm.ts";
import { globalAveragePooling1d } from "./layers/pooling.ts";
import type { Activation, Layer, Model, Weights } from "./model.ts";
import { checkWeights, outputShapes, valueCount } from "./shapes.ts";

/**
 * Sees the values of one window's tensor. It is called once a window and tensor; the array is used again for the
 * next window, so copy what you keep.
 */
export type Observer = (tensorName: string, values: Float64Array) => void;

/**
 * Computes a model on a batch of windows: the plain reference that the fast engines, the converted models and the
 * quantizer are checked against. It computes in float64 throughout and rounds the output once to float32.
 *
 * @param model Checked as `checkModel` does.
 * @param weights Checked as `checkWeights` does.
 * @param inputs [batch, ...inputShape].
 * @param batch Number of windows, at least 0.
 * @param observe Receives every layer's output under the layer's name; before it "<layer>/preactivation" where the
 *   layer has an activation other than linear; for an LSTM before it "<layer>/cell" and "<layer>/hidden", the cell
 *   and hidden states of all steps, [time, units].
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
  const steps = model.layers.map((layer) => prepareLayer(layer, { shapes, weights }));
  const buffers = new Map(steps.map((step, i) => [model.layers[i].name, step.output]));
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
      if (layer.kind !== "InputLayer") steps[i].run(buffers.get(layer.inputs[0])!, observe);
      observe?.(layer.name, steps[i].output);
    });
    results.set(output, window * output.length);
  }
  return results;
}

/** One layer with its weights and buffers, ready to run on one window after another. */
interface LayerStep {
  output: Float64Array;
  run(input: Float64Array, observe?: Observer): void;
}

interface LayerContext {
  shapes: Map<string, number[]>;
  weights: Weights;
}

function prepareLayer(layer: Layer, { shapes, weights }: LayerContext): LayerStep {
  const shape = shapes.get(layer.name)!;
  const output = new Float64Array(valueCount(shape));
  const weight = (name: string) => weights.get(`${layer.name}/${name}`)!.data;
  switch (layer.kind) {
    case "InputLayer":
      return { output, run: () => {} };
    case "GlobalAveragePooling1D":
      return { output, run: (input) => globalAveragePooling1d(input, output) };
    case "Dense": {
      const kernel = weight("kernel"), bias = weight("bias");
      return activated(layer, output, (input, sum) => dense({ input, kernel, bias, output: sum }));
    }
    case "Conv1D": {
      const kernel = weight("kernel"), bias = weight("bias");
      return activated(layer, output, (input, sum) => conv1d(layer, { input, kernel, bias, output: sum }));
    }
    case "LSTM": {
      const steps = shapes.get(layer.inputs[0])![0], { units } = layer;
      const buffers = {
        kernel: weight("kernel"),
        recurrentKernel: weight("recurrent_kernel"),
        bias: weight("bias"),
        hidden: layer.returnSequences ? output : new Float64Array(steps * units),
        cell: new Float64Array(steps * units),
        gates: new Float64Array(4 * units),
      };
      return {
        output,
        run(input, observe) {
          lstm({ input, ...buffers });
          observe?.(`${layer.name}/cell`, buffers.cell);
          observe?.(`${layer.name}/hidden`, buffers.hidden);
          if (!layer.returnSequences) output.set(buffers.hidden.subarray((steps - 1) * units));
        },
      };
    }
  }
}

function activated(
  layer: { name: string; activation: Activation; units?: number; filters?: number },
  output: Float64Array,
  compute: (input: Float64Array, sum: Float64Array) => void,
): LayerStep {
  const { activation } = layer;
  if (activation === "linear") return { output, run: (input) => compute(input, output) };
  const sum = new Float64Array(output.length);
  const lastAxis = (layer.units ?? layer.filters)!;
  return {
    output,
    run(input, observe) {
      compute(input, sum);
      observe?.(`${layer.name}/preactivation`, sum);
      activate(activation, { values: sum, lastAxis, output });
    },
  };
}
