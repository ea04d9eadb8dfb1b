import type { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import { conv1d, conv1dExtent, conv1dOptions, fromConv1DOptions, toConv1DOptions } from "./conv1d.ts";
import { depthwiseConv1d, depthwiseShape, type DepthwiseSizes } from "./depthwise_conv1d.ts";
import { separableOptions, toDepthwiseOptions } from "./depthwise_options.ts";
import { biasSpec, namedKernelSpec } from "./initializers.ts";
import { layerOptions, size } from "./keras_options.ts";
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

const kerasOptions = layerOptions({ filters: size, ...conv1dOptions, ...separableOptions });

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
  fromKeras: ({ filters, ...options }) => ({
    filters,
    ...fromConv1DOptions(options),
    depthMultiplier: options.depth_multiplier,
  }),
  toKeras: (layer) => ({
    filters: layer.filters,
    ...toConv1DOptions(layer),
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
