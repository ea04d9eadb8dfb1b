import { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import { type ImageExtent, type ImageSize, imageSize, type ImageWindow } from "./image_windows.ts";
import { checkImageWindow, eachPixel, imageExtent } from "./image_windows.ts";
import { biasSpec, kernelSpec } from "./initializers.ts";
import { activation, flag, initializers, layerOptions, nulls, size, weightOptions } from "./keras_options.ts";
import { checkRank, checkSize, type LayerBase, type LayerKind } from "./layer_kind.ts";

/** How the kernel of a convolution lies over an image. */
export interface Conv2DSizes {
  name: string;
  kernelSize: ImageSize;
  strides: ImageSize;
  padding: "same" | "valid";
  /** Rows and columns from one pixel that a window reads to the next; above 1 only with strides of 1. */
  dilation: ImageSize;
}

/**
 * A convolution over an image: [height, width, inChannels] -> [outHeight, outWidth, filters].
 *
 * Weights: kernel [height, width, inChannels, filters], with `useBias` bias [filters].
 */
export interface Conv2DLayer extends LayerBase, Conv2DSizes {
  kind: "Conv2D";
  name: string;
  filters: number;
  useBias: boolean;
  activation: Activation;
}

/** Options of every convolution over images, in Keras' form. */
export const conv2dOptions = {
  kernel_size: imageSize,
  strides: imageSize,
  padding: z.enum(["same", "valid"]),
  data_format: z.literal("channels_last"),
  dilation_rate: imageSize,
  groups: z.literal(1).optional(),
  activation,
  use_bias: flag,
};

const kerasOptions = layerOptions({ ...weightOptions, ...conv2dOptions, filters: size });

/** Reads the options of every convolution over images. */
export const fromConv2DOptions = (
  { kernel_size, strides, padding, dilation_rate, use_bias, activation }: z.infer<
    z.ZodObject<typeof conv2dOptions>
  >,
) => ({ kernelSize: kernel_size, strides, padding, dilation: dilation_rate, useBias: use_bias, activation });

/** Writes the options that begin those of every convolution over images. */
export const toConv2DOptions = ({ kernelSize, strides, padding, dilation }: Conv2DSizes) => ({
  kernel_size: kernelSize,
  strides,
  padding,
  data_format: "channels_last",
  dilation_rate: dilation,
});

export const conv2dKind: LayerKind<Conv2DLayer, z.infer<typeof kerasOptions>> = {
  kind: "Conv2D",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkActivation(layer.name, layer.activation);
    checkSize(layer.name, "filters", layer.filters);
    return [...conv2dOutputSize(layer, input), layer.filters];
  },
  weights: ({ kernelSize, filters, useBias }, [[, , channels]]) => [
    kernelSpec(...kernelSize, channels, filters),
    ...(useBias ? [biasSpec(filters)] : []),
  ],
  kerasOptions,
  fromKeras: ({ filters, ...options }) => ({ filters, ...fromConv2DOptions(options) }),
  toKeras: (layer) => ({
    filters: layer.filters,
    ...toConv2DOptions(layer),
    groups: 1,
    activation: layer.activation,
    use_bias: layer.useBias,
    ...initializers(["kernel", "bias"]),
    ...nulls("regularizer", ["kernel", "bias", "activity"]),
    ...nulls("constraint", ["kernel", "bias"]),
  }),
  prepare(layer, { inputShapes: [image], outputShape, weight }) {
    const kernel = weight("kernel"), bias = layer.useBias ? weight("bias") : undefined;
    const { filters } = layer;
    return activatedStep(
      layer,
      outputShape,
      (input, output) => conv2d(layer, { image, filters, input, kernel, bias, output }),
    );
  },
};

const windowOf = ({ kernelSize, strides, padding, dilation }: Conv2DSizes): ImageWindow => ({
  size: kernelSize,
  strides,
  padding,
  dilation,
});

/** Places the windows of a convolution, as {@linkcode imageExtent}. */
function conv2dExtent(layer: Conv2DSizes, image: readonly number[]): ImageExtent {
  return imageExtent({ name: layer.name, sizeName: "kernelSize" }, windowOf(layer), image);
}

/**
 * Checks how a convolution lies over its input.
 *
 * @param input [height, width, channels].
 * @returns Height and width of the output.
 * @throws RangeError, TypeError Sizes or an input that it cannot have.
 */
export function conv2dOutputSize(layer: Conv2DSizes & LayerBase, input: number[]): ImageSize {
  checkRank(layer, input, 3);
  checkImageWindow({ name: layer.name, sizeName: "kernelSize" }, windowOf(layer));
  const [rows, columns] = conv2dExtent(layer, input);
  return [rows.outSteps, columns.outSteps];
}

/** What a convolution over images computes on; all arrays row-major. */
export interface Conv2DBuffers {
  /** Height, width and channels of the input. */
  image: number[];
  /** Channels of the output. */
  filters: number;
  input: Float64Array;
  kernel: Float32Array;
  /** [filters]; absent: 0. */
  bias?: Float32Array;
  /** [outHeight, outWidth, filters], written. */
  output: Float64Array;
}

/**
 * Convolves one image (a correlation, as in Keras), before the activation.
 *
 * @param buffers.kernel [height, width, inChannels, filters].
 */
export function conv2d(
  layer: Conv2DSizes,
  { image, filters, input, kernel, bias, output }: Conv2DBuffers,
): void {
  const channels = image[2];
  fillWithBias(output, filters, bias);
  eachPixel(windowOf(layer), { image, extent: conv2dExtent(layer, image) }, (window, place, pixel) => {
    const out = window * filters;
    for (let c = 0; c < channels; c++) {
      const x = input[pixel * channels + c];
      // After a relu about half of the inputs are 0 and add nothing.
      if (x === 0) continue;
      const row = (place * channels + c) * filters;
      for (let f = 0; f < filters; f++) output[out + f] += x * kernel[row + f];
    }
  });
}

/**
 * Convolves each channel of one image by itself, before the activation.
 *
 * @param buffers.kernel [height, width, inChannels, filters / inChannels].
 */
export function depthwiseConv2d(
  layer: Conv2DSizes,
  { image, filters, input, kernel, bias, output }: Conv2DBuffers,
): void {
  const channels = image[2], depthMultiplier = filters / channels;
  fillWithBias(output, filters, bias);
  eachPixel(windowOf(layer), { image, extent: conv2dExtent(layer, image) }, (window, place, pixel) => {
    for (let c = 0, f = 0; c < channels; c++) {
      const x = input[pixel * channels + c];
      for (let m = 0; m < depthMultiplier; m++, f++) {
        output[window * filters + f] += x * kernel[place * filters + f];
      }
    }
  });
}

function fillWithBias(output: Float64Array, filters: number, bias: Float32Array | undefined): void {
  if (bias === undefined) output.fill(0);
  else for (let out = 0; out < output.length; out += filters) output.set(bias, out);
}
