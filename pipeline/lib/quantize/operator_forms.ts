import type { TfliteModel, TfliteOperator, TfliteQuantization } from "../formats/tflite/graph.ts";
import { PROBABILITY_QUANTIZATION, TANH_QUANTIZATION } from "./integer_params.ts";

/**
 * How the outputs of an operator get their int8 quantization: from the range that calibration saw; the one that its
 * inputs have, because it only moves values; a symmetric one, as the hidden states of an LSTM; or one that its kernel
 * demands.
 */
export type OutputScale = "observed" | "shared" | "hidden" | Readonly<TfliteQuantization>;

/** What becomes of an operator in each mode; float16 needs nothing of it, its weights pass through DEQUANTIZE. */
export interface OperatorForm {
  /** Least version whose kernel takes int8. */
  int8Version: number;
  outputs: OutputScale;
  /** Positions of the inputs that are activations or constants like them; the others steer it or are weights. */
  values: readonly number[] | "all";
  /** It has weights (input 1) and perhaps a bias (input 2). */
  weights?: {
    /** Axis of the weights with a scale an index; undefined for one scale. */
    axis?: number;
  };
  /** Least version whose kernel takes int8 weights with float activations; undefined where there are no weights. */
  dynamicVersion?: number;
}

/** Computes a value from the values of its inputs. */
const computed = (int8Version: number, values: OperatorForm["values"] = "all"): OperatorForm => ({
  int8Version,
  outputs: "observed",
  values,
});
/** Moves values, averages them or takes the greatest: what comes out has the scale of what went in. */
const moved = (int8Version: number, values: OperatorForm["values"] = [0]): OperatorForm => ({
  int8Version,
  outputs: "shared",
  values,
});
const fixed = (int8Version: number, outputs: Readonly<TfliteQuantization>): OperatorForm => ({
  int8Version,
  outputs,
  values: "all",
});

/**
 * The operators that can be quantized.
 *
 * FULLY_CONNECTED has one scale for all weights: TFLite 2.9 computes others wrongly.
 *
 * Source: tensorflow/lite/tools/versioning/op_version.cc and tensorflow/lite/tools/optimize/operator_property.cc of
 * TensorFlow. Deviation: LSTM is version 1, as in the files of TensorFlow's newer converter.
 */
export const OPERATOR_FORMS: Readonly<Record<string, OperatorForm>> = {
  ADD: computed(2),
  AVERAGE_POOL_2D: moved(2),
  CONCATENATION: moved(2, "all"),
  CONV_2D: {
    int8Version: 3,
    outputs: "observed",
    values: [0],
    weights: { axis: 0 },
    dynamicVersion: 5,
  },
  DEPTHWISE_CONV_2D: {
    int8Version: 3,
    outputs: "observed",
    values: [0],
    weights: { axis: 3 },
    dynamicVersion: 6,
  },
  EXPAND_DIMS: moved(1),
  FULLY_CONNECTED: { int8Version: 4, outputs: "observed", values: [0], weights: {}, dynamicVersion: 3 },
  LEAKY_RELU: computed(2),
  LOGISTIC: fixed(2, PROBABILITY_QUANTIZATION),
  MAX_POOL_2D: moved(2),
  MEAN: computed(2, [0]),
  MUL: computed(2),
  PACK: moved(2, "all"),
  PAD: moved(2),
  RELU: computed(2),
  RELU6: computed(2),
  RESHAPE: moved(1),
  REVERSE_V2: moved(3),
  SOFTMAX: fixed(2, PROBABILITY_QUANTIZATION),
  SPLIT: moved(2, [1]),
  SQUEEZE: moved(1),
  STRIDED_SLICE: moved(2),
  SUB: computed(2),
  TANH: fixed(2, TANH_QUANTIZATION),
  TRANSPOSE: moved(2),
  UNIDIRECTIONAL_SEQUENCE_LSTM: { int8Version: 1, outputs: "hidden", values: [0], dynamicVersion: 2 },
};

/** @throws RangeError An operator that has no quantized form, by name and place. */
export function formOf({ operator, customCode }: TfliteOperator, index: number): OperatorForm {
  const form = OPERATOR_FORMS[operator];
  if (form !== undefined) return form;
  throw new RangeError(
    `Cannot quantize operator ${index}: it must be one of ${Object.keys(OPERATOR_FORMS).join(", ")}, ` +
      `got ${customCode ?? operator}`,
  );
}

/** @returns Tensor indices of the inputs that are values, with their positions; absent ones left out. */
export function valueInputs(
  operator: TfliteOperator,
  { values }: OperatorForm,
): { position: number; tensor: number }[] {
  return operator.inputs.map((tensor, position) => ({ position, tensor })).filter(({ position, tensor }) =>
    tensor !== -1 && (values === "all" || values.includes(position))
  );
}

/** @returns Whether a tensor is a constant. */
export const isConstant = ({ tensors }: TfliteModel, index: number): boolean =>
  tensors[index].data !== undefined;
