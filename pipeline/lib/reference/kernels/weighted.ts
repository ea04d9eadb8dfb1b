import { roundToInt8 } from "../dynamic_range.ts";
import { quantizeMultiplier, type Rescale } from "../fixed_point.ts";
import {
  affineOf,
  floatValues,
  inputAt,
  int32Values,
  int8Values,
  type KernelContext,
  type Operand,
  option,
  stridesOf,
} from "../kernel.ts";
import { activationRange, integerActivationRange } from "./activation.ts";

/**
 * Finishes one row of output channels: adds biases, rescales, clamps and stores.
 *
 * @param sums Products summed up, one an output channel. @param at Where in the output the row begins.
 */
export type StoreRow = (sums: Float64Array, at: number) => void;

/**
 * What convolutions and dense layers share: where the numbers to multiply come from and where sums go.
 *
 * The loops between see float32 inputs and float64 weights for every type: integer products and their sums
 * are exact in them.
 */
export interface WeightedPlan {
  input: Operand;
  output: Operand;
  weights: Operand;
  /** Values to multiply, valid after `loadInput`. */
  inputValues: Float32Array;
  loadInput(): void;
  /** Row-major as in the operand. */
  weightValues: ArrayLike<number>;
  storeRow: StoreRow;
}

/** How one of the operators differs from the others. */
export interface WeightedOptions {
  /** How sums of integers become outputs. */
  rescale: Rescale;
  /** Axis of the weights with the output channels. */
  channelAxis: 0 | 3;
  /** Parts of the input that are rounded by themselves where only the weights are integers. */
  groups: number;
}

/** Plans the ends of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED. */
export function planWeighted(context: KernelContext, options: WeightedOptions): WeightedPlan {
  const input = inputAt(context, 0), weights = inputAt(context, 1), [output] = context.outputs;
  if (!weights.isConstant) throw new RangeError("its weights must be constants, got computed ones");
  const operands = { input, output, weights };
  if (input.type === "INT8") return { ...operands, ...planInt8(context, operands, options.rescale) };
  const ends = weights.type === "INT8" ? roundedInput(context, operands, options) : floatInput(operands);
  return { ...operands, ...ends, storeRow: floatStore(context, output) };
}

type Ends = Pick<WeightedPlan, "inputValues" | "loadInput" | "weightValues" | "storeRow">;
type Operands = Pick<WeightedPlan, "input" | "output" | "weights">;

function floatInput({ input, weights }: Operands): Omit<Ends, "storeRow"> {
  return { inputValues: floatValues(input), loadInput: () => {}, weightValues: floatValues(weights) };
}

/**
 * Int8 weights in a float graph ("hybrid" or dynamic range kernels): the input is rounded to int8 at each run, by
 * a zero point too where the weights have a scale a channel.
 *
 * Source: EvalHybrid and EvalHybridPerChannel in conv.cc, depthwise_conv.cc and fully_connected.cc of TensorFlow
 * 2.9.
 */
function roundedInput(
  context: KernelContext,
  { input, weights }: Operands,
  { channelAxis, groups }: WeightedOptions,
): Omit<Ends, "storeRow"> {
  const values = floatValues(input), inputValues = new Float32Array(values.length);
  const integers = int8Values(weights), scales = weights.quantization?.scale ?? [];
  const spread = stridesOf(weights.shape)[channelAxis], channels = weights.shape[channelAxis];
  const isAsymmetric = scales.length > 1 || channelAxis === 3 ||
    option(context, "asymmetricQuantizeInputs") !== 0;
  const size = values.length / groups;
  return {
    inputValues,
    loadInput: () => {
      for (let from = 0; from < values.length; from += size) {
        roundToInt8(values, inputValues, { from, to: from + size, isAsymmetric });
      }
    },
    weightValues: Float64Array.from(
      integers,
      (value, i) => value * scales[scales.length === 1 ? 0 : Math.floor(i / spread) % channels],
    ),
  };
}

function floatStore(context: KernelContext, output: Operand): StoreRow {
  const { low, high } = activationRange(context), out = floatValues(output);
  const channels = output.shape[output.shape.length - 1];
  const bias = context.inputs[2] ? floatValues(context.inputs[2]) : new Float32Array(channels);
  return (sums, at) => {
    for (let c = 0; c < channels; c++) {
      const value = sums[c] + bias[c];
      out[at + c] = value < low ? low : value > high ? high : value;
    }
  };
}

/**
 * Source: reference/integer_ops/conv.h and fully_connected.h, PopulateConvolutionQuantizationParams and
 * GetQuantizedConvolutionMultipler in kernel_util.cc of TensorFlow 2.9.
 */
function planInt8(context: KernelContext, { input, output, weights }: Operands, rescale: Rescale): Ends {
  const integers = int8Values(input), out = int8Values(output), { zeroPoint } = affineOf(input);
  const { low, high } = integerActivationRange(context, output),
    { zeroPoint: outZeroPoint } = affineOf(output);
  const channels = output.shape[output.shape.length - 1], scales = weights.quantization?.scale ?? [];
  const bias = context.inputs[2] ? int32Values(context.inputs[2]) : new Int32Array(channels);
  const factors = Array.from({ length: channels }, (_, c) => {
    const weightScale = scales[scales.length === 1 ? 0 : c];
    return quantizeMultiplier(affineOf(input).scale * weightScale / affineOf(output).scale);
  });
  // Padding stands for 0, so that taps outside may be left out once the zero point is gone.
  const inputValues = new Float32Array(integers.length);
  return {
    inputValues,
    loadInput: () => {
      for (let i = 0; i < integers.length; i++) inputValues[i] = integers[i] - zeroPoint;
    },
    weightValues: int8Values(weights),
    storeRow: (sums, at) => {
      for (let c = 0; c < channels; c++) {
        const value = rescale((sums[c] + bias[c]) | 0, factors[c]) + outZeroPoint;
        out[at + c] = value < low ? low : value > high ? high : value;
      }
    },
  };
}
