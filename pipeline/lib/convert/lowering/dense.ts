import type { DenseLayer } from "../../nn/model.ts";
import { transposeColumns } from "../matrix.ts";
import { lowerActivated } from "./activation.ts";
import type { Lowering } from "./context.ts";

/** Lowers a dense layer to FULLY_CONNECTED; Keras' kernel [inFeatures, units] becomes [units, inFeatures]. */
export const lowerDense: Lowering<DenseLayer> = (layer, { graph, weight, inputShape, plainInput }) => {
  const { name, activation, units } = layer;
  if (inputShape.length !== 1) {
    throw new TypeError(
      `Cannot convert layer "${name}": the input of Dense must be [features], got [${inputShape.join(", ")}]`,
    );
  }
  const input = plainInput();
  const kernel = graph.floatConstant(
    `${name}/kernel`,
    [units, inputShape[0]],
    transposeColumns(weight("kernel").data, { columns: units }),
  );
  const bias = graph.floatConstant(`${name}/bias`, [units], weight("bias").data);
  const plain = lowerActivated(graph, {
    name,
    activation,
    shape: [1, units],
    compute: (output, fusedActivationFunction) =>
      graph.operator({
        operator: "FULLY_CONNECTED",
        version: 1,
        inputs: [input, kernel, bias],
        outputs: [output],
        optionsType: "FullyConnectedOptions",
        options: {
          fusedActivationFunction,
          weightsFormat: 0,
          keepNumDims: false,
          asymmetricQuantizeInputs: false,
        },
      }),
  });
  return { plain };
};
