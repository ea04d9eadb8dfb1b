import type { TfliteModel, TfliteOperator } from "../formats/tflite/graph.ts";
import { createConstantForms, floatConstant } from "./constants.ts";
import { quantizeActivations } from "./integer_params.ts";
import { quantizeLstm } from "./int8_lstm.ts";
import { type Int8Graph, quantizeWeighted } from "./int8_weights.ts";
import { formOf, isConstant, valueInputs } from "./operator_forms.ts";
import type { Ranges } from "./ranges.ts";
import { chooseQuantizations, type ForeignInput } from "./shared_scales.ts";

/**
 * Quantizes a float32 graph to int8 with int8 inputs and outputs (post-training, full integer).
 *
 * Weights are symmetric, one scale a filter for convolutions and one a tensor for dense and LSTM layers;
 * biases int32, activations asymmetric, LSTM cells int16 with a power of two as scale.
 *
 * Source: TFLite 8-bit quantization specification; Jacob et al. 2018. Deviation: hidden states have zero
 * point 0, see `hiddenQuantization`.
 *
 * @param floatGraph Left as it is.
 * @param ranges By tensor name, as `calibrate` gives them.
 * @throws RangeError An operator without int8 form, or a tensor without range.
 */
export function quantizeToInt8(floatGraph: TfliteModel, ranges: Ranges): TfliteModel {
  const model: TfliteModel = {
    ...floatGraph,
    tensors: floatGraph.tensors.map((tensor) => ({ ...tensor })),
    operators: floatGraph.operators.map((operator) => ({ ...operator, inputs: [...operator.inputs] })),
  };
  const { quantizations, foreign } = chooseQuantizations(floatGraph, ranges);
  quantizations.forEach((quantization, index) => {
    if (quantization === undefined || isConstant(model, index)) return;
    Object.assign(model.tensors[index], { type: "INT8", quantization });
  });
  const graph: Int8Graph = {
    original: floatGraph,
    model,
    constants: createConstantForms(model),
    ranges,
    quantizationOf(tensor) {
      const quantization = quantizations[tensor];
      if (quantization === undefined) {
        throw new RangeError(
          `Cannot quantize graph: "${
            floatGraph.tensors[tensor].name
          }" must be an activation, got another tensor`,
        );
      }
      return quantization;
    },
  };
  model.operators.forEach((operator, index) => quantizeOperator(operator, index, graph));
  requantize(model, foreign);
  return model;
}

function quantizeOperator(operator: TfliteOperator, index: number, graph: Int8Graph): void {
  const form = formOf(operator, index);
  for (const { position, tensor } of valueInputs(operator, form)) {
    if (isConstant(graph.original, tensor)) quantizeOperand(operator, position, graph);
  }
  if (form.weights !== undefined) {
    quantizeWeighted(operator, { input: 0, weights: 1, bias: 2, axis: form.weights.axis }, graph);
  }
  if (form.outputs === "hidden") quantizeLstm(operator, graph);
  operator.version = Math.max(operator.version, form.int8Version);
}

/** A constant that is an operand like an activation. */
function quantizeOperand(operator: TfliteOperator, position: number, graph: Int8Graph): void {
  const quantization = graph.quantizationOf(operator.inputs[position]);
  const values = quantizeActivations(floatConstant(graph.original, operator, position)!, quantization);
  graph.constants.replace(operator, position, { type: "INT8", quantization, values });
}

/** Sets a QUANTIZE before each input whose scale differs from that of the values that it is joined with. */
function requantize(model: TfliteModel, foreign: readonly ForeignInput[]): void {
  const added = new Map<TfliteOperator, TfliteOperator[]>();
  for (const { operator: index, position } of foreign) {
    const operator = model.operators[index], source = operator.inputs[position];
    const name = `${model.tensors[operator.outputs[0]].name}/input_${position}`;
    const { quantization } = model.tensors[operator.outputs[0]];
    const target = model.tensors.push({ ...model.tensors[source], name, quantization }) - 1;
    const conversion = { operator: "QUANTIZE", version: 1, inputs: [source], outputs: [target] };
    added.set(operator, [...added.get(operator) ?? [], conversion]);
    operator.inputs[position] = target;
  }
  model.operators = model.operators.flatMap((operator) => [...added.get(operator) ?? [], operator]);
}
