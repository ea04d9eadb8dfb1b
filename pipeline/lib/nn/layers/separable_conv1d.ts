import { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import { conv1d, conv1dExtent } from "./conv1d.ts";
import { depthwiseConv1d, depthwiseShape, type DepthwiseSizes } from "./depthwise_conv1d.ts";
import { separableOptions, toDepthwiseOptions } from "./depthwise_options.ts";
import { biasSpec, namedKernelSpec } from "./initializers.ts";
import { activation, layerOptions, size } from "./keras_options.ts";
import { checkSize, type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/**
 * A convolution of each channel by itself, then one over the channels of each step.
 *
 * Weights: depthwise_kernel [kernelSize, inChannels, depthMultiplier], pointwise_kernel [1, inChannels * depthMultiplier,
 * filters], with `useBias` bias [filters]. "causal" padding is Keras 2's; Keras 3 does not read it.
 */
export interface SeparableConv1DLayer extends LayerBase, DepthwiseSizes {
  kind: "SeparableConv1D";
  name: string;
  filters: number;
  useBias: boolean;
  activation: Activation;
}

const kerasOptions = layerOptions({
  filters: size,
  kernel_size: z.tuple([size]),
  strides: z.tuple([size]),
  padding: z.enum(["same", "valid", "causal"]),
  data_format: z.literal("channels_last"),
  dilation_rate: z.tuple([size]),
  groups: z.literal(1).optional(),
  activation,
  use_bias: z.boolean(),
  ...separableOptions,
});

export const separableConv1dKind: LayerKind<SeparableConv1DLayer, z.infer<typeof kerasOptions>> = {
  kind: "SeparableConv1D",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkActivation(layer.name, layer.activation);
    checkSize(layer.name, "filters", layer.filters);
    const [steps] = depthwiseShape(layer, input);
    return [steps, layer.filters];
  },
  margins: conv1dExtent,
  weights: ({ kernelSize, depthMultiplier, filters, useBias }, [[, channels]]) => [
    namedKernelSpec("depthwise_kernel", [kernelSize, channels, depthMultiplier]),
    namedKernelSpec("pointwise_kernel", [1, channels * depthMultiplier, filters]),
    ...(useBias ? [biasSpec(filters)] : []),
  ],
  kerasOptions,
  fromKeras: (
    { filters, kernel_size: [kernelSize], strides: [strides], padding, activation, ...options },
  ) => ({
    filters,
    kernelSize,
    strides,
    padding,
    dilation: options.dilation_rate[0],
    depthMultiplier: options.depth_multiplier,
    useBias: options.use_bias,
    activation,
  }),
  toKeras: (layer) => ({
    filters: layer.filters,
    kernel_size: [layer.kernelSize],
    strides: [layer.strides],
    padding: layer.padding,
    data_format: "channels_last",
    dilation_rate: [layer.dilation],
    ...toDepthwiseOptions(layer, ["depthwise", "pointwise"]),
  }),
  prepare(layer, { inputShapes: [[steps, channels]], outputShape, weight }) {
    const { name, filters, useBias } = layer;
    const hidden = new Float64Array(valueCount(depthwiseShape(layer, [steps, channels])));
    const depthwise = weight("depthwise_kernel"), kernel = weight("pointwise_kernel");
    const bias = useBias ? weight("bias") : undefined;
    const pointwise = { name, filters, kernelSize: 1, strides: 1, padding: "valid" } as const;
    return activatedStep(layer, outputShape, (input, output) => {
      depthwiseConv1d(layer, { input, channels, kernel: depthwise, output: hidden });
      conv1d(pointwise, { input: hidden, kernel, bias, output });
    });
  },
};
