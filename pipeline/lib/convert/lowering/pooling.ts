import type {
  AveragePooling1DLayer,
  GlobalAveragePooling1DLayer,
  GlobalMaxPooling1DLayer,
  MaxPooling1DLayer,
} from "../../nn/model.ts";
import { mean, pool, reshape } from "../operations.ts";
import type { Lowering } from "./context.ts";
import { onImages } from "./images.ts";

function lowerPooling1D(
  operator: "MAX_POOL_2D" | "AVERAGE_POOL_2D",
): Lowering<MaxPooling1DLayer | AveragePooling1DLayer> {
  return ({ name, poolSize, strides, padding }, { graph, inputs: [input] }) =>
    onImages(
      graph,
      input,
      { layer: name, name },
      (image, imageName) =>
        pool(graph, operator, image, {
          name: imageName,
          filter: [1, poolSize],
          strides: [1, strides],
          padding,
        }),
    );
}

/** Lowers a pooling over windows to one over images of height 1. */
export const lowerMaxPooling1D: Lowering<MaxPooling1DLayer> = lowerPooling1D("MAX_POOL_2D");
/** As {@linkcode lowerMaxPooling1D}. */
export const lowerAveragePooling1D: Lowering<AveragePooling1DLayer> = lowerPooling1D("AVERAGE_POOL_2D");

/** Lowers the largest value over time to a pooling whose window is all of it: REDUCE_MAX has no int8 form everywhere. */
export const lowerGlobalMaxPooling1D: Lowering<GlobalMaxPooling1DLayer> = (
  { name },
  { graph, batch, inputs: [input], inputShapes: [[steps, channels]] },
) => {
  const sequence = onImages(
    graph,
    input,
    { layer: name, name: `${name}/steps` },
    (image, imageName) =>
      pool(graph, "MAX_POOL_2D", image, {
        name: imageName,
        filter: [1, steps],
        strides: [1, 1],
        padding: "valid",
      }),
  );
  return reshape(graph, sequence, { name, shape: [batch, channels] });
};

/** Lowers the average over time to MEAN. */
export const lowerGlobalAveragePooling1D: Lowering<GlobalAveragePooling1DLayer> = (
  { name },
  { graph, inputs: [input] },
) => mean(graph, input, { name, axes: [1] });
