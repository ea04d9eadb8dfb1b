import { elementCount, int32Elements, type TfliteModel } from "../formats/tflite/graph.ts";
import { ACTIVATION, PADDING } from "../formats/tflite/schema.ts";
import type { Evaluation, IntegerTensor } from "./integer_evaluation.ts";
import { roundHalfAway } from "./integer_params.ts";
import { lstmReference } from "./integer_reference_lstm.ts";

/**
 * Computes an int8 graph as `quantizeToInt8` makes it, slowly and plainly: integer accumulators, then one
 * rescaling in float64. The native kernels, which rescale with int32 multipliers and tables, agree to 1 step
 * an operator.
 *
 * Source: TFLite 8-bit quantization specification; Jacob et al. 2018, equation 7.
 *
 * @param input Values of the graph's only input.
 * @returns Values of its first output.
 * @throws RangeError An operator that the converter does not write.
 */
export function evaluateInteger(model: TfliteModel, input: Int8Array): Int8Array {
  const values = new Map<number, Int8Array>([[model.inputs[0], input]]);
  const tensor = (index: number): IntegerTensor => {
    const { shape, quantization } = model.tensors[index];
    return {
      shape,
      values: values.get(index) ?? new Int8Array(elementCount(shape)),
      scale: quantization!.scale[0],
      zeroPoint: quantization!.zeroPoint[0],
    };
  };
  for (const operator of model.operators) {
    const evaluate = REFERENCES[operator.operator];
    if (evaluate === undefined) {
      throw new RangeError(
        `Cannot evaluate graph: operators must have a reference, got ${operator.operator}`,
      );
    }
    const output = tensor(operator.outputs[0]);
    evaluate({ operator, input: tensor(operator.inputs[0]), output, constants: model.tensors });
    values.set(operator.outputs[0], output.values);
  }
  return values.get(model.outputs[0])!;
}

const REFERENCES: Readonly<Record<string, (evaluation: Evaluation) => void>> = {
  CONV_2D: convolutionReference,
  FULLY_CONNECTED: fullyConnectedReference,
  LOGISTIC: (evaluation) => elementwiseReference(evaluation, (x) => 1 / (1 + Math.exp(-x))),
  MEAN: meanReference,
  RESHAPE: ({ input, output }) => output.values.set(input.values),
  SOFTMAX: softmaxReference,
  STRIDED_SLICE: ({ input, output }) => output.values.set(input.values.subarray(-output.values.length)),
  TANH: (evaluation) => elementwiseReference(evaluation, Math.tanh),
  UNIDIRECTIONAL_SEQUENCE_LSTM: lstmReference,
};

/** @returns A real value as an integer of the tensor. */
function quantized(value: number, { scale, zeroPoint }: IntegerTensor): number {
  return Math.min(Math.max(roundHalfAway(value / scale) + zeroPoint, -128), 127);
}

/** @returns An accumulator as an integer of the output, after the fused activation. */
function requantized(
  accumulator: number,
  { output, scale, activation }: { output: IntegerTensor; scale: number; activation: unknown },
): number {
  const low = activation === ACTIVATION.RELU ? output.zeroPoint : -128;
  return Math.max(quantized(accumulator * scale, output), low);
}

function convolutionReference({ operator, input, output, constants }: Evaluation): void {
  const { padding, strideW, fusedActivationFunction } = operator.options!;
  const weights = constants[operator.inputs[1]];
  const kernel = new Int8Array(weights.data!), bias = int32Elements(constants[operator.inputs[2]].data!);
  const [filters, , kernelSize, channels] = weights.shape;
  const steps = input.shape[2], outSteps = output.shape[2], stride = Number(strideW);
  const total = Math.max((outSteps - 1) * stride + kernelSize - steps, 0);
  const before = padding === PADDING.SAME ? Math.floor(total / 2) : 0;
  for (let t = 0; t < outSteps; t++) {
    for (let filter = 0; filter < filters; filter++) {
      let sum = bias[filter];
      for (let k = 0; k < kernelSize; k++) {
        const at = t * stride + k - before;
        if (at < 0 || at >= steps) continue;
        for (let c = 0; c < channels; c++) {
          sum += (input.values[at * channels + c] - input.zeroPoint) *
            kernel[(filter * kernelSize + k) * channels + c];
        }
      }
      const scale = input.scale * weights.quantization!.scale[filter];
      output.values[t * filters + filter] = requantized(sum, {
        output,
        scale,
        activation: fusedActivationFunction,
      });
    }
  }
}

function fullyConnectedReference({ operator, input, output, constants }: Evaluation): void {
  const weights = constants[operator.inputs[1]];
  const kernel = new Int8Array(weights.data!), bias = int32Elements(constants[operator.inputs[2]].data!);
  const [units, features] = weights.shape;
  for (let unit = 0; unit < units; unit++) {
    let sum = bias[unit];
    for (let i = 0; i < features; i++) {
      sum += (input.values[i] - input.zeroPoint) * kernel[unit * features + i];
    }
    output.values[unit] = requantized(sum, {
      output,
      scale: input.scale * weights.quantization!.scale[0],
      activation: operator.options!.fusedActivationFunction,
    });
  }
}

/** Over all axes between batch and channels. */
function meanReference({ input, output }: Evaluation): void {
  const channels = output.values.length, steps = input.values.length / channels;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let t = 0; t < steps; t++) sum += input.values[t * channels + c] - input.zeroPoint;
    output.values[c] = quantized(sum / steps * input.scale, output);
  }
}

function softmaxReference({ input, output }: Evaluation): void {
  const size = input.shape[input.shape.length - 1];
  for (let row = 0; row < input.values.length; row += size) {
    const exponentials = Array.from(
      input.values.subarray(row, row + size),
      (value) => Math.exp(value * input.scale),
    );
    const sum = exponentials.reduce((a, b) => a + b, 0);
    exponentials.forEach((value, i) => output.values[row + i] = quantized(value / sum, output));
  }
}

function elementwiseReference({ input, output }: Evaluation, apply: (x: number) => number): void {
  input.values.forEach((value, i) => {
    output.values[i] = quantized(apply((value - input.zeroPoint) * input.scale), output);
  });
}
