import { PADDING } from "../../formats/tflite/schema.ts";
import type { Conv1DLayer } from "../../nn/model.ts";
import { transposeColumns } from "../matrix.ts";
import { lowerActivated } from "./activation.ts";
import type { Lowering } from "./context.ts";

/**
 * Lowers a convolution over time to CONV_2D over images of height 1.
 *
 * Keras' kernel [kernelSize, inChannels, filters] becomes TFLite's [filters, 1, kernelSize, inChannels]. SAME
 * pads like Keras: what is odd goes to the end.
 */
export const lowerConv1D: Lowering<Conv1DLayer> = (layer, { graph, weight, outputShape, imageInput }) => {
  const { name, activation } = layer;
  if (layer.padding === "causal" || (layer.dilation ?? 1) > 1 || layer.useBias === false) {
    throw new TypeError(
      `Cannot convert layer "${name}": Conv1D must have a bias, no dilation and no causal padding`,
    );
  }
  const input = imageInput();
  const { data, shape: [kernelSize, inChannels, filters] } = weight("kernel");
  const kernel = graph.floatConstant(
    `${name}/kernel`,
    [filters, 1, kernelSize, inChannels],
    transposeColumns(data, { columns: filters }),
  );
  const bias = graph.floatConstant(`${name}/bias`, [filters], weight("bias").data);
  const image = lowerActivated(graph, {
    name,
    activation,
    shape: [1, 1, ...outputShape],
    compute: (output, fusedActivationFunction) =>
      graph.operator({
        operator: "CONV_2D",
        version: 1,
        inputs: [input, kernel, bias],
        outputs: [output],
        optionsType: "Conv2DOptions",
        options: {
          padding: layer.padding === "same" ? PADDING.SAME : PADDING.VALID,
          strideW: layer.strides,
          strideH: 1,
          fusedActivationFunction,
          dilationWFactor: 1,
          dilationHFactor: 1,
        },
      }),
  });
  return { image };
};
