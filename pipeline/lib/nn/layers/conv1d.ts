import { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import { biasSpec, kernelSpec } from "./initializers.ts";
import {
  activation,
  initializers,
  layerOptions,
  nulls,
  size,
  useBias,
  weightOptions,
} from "./keras_options.ts";
import { checkRank, checkSize, type LayerBase, type LayerKind } from "./layer_kind.ts";
import { type WindowExtent, windowExtent } from "./window_extent.ts";

/** Weights: kernel [kernelSize, inChannels, filters], bias [filters]. */
export interface Conv1DLayer extends LayerBase {
  kind: "Conv1D";
  filters: number;
  kernelSize: number;
  strides: number;
  padding: "same" | "valid";
  activation: Activation;
}

const kerasOptions = layerOptions({
  ...weightOptions,
  filters: size,
  kernel_size: z.tuple([size]),
  strides: z.tuple([size]),
  padding: z.enum(["same", "valid"]),
  data_format: z.literal("channels_last"),
  dilation_rate: z.tuple([z.literal(1)]),
  groups: z.literal(1).optional(),
  activation,
  use_bias: useBias,
});

export const conv1dKind: LayerKind<Conv1DLayer, z.infer<typeof kerasOptions>> = {
  kind: "Conv1D",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkRank(layer, input, 2);
    checkSize(layer.name, "filters", layer.filters);
    checkSize(layer.name, "kernelSize", layer.kernelSize);
    checkSize(layer.name, "strides", layer.strides);
    checkActivation(layer.name, layer.activation);
    return [conv1dExtent(layer, input[0]).outSteps, layer.filters];
  },
  margins: conv1dExtent,
  weights: (
    { filters, kernelSize },
    [input],
  ) => [kernelSpec(kernelSize, input[1], filters), biasSpec(filters)],
  kerasOptions,
  fromKeras: ({ filters, kernel_size: [kernelSize], strides: [strides], padding, activation }) => ({
    filters,
    kernelSize,
    strides,
    padding,
    activation,
  }),
  toKeras: ({ filters, kernelSize, strides, padding, activation }) => ({
    filters,
    kernel_size: [kernelSize],
    strides: [strides],
    padding,
    data_format: "channels_last",
    dilation_rate: [1],
    groups: 1,
    activation,
    use_bias: true,
    ...initializers(["kernel", "bias"]),
    ...nulls("regularizer", ["kernel", "bias", "activity"]),
    ...nulls("constraint", ["kernel", "bias"]),
  }),
  prepare(layer, { outputShape, weight }) {
    const kernel = weight("kernel"), bias = weight("bias");
    return activatedStep(
      layer,
      outputShape,
      (input, output) => conv1d(layer, { input, kernel, bias, output }),
    );
  },
};

/**
 * Places a one-dimensional convolution over its input, as {@linkcode windowExtent}.
 *
 * @throws RangeError, TypeError as there.
 */
export function conv1dExtent(
  { name, kernelSize, strides, padding }: Pick<Conv1DLayer, "name" | "kernelSize" | "strides" | "padding">,
  steps: number,
): WindowExtent {
  return windowExtent({ name, sizeName: "kernelSize" }, { size: kernelSize, strides, padding }, steps);
}

/** What `conv1d` computes on; all arrays row-major. */
export interface Conv1DBuffers {
  /** [steps, inChannels]. */
  input: Float64Array;
  /** [kernelSize, inChannels, filters]. */
  kernel: Float32Array;
  /** [filters]. */
  bias: Float32Array;
  /** [outSteps, filters], written. */
  output: Float64Array;
}

/** Computes a one-dimensional convolution (a correlation, as in Keras) of one window, before its activation. */
export function conv1d(layer: Conv1DLayer, { input, kernel, bias, output }: Conv1DBuffers): void {
  const { filters, kernelSize, strides } = layer;
  const inChannels = kernel.length / (kernelSize * filters);
  const steps = input.length / inChannels;
  const { outSteps, padLeft } = conv1dExtent(layer, steps);
  for (let t = 0; t < outSteps; t++) {
    const out = t * filters;
    const first = t * strides - padLeft;
    output.set(bias, out);
    for (let k = Math.max(0, -first); k < kernelSize && first + k < steps; k++) {
      for (let c = 0; c < inChannels; c++) {
        const x = input[(first + k) * inChannels + c];
        // After a relu about half of the inputs are 0 and add nothing.
        if (x === 0) continue;
        const row = (k * inChannels + c) * filters;
        for (let f = 0; f < filters; f++) output[out + f] += x * kernel[row + f];
      }
    }
  }
}
