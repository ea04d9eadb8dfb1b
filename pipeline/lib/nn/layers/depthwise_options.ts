import type { Activation } from "./activations.ts";
import { anything, initializers, nulls, size, weightOptions } from "./keras_options.ts";

/** Options of a convolution of each channel by itself, over time or an image, beside those of every convolution. */
export const depthwiseOptions = {
  depth_multiplier: size,
  bias_initializer: anything,
  bias_regularizer: anything,
  activity_regularizer: anything,
  bias_constraint: anything,
  depthwise_initializer: anything,
  depthwise_regularizer: anything,
  depthwise_constraint: anything,
};

/** Options of one with a convolution over the channels behind it. */
export const separableOptions = {
  ...weightOptions,
  ...depthwiseOptions,
  pointwise_initializer: anything,
  pointwise_regularizer: anything,
  pointwise_constraint: anything,
};

/**
 * Writes the options that end those of every convolution of each channel by itself.
 *
 * `groups: 1` and the options of a kernel that there is not are left out: they are Keras 2's defaults, and Keras 3 fails on
 * them.
 *
 * @param kernels Weights of the layer besides the bias.
 */
export const toDepthwiseOptions = (
  { activation, useBias, depthMultiplier }: {
    activation: Activation;
    useBias: boolean;
    depthMultiplier: number;
  },
  kernels: ("depthwise" | "pointwise")[],
) => ({
  activation,
  use_bias: useBias,
  ...initializers(["bias"]),
  ...nulls("regularizer", ["bias", "activity"]),
  ...nulls("constraint", ["bias"]),
  depth_multiplier: depthMultiplier,
  ...initializers(kernels),
  ...nulls("regularizer", kernels),
  ...nulls("constraint", kernels),
});
