import type {
  AveragePooling2DLayer,
  GlobalAveragePooling2DLayer,
  GlobalMaxPooling2DLayer,
  MaxPooling2DLayer,
} from "../../nn/model.ts";
import { mean, pool, reshape } from "../operations.ts";
import type { Lowering } from "./context.ts";

function lowerPooling2D(
  operator: "MAX_POOL_2D" | "AVERAGE_POOL_2D",
): Lowering<MaxPooling2DLayer | AveragePooling2DLayer> {
  return ({ name, poolSize, strides, padding }, { graph, inputs: [input] }) =>
    pool(graph, operator, input, { name, filter: poolSize, strides, padding });
}

/** Lowers a pooling over windows of an image. */
export const lowerMaxPooling2D: Lowering<MaxPooling2DLayer> = lowerPooling2D("MAX_POOL_2D");
/** As {@linkcode lowerMaxPooling2D}. */
export const lowerAveragePooling2D: Lowering<AveragePooling2DLayer> = lowerPooling2D("AVERAGE_POOL_2D");

/** Lowers the largest value of each channel to a pooling whose window is the image: REDUCE_MAX has no int8 form everywhere. */
export const lowerGlobalMaxPooling2D: Lowering<GlobalMaxPooling2DLayer> = (
  { name, keepDims },
  { graph, batch, inputs: [input], inputShapes: [[height, width]], outputShape },
) => {
  const window = { filter: [height, width], strides: [1, 1], padding: "valid" } as const;
  if (keepDims) return pool(graph, "MAX_POOL_2D", input, { name, ...window });
  const pixel = pool(graph, "MAX_POOL_2D", input, { name: `${name}/pixel`, ...window });
  return reshape(graph, pixel, { name, shape: [batch, ...outputShape] });
};

/** Lowers the average of each channel to MEAN. */
export const lowerGlobalAveragePooling2D: Lowering<GlobalAveragePooling2DLayer> = (
  { name, keepDims },
  { graph, batch, inputs: [input], outputShape },
) => {
  if (!keepDims) return mean(graph, input, { name, axes: [1, 2] });
  const channels = mean(graph, input, { name: `${name}/channels`, axes: [1, 2] });
  return reshape(graph, channels, { name, shape: [batch, ...outputShape] });
};
