import type { TfliteOperator, TfliteTensor } from "../formats/tflite/graph.ts";
import { LSTM_ABSENT } from "../formats/tflite/operator_shapes.ts";
import { cellQuantization } from "./integer_params.ts";
import { type Int8Graph, quantizeWeighted } from "./int8_weights.ts";
import { rangeOf } from "./ranges.ts";

const LSTM_INPUT_WEIGHTS = [1, 2, 3, 4],
  LSTM_RECURRENT_WEIGHTS = [5, 6, 7, 8],
  LSTM_BIASES = [12, 13, 14, 15];
const LSTM_HIDDEN_STATE = 18, LSTM_CELL_STATE = 19;
const LSTM_GATE_INTERMEDIATES = ["input_to_input", "input_to_forget", "input_to_cell", "input_to_output"];

/**
 * Source: TFLite quantization spec, LSTM; PopulateQuantizedLstmParams8x8_16 in
 * tensorflow/lite/kernels/unidirectional_sequence_lstm.cc of TensorFlow 2.9: biases have the scale input x
 * input weights, the hidden state is quantized like the output, and of the 5 intermediates only the last, the
 * hidden value before projection, has a quantization.
 */
export function quantizeLstm(operator: TfliteOperator, graph: Int8Graph): void {
  const { inputs, outputs: [output] } = operator;
  const absent = (position: number) => inputs[position] === undefined || inputs[position] === -1;
  if (!LSTM_ABSENT.every(absent)) {
    throw new RangeError(
      `Cannot quantize LSTM "${
        graph.original.tensors[output].name
      }": it must have no peephole, projection and layer ` +
        "normalization weights, got some",
    );
  }
  const { model, ranges, quantizationOf } = graph;
  const cell = model.tensors[inputs[LSTM_CELL_STATE]];
  Object.assign(cell, { type: "INT16", quantization: cellQuantization(rangeOf(ranges, cell.name)) });
  for (const [gate, weights] of LSTM_INPUT_WEIGHTS.entries()) {
    quantizeWeighted(operator, { input: 0, weights, bias: LSTM_BIASES[gate] }, graph);
  }
  for (const weights of LSTM_RECURRENT_WEIGHTS) {
    quantizeWeighted(operator, { input: LSTM_HIDDEN_STATE, weights }, graph);
  }
  const { name } = model.tensors[output];
  const intermediates: TfliteTensor[] = [
    ...LSTM_GATE_INTERMEDIATES.map((gate): TfliteTensor => ({
      name: `${name}/${gate}_intermediate`,
      type: "FLOAT32",
      shape: [0],
    })),
    {
      name: `${name}/effective_hidden_scale_intermediate`,
      type: "INT8",
      shape: [0],
      quantization: quantizationOf(output),
    },
  ];
  operator.intermediates = intermediates.map((tensor) => model.tensors.push(tensor) - 1);
}
