import { createRng } from "../core/rng.ts";
import { elementCount, type TfliteQuantization } from "../formats/tflite/graph.ts";
import {
  convOptions,
  denseOptions,
  integers,
  lstmOptions,
  poolOptions,
  type TestOperator,
  type TestTensor,
} from "./test_graphs.ts";

const rng = createRng(2);

const perTensor = (scale: number, zeroPoint: number): TfliteQuantization => ({
  scale: [Math.fround(scale)],
  zeroPoint: [zeroPoint],
  quantizedDimension: 0,
});
const int8 = (shape: number[], scale: number, zeroPoint: number): TestTensor => ({
  type: "INT8",
  shape,
  quantization: perTensor(scale, zeroPoint),
});

/** Random weights and biases with a scale a channel (`axis`), or one. */
function weighted(
  shape: number[],
  { input, axis, bias }: { input: TestTensor; axis?: number; bias: boolean },
): TestTensor[] {
  const channels = axis === undefined ? shape[0] : shape[axis];
  const scale = Array.from(
    { length: axis === undefined ? 1 : channels },
    () => Math.fround(0.002 + 0.004 * rng.uniform()),
  );
  const zeroPoint = scale.map(() => 0);
  const random = (length: number, size: number) =>
    Array.from({ length }, () => rng.integer(2 * size + 1) - size);
  const weights: TestTensor = {
    type: "INT8",
    shape,
    values: Int8Array.from(random(elementCount(shape), 127)),
    quantization: { scale, zeroPoint, quantizedDimension: axis ?? 0 },
  };
  if (!bias) return [weights];
  return [weights, {
    type: "INT32",
    shape: [channels],
    values: Int32Array.from(random(channels, 2000)),
    quantization: {
      scale: scale.map((value) => Math.fround(value * input.quantization!.scale[0])),
      zeroPoint,
      quantizedDimension: 0,
    },
  }];
}

const image = int8([1, 6, 7, 3], 0.02, -5),
  sequence = int8([1, 1, 24, 4], 0.03, 11),
  row = int8([2, 9], 0.05, 3);
const binary = (
  operator: string,
  a: TestTensor,
  b: TestTensor,
  output: TestTensor,
  activation = 0,
): TestOperator => ({
  operator,
  version: 2,
  inputs: [a, b],
  outputs: [output],
  options: { fusedActivationFunction: activation, ...(operator === "MUL" ? {} : { potScaleInt16: true }) },
});
const reduce = (operator: string, axes: number[], output: TestTensor, keepDims = false): TestOperator => ({
  operator,
  version: 2,
  inputs: [image, integers(...axes)],
  outputs: [output],
  options: { keepDims },
});
const unary = (operator: string, output: TestTensor, version = 2): TestOperator => ({
  operator,
  version,
  inputs: [row],
  outputs: [output],
});

/** Gates' weights of an int8 LSTM; the last of the intermediates has the hidden state's quantization. */
function lstm(
  { batch = 1, steps, channels, units, cellBits, clip = 0, hiddenZeroPoint = 0 }: {
    batch?: number;
    steps: number;
    channels: number;
    units: number;
    cellBits: number;
    clip?: number;
    hiddenZeroPoint?: number;
  },
): TestOperator {
  const input = int8([batch, steps, channels], 0.02, 7), hidden = perTensor(1 / 127, hiddenZeroPoint);
  const gates = [1, 2, 3, 4].map(() => weighted([units, channels], { input, bias: true }));
  const recurrent = [1, 2, 3, 4].map(() => weighted([units, units], { input, bias: false })[0]);
  const state = (type: "INT8" | "INT16", quantization: TfliteQuantization): TestTensor => ({
    type,
    shape: [batch, units],
    isVariable: true,
    quantization,
  });
  const absent = (count: number) => Array.from({ length: count }, () => "absent" as const);
  return {
    operator: "UNIDIRECTIONAL_SEQUENCE_LSTM",
    inputs: [
      input,
      ...gates.map(([weights]) => weights),
      ...recurrent,
      ...absent(3),
      ...gates.map(([, bias]) => bias),
      ...absent(2),
      state("INT8", hidden),
      state("INT16", perTensor(2 ** (cellBits - 15), 0)),
      ...absent(4),
    ],
    outputs: [{ type: "INT8", shape: [batch, steps, units], quantization: hidden }],
    intermediates: [
      ...Array.from({ length: 4 }, (): TestTensor => ({ shape: [0] })),
      { type: "INT8", shape: [0], quantization: hidden },
    ],
    options: lstmOptions(clip),
  };
}

/** Graphs of one operator in int8, for tests. */
export const INT8_GRAPHS: Record<string, TestOperator> = {
  "CONV_2D, same, stride": {
    operator: "CONV_2D",
    version: 3,
    inputs: [image, ...weighted([5, 3, 3, 3], { input: image, axis: 0, bias: true })],
    outputs: [int8([1, 3, 4, 5], 0.09, -3)],
    options: convOptions({ strideH: 2, strideW: 2 }),
  },
  "CONV_2D, dilated, relu": {
    operator: "CONV_2D",
    version: 3,
    inputs: [sequence, ...weighted([6, 1, 3, 4], { input: sequence, axis: 0, bias: true })],
    outputs: [int8([1, 1, 24, 6], 0.06, -128)],
    options: convOptions({ dilationWFactor: 2, fusedActivationFunction: 1 }),
  },
  "DEPTHWISE_CONV_2D, relu6": {
    operator: "DEPTHWISE_CONV_2D",
    version: 3,
    inputs: [image, ...weighted([1, 3, 3, 3], { input: image, axis: 3, bias: true })],
    outputs: [int8([1, 6, 7, 3], 0.04, -10)],
    options: convOptions({ depthMultiplier: 1, fusedActivationFunction: 3 }),
  },
  "DEPTHWISE_CONV_2D, multiplier 2": {
    operator: "DEPTHWISE_CONV_2D",
    version: 3,
    inputs: [sequence, ...weighted([1, 1, 5, 8], { input: sequence, axis: 3, bias: true })],
    outputs: [int8([1, 1, 20, 8], 0.05, 4)],
    options: convOptions({ depthMultiplier: 2, padding: 1 }),
  },
  "FULLY_CONNECTED": {
    operator: "FULLY_CONNECTED",
    version: 4,
    inputs: [row, ...weighted([7, 9], { input: row, bias: true })],
    outputs: [int8([2, 7], 0.05, -20)],
    options: denseOptions(),
  },
  "FULLY_CONNECTED with a factor above 1": {
    operator: "FULLY_CONNECTED",
    version: 4,
    inputs: [row, ...weighted([7, 9], { input: row, bias: true })],
    outputs: [int8([2, 7], 0.00005, 0)],
    options: denseOptions(),
  },
  "MAX_POOL_2D": {
    operator: "MAX_POOL_2D",
    version: 2,
    inputs: [image],
    outputs: [int8([1, 3, 4, 3], 0.02, -5)],
    options: poolOptions({
      filterHeight: 2,
      filterWidth: 3,
      strideH: 2,
      strideW: 2,
      fusedActivationFunction: 1,
    }),
  },
  "AVERAGE_POOL_2D": {
    operator: "AVERAGE_POOL_2D",
    version: 2,
    inputs: [image],
    outputs: [int8([1, 3, 4, 3], 0.02, -5)],
    options: poolOptions({ filterHeight: 2, filterWidth: 3, strideH: 2, strideW: 2 }),
  },
  "MEAN to images": reduce("MEAN", [1, 2], int8([1, 1, 1, 3], 0.011, 6), true),
  "MEAN": reduce("MEAN", [1, 2], int8([1, 3], 0.011, 6)),
  "MEAN in one scale": reduce("MEAN", [1, 2], int8([1, 3], 0.02, -5)),
  "SUM": reduce("SUM", [2], int8([1, 6, 3], 0.08, 2)),
  "SUM in one scale": reduce("SUM", [2], int8([1, 6, 3], 0.02, -5)),
  "REDUCE_MAX": reduce("REDUCE_MAX", [2], int8([1, 6, 3], 0.02, -5)),
  "ADD, relu": binary("ADD", row, int8([2, 9], 0.03, -60), int8([2, 9], 0.06, -100), 1),
  "ADD, broadcast": binary("ADD", row, int8([9], 0.2, 9), int8([2, 9], 0.15, 20)),
  "SUB": binary("SUB", row, int8([2, 9], 0.03, -60), int8([2, 9], 0.07, 10)),
  "MUL, broadcast": binary("MUL", row, int8([2, 1], 0.03, -60), int8([2, 9], 0.2, 10)),
  "MUL, relu6": binary("MUL", row, int8([2, 9], 0.03, -60), int8([2, 9], 0.03, -128), 3),
  "RELU": unary("RELU", int8([2, 9], 0.03, -40)),
  "RELU6": unary("RELU6", int8([2, 9], 0.03, -128)),
  "LEAKY_RELU": { ...unary("LEAKY_RELU", int8([2, 9], 0.06, -20)), options: { alpha: 0.3 } },
  "LOGISTIC": unary("LOGISTIC", int8([2, 9], 1 / 256, -128)),
  "TANH": unary("TANH", int8([2, 9], 1 / 128, 0)),
  "SOFTMAX": { ...unary("SOFTMAX", int8([2, 9], 1 / 256, -128)), options: { beta: 1.5 } },
  "QUANTIZE to another scale": unary("QUANTIZE", int8([2, 9], 0.013, 30)),
  "QUANTIZE": { operator: "QUANTIZE", inputs: [{ shape: [50] }], outputs: [int8([50], 0.013, 30)] },
  "DEQUANTIZE": { ...unary("DEQUANTIZE", { shape: [2, 9] }), version: 2 },
  "PAD with the zero point": {
    operator: "PAD",
    inputs: [row, { type: "INT32", shape: [2, 2], values: Int32Array.of(1, 0, 0, 2) }],
    outputs: [int8([3, 11], 0.05, 3)],
  },
  "CONCATENATION": {
    operator: "CONCATENATION",
    version: 2,
    inputs: [row, row],
    outputs: [int8([2, 18], 0.05, 3)],
    options: { axis: 1, fusedActivationFunction: 0 },
  },
  "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm({ steps: 30, channels: 3, units: 8, cellBits: 2 }),
  "UNIDIRECTIONAL_SEQUENCE_LSTM, clipped cells below 1": lstm({
    steps: 30,
    channels: 2,
    units: 8,
    cellBits: 0,
    clip: 0.7,
  }),
  "UNIDIRECTIONAL_SEQUENCE_LSTM, two windows, cells up to 64": lstm({
    batch: 2,
    steps: 40,
    channels: 1,
    units: 5,
    cellBits: 6,
  }),
};

/** As INT8_GRAPHS, for releases after 2.9 only, which compute another thing. */
export const LATER_INT8_GRAPHS: Record<string, TestOperator> = {
  "UNIDIRECTIONAL_SEQUENCE_LSTM with a hidden zero point": lstm({
    steps: 30,
    channels: 3,
    units: 8,
    cellBits: 2,
    hiddenZeroPoint: -9,
  }),
};
