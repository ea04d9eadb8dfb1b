import type { DenseLayer } from "../../nn/model.ts";
import { transposeColumns } from "../matrix.ts";
import { fullyConnected, reshape } from "../operations.ts";
import { activated } from "./activation.ts";
import { biasConstant } from "./bias.ts";
import type { Lowering } from "./context.ts";

/**
 * Lowers a dense layer to FULLY_CONNECTED; Keras' kernel [inFeatures, units] becomes [units, inFeatures].
 *
 * Of a sequence the steps become rows, since not all runtimes keep further axes.
 */
export const lowerDense: Lowering<DenseLayer> = (layer, context) => {
  const { graph, batch, inputs: [input], inputShapes: [inputShape], outputShape, weight } = context;
  const features = inputShape[inputShape.length - 1], { units } = layer;
  const kernel = graph.floatConstant(
    `${layer.name}/kernel`,
    [units, features],
    transposeColumns(weight("kernel").data, { columns: units }),
  );
  const weights = { kernel, bias: biasConstant(context, layer, units) };
  return activated(graph, layer, (name) => {
    if (inputShape.length === 1) return fullyConnected(graph, input, { ...weights, name });
    const count = batch * inputShape.slice(0, -1).reduce((product, size) => product * size, 1);
    const rows = reshape(graph, input, { name: `${name}/input_rows`, shape: [count, features] });
    const products = fullyConnected(graph, rows, { ...weights, name: `${name}/rows` });
    return reshape(graph, products, { name, shape: [batch, ...outputShape] });
  });
};
