import { elementCount, type TfliteModel, type TfliteOperator } from "../formats/tflite/graph.ts";
import { createConstantForms, floatConstant } from "./constants.ts";
import { quantizeWeights } from "./integer_params.ts";
import { formOf } from "./operator_forms.ts";

/**
 * Constants of fewer elements stay float: there is little to gain from them.
 *
 * Source: kWeightsMinNumElementsDefault in tensorflow/lite/tools/optimize/quantize_weights.h.
 */
const MIN_ELEMENTS = 1024;

const LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM";
/** Weights of the inputs and of the hidden state, of which the kernel takes all as int8 or none. */
const LSTM_WEIGHTS = [1, 2, 3, 4, 5, 6, 7, 8];

/**
 * Quantizes the weights of convolutions (one scale a filter), dense layers and LSTMs (one a tensor) to int8; everything else
 * stays float32. The kernels round what such a layer reads to int8, symmetrically, by the greatest value of each run.
 *
 * Source: TensorFlow Lite's dynamic range quantization, tensorflow/lite/tools/optimize/quantize_weights.cc.
 *
 * @param floatGraph Left as it is.
 * @throws RangeError An operator that has no quantized form.
 */
export function quantizeDynamically(floatGraph: TfliteModel): TfliteModel {
  const model: TfliteModel = {
    ...floatGraph,
    tensors: [...floatGraph.tensors],
    operators: floatGraph.operators.map((operator) => ({ ...operator, inputs: [...operator.inputs] })),
  };
  const constants = createConstantForms(model);
  for (const [index, operator] of model.operators.entries()) {
    const { dynamicVersion, weights } = formOf(operator, index);
    if (dynamicVersion === undefined || !isWorthwhile(floatGraph, operator)) continue;
    for (const position of weightPositions(operator)) {
      const { shape } = floatGraph.tensors[operator.inputs[position]];
      const values = floatConstant(floatGraph, operator, position)!;
      const form = quantizeWeights(values, { shape, axis: weights?.axis });
      constants.replace(operator, position, { type: "INT8", ...form });
    }
    operator.version = Math.max(operator.version, dynamicVersion);
  }
  return model;
}

const weightPositions = ({ operator }: TfliteOperator): number[] => operator === LSTM ? LSTM_WEIGHTS : [1];

function isWorthwhile({ tensors }: TfliteModel, operator: TfliteOperator): boolean {
  return weightPositions(operator).some((position) =>
    elementCount(tensors[operator.inputs[position]].shape) >= MIN_ELEMENTS
  );
}
