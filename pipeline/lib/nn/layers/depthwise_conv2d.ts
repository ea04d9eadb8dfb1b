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
import { depthwiseOptions, separableOptions, toDepthwiseOptions } from "./depthwise_options.ts";
import { layerOptions, size } from "./keras_options.ts";
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

const depthwiseKerasOptions = layerOptions({ ...conv2dOptions, ...depthwiseOptions });

/** @returns [outHeight, outWidth, inChannels * depthMultiplier]. @throws RangeError, TypeError What it cannot have. */
function depthwiseShape(layer: DepthwiseSizes & LayerBase, input: number[]): number[] {
  checkActivation(layer.name, layer.activation);
  checkSize(layer.name, "depthMultiplier", layer.depthMultiplier);
  return [...conv2dOutputSize(layer, input), input[2] * layer.depthMultiplier];
}

export const depthwiseConv2dKind: LayerKind<DepthwiseConv2DLayer, z.infer<typeof depthwiseKerasOptions>> = {
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
  kerasOptions: depthwiseKerasOptions,
  fromKeras: (options) => ({
    ...fromConv2DOptions(options),
    depthMultiplier: options.depth_multiplier,
  }),
  toKeras: (layer) => ({
    ...toConv2DOptions(layer),
    ...toDepthwiseOptions(layer, ["depthwise"]),
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

const separableKerasOptions = layerOptions({ ...conv2dOptions, filters: size, ...separableOptions });

export const separableConv2dKind: LayerKind<SeparableConv2DLayer, z.infer<typeof separableKerasOptions>> = {
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
  kerasOptions: separableKerasOptions,
  fromKeras: ({ filters, ...options }) => ({
    filters,
    ...fromConv2DOptions(options),
    depthMultiplier: options.depth_multiplier,
  }),
  toKeras: (layer) => ({
    filters: layer.filters,
    ...toConv2DOptions(layer),
    ...toDepthwiseOptions(layer, ["depthwise", "pointwise"]),
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
