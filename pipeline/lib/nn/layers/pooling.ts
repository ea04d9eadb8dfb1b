import { z } from "zod";
import { layerOptions, off, size } from "./keras_options.ts";
import { checkRank, checkSize, type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";
import { type WindowExtent, windowExtent } from "./window_extent.ts";

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

export const maxPooling1dKind = pooling1dKind<MaxPooling1DLayer>("MaxPooling1D", maxPooling1d);
export const averagePooling1dKind = pooling1dKind<AveragePooling1DLayer>(
  "AveragePooling1D",
  averagePooling1d,
);
export const globalMaxPooling1dKind = globalPooling1dKind<GlobalMaxPooling1DLayer>(
  "GlobalMaxPooling1D",
  maxPooling1d,
);
export const globalAveragePooling1dKind = globalPooling1dKind<GlobalAveragePooling1DLayer>(
  "GlobalAveragePooling1D",
  averagePooling1d,
);

/** How a pooling's windows lie over its input. @throws RangeError, TypeError as `windowExtent`. */
export function pooling1dExtent(
  { name, poolSize, strides, padding }: Pooling1DLayer,
  steps: number,
): WindowExtent {
  return windowExtent({ name, sizeName: "poolSize" }, { size: poolSize, strides, padding }, steps);
}

/** Windows over one sample. */
export interface PoolingWindows {
  channels: number;
  size: number;
  strides: number;
  /** Steps of the first window that lie before the input. */
  padLeft: number;
}

type Pooling = (windows: PoolingWindows, input: Float64Array, output: Float64Array) => void;

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
      if (layer.padding !== "same" && layer.padding !== "valid") {
        throw new TypeError(
          `Cannot use layer "${layer.name}": padding must be "same" or "valid", got "${layer.padding}"`,
        );
      }
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
      const { padLeft } = pooling1dExtent(layer, steps);
      const windows = { channels, size: layer.poolSize, strides: layer.strides, padLeft };
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
      const windows = { channels, size: steps, strides: steps, padLeft: 0 };
      return { output, run: ([input]) => pool(windows, input, output) };
    },
  };
}

/**
 * Takes the largest value of each window of one sample; padding never wins.
 *
 * @param input [time, channels].
 * @param output [outSteps, channels], written.
 */
export function maxPooling1d(windows: PoolingWindows, input: Float64Array, output: Float64Array): void {
  output.fill(-Infinity);
  eachValue(windows, { input, output }, (value, at) => {
    output[at] = Math.max(output[at], value);
  });
}

/**
 * Averages each window of one sample over the steps that are there.
 *
 * @param input [time, channels].
 * @param output [outSteps, channels], written.
 */
export function averagePooling1d(windows: PoolingWindows, input: Float64Array, output: Float64Array): void {
  const counts = new Uint32Array(output.length);
  output.fill(0);
  eachValue(windows, { input, output }, (value, at) => {
    output[at] += value;
    counts[at]++;
  });
  for (let i = 0; i < output.length; i++) output[i] /= counts[i];
}

/** Gives each value of each window, and the index of the window's value in the output. */
function eachValue(
  { channels, size, strides, padLeft }: PoolingWindows,
  { input, output }: { input: Float64Array; output: Float64Array },
  use: (value: number, at: number) => void,
): void {
  const steps = input.length / channels, outSteps = output.length / channels;
  for (let t = 0; t < outSteps; t++) {
    const first = t * strides - padLeft;
    for (let s = Math.max(0, first); s < Math.min(steps, first + size); s++) {
      for (let c = 0; c < channels; c++) use(input[s * channels + c], t * channels + c);
    }
  }
}
