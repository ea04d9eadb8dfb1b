import { z } from "zod";
import { activatedStep, type Activation, checkActivation } from "./activations.ts";
import { checkSteps, conv1dExtent, conv1dOptions, fromConv1DOptions, toConv1DOptions } from "./conv1d.ts";
import { depthwiseOptions, toDepthwiseOptions } from "./depthwise_options.ts";
import { biasSpec, namedKernelSpec } from "./initializers.ts";
import { layerOptions } from "./keras_options.ts";
import { checkRank, checkSize, type LayerBase, type LayerKind } from "./layer_kind.ts";
import { checkPadding, type Padding } from "./window_extent.ts";

/** How a convolution of each channel by itself lies over the time axis, and how many outputs a channel has. */
export interface DepthwiseSizes {
  name: string;
  kernelSize: number;
  strides: number;
  padding: Padding;
  /** As in a Conv1D. */
  dilation: number;
  /** Outputs of a channel, which stand side by side: output channel = channel * depthMultiplier + m. */
  depthMultiplier: number;
}

/**
 * Weights: depthwise_kernel [kernelSize, inChannels, depthMultiplier], with `useBias` bias [inChannels * depthMultiplier].
 */
export interface DepthwiseConv1DLayer extends LayerBase, DepthwiseSizes {
  kind: "DepthwiseConv1D";
  name: string;
  padding: "same" | "valid";
  useBias: boolean;
  activation: Activation;
}

const kerasOptions = layerOptions({
  ...conv1dOptions,
  padding: z.enum(["same", "valid"]),
  ...depthwiseOptions,
});

export const depthwiseConv1dKind: LayerKind<DepthwiseConv1DLayer, z.infer<typeof kerasOptions>> = {
  kind: "DepthwiseConv1D",
  inputCount: 1,
  outputShape(layer, [input]) {
    checkActivation(layer.name, layer.activation);
    checkPadding(layer.name, layer.padding);
    return depthwiseShape(layer, input);
  },
  margins: conv1dExtent,
  weights: ({ kernelSize, depthMultiplier, useBias }, [[, channels]]) => [
    { ...namedKernelSpec("depthwise_kernel", [kernelSize, channels, depthMultiplier]), keras3Name: "kernel" },
    ...(useBias ? [biasSpec(channels * depthMultiplier)] : []),
  ],
  kerasOptions,
  fromKeras: (options) => ({
    ...fromConv1DOptions(options),
    depthMultiplier: options.depth_multiplier,
  }),
  toKeras: (layer) => ({
    ...toConv1DOptions(layer),
    ...toDepthwiseOptions(layer, ["depthwise"]),
  }),
  prepare(layer, { inputShapes: [[, channels]], outputShape, weight }) {
    const kernel = weight("depthwise_kernel"), bias = layer.useBias ? weight("bias") : undefined;
    return activatedStep(
      layer,
      outputShape,
      (input, output) => depthwiseConv1d(layer, { input, channels, kernel, bias, output }),
    );
  },
};

/** @returns [outSteps, inChannels * depthMultiplier]. @throws RangeError, TypeError A size or an input it cannot have. */
export function depthwiseShape(
  layer: DepthwiseSizes & { kind: string; inputs: string[] },
  input: number[],
): number[] {
  checkRank(layer, input, 2);
  checkSize(layer.name, "kernelSize", layer.kernelSize);
  checkSize(layer.name, "depthMultiplier", layer.depthMultiplier);
  checkSteps(layer);
  return [conv1dExtent(layer, input[0]).outSteps, input[1] * layer.depthMultiplier];
}

/** What `depthwiseConv1d` computes on; all arrays row-major. */
export interface DepthwiseBuffers {
  /** [steps, channels]. */
  input: Float64Array;
  channels: number;
  /** [kernelSize, channels, depthMultiplier]. */
  kernel: Float32Array;
  /** [channels * depthMultiplier]; absent: 0. */
  bias?: Float32Array;
  /** [outSteps, channels * depthMultiplier], written. */
  output: Float64Array;
}

/** Convolves each channel of one window by itself, before the activation. */
export function depthwiseConv1d(
  layer: DepthwiseSizes,
  { input, channels, kernel, bias, output }: DepthwiseBuffers,
): void {
  const { kernelSize, strides, dilation, depthMultiplier } = layer, steps = input.length / channels;
  const { outSteps, padLeft } = conv1dExtent(layer, steps), filters = channels * depthMultiplier;
  for (let t = 0; t < outSteps; t++) {
    for (let filter = 0; filter < filters; filter++) {
      const channel = Math.floor(filter / depthMultiplier);
      let sum = bias ? bias[filter] : 0;
      for (let k = 0; k < kernelSize; k++) {
        const step = t * strides - padLeft + k * dilation;
        if (step >= 0 && step < steps) sum += input[step * channels + channel] * kernel[k * filters + filter];
      }
      output[t * filters + filter] = sum;
    }
  }
}
