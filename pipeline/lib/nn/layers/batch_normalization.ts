import { z } from "zod";
import { anything, flag, initializers, layerOptions, nulls, off } from "./keras_options.ts";
import { type LayerBase, type LayerKind, type LayerStep, valueCount, type WeightSpec } from "./layer_kind.ts";

/**
 * Normalization of each channel: y = gamma (x - mean) / sqrt(variance + epsilon) + beta.
 *
 * Weights, each [channels]: gamma (with `scale`), beta (with `center`), moving_mean, moving_variance. The latter two are
 * what a prediction normalizes by; the optimizer leaves them alone.
 *
 * In training, mean and variance are those of a block of 32 windows over all of their steps, whatever the batch size:
 * blocks are computed one by one. This is ghost batch normalization with ghosts of 32 (Hoffer, Hubara and Soudry, "Train
 * longer, generalize better", 2017, section 4) and Keras' own where a batch has at most 32 windows. After each step moving
 * = momentum * moving + (1 - momentum) * statistic, as in Keras; the statistic is the mean of the blocks', each with
 * the weight of its windows.
 *
 * Source: Ioffe and Szegedy, "Batch normalization", 2015; the variance is the biased one, in the moving average too, as in
 * Keras.
 */
export interface BatchNormalizationLayer extends LayerBase {
  kind: "BatchNormalization";
  /** Number of the channels' axis, the batch being axis 0: the last one, or -1. */
  axis: number;
  /** Share of the moving statistics that stays in a step, in [0, 1). Keras' default: 0.99. */
  momentum: number;
  /** Added to the variance, above 0. Keras' default: 1e-3. */
  epsilon: number;
  /** Whether there is a beta. */
  center: boolean;
  /** Whether there is a gamma. */
  scale: boolean;
}

const axis = z.int();
const kerasOptions = layerOptions({
  axis: z.union([axis, z.tuple([axis]).transform(([axis]) => axis)], { error: "must be one axis" }),
  momentum: z.number(),
  epsilon: z.number(),
  center: flag,
  scale: flag,
  beta_initializer: anything,
  gamma_initializer: anything,
  moving_mean_initializer: anything,
  moving_variance_initializer: anything,
  beta_regularizer: anything,
  gamma_regularizer: anything,
  beta_constraint: anything,
  gamma_constraint: anything,
  synchronized: off,
  renorm: off,
  renorm_clipping: anything,
  renorm_momentum: anything,
});

/** The four numbers of each channel, [channels]. */
interface ChannelNumbers {
  gamma: ArrayLike<number>;
  beta: ArrayLike<number>;
  mean: ArrayLike<number>;
  variance: ArrayLike<number>;
}

export const batchNormalizationKind: LayerKind<BatchNormalizationLayer, z.infer<typeof kerasOptions>> = {
  kind: "BatchNormalization",
  inputCount: 1,
  outputShape({ name, axis, momentum, epsilon }, [input]) {
    if (axis !== -1 && axis !== input.length) {
      throw new RangeError(
        `Cannot use layer "${name}": axis must be the last one, -1 or ${input.length}, got ${axis}`,
      );
    }
    if (!(momentum >= 0 && momentum < 1)) {
      throw new RangeError(`Cannot use layer "${name}": momentum must be in [0, 1), got ${momentum}`);
    }
    if (!(epsilon > 0 && epsilon < Infinity)) {
      throw new RangeError(`Cannot use layer "${name}": epsilon must be above 0, got ${epsilon}`);
    }
    return [...input];
  },
  weights({ scale, center }, [input]) {
    const shape = [input[input.length - 1]];
    const spec = (name: string, value: number): WeightSpec => ({
      name,
      shape,
      initialize: () => new Float32Array(shape[0]).fill(value),
    });
    return [
      ...(scale ? [spec("gamma", 1)] : []),
      ...(center ? [spec("beta", 0)] : []),
      { ...spec("moving_mean", 0), trainable: false },
      { ...spec("moving_variance", 1), trainable: false, min: 0 },
    ];
  },
  kerasOptions,
  fromKeras: ({ axis, momentum, epsilon, center, scale }) => ({ axis, momentum, epsilon, center, scale }),
  // Keras 2 writes a list, which Keras 3 does not read; both read a number.
  toKeras: ({ axis, momentum, epsilon, center, scale }) => ({
    axis,
    momentum,
    epsilon,
    center,
    scale,
    ...initializers(["beta", "gamma", "moving_mean", "moving_variance"]),
    ...nulls("regularizer", ["beta", "gamma"]),
    ...nulls("constraint", ["beta", "gamma"]),
  }),
  prepare(layer, { outputShape, weight }): LayerStep {
    const { scale, center, epsilon } = layer;
    const channels = outputShape[outputShape.length - 1];
    const output = new Float64Array(valueCount(outputShape));
    const gamma = scale ? weight("gamma") : new Float32Array(channels).fill(1);
    const beta = center ? weight("beta") : new Float32Array(channels);
    const moving = { gamma, beta, mean: weight("moving_mean"), variance: weight("moving_variance") };
    return {
      output,
      run: ([input]) => normalize(moving, { input, epsilon, output }),
      trainBlock(inputs, outputs) {
        const windows = inputs.map(([input]) => input), statistics = blockStatistics(windows, channels);
        windows.forEach((input, window) =>
          normalize({ gamma, beta, ...statistics }, { input, epsilon, output: outputs[window] })
        );
      },
    };
  },
};

/** Normalizes one window [..., channels]. */
function normalize(
  { gamma, beta, mean, variance }: ChannelNumbers,
  { input, epsilon, output }: { input: Float64Array; epsilon: number; output: Float64Array },
): void {
  for (let i = 0; i < input.length; i++) {
    const c = i % mean.length;
    output[i] = gamma[c] * (input[i] - mean[c]) / Math.sqrt(variance[c] + epsilon) + beta[c];
  }
}

/** @returns Mean and biased variance of each channel over all windows, each [..., channels]. */
export function blockStatistics(
  windows: Float64Array[],
  channels: number,
): Record<"mean" | "variance", Float64Array> {
  const count = windows.length * windows[0].length / channels;
  const mean = new Float64Array(channels), variance = new Float64Array(channels);
  for (const window of windows) window.forEach((x, i) => mean[i % channels] += x / count);
  for (const window of windows) {
    window.forEach((x, i) => variance[i % channels] += (x - mean[i % channels]) ** 2 / count);
  }
  return { mean, variance };
}
