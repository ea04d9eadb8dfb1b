import { z } from "zod";
import type { ImageWindow } from "./image_windows.ts";
import { layerOptions, off, size } from "./keras_options.ts";
import { checkRank, checkSize, type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";
import { averagePooling2d, maxPooling2d, type Pooling, type PoolingImages } from "./pooling2d.ts";
import { checkPadding, type WindowExtent, windowExtent } from "./window_extent.ts";

/** What the poolings over windows have: [time, channels] -> [outSteps, channels]. */
interface Pooling1DLayer extends LayerBase {
  /** Steps of a window. */
  poolSize: number;
  strides: number;
  /** Padding takes no part: a window at an end holds fewer steps. */
  padding: "same" | "valid";
}

/** Largest value of each window. */
export interface MaxPooling1DLayer extends Pooling1DLayer {
  kind: "MaxPooling1D";
}

/** Mean of each window. */
export interface AveragePooling1DLayer extends Pooling1DLayer {
  kind: "AveragePooling1D";
}

/** Largest value over time: [time, channels] -> [channels]. */
export interface GlobalMaxPooling1DLayer extends LayerBase {
  kind: "GlobalMaxPooling1D";
}

/** Mean over time: [time, channels] -> [channels]. */
export interface GlobalAveragePooling1DLayer extends LayerBase {
  kind: "GlobalAveragePooling1D";
}

const kerasOptions = layerOptions({
  pool_size: z.tuple([size]),
  strides: z.tuple([size]),
  padding: z.enum(["same", "valid"]),
  data_format: z.literal("channels_last"),
});
const globalOptions = layerOptions({ data_format: z.literal("channels_last"), keepdims: off });

export const maxPooling1dKind = pooling1dKind<MaxPooling1DLayer>("MaxPooling1D", maxPooling2d);
export const averagePooling1dKind = pooling1dKind<AveragePooling1DLayer>(
  "AveragePooling1D",
  averagePooling2d,
);
export const globalMaxPooling1dKind = globalPooling1dKind<GlobalMaxPooling1DLayer>(
  "GlobalMaxPooling1D",
  maxPooling2d,
);
export const globalAveragePooling1dKind = globalPooling1dKind<GlobalAveragePooling1DLayer>(
  "GlobalAveragePooling1D",
  averagePooling2d,
);

/** How a pooling's windows lie over its input. @throws RangeError, TypeError as `windowExtent`. */
export function pooling1dExtent(
  { name, poolSize, strides, padding }: Pooling1DLayer,
  steps: number,
): WindowExtent {
  return windowExtent({ name, sizeName: "poolSize" }, { size: poolSize, strides, padding }, steps);
}

/** Where one window over all steps lies. */
const ONE_WINDOW: WindowExtent = { outSteps: 1, padLeft: 0, padRight: 0 };

/** Windows over a sequence are windows over an image of height 1. */
const overTime = (window: ImageWindow, sequence: number[], extent: WindowExtent): PoolingImages => ({
  window,
  image: [1, ...sequence],
  extent: [ONE_WINDOW, extent],
});

function pooling1dKind<L extends MaxPooling1DLayer | AveragePooling1DLayer>(
  kind: L["kind"],
  pool: Pooling,
): LayerKind<L, z.infer<typeof kerasOptions>> {
  return {
    kind,
    inputCount: 1,
    outputShape(layer, [input]) {
      checkRank(layer, input, 2);
      checkSize(layer.name, "poolSize", layer.poolSize);
      checkSize(layer.name, "strides", layer.strides);
      checkPadding(layer.name, layer.padding);
      return [pooling1dExtent(layer, input[0]).outSteps, input[1]];
    },
    weights: () => [],
    kerasOptions,
    fromKeras: ({ pool_size: [poolSize], strides: [strides], padding }) =>
      ({ poolSize, strides, padding }) as Omit<L, keyof LayerBase>,
    toKeras: ({ poolSize, strides, padding }) => ({
      strides: [strides],
      pool_size: [poolSize],
      padding,
      data_format: "channels_last",
    }),
    prepare(layer, { inputShapes: [[steps, channels]], outputShape }) {
      const output = new Float64Array(valueCount(outputShape));
      const window: ImageWindow = {
        size: [1, layer.poolSize],
        strides: [1, layer.strides],
        padding: layer.padding,
      };
      const windows = overTime(window, [steps, channels], pooling1dExtent(layer, steps));
      return { output, run: ([input]) => pool(windows, input, output) };
    },
  };
}

function globalPooling1dKind<L extends GlobalMaxPooling1DLayer | GlobalAveragePooling1DLayer>(
  kind: L["kind"],
  pool: Pooling,
): LayerKind<L, z.infer<typeof globalOptions>> {
  return {
    kind,
    inputCount: 1,
    outputShape(layer, [input]) {
      checkRank(layer, input, 2);
      return [input[1]];
    },
    weights: () => [],
    kerasOptions: globalOptions,
    fromKeras: () => ({}) as Omit<L, keyof LayerBase>,
    toKeras: () => ({ data_format: "channels_last", keepdims: false }),
    prepare(_, { inputShapes: [[steps, channels]] }) {
      const output = new Float64Array(channels);
      const window: ImageWindow = { size: [1, steps], strides: [1, 1], padding: "valid" };
      const windows = overTime(window, [steps, channels], ONE_WINDOW);
      return { output, run: ([input]) => pool(windows, input, output) };
    },
  };
}
