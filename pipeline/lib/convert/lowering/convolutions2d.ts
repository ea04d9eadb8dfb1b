import type { Conv2DLayer, DepthwiseConv2DLayer, SeparableConv2DLayer } from "../../nn/model.ts";
import { convolve, convolveDepthwise, type Sliding } from "../operations.ts";
import { activated } from "./activation.ts";
import { biasConstant } from "./bias.ts";
import type { Lowering } from "./context.ts";
import { convolutionWeights, depthwiseWeights, separableWeights } from "./convolution_weights.ts";

const slidingOf = (
  { strides, dilation, padding }: Conv2DLayer | DepthwiseConv2DLayer | SeparableConv2DLayer,
): Sliding => ({
  strides,
  dilation,
  padding,
});

/** Lowers a convolution over an image to CONV_2D. */
export const lowerConv2D: Lowering<Conv2DLayer> = (layer, context) => {
  const { graph, inputs: [input] } = context;
  const weights = convolutionWeights(context, layer, "kernel");
  return activated(
    graph,
    layer,
    (name) => convolve(graph, input, { ...weights, ...slidingOf(layer), name }),
  );
};

/** Lowers a convolution of each channel of an image by itself to DEPTHWISE_CONV_2D. */
export const lowerDepthwiseConv2D: Lowering<DepthwiseConv2DLayer> = (layer, context) => {
  const { graph, inputs: [input] } = context;
  const weights = depthwiseWeights(context, layer, (filters) => biasConstant(context, layer, filters));
  return activated(
    graph,
    layer,
    (name) => convolveDepthwise(graph, input, { ...weights, ...slidingOf(layer), name }),
  );
};

/** Lowers a convolution of each channel by itself, then one over the channels of each pixel. */
export const lowerSeparableConv2D: Lowering<SeparableConv2DLayer> = (layer, context) => {
  const { graph, inputs: [input] } = context;
  const { depthwise, pointwise } = separableWeights(context, layer);
  return activated(graph, layer, (name) => {
    const hidden = convolveDepthwise(graph, input, {
      ...depthwise,
      ...slidingOf(layer),
      name: `${layer.name}/depthwise`,
    });
    return convolve(graph, hidden, { ...pointwise, strides: [1, 1], padding: "valid", name });
  });
};
