import { z } from "zod";
import { checkImageWindow, eachPixel, imageExtent } from "./image_windows.ts";
import { type ImageExtent, type ImageSize, imageSize, type ImageWindow } from "./image_windows.ts";
import { layerOptions } from "./keras_options.ts";
import { checkRank, type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/** What the poolings over windows of an image have: [height, width, channels] -> [outHeight, outWidth, channels]. */
interface Pooling2DLayer extends LayerBase {
  /** Rows and columns of a window. */
  poolSize: ImageSize;
  strides: ImageSize;
  /** Padding takes no part: a window at an edge holds fewer pixels. */
  padding: "same" | "valid";
}

/** Largest value of each window. */
export interface MaxPooling2DLayer extends Pooling2DLayer {
  kind: "MaxPooling2D";
}

/** Mean of each window. */
export interface AveragePooling2DLayer extends Pooling2DLayer {
  kind: "AveragePooling2D";
}

/** What the poolings over a whole image have: [height, width, channels] -> [channels]. */
interface GlobalPooling2DLayer extends LayerBase {
  /** Whether the output is [1, 1, channels]. */
  keepDims: boolean;
}

/** Largest value of each channel. */
export interface GlobalMaxPooling2DLayer extends GlobalPooling2DLayer {
  kind: "GlobalMaxPooling2D";
}

/** Mean of each channel. */
export interface GlobalAveragePooling2DLayer extends GlobalPooling2DLayer {
  kind: "GlobalAveragePooling2D";
}

const kerasOptions = layerOptions({
  pool_size: imageSize,
  strides: imageSize,
  padding: z.enum(["same", "valid"]),
  data_format: z.literal("channels_last"),
});
const globalOptions = layerOptions({
  data_format: z.literal("channels_last"),
  keepdims: z.boolean().default(false),
});

export const maxPooling2dKind = pooling2dKind<MaxPooling2DLayer>("MaxPooling2D", maxPooling2d);
export const averagePooling2dKind = pooling2dKind<AveragePooling2DLayer>(
  "AveragePooling2D",
  averagePooling2d,
);
export const globalMaxPooling2dKind = globalPooling2dKind<GlobalMaxPooling2DLayer>(
  "GlobalMaxPooling2D",
  maxPooling2d,
);
export const globalAveragePooling2dKind = globalPooling2dKind<GlobalAveragePooling2DLayer>(
  "GlobalAveragePooling2D",
  averagePooling2d,
);

/** Windows over one image. */
export interface PoolingImages {
  window: ImageWindow;
  /** Height, width and channels. */
  image: number[];
  extent: ImageExtent;
}

/** Computes [outHeight, outWidth, channels] of one image. */
export type Pooling = (windows: PoolingImages, input: Float64Array, output: Float64Array) => void;

const windowOf = ({ poolSize, strides, padding }: Pooling2DLayer): ImageWindow => ({
  size: poolSize,
  strides,
  padding,
});

/** How a pooling's windows lie over an image. @throws RangeError, TypeError as `imageExtent`. */
function pooling2dExtent(layer: Pooling2DLayer, image: readonly number[]): ImageExtent {
  return imageExtent({ name: layer.name, sizeName: "poolSize" }, windowOf(layer), image);
}

function pooling2dKind<L extends MaxPooling2DLayer | AveragePooling2DLayer>(
  kind: L["kind"],
  pool: Pooling,
): LayerKind<L, z.infer<typeof kerasOptions>> {
  return {
    kind,
    inputCount: 1,
    outputShape(layer, [input]) {
      checkRank(layer, input, 3);
      checkImageWindow({ name: layer.name, sizeName: "poolSize" }, windowOf(layer));
      const [rows, columns] = pooling2dExtent(layer, input);
      return [rows.outSteps, columns.outSteps, input[2]];
    },
    weights: () => [],
    kerasOptions,
    fromKeras: ({ pool_size: poolSize, strides, padding }) =>
      ({ poolSize, strides, padding }) as Omit<L, keyof LayerBase>,
    toKeras: ({ poolSize, strides, padding }) => ({
      pool_size: poolSize,
      padding,
      strides,
      data_format: "channels_last",
    }),
    prepare(layer, { inputShapes: [image], outputShape }) {
      const output = new Float64Array(valueCount(outputShape));
      const windows = { window: windowOf(layer), image, extent: pooling2dExtent(layer, image) };
      return { output, run: ([input]) => pool(windows, input, output) };
    },
  };
}

function globalPooling2dKind<L extends GlobalMaxPooling2DLayer | GlobalAveragePooling2DLayer>(
  kind: L["kind"],
  pool: Pooling,
): LayerKind<L, z.infer<typeof globalOptions>> {
  return {
    kind,
    inputCount: 1,
    outputShape(layer, [input]) {
      checkRank(layer, input, 3);
      return layer.keepDims ? [1, 1, input[2]] : [input[2]];
    },
    weights: () => [],
    kerasOptions: globalOptions,
    fromKeras: ({ keepdims }) => ({ keepDims: keepdims }) as Omit<L, keyof LayerBase>,
    toKeras: ({ keepDims }) => ({ data_format: "channels_last", keepdims: keepDims }),
    prepare({ name }, { inputShapes: [image] }) {
      const size: ImageSize = [image[0], image[1]], output = new Float64Array(image[2]);
      const window: ImageWindow = { size, strides: size, padding: "valid" };
      const windows = { window, image, extent: imageExtent({ name, sizeName: "poolSize" }, window, image) };
      return { output, run: ([input]) => pool(windows, input, output) };
    },
  };
}

/**
 * Takes the largest value of each window of one image; padding never wins.
 *
 * @param output [outHeight, outWidth, channels], written.
 */
export function maxPooling2d(windows: PoolingImages, input: Float64Array, output: Float64Array): void {
  const channels = windows.image[2];
  output.fill(-Infinity);
  eachPixel(windows.window, windows, (window, _, pixel) => {
    for (let c = 0; c < channels; c++) {
      const at = window * channels + c;
      output[at] = Math.max(output[at], input[pixel * channels + c]);
    }
  });
}

/**
 * Averages each window of one image over the pixels that are there.
 *
 * @param output [outHeight, outWidth, channels], written.
 */
export function averagePooling2d(windows: PoolingImages, input: Float64Array, output: Float64Array): void {
  const channels = windows.image[2], counts = new Uint32Array(output.length / channels);
  output.fill(0);
  eachPixel(windows.window, windows, (window, _, pixel) => {
    counts[window]++;
    for (let c = 0; c < channels; c++) output[window * channels + c] += input[pixel * channels + c];
  });
  for (let i = 0; i < output.length; i++) output[i] /= counts[Math.floor(i / channels)];
}
