import { elementCount, type TfliteModel, type TfliteOperator } from "../formats/tflite/graph.ts";

/**
 * Counts the multiplications that an operator adds up for one invocation: of convolutions, dense layers and LSTMs. Everything
 * else (activations, pooling, moves) counts 0, as in the usual tables of models.
 *
 * @returns Multiply-accumulates of the whole batch; 0 where the graph does not tell the weights.
 */
export function operatorMacs(
  { operator, inputs, outputs }: TfliteOperator,
  { tensors }: TfliteModel,
): number {
  const shapeOf = (index: number | undefined) => tensors[index ?? -1]?.shape ?? [];
  const weights = shapeOf(inputs[1]), results = elementCount(shapeOf(outputs[0]));
  switch (operator) {
    case "CONV_2D":
    case "FULLY_CONNECTED":
      // Weights are [channels, ...what one result reads].
      return results * elementCount(weights.slice(1));
    case "DEPTHWISE_CONV_2D":
      return results * elementCount(weights.slice(1, 3));
    case "UNIDIRECTIONAL_SEQUENCE_LSTM":
      return elementCount(shapeOf(inputs[0]).slice(0, 2)) *
        inputs.slice(1, 9).reduce((sum, index) => sum + (index < 0 ? 0 : elementCount(shapeOf(index))), 0);
    default:
      return 0;
  }
}
