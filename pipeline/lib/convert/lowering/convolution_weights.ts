import { transposeColumns } from "../matrix.ts";
import type { WeightTensors } from "../operations.ts";
import { biasConstant } from "./bias.ts";
import type { LoweringContext } from "./context.ts";

/** Height, width, channels and outputs of a kernel; one over time has height 1. */
const onImage = (shape: readonly number[]): readonly number[] => shape.length === 3 ? [1, ...shape] : shape;

/**
 * Adds a kernel and the bias of a convolution.
 *
 * Keras' kernel [height, width, inChannels, filters], without the height over time, becomes TFLite's [filters, height,
 * width, inChannels].
 *
 * @param name Of the kernel in the layer.
 */
export function convolutionWeights(
  context: LoweringContext,
  layer: { name: string; filters: number },
  name: "kernel" | "pointwise_kernel",
): WeightTensors {
  const { shape, data } = context.weight(name), [height, width, channels, filters] = onImage(shape);
  const kernel = context.graph.floatConstant(
    `${layer.name}/${name}`,
    [filters, height, width, channels],
    transposeColumns(data, { columns: filters }),
  );
  return { kernel, bias: biasConstant(context, layer, layer.filters) };
}

/**
 * Adds the kernel of a convolution of each channel by itself.
 *
 * Keras' kernel [height, width, channels, multiplier], without the height over time, becomes TFLite's [1, height, width,
 * channels x multiplier].
 *
 * @param bias Adds the bias. @returns Its index.
 */
export function depthwiseWeights(
  { graph, weight }: LoweringContext,
  layer: { name: string },
  bias: (filters: number) => number,
): WeightTensors {
  const { shape, data } = weight("depthwise_kernel"), [height, width, channels, multiplier] = onImage(shape);
  const filters = channels * multiplier;
  const kernel = graph.floatConstant(`${layer.name}/depthwise_kernel`, [1, height, width, filters], data);
  return { kernel, bias: bias(filters) };
}

/** Adds both kernels of a separable convolution and their biases; the first has none in Keras, and zeros here. */
export function separableWeights(
  context: LoweringContext,
  layer: { name: string; filters: number },
): { depthwise: WeightTensors; pointwise: WeightTensors } {
  const zeros = (filters: number) =>
    context.graph.floatConstant(`${layer.name}/depthwise_bias`, [filters], new Float32Array(filters));
  return {
    depthwise: depthwiseWeights(context, layer, zeros),
    pointwise: convolutionWeights(context, layer, "pointwise_kernel"),
  };
}
