import {
  bytesOf,
  float32Elements,
  type TfliteModel,
  type TfliteOperator,
  type TfliteQuantization,
  type TfliteTensor,
} from "../formats/tflite/graph.ts";
import {
  activationQuantization,
  cellQuantization,
  hiddenQuantization,
  perTensor,
  PROBABILITY_QUANTIZATION,
  quantizeBias,
  quantizeWeights,
  TANH_QUANTIZATION,
} from "./integer_params.ts";
import type { Range, Ranges } from "./observers.ts";

/** How an operator becomes its int8 form. */
interface IntegerForm {
  /** Version of the operator whose kernel takes int8. Source: tensorflow/lite/tools/versioning/op_version.cc. */
  version: number;
  quantize(operator: TfliteOperator, graph: IntegerGraph): void;
}

/** Moves data without arithmetic (or averages in the same scale): the output keeps the input's quantization. */
const sameScale = (version: number): IntegerForm => ({
  version,
  quantize: ({ inputs, outputs }, graph) => graph.setActivation(outputs[0], graph.quantizationOf(inputs[0])),
});
/** The output's range was observed. */
const observed = (version: number): IntegerForm => ({
  version,
  quantize: ({ outputs }, graph) =>
    graph.setActivation(outputs[0], activationQuantization(graph.rangeOf(outputs[0]))),
});
/** The output's quantization is fixed by the specification. */
const fixed = (version: number, quantization: TfliteQuantization): IntegerForm => ({
  version,
  quantize: ({ outputs }, graph) => graph.setActivation(outputs[0], quantization),
});
/** @param axis Axis of the weights with a scale an index; undefined for one scale. */
const weighted = (version: number, axis?: number): IntegerForm => ({
  version,
  quantize: (operator, graph) => {
    graph.setWeights(operator, { input: 0, weights: 1, bias: 2, axis });
    graph.setActivation(operator.outputs[0], activationQuantization(graph.rangeOf(operator.outputs[0])));
  },
});

/** The operators that can be quantized. FULLY_CONNECTED has one scale: TFLite 2.9 computes others wrongly. */
const INTEGER_FORMS: Readonly<Record<string, IntegerForm>> = {
  ADD: observed(2),
  AVERAGE_POOL_2D: sameScale(2),
  CONV_2D: weighted(3, 0),
  DEPTHWISE_CONV_2D: weighted(3, 3),
  FULLY_CONNECTED: weighted(4),
  LOGISTIC: fixed(2, PROBABILITY_QUANTIZATION),
  MAX_POOL_2D: sameScale(2),
  MEAN: observed(2),
  RESHAPE: sameScale(1),
  SOFTMAX: fixed(2, PROBABILITY_QUANTIZATION),
  STRIDED_SLICE: sameScale(2),
  TANH: fixed(2, TANH_QUANTIZATION),
  UNIDIRECTIONAL_SEQUENCE_LSTM: { version: 1, quantize: quantizeLstm },
};

/**
 * Quantizes a float32 graph to int8 with int8 inputs and outputs (post-training, full integer).
 *
 * Weights are symmetric, one scale a filter for convolutions and one a tensor for dense and LSTM layers;
 * biases int32, activations asymmetric, LSTM cells int16 with a power of two as scale.
 *
 * Source: TFLite 8-bit quantization specification; Jacob et al. 2018. Deviation: hidden states have zero
 * point 0, see `hiddenQuantization`.
 *
 * @param floatGraph As `convertToTflite` makes it; left as it is.
 * @param ranges By tensor name, as `calibrate` gives them.
 * @throws RangeError An operator without int8 form, or a tensor without range.
 */
export function quantizeToInt8(floatGraph: TfliteModel, ranges: Ranges): TfliteModel {
  const model: TfliteModel = {
    ...floatGraph,
    tensors: floatGraph.tensors.map((tensor) => ({ ...tensor })),
    operators: floatGraph.operators.map((operator) => ({ ...operator, inputs: [...operator.inputs] })),
  };
  const graph = new IntegerGraph(model, ranges);
  for (const input of model.inputs) graph.setActivation(input, activationQuantization(graph.rangeOf(input)));
  for (const operator of model.operators) {
    const form = INTEGER_FORMS[operator.operator];
    if (form === undefined) {
      throw new RangeError(
        `Cannot quantize graph: operators must be ${
          Object.keys(INTEGER_FORMS).join(", ")
        }, got ${operator.operator}`,
      );
    }
    form.quantize(operator, graph);
    operator.version = form.version;
  }
  return model;
}

/** Positions of an operator's inputs. */
interface WeightPlaces {
  input: number;
  weights: number;
  bias: number;
  axis?: number;
}

/** A graph on its way to integers, and the ranges to choose from. */
class IntegerGraph {
  constructor(readonly model: TfliteModel, private readonly ranges: Ranges) {}

  rangeOf(index: number): Range {
    const { name } = this.model.tensors[index];
    // A layer's output as images or rows has the range of the layer's output.
    const range = this.ranges.get(name) ?? this.ranges.get(name.replace(/\/(image|rows)$/, ""));
    if (range === undefined) {
      throw new RangeError(`Cannot quantize tensor "${name}": calibration must give its range, got none`);
    }
    if (!(range.min <= range.max && Number.isFinite(range.max - range.min))) {
      throw new RangeError(
        `Cannot quantize tensor "${name}": its range must be finite, got [${range.min}, ${range.max}]`,
      );
    }
    return range;
  }

  quantizationOf(index: number): TfliteQuantization {
    const { name, quantization } = this.model.tensors[index];
    if (quantization === undefined) {
      throw new RangeError(`Cannot quantize graph: "${name}" must be an activation, got a constant`);
    }
    return quantization;
  }

  setActivation(index: number, quantization: TfliteQuantization, type: "INT8" | "INT16" = "INT8"): void {
    Object.assign(this.model.tensors[index], { type, quantization });
  }

  /** Replaces an operator's weights and, if it has one, bias by integers. */
  setWeights(operator: TfliteOperator, { input, weights, bias, axis }: WeightPlaces): void {
    const [inputScale] = this.quantizationOf(operator.inputs[input]).scale;
    const biasValues = this.constant(operator.inputs[bias]);
    const weightTensor = this.model.tensors[operator.inputs[weights]];
    const quantizedWeights = quantizeWeights(this.constant(operator.inputs[weights])!, {
      shape: weightTensor.shape,
      axis,
      bias: biasValues && { values: biasValues, inputScale },
    });
    this.replaceConstant(operator, weights, "INT8", quantizedWeights);
    if (biasValues === undefined) return;
    const quantizedBias = quantizeBias(biasValues, inputScale, quantizedWeights.quantization.scale);
    this.replaceConstant(operator, bias, "INT32", quantizedBias);
  }

  /** Adds a tensor. @returns Its index. */
  add(tensor: TfliteTensor): number {
    return this.model.tensors.push(tensor) - 1;
  }

  private constant(index: number | undefined): Float32Array | undefined {
    if (index === undefined || index === -1) return undefined;
    const { name, type, data } = this.model.tensors[index];
    if (type !== "FLOAT32" || data === undefined) {
      throw new RangeError(
        `Cannot quantize tensor "${name}": weights must be FLOAT32 constants, got ${type}`,
      );
    }
    return float32Elements(data);
  }

  private replaceConstant(
    operator: TfliteOperator,
    position: number,
    type: "INT8" | "INT32",
    { values, quantization }: { values: Int8Array | Int32Array; quantization: TfliteQuantization },
  ): void {
    const index = operator.inputs[position];
    const tensor = { ...this.model.tensors[index], type, quantization, data: bytesOf(values) };
    const isShared = this.model.operators.some((other) => other !== operator && other.inputs.includes(index));
    if (isShared) operator.inputs[position] = this.add(tensor);
    else this.model.tensors[index] = tensor;
  }
}

const LSTM_INPUT_WEIGHTS = [1, 2, 3, 4],
  LSTM_RECURRENT_WEIGHTS = [5, 6, 7, 8],
  LSTM_BIASES = [12, 13, 14, 15];
const LSTM_HIDDEN_STATE = 18, LSTM_CELL_STATE = 19;
/** Peephole, projection and layer normalization weights, which the integer form here does not have. */
const LSTM_OPTIONAL_WEIGHTS = [9, 10, 11, 16, 17, 20, 21, 22, 23];
const LSTM_GATE_INTERMEDIATES = ["input_to_input", "input_to_forget", "input_to_cell", "input_to_output"];

/**
 * Source: TFLite quantization spec, LSTM; PopulateQuantizedLstmParams8x8_16 in
 * tensorflow/lite/kernels/unidirectional_sequence_lstm.cc of TensorFlow 2.9: biases have the scale input x
 * input weights, the hidden state is quantized like the output, and of the 5 intermediates only the last, the
 * hidden value before projection, has a quantization.
 */
function quantizeLstm(operator: TfliteOperator, graph: IntegerGraph): void {
  const { inputs, outputs: [output] } = operator;
  const absent = (position: number) => inputs[position] === undefined || inputs[position] === -1;
  if (!LSTM_OPTIONAL_WEIGHTS.every(absent)) {
    throw new RangeError(
      `Cannot quantize LSTM "${
        graph.model.tensors[output].name
      }": it must have no peephole, projection and layer ` +
        "normalization weights, got some",
    );
  }
  const hidden = hiddenQuantization(graph.rangeOf(output));
  const cell = cellQuantization(graph.rangeOf(inputs[LSTM_CELL_STATE]));
  graph.setActivation(output, hidden);
  graph.setActivation(inputs[LSTM_HIDDEN_STATE], hidden);
  graph.setActivation(inputs[LSTM_CELL_STATE], cell, "INT16");
  for (const [gate, weights] of LSTM_INPUT_WEIGHTS.entries()) {
    graph.setWeights(operator, { input: 0, weights, bias: LSTM_BIASES[gate] });
  }
  for (const weights of LSTM_RECURRENT_WEIGHTS) {
    graph.setWeights(operator, { input: LSTM_HIDDEN_STATE, weights, bias: -1 });
  }
  const { name } = graph.model.tensors[output];
  const gateIntermediates = LSTM_GATE_INTERMEDIATES.map((gate) =>
    graph.add({ name: `${name}/${gate}_intermediate`, type: "FLOAT32", shape: [0] })
  );
  const effectiveHidden = graph.add({
    name: `${name}/effective_hidden_scale_intermediate`,
    type: "INT8",
    shape: [0],
    quantization: perTensor(hidden.scale[0], hidden.zeroPoint[0]),
  });
  operator.intermediates = [...gateIntermediates, effectiveHidden];
}
