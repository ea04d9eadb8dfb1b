import { elementCount } from "./graph.ts";
import type { OperatorContext } from "./operator_context.ts";
import * as shapes from "./operator_shapes.ts";
import {
  inOneScale,
  lstmTypes,
  quantizedArithmetic,
  sameType,
  type TypeCheck,
  typePairs,
  weightedTypes,
} from "./operator_types.ts";
import type { TensorTypeName } from "./schema.ts";

/** What an operator must look like before the native kernels, which check little of it, may run it. */
export interface OperatorRule {
  /** Least and greatest number of inputs. */
  inputs: readonly [number, number];
  /** Least and greatest number of outputs. */
  outputs: readonly [number, number];
  /** Options that must be there; the kernels read them without asking. */
  options?: string;
  /** Positions of inputs that may be absent (-1). */
  optional?: readonly number[];
  /** Positions of inputs that must be INT32 constants: they steer how memory is walked. */
  constants?: readonly number[];
  /** Positions of constants that must be a list of axes of input 0 (`axesOf` says of another one). */
  axes?: readonly number[];
  axesOf?: number;
  types: TypeCheck;
  shape: shapes.ShapeRule;
  /** @returns What is wrong beyond that, or undefined. */
  check?(context: OperatorContext): string | undefined;
}

const ONE = [1, 1] as const, TWO = [2, 2] as const, MANY = [1, 1024] as const;
const MOVED_TYPES: readonly TensorTypeName[] = ["FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64"];
const FLOAT: readonly TensorTypeName[] = ["FLOAT32"],
  FLOAT_OR_INT8: readonly TensorTypeName[] = ["FLOAT32", "INT8"];

/** Values of any of these types that are moved as they are. */
const moved = (types: readonly TensorTypeName[], steering?: readonly number[]): TypeCheck =>
  inOneScale(sameType(types, steering), steering);
const unary = (types: readonly TensorTypeName[]): OperatorRule => ({
  inputs: ONE,
  outputs: ONE,
  types: quantizedArithmetic(types),
  shape: shapes.sameShape,
});
const binary = (types: readonly TensorTypeName[], options?: string): OperatorRule => ({
  inputs: TWO,
  outputs: ONE,
  options,
  types: quantizedArithmetic(types),
  shape: shapes.broadcastShape,
});
const REDUCTION: OperatorRule = {
  inputs: TWO,
  outputs: ONE,
  options: "ReducerOptions",
  constants: [1],
  axes: [1],
  types: quantizedArithmetic(FLOAT_OR_INT8, [1]),
  shape: shapes.reducedShape,
};
const POOLING: OperatorRule = {
  inputs: ONE,
  outputs: ONE,
  options: "Pool2DOptions",
  types: inOneScale(quantizedArithmetic(FLOAT_OR_INT8)),
  shape: shapes.pooledShape,
};
const CONVOLUTION = { inputs: [2, 3], outputs: ONE, optional: [2], types: weightedTypes } as const;

/**
 * The operators that may reach the native library, by name. Others are refused, although it has kernels for
 * them, because those would run on unchecked sizes; to allow one, add its rule.
 *
 * Source: the Prepare functions in tensorflow/lite/kernels of TensorFlow 2.9, and what they leave to debug
 * builds.
 */
export const OPERATOR_RULES: Readonly<Record<string, OperatorRule>> = {
  ABS: unary(FLOAT),
  COS: unary(FLOAT),
  EXP: unary(FLOAT),
  LEAKY_RELU: { ...unary(FLOAT_OR_INT8), options: "LeakyReluOptions" },
  LOG: unary(FLOAT),
  LOGISTIC: unary(FLOAT_OR_INT8),
  NEG: unary(FLOAT),
  RELU: unary(FLOAT_OR_INT8),
  RELU6: unary(FLOAT_OR_INT8),
  RSQRT: unary(FLOAT),
  SIN: unary(FLOAT),
  SOFTMAX: { ...unary(FLOAT_OR_INT8), options: "SoftmaxOptions", check: softmaxProblem },
  SQRT: unary(FLOAT),
  SQUARE: unary(FLOAT),
  TANH: unary(FLOAT_OR_INT8),
  CAST: {
    ...unary(FLOAT),
    types: ({ inputs: [input] }) =>
      ["FLOAT32", "INT32", "INT64"].includes(input!.type) ? undefined : `it must not read ${input!.type}`,
  },
  DEQUANTIZE: {
    ...unary(FLOAT),
    types: typePairs(["INT8", "FLOAT32"], ["INT16", "FLOAT32"], ["UINT8", "FLOAT32"], ["FLOAT16", "FLOAT32"]),
  },
  QUANTIZE: {
    ...unary(FLOAT),
    types: typePairs(["FLOAT32", "INT8"], ["FLOAT32", "INT16"], ["INT8", "INT8"]),
  },
  ADD: { ...binary(FLOAT_OR_INT8, "AddOptions"), check: sumProblem },
  DIV: binary(FLOAT, "DivOptions"),
  MAXIMUM: binary(FLOAT),
  MINIMUM: binary(FLOAT),
  MUL: binary(FLOAT_OR_INT8, "MulOptions"),
  SQUARED_DIFFERENCE: binary(FLOAT),
  SUB: { ...binary(FLOAT_OR_INT8, "SubOptions"), check: sumProblem },
  MEAN: REDUCTION,
  REDUCE_MAX: { ...REDUCTION, types: inOneScale(REDUCTION.types, [1]) },
  SUM: REDUCTION,
  AVERAGE_POOL_2D: POOLING,
  MAX_POOL_2D: POOLING,
  CONV_2D: { ...CONVOLUTION, options: "Conv2DOptions", shape: shapes.convolvedShape(0) },
  DEPTHWISE_CONV_2D: { ...CONVOLUTION, options: "DepthwiseConv2DOptions", shape: shapes.convolvedShape(3) },
  FULLY_CONNECTED: { ...CONVOLUTION, options: "FullyConnectedOptions", shape: shapes.denseShape },
  UNIDIRECTIONAL_SEQUENCE_LSTM: {
    inputs: [24, 24],
    outputs: ONE,
    options: "UnidirectionalSequenceLSTMOptions",
    optional: shapes.LSTM_ABSENT,
    types: lstmTypes,
    shape: shapes.lstmShape,
  },
  CONCATENATION: {
    inputs: MANY,
    outputs: ONE,
    options: "ConcatenationOptions",
    types: inOneScale(quantizedArithmetic(FLOAT_OR_INT8)),
    shape: shapes.concatenatedShape,
  },
  EXPAND_DIMS: {
    inputs: TWO,
    outputs: ONE,
    constants: [1],
    types: moved(MOVED_TYPES, [1]),
    shape: shapes.expandedShape,
  },
  PAD: {
    inputs: TWO,
    outputs: ONE,
    constants: [1],
    types: inOneScale(quantizedArithmetic(FLOAT_OR_INT8, [1]), [1]),
    shape: shapes.paddedShape,
  },
  RESHAPE: {
    inputs: [1, 2],
    outputs: ONE,
    constants: [1],
    types: moved(MOVED_TYPES, [1]),
    shape: shapes.reshapedShape,
  },
  REVERSE_V2: {
    inputs: TWO,
    outputs: ONE,
    constants: [1],
    axes: [1],
    types: moved(FLOAT_OR_INT8, [1]),
    shape: shapes.sameShape,
    check: reversalProblem,
  },
  SPLIT: {
    inputs: TWO,
    outputs: MANY,
    options: "SplitOptions",
    constants: [0],
    axes: [0],
    axesOf: 1,
    types: moved(FLOAT_OR_INT8, [0]),
    shape: shapes.splitShape,
  },
  SQUEEZE: {
    inputs: ONE,
    outputs: ONE,
    options: "SqueezeOptions",
    types: moved(MOVED_TYPES),
    shape: shapes.squeezedShape,
  },
  STRIDED_SLICE: {
    inputs: [4, 4],
    outputs: ONE,
    options: "StridedSliceOptions",
    constants: [1, 2, 3],
    types: moved(MOVED_TYPES, [1, 2, 3]),
    shape: shapes.slicedShape,
  },
  TRANSPOSE: {
    inputs: TWO,
    outputs: ONE,
    constants: [1],
    axes: [1],
    types: moved(MOVED_TYPES, [1]),
    shape: shapes.transposedShape,
  },
};

/** The kernel aborts the process where beta times the scale is not above 2^-26. */
function softmaxProblem({ inputs, operator }: OperatorContext): string | undefined {
  const beta = Number(operator.options!.beta), [scale = 1] = inputs[0]!.quantization?.scale ?? [];
  return beta > 0 && beta * scale > 2 ** -25 && beta * scale < 2 ** 25
    ? undefined
    : `its beta times the input's scale must be in (2^-25, 2^25), got ${beta} x ${scale}`;
}

/** The kernel of TFLite 2.9 turns the first axis round and leaves the others. */
function reversalProblem({ inputs: [, axes] }: OperatorContext): string | undefined {
  const count = elementCount(axes!.shape);
  return count === 1
    ? undefined
    : `it must name 1 axis, because TFLite 2.9 looks at the first only, got ${count}`;
}

/** The kernel aborts the process where the output's scale is a millionth of the inputs'. */
function sumProblem({ inputs, outputs: [output] }: OperatorContext): string | undefined {
  if (output.type !== "INT8") return undefined;
  const scales = inputs.map((tensor) => tensor!.quantization!.scale[0]);
  return 2 * Math.max(...scales) < 2 ** 20 * output.quantization!.scale[0]
    ? undefined
    : `its output's scale must not be tiny against its inputs', got ${output.quantization!.scale[0]}`;
}
