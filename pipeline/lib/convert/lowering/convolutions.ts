import type { Conv1DLayer, DepthwiseConv1DLayer, SeparableConv1DLayer } from "../../nn/model.ts";
import type { GraphBuilder } from "../graph_builder.ts";
import { convolve, convolveDepthwise, pad, type Sliding } from "../operations.ts";
import { activated } from "./activation.ts";
import { biasConstant } from "./bias.ts";
import type { Lowering, LoweringContext } from "./context.ts";
import { convolutionWeights, depthwiseWeights, separableWeights } from "./convolution_weights.ts";
import { onImages } from "./images.ts";

/** How a convolution lies over the time axis. */
type SlidingLayer = Pick<Conv1DLayer, "name" | "kernelSize" | "strides" | "padding" | "dilation">;

function slidingOf({ strides, padding, dilation = 1 }: SlidingLayer): Sliding {
  return { strides: [1, strides], dilation: [1, dilation], padding: padding === "same" ? "same" : "valid" };
}

/** Adds the zeros of causal padding, which no convolution of TFLite has, before an image; others are left as they are. */
function padCausally(
  graph: GraphBuilder,
  image: number,
  { name, kernelSize, dilation = 1, padding }: SlidingLayer,
): number {
  const margin = (kernelSize - 1) * dilation;
  if (padding !== "causal" || margin === 0) return image;
  return pad(graph, image, { name: `${name}/padded`, paddings: [[0, 0], [0, 0], [margin, 0], [0, 0]] });
}

/**
 * Computes on images of height 1 in place of sequences, padded where the layer is causal, with its activation behind.
 *
 * @param compute As of {@linkcode onImages}.
 */
function overTime(
  layer: SlidingLayer & Pick<Conv1DLayer, "activation">,
  { graph, inputs: [input] }: LoweringContext,
  compute: (image: number, name: string) => number,
): number {
  return activated(
    graph,
    layer,
    (name) =>
      onImages(
        graph,
        input,
        { layer: layer.name, name },
        (image, imageName) => compute(padCausally(graph, image, layer), imageName),
      ),
  );
}

/** Lowers a convolution over time to CONV_2D over images of height 1. */
export const lowerConv1D: Lowering<Conv1DLayer> = (layer, context) => {
  const weights = convolutionWeights(context, layer, "kernel");
  return overTime(
    layer,
    context,
    (image, name) => convolve(context.graph, image, { ...weights, ...slidingOf(layer), name }),
  );
};

/** Lowers a convolution of each channel by itself to DEPTHWISE_CONV_2D. */
export const lowerDepthwiseConv1D: Lowering<DepthwiseConv1DLayer> = (layer, context) => {
  const weights = depthwiseWeights(context, layer, (filters) => biasConstant(context, layer, filters));
  return overTime(
    layer,
    context,
    (image, name) => convolveDepthwise(context.graph, image, { ...weights, ...slidingOf(layer), name }),
  );
};

/** Lowers a convolution of each channel by itself, then one over the channels of each step. */
export const lowerSeparableConv1D: Lowering<SeparableConv1DLayer> = (layer, context) => {
  const { graph } = context, { depthwise, pointwise } = separableWeights(context, layer);
  return overTime(layer, context, (image, name) => {
    const hidden = convolveDepthwise(graph, image, {
      ...depthwise,
      ...slidingOf(layer),
      name: `${layer.name}/depthwise`,
    });
    return convolve(graph, hidden, { ...pointwise, strides: [1, 1], padding: "valid", name });
  });
};
