import { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import { biasSpec, kernelSpec } from "./initializers.ts";
import { activation, flag, initializers, layerOptions, nulls, size, weightOptions } from "./keras_options.ts";
import { checkRank, checkSize, type LayerBase, type LayerKind } from "./layer_kind.ts";
import { type Padding, type WindowExtent, windowExtent } from "./window_extent.ts";

/** Weights: kernel [kernelSize, inChannels, filters], bias [filters] unless `useBias` is false. */
export interface Conv1DLayer extends LayerBase {
  kind: "Conv1D";
  filters: number;
  kernelSize: number;
  strides: number;
  padding: Padding;
  /** Steps from one that a window reads to the next; above 1 only with strides of 1. Default 1. */
  dilation?: number;
  /** Default true. */
  useBias?: boolean;
  activation: Activation;
}

/** Options of every convolution over time, in Keras' form. */
export const conv1dOptions = {
  kernel_size: z.tuple([size]),
  strides: z.tuple([size]),
  padding: z.enum(["same", "valid", "causal"]),
  data_format: z.literal("channels_last"),
  dilation_rate: z.tuple([size]),
  groups: z.literal(1).optional(),
  activation,
  use_bias: flag,
};

const kerasOptions = layerOptions({ ...weightOptions, filters: size, ...conv1dOptions });

/** Reads the options of every convolution over time. */
export const fromConv1DOptions = <P extends Padding>(
  { kernel_size, strides, padding, dilation_rate, use_bias, activation }:
    & z.infer<z.ZodObject<typeof conv1dOptions>>
    & { padding: P },
) => ({
  kernelSize: kernel_size[0],
  strides: strides[0],
  padding,
  dilation: dilation_rate[0],
  useBias: use_bias,
  activation,
});

/** Writes the options that begin those of every convolution over time. */
export const toConv1DOptions = (
  { kernelSize, strides, padding, dilation = 1 }: Pick<
    Conv1DLayer,
    "kernelSize" | "strides" | "padding" | "dilation"
  >,
) => ({
  kernel_size: [kernelSize],
  strides: [strides],
  padding,
  data_format: "channels_last",
  dilation_rate: [dilation],
});

export const conv1dKind: LayerKind<Conv1DLayer, z.infer<typeof kerasOptions>> = {
  kind: "Conv1D",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkRank(layer, input, 2);
    checkSize(layer.name, "filters", layer.filters);
    checkSize(layer.name, "kernelSize", layer.kernelSize);
    checkSteps(layer);
    checkActivation(layer.name, layer.activation);
    return [conv1dExtent(layer, input[0]).outSteps, layer.filters];
  },
  margins: conv1dExtent,
  weights: (
    { filters, kernelSize, useBias = true },
    [input],
  ) => [kernelSpec(kernelSize, input[1], filters), ...(useBias ? [biasSpec(filters)] : [])],
  kerasOptions,
  fromKeras({ filters, ...options }) {
    const { dilation, useBias, ...sizes } = fromConv1DOptions(options);
    return { filters, ...sizes, ...(dilation !== 1 && { dilation }), ...(!useBias && { useBias }) };
  },
  toKeras: (layer) => ({
    filters: layer.filters,
    ...toConv1DOptions(layer),
    groups: 1,
    activation: layer.activation,
    use_bias: layer.useBias ?? true,
    ...initializers(["kernel", "bias"]),
    ...nulls("regularizer", ["kernel", "bias", "activity"]),
    ...nulls("constraint", ["kernel", "bias"]),
  }),
  prepare(layer, { outputShape, weight }) {
    const kernel = weight("kernel"), bias = layer.useBias === false ? undefined : weight("bias");
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
  { name, kernelSize, strides, padding, dilation }: Pick<
    Conv1DLayer,
    "name" | "kernelSize" | "strides" | "padding" | "dilation"
  >,
  steps: number,
): WindowExtent {
  return windowExtent(
    { name, sizeName: "kernelSize" },
    { size: kernelSize, strides, padding, dilation },
    steps,
  );
}

/** @throws RangeError Strides or a dilation that are no sizes, or both above 1, which Keras does not have. */
export function checkSteps(
  { name, strides, dilation = 1 }: Pick<Conv1DLayer, "name" | "strides" | "dilation">,
): void {
  checkSize(name, "strides", strides);
  checkSize(name, "dilation", dilation);
  if (strides > 1 && dilation > 1) {
    throw new RangeError(
      `Cannot use layer "${name}": dilation must be 1 with strides above 1, got ${dilation} with ${strides}`,
    );
  }
}

/** What `conv1d` computes on; all arrays row-major. */
export interface Conv1DBuffers {
  /** [steps, inChannels]. */
  input: Float64Array;
  /** [kernelSize, inChannels, filters]. */
  kernel: Float32Array;
  /** [filters]; absent: 0. */
  bias?: Float32Array;
  /** [outSteps, filters], written. */
  output: Float64Array;
}

/** Computes a one-dimensional convolution (a correlation, as in Keras) of one window, before its activation. */
export function conv1d(
  layer: Pick<Conv1DLayer, "name" | "filters" | "kernelSize" | "strides" | "padding" | "dilation">,
  { input, kernel, bias, output }: Conv1DBuffers,
): void {
  const { filters, kernelSize, strides, dilation = 1 } = layer;
  const inChannels = kernel.length / (kernelSize * filters);
  const steps = input.length / inChannels;
  const { outSteps, padLeft } = conv1dExtent(layer, steps);
  for (let t = 0; t < outSteps; t++) {
    const out = t * filters;
    const first = t * strides - padLeft;
    if (bias) output.set(bias, out);
    else output.fill(0, out, out + filters);
    for (let k = 0; k < kernelSize; k++) {
      const step = first + k * dilation;
      if (step < 0 || step >= steps) continue;
      for (let c = 0; c < inChannels; c++) {
        const x = input[step * inChannels + c];
        // After a relu about half of the inputs are 0 and add nothing.
        if (x === 0) continue;
        const row = (k * inChannels + c) * filters;
        for (let f = 0; f < filters; f++) output[out + f] += x * kernel[row + f];
      }
    }
  }
}
