import {
  elementCount,
  int32Elements,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "./graph.ts";

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
  /** Positions of constants whose values must name axes of input 0 (`axesOf` says of another one). */
  axes?: readonly number[];
  axesOf?: number;
  /** Option fields that must be positive. */
  positive?: readonly string[];
  /** @returns What is wrong beyond that, or undefined. */
  check?(context: OperatorContext): string | undefined;
}

/** An operator with its tensors. */
export interface OperatorContext {
  operator: TfliteOperator;
  /** By position; undefined for an absent one. */
  inputs: (TfliteTensor | undefined)[];
  outputs: TfliteTensor[];
  model: TfliteModel;
}

const ONE = [1, 1] as const, TWO = [2, 2] as const, MANY = [1, 1024] as const;
const UNARY: OperatorRule = { inputs: ONE, outputs: ONE };
const BINARY: OperatorRule = { inputs: TWO, outputs: ONE };
const REDUCTION: OperatorRule = {
  inputs: TWO,
  outputs: ONE,
  options: "ReducerOptions",
  constants: [1],
  axes: [1],
};
const POOLING: OperatorRule = {
  inputs: ONE,
  outputs: ONE,
  options: "Pool2DOptions",
  positive: ["strideW", "strideH", "filterWidth", "filterHeight"],
  check: ({ inputs }) => rankProblem(inputs[0], 4, "input"),
};

/**
 * The operators that may reach the native library, by name. Others are refused, although it has kernels for them,
 * because those would run on unchecked bytes.
 *
 * Source: the Prepare functions in tensorflow/lite/kernels of TensorFlow 2.9, and what they leave to debug builds.
 */
export const OPERATOR_RULES: Readonly<Record<string, OperatorRule>> = {
  ABS: UNARY,
  CAST: UNARY,
  CEIL: UNARY,
  COS: UNARY,
  DEQUANTIZE: UNARY,
  ELU: UNARY,
  EXP: UNARY,
  FLOOR: UNARY,
  HARD_SWISH: UNARY,
  LOG: UNARY,
  LOGISTIC: UNARY,
  LOG_SOFTMAX: UNARY,
  NEG: UNARY,
  QUANTIZE: UNARY,
  RELU: UNARY,
  RELU6: UNARY,
  RELU_N1_TO_1: UNARY,
  ROUND: UNARY,
  RSQRT: UNARY,
  SIN: UNARY,
  SQRT: UNARY,
  SQUARE: UNARY,
  TANH: UNARY,
  GELU: { ...UNARY, options: "GeluOptions" },
  LEAKY_RELU: { ...UNARY, options: "LeakyReluOptions" },
  SOFTMAX: { ...UNARY, options: "SoftmaxOptions" },
  ADD: { ...BINARY, options: "AddOptions" },
  DIV: { ...BINARY, options: "DivOptions" },
  MUL: { ...BINARY, options: "MulOptions" },
  SUB: { ...BINARY, options: "SubOptions" },
  MAXIMUM: BINARY,
  MINIMUM: BINARY,
  SQUARED_DIFFERENCE: BINARY,
  MEAN: REDUCTION,
  REDUCE_MAX: REDUCTION,
  REDUCE_MIN: REDUCTION,
  SUM: REDUCTION,
  AVERAGE_POOL_2D: POOLING,
  MAX_POOL_2D: POOLING,
  CONV_2D: {
    inputs: [2, 3],
    outputs: ONE,
    options: "Conv2DOptions",
    optional: [2],
    positive: ["strideW", "strideH", "dilationWFactor", "dilationHFactor"],
    check: (context) => convolutionProblem(context, 0),
  },
  DEPTHWISE_CONV_2D: {
    inputs: [2, 3],
    outputs: ONE,
    options: "DepthwiseConv2DOptions",
    optional: [2],
    positive: ["strideW", "strideH", "dilationWFactor", "dilationHFactor", "depthMultiplier"],
    check: (context) => convolutionProblem(context, 3),
  },
  FULLY_CONNECTED: {
    inputs: [2, 3],
    outputs: ONE,
    options: "FullyConnectedOptions",
    optional: [2],
    check: fullyConnectedProblem,
  },
  UNIDIRECTIONAL_SEQUENCE_LSTM: {
    inputs: [20, 24],
    outputs: ONE,
    options: "UnidirectionalSequenceLSTMOptions",
    optional: [1, 5, 9, 10, 11, 12, 16, 17, 20, 21, 22, 23],
    check: lstmProblem,
  },
  CONCATENATION: { inputs: MANY, outputs: ONE, options: "ConcatenationOptions" },
  EXPAND_DIMS: { inputs: TWO, outputs: ONE, constants: [1] },
  GATHER: { inputs: TWO, outputs: ONE, options: "GatherOptions", constants: [1], check: gatherProblem },
  PACK: { inputs: MANY, outputs: ONE, options: "PackOptions" },
  PAD: { inputs: TWO, outputs: ONE, constants: [1], check: padProblem },
  RESHAPE: { inputs: [1, 2], outputs: ONE, constants: [1] },
  REVERSE_V2: { inputs: TWO, outputs: ONE, constants: [1], axes: [1] },
  SLICE: {
    inputs: [3, 3],
    outputs: ONE,
    constants: [1, 2],
    check: (context) => lengthProblem(context, [1, 2]),
  },
  SPLIT: {
    inputs: TWO,
    outputs: MANY,
    options: "SplitOptions",
    constants: [0],
    axes: [0],
    axesOf: 1,
    check: ({ operator, outputs }) =>
      operator.options!.numSplits === outputs.length
        ? undefined
        : `numSplits must be its number of outputs, got ${operator.options!.numSplits}`,
  },
  SQUEEZE: { inputs: ONE, outputs: ONE, options: "SqueezeOptions" },
  STRIDED_SLICE: {
    inputs: [4, 4],
    outputs: ONE,
    options: "StridedSliceOptions",
    constants: [1, 2, 3],
    check: (context) => stridedSliceProblem(context),
  },
  TRANSPOSE: {
    inputs: TWO,
    outputs: ONE,
    constants: [1],
    axes: [1],
    check: (context) => lengthProblem(context, [1]),
  },
  UNPACK: {
    inputs: ONE,
    outputs: MANY,
    options: "UnpackOptions",
    check: ({ operator, outputs }) =>
      operator.options!.num === outputs.length
        ? undefined
        : `num must be its number of outputs, got ${operator.options!.num}`,
  },
};

function rankProblem(tensor: TfliteTensor | undefined, rank: number, what: string): string | undefined {
  return tensor?.shape.length === rank
    ? undefined
    : `its ${what} must have ${rank} axes, got ${tensor?.shape.length ?? "none"}`;
}

/** @param channelAxis Axis of the weights that may have a scale an index: the output channels. */
function convolutionProblem({ inputs, operator }: OperatorContext, channelAxis: number): string | undefined {
  const [input, weights, bias] = inputs;
  const rank = rankProblem(input, 4, "input") ?? rankProblem(weights, 4, "weights");
  if (rank !== undefined) return rank;
  const channels = weights!.shape[channelAxis];
  if (channelAxis === 0 && input!.shape[3] % weights!.shape[3] !== 0) {
    return `its input channels must be a multiple of the weights', got ${input!.shape[3]}`;
  }
  if (channelAxis === 3 && Number(operator.options!.depthMultiplier) * input!.shape[3] !== channels) {
    return `depthMultiplier times input channels must be ${channels}, got ${
      operator.options!.depthMultiplier
    }`;
  }
  return quantizationProblem([input, weights]) ?? biasProblem(bias, channels) ??
    scaleProblem(weights!, channelAxis);
}

function fullyConnectedProblem({ inputs, operator }: OperatorContext): string | undefined {
  const [input, weights, bias] = inputs;
  const rank = rankProblem(weights, 2, "weights");
  if (rank !== undefined) return rank;
  if (operator.options!.weightsFormat !== 0) {
    return `its weightsFormat must be 0 (not shuffled), got ${operator.options!.weightsFormat}`;
  }
  if (elementCount(input!.shape) % weights!.shape[1] !== 0) {
    return `its input must hold a multiple of ${weights!.shape[1]} values, got [${input!.shape}]`;
  }
  if (weights!.type === "INT8" && (weights!.quantization?.scale.length ?? 0) > 1) {
    return "its INT8 weights must have 1 scale, because TFLite 2.9 takes the first for all channels, " +
      `got ${weights!.quantization!.scale.length}`;
  }
  return quantizationProblem([input, weights]) ?? biasProblem(bias, weights!.shape[0]);
}

function lstmProblem({ inputs, operator }: OperatorContext): string | undefined {
  const [input] = inputs;
  if (inputs.length !== 20 && inputs.length !== 24) {
    return `it must have 20 or 24 inputs, got ${inputs.length}`;
  }
  const rank = rankProblem(input, 3, "input");
  if (rank !== undefined) return rank;
  for (const state of [18, 19]) {
    const problem = rankProblem(inputs[state], 2, `state ${state}`);
    if (problem !== undefined) return problem;
    if (!inputs[state]!.isVariable) return `its state ${state} must be a variable tensor, got another one`;
  }
  const weights = inputs.slice(1, 9);
  const weightsRank = weights.map((tensor, i) => tensor && rankProblem(tensor, 2, `weights ${i + 1}`)).find((
    problem,
  ) => problem !== undefined);
  if (weightsRank !== undefined) return weightsRank;
  const vectors = [...inputs.slice(9, 16), inputs[17], ...inputs.slice(20)];
  const vectorProblem = vectors.map((tensor) => tensor && rankProblem(tensor, 1, "bias or peephole weights"))
    .find((problem) => problem !== undefined);
  if (vectorProblem !== undefined) return vectorProblem;
  if (input!.type !== "FLOAT32" && operator.intermediates?.length !== 5) {
    return `an integer LSTM must have 5 intermediates, got ${operator.intermediates?.length ?? 0}`;
  }
  return quantizationProblem([input, ...weights, inputs[18], inputs[19]]);
}

function biasProblem(bias: TfliteTensor | undefined, channels: number): string | undefined {
  return bias === undefined || elementCount(bias.shape) === channels
    ? undefined
    : `its bias must hold ${channels} values, got [${bias.shape}]`;
}

/** Integer tensors of an arithmetic operator must say what they stand for. */
function quantizationProblem(tensors: (TfliteTensor | undefined)[]): string | undefined {
  for (const tensor of tensors) {
    if (tensor === undefined || !["INT8", "UINT8", "INT16"].includes(tensor.type)) continue;
    if ((tensor.quantization?.scale.length ?? 0) === 0) {
      return `its tensor "${tensor.name}" (${tensor.type}) must be quantized, got no scale`;
    }
  }
  return undefined;
}

function scaleProblem(weights: TfliteTensor, channelAxis: number): string | undefined {
  const { scale = [], quantizedDimension = channelAxis } = weights.quantization ?? {};
  return scale.length <= 1 || quantizedDimension === channelAxis
    ? undefined
    : `its weights must have a scale an index of axis ${channelAxis}, got axis ${quantizedDimension}`;
}

function lengthProblem({ inputs }: OperatorContext, positions: readonly number[]): string | undefined {
  const rank = inputs[0]!.shape.length;
  const wrong = positions.find((position) => elementCount(inputs[position]!.shape) !== rank);
  return wrong === undefined ? undefined : `its input ${wrong} must hold ${rank} values, one an axis`;
}

/** The kernel of TFLite 2.9 reads at whatever index it is given. */
function gatherProblem({ inputs, operator }: OperatorContext): string | undefined {
  const { axis, batchDims } = operator.options!;
  const { shape } = inputs[0]!;
  if (batchDims !== 0) return `its batchDims must be 0, got ${batchDims}`;
  const size = shape[Number(axis) < 0 ? Number(axis) + shape.length : Number(axis)];
  if (size === undefined) return `its axis must be in [${-shape.length}, ${shape.length - 1}], got ${axis}`;
  const wrong = int32Elements(inputs[1]!.data!).find((index) => index < 0 || index >= size);
  return wrong === undefined ? undefined : `its indices must be in [0, ${size - 1}], got ${wrong}`;
}

function padProblem({ inputs }: OperatorContext): string | undefined {
  const rank = inputs[0]!.shape.length, paddings = int32Elements(inputs[1]!.data!);
  if (paddings.length !== 2 * rank) {
    return `its paddings must hold ${2 * rank} values, got ${paddings.length}`;
  }
  const wrong = paddings.find((value) => value < 0 || value > 65536);
  return wrong === undefined ? undefined : `its paddings must be in [0, 65536], got ${wrong}`;
}

function stridedSliceProblem(context: OperatorContext): string | undefined {
  const { ellipsisMask, newAxisMask } = context.operator.options!;
  if (ellipsisMask !== 0 || newAxisMask !== 0) {
    return "its ellipsisMask and newAxisMask must be 0, got others";
  }
  const strides = int32Elements(context.inputs[3]!.data!);
  if (strides.includes(0)) return "its strides must not be 0, got 0";
  return lengthProblem(context, [1, 2, 3]);
}
