import { createRng } from "../core/rng.ts";
import { elementCount } from "../formats/tflite/graph.ts";
import {
  convOptions,
  denseOptions,
  integers,
  lstmOptions,
  normalConstant,
  poolOptions,
  type TestOperator,
  type TestTensor,
} from "./test_graphs.ts";

const rng = createRng(1);
const normal = (...shape: number[]) => normalConstant(rng, ...shape);

const state = (...shape: number[]) => ({ shape, isVariable: true });
/** A float LSTM with random weights. */
export const lstm = (
  { batch = 1, steps, channels, units, clip = 0 }: Record<"steps" | "channels" | "units", number> & {
    batch?: number;
    clip?: number;
  },
): TestOperator => ({
  operator: "UNIDIRECTIONAL_SEQUENCE_LSTM",
  inputs: [
    { shape: [batch, steps, channels] },
    ...[1, 2, 3, 4].map(() => normal(units, channels)),
    ...[1, 2, 3, 4].map(() => normal(units, units)),
    ...["absent", "absent", "absent"] as const,
    ...[1, 2, 3, 4].map(() => normal(units)),
    ...["absent", "absent"] as const,
    state(batch, units),
    state(batch, units),
    ...["absent", "absent", "absent", "absent"] as const,
  ],
  outputs: [{ shape: [batch, steps, units] }],
  options: lstmOptions(clip),
});
/** An operator on [2, 5] values. */
export const unary = (operator: string): TestOperator => ({
  operator,
  inputs: [{ shape: [2, 5] }],
  outputs: [{ shape: [2, 5] }],
});
const binary = (
  operator: string,
  a: number[],
  b: number[],
  out: number[],
  activation?: number,
): TestOperator => ({
  operator,
  inputs: [{ shape: a }, { shape: b }],
  outputs: [{ shape: out }],
  options: activation === undefined ? undefined : { fusedActivationFunction: activation },
});
const reduce = (operator: string, axes: number[], out: number[], keepDims = false): TestOperator => ({
  operator,
  inputs: [{ shape: [2, 3, 4, 5] }, integers(...axes)],
  outputs: [{ shape: out }],
  options: { keepDims },
});
const slice = (
  shape: number[],
  [begin, end, strides]: number[][],
  out: number[],
  masks: Record<string, number> = {},
): TestOperator => ({
  operator: "STRIDED_SLICE",
  inputs: [{ shape }, integers(...begin), integers(...end), integers(...strides)],
  outputs: [{ shape: out }],
  options: { beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0, ...masks },
});

/** Graphs of one operator in float32, for tests. */
export const FLOAT_GRAPHS: Record<string, TestOperator> = {
  "CONV_2D, same, stride, odd channels, relu": {
    operator: "CONV_2D",
    inputs: [{ shape: [2, 7, 9, 3] }, normal(5, 3, 4, 3), normal(5)],
    outputs: [{ shape: [2, 4, 3, 5] }],
    options: convOptions({ strideH: 2, strideW: 3, fusedActivationFunction: 1 }),
  },
  "CONV_2D, valid, dilated, relu6": {
    operator: "CONV_2D",
    version: 2,
    inputs: [{ shape: [1, 9, 11, 2] }, normal(4, 3, 3, 2), normal(4)],
    outputs: [{ shape: [1, 5, 5, 4] }],
    options: convOptions({ padding: 1, dilationHFactor: 2, dilationWFactor: 3, fusedActivationFunction: 3 }),
  },
  "CONV_2D, same, dilated": {
    operator: "CONV_2D",
    version: 2,
    inputs: [{ shape: [1, 1, 16, 3] }, normal(6, 1, 3, 3), normal(6)],
    outputs: [{ shape: [1, 1, 16, 6] }],
    options: convOptions({ dilationWFactor: 4 }),
  },
  "DEPTHWISE_CONV_2D, same, stride, multiplier 1": {
    operator: "DEPTHWISE_CONV_2D",
    inputs: [{ shape: [2, 6, 7, 3] }, normal(1, 3, 3, 3), normal(3)],
    outputs: [{ shape: [2, 3, 4, 3] }],
    options: convOptions({ strideH: 2, strideW: 2, depthMultiplier: 1 }),
  },
  "DEPTHWISE_CONV_2D, valid, dilated, multiplier 2": {
    operator: "DEPTHWISE_CONV_2D",
    version: 2,
    inputs: [{ shape: [1, 8, 8, 2] }, normal(1, 3, 2, 4), normal(4)],
    outputs: [{ shape: [1, 4, 6, 4] }],
    options: convOptions({ padding: 1, depthMultiplier: 2, dilationHFactor: 2, dilationWFactor: 2 }),
  },
  "FULLY_CONNECTED": {
    operator: "FULLY_CONNECTED",
    inputs: [{ shape: [3, 7] }, normal(5, 7), normal(5)],
    outputs: [{ shape: [3, 5] }],
    options: denseOptions({ fusedActivationFunction: 1 }),
  },
  "FULLY_CONNECTED of rank 3 without bias": {
    operator: "FULLY_CONNECTED",
    version: 5,
    inputs: [{ shape: [2, 3, 4] }, normal(6, 4), "absent"],
    outputs: [{ shape: [2, 3, 6] }],
    options: denseOptions({ keepNumDims: true }),
  },
  "MAX_POOL_2D, same": {
    operator: "MAX_POOL_2D",
    inputs: [{ shape: [2, 5, 7, 3] }],
    outputs: [{ shape: [2, 3, 4, 3] }],
    options: poolOptions({ filterHeight: 3, filterWidth: 2, strideH: 2, strideW: 2 }),
  },
  "AVERAGE_POOL_2D, same, relu": {
    operator: "AVERAGE_POOL_2D",
    inputs: [{ shape: [2, 5, 7, 3] }],
    outputs: [{ shape: [2, 3, 4, 3] }],
    options: poolOptions({
      filterHeight: 3,
      filterWidth: 3,
      strideH: 2,
      strideW: 2,
      fusedActivationFunction: 1,
    }),
  },
  "AVERAGE_POOL_2D, valid": {
    operator: "AVERAGE_POOL_2D",
    inputs: [{ shape: [1, 1, 10, 4] }],
    outputs: [{ shape: [1, 1, 4, 4] }],
    options: poolOptions({ padding: 1, filterWidth: 3, strideW: 2 }),
  },
  "MEAN over axes 1 and 2": reduce("MEAN", [1, 2], [2, 5]),
  "MEAN over the last axis, kept": reduce("MEAN", [-1], [2, 3, 4, 1], true),
  "SUM over axes 0 and 3": reduce("SUM", [0, 3], [3, 4]),
  "REDUCE_MAX over axis 2": reduce("REDUCE_MAX", [2], [2, 3, 5]),
  "RESHAPE": {
    operator: "RESHAPE",
    inputs: [{ shape: [2, 6] }, integers(3, 4)],
    outputs: [{ shape: [3, 4] }],
  },
  "EXPAND_DIMS": {
    operator: "EXPAND_DIMS",
    inputs: [{ shape: [2, 6] }, integers(-1)],
    outputs: [{ shape: [2, 6, 1] }],
  },
  "SQUEEZE": {
    operator: "SQUEEZE",
    inputs: [{ shape: [1, 2, 1, 6] }],
    outputs: [{ shape: [1, 2, 6] }],
    options: { squeezeDims: [2] },
  },
  "PAD": {
    operator: "PAD",
    inputs: [{ shape: [1, 2, 3, 2] }, {
      type: "INT32",
      shape: [4, 2],
      values: Int32Array.of(0, 0, 1, 2, 3, 0, 0, 1),
    }],
    outputs: [{ shape: [1, 5, 6, 3] }],
  },
  "REVERSE_V2": {
    operator: "REVERSE_V2",
    inputs: [{ shape: [2, 4, 3] }, integers(1)],
    outputs: [{ shape: [2, 4, 3] }],
  },
  "TRANSPOSE": {
    operator: "TRANSPOSE",
    inputs: [{ shape: [2, 4, 3] }, integers(2, 0, 1)],
    outputs: [{ shape: [3, 2, 4] }],
  },
  "CONCATENATION": {
    operator: "CONCATENATION",
    inputs: [{ shape: [2, 1, 3] }, { shape: [2, 4, 3] }, { shape: [2, 2, 3] }],
    outputs: [{ shape: [2, 7, 3] }],
    options: { axis: -2, fusedActivationFunction: 0 },
  },
  "SPLIT": {
    operator: "SPLIT",
    inputs: [integers(1), { shape: [2, 6, 2] }],
    outputs: [{ shape: [2, 2, 2] }, { shape: [2, 2, 2] }, { shape: [2, 2, 2] }],
    options: { numSplits: 3 },
  },
  "STRIDED_SLICE, the last step": slice([2, 5, 3], [[0, -1, 0], [0, 0, 0], [1, 1, 1]], [2, 3], {
    beginMask: 0b101,
    endMask: 0b101,
    shrinkAxisMask: 0b010,
  }),
  "STRIDED_SLICE, strides of both signs": slice([7, 6], [[1, -2], [6, -6], [2, -2]], [3, 2]),
  "STRIDED_SLICE, backwards to the end": slice([4, 3], [[0, 0], [0, 0], [-1, 1]], [4, 3], {
    beginMask: 0b11,
    endMask: 0b11,
  }),
  "SOFTMAX": { ...unary("SOFTMAX"), options: { beta: 0.7 } },
  "LEAKY_RELU": { ...unary("LEAKY_RELU"), options: { alpha: 0.3 } },
  "CAST": {
    operator: "CAST",
    inputs: [{ type: "INT32", shape: [4] }],
    outputs: [{ shape: [4] }],
    options: { inDataType: 2, outDataType: 0 },
  },
  ...Object.fromEntries(
    ["ABS", "COS", "EXP", "LOGISTIC", "NEG", "RELU", "RELU6", "SIN", "SQUARE", "TANH"].map((name) => [
      name,
      unary(name),
    ]),
  ),
  "ADD, relu": binary("ADD", [2, 3, 4], [2, 3, 4], [2, 3, 4], 1),
  "ADD, broadcast over the channels": binary("ADD", [2, 3, 4], [4], [2, 3, 4], 0),
  "SUB, broadcast both ways": binary("SUB", [2, 1, 4], [3, 1], [2, 3, 4], 0),
  "MUL, relu -1 to 1": binary("MUL", [1, 3, 4], [1, 1, 4], [1, 3, 4], 2),
  "DIV": binary("DIV", [2, 3], [2, 3], [2, 3], 0),
  "MAXIMUM": binary("MAXIMUM", [2, 3], [3], [2, 3]),
  "MINIMUM": binary("MINIMUM", [2, 3], [2, 1], [2, 3]),
  "SQUARED_DIFFERENCE": binary("SQUARED_DIFFERENCE", [2, 3], [2, 3], [2, 3]),
  "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm({ steps: 9, channels: 3, units: 5 }),
  "UNIDIRECTIONAL_SEQUENCE_LSTM of two windows, clipped": lstm({
    batch: 2,
    steps: 9,
    channels: 1,
    units: 4,
    clip: 0.5,
  }),
};

/** Int8 weights with random scales, one or one an index of `axis`. */
function int8Weights(shape: number[], axis?: number): TestTensor {
  const scale = Array.from(
    { length: axis === undefined ? 1 : shape[axis] },
    () => Math.fround(0.01 * (1 + rng.uniform())),
  );
  return {
    type: "INT8",
    shape,
    values: Int8Array.from({ length: elementCount(shape) }, () => rng.integer(255) - 127),
    quantization: { scale, zeroPoint: scale.map(() => 0), quantizedDimension: axis ?? 0 },
  };
}

const hybridLstm = (asymmetricQuantizeInputs: boolean): TestOperator => {
  const test = lstm({ batch: 2, steps: 7, channels: 3, units: 5 });
  const inputs = test.inputs.map((input, i) =>
    i >= 1 && i <= 8 && input !== "absent" ? int8Weights(input.shape) : input
  );
  return { ...test, version: 3, inputs, options: { ...test.options, asymmetricQuantizeInputs } };
};

/** Graphs of one operator with int8 weights and all else in float32, for tests. */
export const HYBRID_GRAPHS: Record<string, TestOperator> = {
  "CONV_2D, a scale a filter": {
    operator: "CONV_2D",
    version: 5,
    inputs: [{ shape: [2, 5, 6, 3] }, int8Weights([4, 3, 3, 3], 0), normal(4)],
    outputs: [{ shape: [2, 5, 6, 4] }],
    options: convOptions({ fusedActivationFunction: 1 }),
  },
  "CONV_2D, one scale": {
    operator: "CONV_2D",
    version: 2,
    inputs: [{ shape: [1, 5, 6, 3] }, int8Weights([4, 3, 3, 3]), normal(4)],
    outputs: [{ shape: [1, 5, 6, 4] }],
    options: convOptions(),
  },
  "DEPTHWISE_CONV_2D": {
    operator: "DEPTHWISE_CONV_2D",
    version: 6,
    inputs: [{ shape: [2, 5, 6, 3] }, int8Weights([1, 3, 3, 3], 3), normal(3)],
    outputs: [{ shape: [2, 5, 6, 3] }],
    options: convOptions({ depthMultiplier: 1 }),
  },
  "FULLY_CONNECTED": {
    operator: "FULLY_CONNECTED",
    version: 3,
    inputs: [{ shape: [3, 8] }, int8Weights([5, 8]), normal(5)],
    outputs: [{ shape: [3, 5] }],
    options: denseOptions(),
  },
  "FULLY_CONNECTED with a zero point": {
    operator: "FULLY_CONNECTED",
    version: 9,
    inputs: [{ shape: [3, 8] }, int8Weights([5, 8]), normal(5)],
    outputs: [{ shape: [3, 5] }],
    options: denseOptions({ asymmetricQuantizeInputs: true }),
  },
  "UNIDIRECTIONAL_SEQUENCE_LSTM": hybridLstm(false),
  "UNIDIRECTIONAL_SEQUENCE_LSTM with a zero point": hybridLstm(true),
};
