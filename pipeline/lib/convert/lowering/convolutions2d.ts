import type { Conv2DLayer, DepthwiseConv2DLayer, SeparableConv2DLayer } from "../../nn/model.ts";
import { transposeColumns } from "../matrix.ts";
import { convolve, convolveDepthwise, type Sliding, type WeightTensors } from "../operations.ts";
import { activated } from "./activation.ts";
import { biasConstant } from "./bias.ts";
import type { Lowering, LoweringContext } from "./context.ts";

const slidingOf = (
  { strides, dilation, padding }: Conv2DLayer | DepthwiseConv2DLayer | SeparableConv2DLayer,
): Sliding => ({
  strides,
  dilation,
  padding,
});

/** Adds Keras' kernel [height, width, inChannels, filters] as TFLite's [filters, height, width, inChannels]. */
function outputsFirst({ graph, weight }: LoweringContext, layer: { name: string }, name: string): number {
  const { shape: [height, width, channels, filters], data } = weight(name);
  return graph.floatConstant(
    `${layer.name}/${name}`,
    [filters, height, width, channels],
    transposeColumns(data, { columns: filters }),
  );
}

/** Lowers a convolution over an image to CONV_2D. */
export const lowerConv2D: Lowering<Conv2DLayer> = (layer, context) => {
  const { graph, inputs: [input] } = context;
  const kernel = outputsFirst(context, layer, "kernel"), bias = biasConstant(context, layer, layer.filters);
  return activated(
    graph,
    layer,
    (name) => convolve(graph, input, { kernel, bias, ...slidingOf(layer), name }),
  );
};

/** Adds Keras' kernel [height, width, channels, multiplier] as TFLite's [1, height, width, channels x multiplier]. */
function depthwiseWeights(
  { graph, weight }: LoweringContext,
  layer: { name: string },
  bias: (filters: number) => number,
): WeightTensors {
  const { shape: [height, width, channels, multiplier], data } = weight("depthwise_kernel");
  const filters = channels * multiplier;
  const kernel = graph.floatConstant(`${layer.name}/depthwise_kernel`, [1, height, width, filters], data);
  return { kernel, bias: bias(filters) };
}

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
  const depthwise = depthwiseWeights(
    context,
    layer,
    (filters) => graph.floatConstant(`${layer.name}/depthwise_bias`, [filters], new Float32Array(filters)),
  );
  const kernel = outputsFirst(context, layer, "pointwise_kernel");
  const bias = biasConstant(context, layer, layer.filters);
  return activated(graph, layer, (name) => {
    const hidden = convolveDepthwise(graph, input, {
      ...depthwise,
      ...slidingOf(layer),
      name: `${layer.name}/depthwise`,
    });
    return convolve(graph, hidden, { kernel, bias, strides: [1, 1], padding: "valid", name });
  });
};
