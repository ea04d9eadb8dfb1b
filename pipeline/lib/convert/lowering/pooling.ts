import type { GlobalAveragePooling1DLayer } from "../../nn/model.ts";
import type { Lowering } from "./context.ts";

/** Lowers the average over time to MEAN over the axes between batch and channels. */
export const lowerGlobalAveragePooling1D: Lowering<GlobalAveragePooling1DLayer> = (
  { name },
  { graph, inputShape, inputIsImage, imageInput, plainInput },
) => {
  const input = inputIsImage ? imageInput() : plainInput();
  const axes = graph.intConstant(`${name}/axes`, inputIsImage ? [1, 2] : [1]);
  const plain = graph.activation(name, [1, inputShape[1]]);
  graph.operator({
    operator: "MEAN",
    version: 1,
    inputs: [input, axes],
    outputs: [plain],
    optionsType: "ReducerOptions",
    options: { keepDims: false },
  });
  return { plain };
};
