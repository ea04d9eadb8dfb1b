import type { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import {
  conv2d,
  conv2dOptions,
  conv2dOutputSize,
  type Conv2DSizes,
  depthwiseConv2d,
  fromConv2DOptions,
  toConv2DOptions,
} from "./conv2d.ts";
import { biasSpec, namedKernelSpec } from "./initializers.ts";
import { anything, initializers, layerOptions, nulls, size, weightOptions } from "./keras_options.ts";
import { checkSize, type LayerBase, type LayerKind } from "./layer_kind.ts";

/** A convolution of each channel by itself. */
interface DepthwiseSizes extends Conv2DSizes {
  /** Outputs of a channel, which stand side by side: output channel = channel * depthMultiplier + m. */
  depthMultiplier: number;
  useBias: boolean;
  activation: Activation;
}

/**
 * A convolution over each channel of an image: [height, width, inChannels] -> [outHeight, outWidth, inChannels *
 * depthMultiplier].
 *
 * Weights: depthwise_kernel [height, width, inChannels, depthMultiplier], with `useBias` bias [inChannels *
 * depthMultiplier].
 */
export interface DepthwiseConv2DLayer extends LayerBase, DepthwiseSizes {
  kind: "DepthwiseConv2D";
  name: string;
}

/**
 * A convolution of each channel of an image by itself, then one over the channels of each pixel.
 *
 * Weights: depthwise_kernel [height, width, inChannels, depthMultiplier], pointwise_kernel [1, 1, inChannels *
 * depthMultiplier, filters], with `useBias` bias [filters].
 */
export interface SeparableConv2DLayer extends LayerBase, DepthwiseSizes {
  kind: "SeparableConv2D";
  name: string;
  filters: number;
}

const depthwiseOptions = layerOptions({
  ...conv2dOptions,
  depth_multiplier: size,
  bias_initializer: anything,
  bias_regularizer: anything,
  activity_regularizer: anything,
  bias_constraint: anything,
  depthwise_initializer: anything,
  depthwise_regularizer: anything,
  depthwise_constraint: anything,
});

/** @returns [outHeight, outWidth, inChannels * depthMultiplier]. @throws RangeError, TypeError What it cannot have. */
function depthwiseShape(layer: DepthwiseSizes & LayerBase, input: number[]): number[] {
  checkActivation(layer.name, layer.activation);
  checkSize(layer.name, "depthMultiplier", layer.depthMultiplier);
  return [...conv2dOutputSize(layer, input), input[2] * layer.depthMultiplier];
}

export const depthwiseConv2dKind: LayerKind<DepthwiseConv2DLayer, z.infer<typeof depthwiseOptions>> = {
  kind: "DepthwiseConv2D",
  inputCount: 1,
  outputShape: (layer, [input]) => depthwiseShape(layer, input),
  weights: ({ kernelSize, depthMultiplier, useBias }, [[, , channels]]) => [
    {
      ...namedKernelSpec("depthwise_kernel", [...kernelSize, channels, depthMultiplier]),
      keras3Name: "kernel",
    },
    ...(useBias ? [biasSpec(channels * depthMultiplier)] : []),
  ],
  kerasOptions: depthwiseOptions,
  fromKeras: (options) => ({
    ...fromConv2DOptions(options),
    depthMultiplier: options.depth_multiplier,
  }),
  // `groups: 1` is left out: it is Keras 2's default, and Keras 3 fails on it.
  toKeras: (layer) => ({
    ...toConv2DOptions(layer),
    activation: layer.activation,
    use_bias: layer.useBias,
    ...initializers(["bias"]),
    ...nulls("regularizer", ["bias", "activity"]),
    ...nulls("constraint", ["bias"]),
    depth_multiplier: layer.depthMultiplier,
    ...initializers(["depthwise"]),
    ...nulls("regularizer", ["depthwise"]),
    ...nulls("constraint", ["depthwise"]),
  }),
  prepare(layer, { inputShapes: [image], outputShape, weight }) {
    const kernel = weight("depthwise_kernel"), bias = layer.useBias ? weight("bias") : undefined;
    const filters = outputShape[2];
    return activatedStep(
      layer,
      outputShape,
      (input, output) => depthwiseConv2d(layer, { image, filters, input, kernel, bias, output }),
    );
  },
};

const separableOptions = layerOptions({
  ...weightOptions,
  ...conv2dOptions,
  filters: size,
  depth_multiplier: size,
  depthwise_initializer: anything,
  pointwise_initializer: anything,
  depthwise_regularizer: anything,
  pointwise_regularizer: anything,
  depthwise_constraint: anything,
  pointwise_constraint: anything,
});

export const separableConv2dKind: LayerKind<SeparableConv2DLayer, z.infer<typeof separableOptions>> = {
  kind: "SeparableConv2D",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkSize(layer.name, "filters", layer.filters);
    const [height, width] = depthwiseShape(layer, input);
    return [height, width, layer.filters];
  },
  weights: ({ kernelSize, depthMultiplier, filters, useBias }, [[, , channels]]) => [
    namedKernelSpec("depthwise_kernel", [...kernelSize, channels, depthMultiplier]),
    namedKernelSpec("pointwise_kernel", [1, 1, channels * depthMultiplier, filters]),
    ...(useBias ? [biasSpec(filters)] : []),
  ],
  kerasOptions: separableOptions,
  fromKeras: ({ filters, ...options }) => ({
    filters,
    ...fromConv2DOptions(options),
    depthMultiplier: options.depth_multiplier,
  }),
  // `groups: 1` and the options of a kernel that there is not are left out: they are Keras 2's defaults, and Keras 3 fails
  // on them.
  toKeras: (layer) => ({
    filters: layer.filters,
    ...toConv2DOptions(layer),
    activation: layer.activation,
    use_bias: layer.useBias,
    ...initializers(["bias"]),
    ...nulls("regularizer", ["bias", "activity"]),
    ...nulls("constraint", ["bias"]),
    depth_multiplier: layer.depthMultiplier,
    ...initializers(["depthwise", "pointwise"]),
    ...nulls("regularizer", ["depthwise", "pointwise"]),
    ...nulls("constraint", ["depthwise", "pointwise"]),
  }),
  prepare(layer, { inputShapes: [image], outputShape, weight }) {
    const { name, filters } = layer;
    const [height, width, channels] = depthwiseShape(layer, image);
    const hidden = new Float64Array(height * width * channels);
    const depthwise = weight("depthwise_kernel"), kernel = weight("pointwise_kernel");
    const bias = layer.useBias ? weight("bias") : undefined;
    const pointwise: Conv2DSizes = {
      name,
      kernelSize: [1, 1],
      strides: [1, 1],
      padding: "valid",
      dilation: [1, 1],
    };
    return activatedStep(layer, outputShape, (input, output) => {
      depthwiseConv2d(layer, { image, filters: channels, input, kernel: depthwise, output: hidden });
      conv2d(pointwise, {
        image: [height, width, channels],
        filters,
        input: hidden,
        kernel,
        bias,
        output,
      });
    });
  },
};
