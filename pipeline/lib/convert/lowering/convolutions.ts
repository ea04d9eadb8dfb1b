import type { Conv1DLayer, DepthwiseConv1DLayer, SeparableConv1DLayer } from "../../nn/model.ts";
import type { GraphBuilder } from "../graph_builder.ts";
import { transposeColumns } from "../matrix.ts";
import { convolve, convolveDepthwise, pad, type Sliding, type WeightTensors } from "../operations.ts";
import { activated } from "./activation.ts";
import { biasConstant } from "./bias.ts";
import type { Lowering, LoweringContext } from "./context.ts";
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
 * Lowers a convolution over time to CONV_2D over images of height 1.
 *
 * Keras' kernel [kernelSize, inChannels, filters] becomes TFLite's [filters, 1, kernelSize, inChannels].
 */
export const lowerConv1D: Lowering<Conv1DLayer> = (layer, context) => {
  const { graph, inputs: [input], weight } = context, { shape, data } = weight("kernel");
  const weights = {
    kernel: outputsFirst(graph, `${layer.name}/kernel`, shape, data),
    bias: biasConstant(context, layer, layer.filters),
  };
  return activated(
    graph,
    layer,
    (name) =>
      onImages(
        graph,
        input,
        { layer: layer.name, name },
        (image, imageName) =>
          convolve(graph, padCausally(graph, image, layer), {
            ...weights,
            ...slidingOf(layer),
            name: imageName,
          }),
      ),
  );
};

function outputsFirst(
  graph: GraphBuilder,
  name: string,
  shape: readonly number[],
  data: Float32Array,
): number {
  const [kernelSize, inChannels, filters] = shape;
  return graph.floatConstant(
    name,
    [filters, 1, kernelSize, inChannels],
    transposeColumns(data, { columns: filters }),
  );
}

/**
 * Lowers a convolution of each channel by itself to DEPTHWISE_CONV_2D.
 *
 * Keras' kernel [kernelSize, inChannels, multiplier] becomes TFLite's [1, 1, kernelSize, inChannels x multiplier].
 */
export const lowerDepthwiseConv1D: Lowering<DepthwiseConv1DLayer> = (layer, context) => {
  const { graph, inputs: [input] } = context;
  const weights = depthwiseWeights(
    layer,
    context,
    (filters) => biasConstant(context, layer, filters),
  );
  return activated(
    graph,
    layer,
    (name) =>
      onImages(
        graph,
        input,
        { layer: layer.name, name },
        (image, imageName) =>
          convolveDepthwise(graph, padCausally(graph, image, layer), {
            ...weights,
            ...slidingOf(layer),
            name: imageName,
          }),
      ),
  );
};

function depthwiseWeights(
  { name }: { name: string },
  { graph, weight }: LoweringContext,
  bias: (filters: number) => number,
): WeightTensors {
  const { shape: [kernelSize, channels, multiplier], data } = weight("depthwise_kernel");
  const filters = channels * multiplier;
  return {
    kernel: graph.floatConstant(`${name}/depthwise_kernel`, [1, 1, kernelSize, filters], data),
    bias: bias(filters),
  };
}

/** Lowers a convolution of each channel by itself, then one over the channels of each step. */
export const lowerSeparableConv1D: Lowering<SeparableConv1DLayer> = (layer, context) => {
  const { graph, inputs: [input], weight } = context;
  const depthwise = depthwiseWeights(
    layer,
    context,
    (filters) => graph.floatConstant(`${layer.name}/depthwise_bias`, [filters], new Float32Array(filters)),
  );
  const { shape, data } = weight("pointwise_kernel");
  const pointwise = {
    kernel: outputsFirst(graph, `${layer.name}/pointwise_kernel`, shape, data),
    bias: biasConstant(context, layer, layer.filters),
  };
  return activated(
    graph,
    layer,
    (name) =>
      onImages(graph, input, { layer: layer.name, name }, (image, imageName) => {
        const hidden = convolveDepthwise(graph, padCausally(graph, image, layer), {
          ...depthwise,
          ...slidingOf(layer),
          name: `${layer.name}/depthwise`,
        });
        return convolve(graph, hidden, { ...pointwise, strides: [1, 1], padding: "valid", name: imageName });
      }),
  );
};
