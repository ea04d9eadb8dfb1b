import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRng } from "../core/rng.ts";
import { elementCount, type TfliteModel, type TfliteOperator } from "../formats/tflite/graph.ts";
import { decodeTflite } from "../formats/tflite/reader.ts";
import { runNative } from "../runtime/test_runs.ts";
import type { TensorArray } from "../runtime/tflite_ffi.ts";
import { createEvaluator } from "./evaluator.ts";
import { integers, normalConstant, operatorGraph, randomInputs, type TestOperator } from "./test_graphs.ts";
import type { TensorValues } from "./tensor_values.ts";

/** What float32 kernels, which sum in another order and precision, may differ by: of the largest value. */
const FLOAT_TOLERANCE = 1e-5;

const FIXTURES = "../shared/fixtures/tflite";
const hasShared = existsSync(FIXTURES);

const rng = createRng(1);
const normal = (...shape: number[]) => normalConstant(rng, ...shape);

function assertClose(got: TensorValues, expected: TensorArray): void {
  assert.equal(got.length, expected.length);
  const largest = Math.max(
    ...Array.from<number | bigint, number>(expected, (x) => Math.abs(Number(x))),
    1e-30,
  );
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(Number(got[i]) - Number(expected[i])) / largest;
    assert.ok(error <= FLOAT_TOLERANCE, `${got[i]} is not ${expected[i]} at ${i}`);
  }
}

function checkFloat(model: TfliteModel, rounds = 3): void {
  const evaluator = createEvaluator(model);
  for (let round = 0; round < rounds; round++) {
    const inputs = randomInputs(model, rng);
    const expected = runNative(model, inputs as TensorArray[]);
    evaluator.run(inputs).forEach((values, i) => assertClose(values, expected[i]));
  }
}

const conv = (options: Record<string, number>) => ({
  padding: 0,
  strideH: 1,
  strideW: 1,
  fusedActivationFunction: 0,
  dilationHFactor: 1,
  dilationWFactor: 1,
  ...options,
});
const pool = (options: Record<string, number>) => ({
  padding: 0,
  strideH: 1,
  strideW: 1,
  filterHeight: 1,
  filterWidth: 1,
  fusedActivationFunction: 0,
  ...options,
});
const dense = (options: Record<string, number | boolean> = {}) => ({
  fusedActivationFunction: 0,
  weightsFormat: 0,
  keepNumDims: false,
  asymmetricQuantizeInputs: false,
  ...options,
});
const state = (...shape: number[]) => ({ shape, isVariable: true });
const lstm = (
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
  options: {
    fusedActivationFunction: 4,
    cellClip: clip,
    projClip: 0,
    timeMajor: false,
    asymmetricQuantizeInputs: false,
  },
});
const unary = (operator: string): TestOperator => ({
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

/** Graphs of one operator in float32. */
const FLOAT_GRAPHS: Record<string, TestOperator> = {
  "CONV_2D, same, stride, odd channels, relu": {
    operator: "CONV_2D",
    inputs: [{ shape: [2, 7, 9, 3] }, normal(5, 3, 4, 3), normal(5)],
    outputs: [{ shape: [2, 4, 3, 5] }],
    options: conv({ strideH: 2, strideW: 3, fusedActivationFunction: 1 }),
  },
  "CONV_2D, valid, dilated, relu6": {
    operator: "CONV_2D",
    version: 2,
    inputs: [{ shape: [1, 9, 11, 2] }, normal(4, 3, 3, 2), normal(4)],
    outputs: [{ shape: [1, 5, 5, 4] }],
    options: conv({ padding: 1, dilationHFactor: 2, dilationWFactor: 3, fusedActivationFunction: 3 }),
  },
  "CONV_2D, same, dilated": {
    operator: "CONV_2D",
    version: 2,
    inputs: [{ shape: [1, 1, 16, 3] }, normal(6, 1, 3, 3), normal(6)],
    outputs: [{ shape: [1, 1, 16, 6] }],
    options: conv({ dilationWFactor: 4 }),
  },
  "DEPTHWISE_CONV_2D, same, stride, multiplier 1": {
    operator: "DEPTHWISE_CONV_2D",
    inputs: [{ shape: [2, 6, 7, 3] }, normal(1, 3, 3, 3), normal(3)],
    outputs: [{ shape: [2, 3, 4, 3] }],
    options: conv({ strideH: 2, strideW: 2, depthMultiplier: 1 }),
  },
  "DEPTHWISE_CONV_2D, valid, dilated, multiplier 2": {
    operator: "DEPTHWISE_CONV_2D",
    version: 2,
    inputs: [{ shape: [1, 8, 8, 2] }, normal(1, 3, 2, 4), normal(4)],
    outputs: [{ shape: [1, 4, 6, 4] }],
    options: conv({ padding: 1, depthMultiplier: 2, dilationHFactor: 2, dilationWFactor: 2 }),
  },
  "FULLY_CONNECTED": {
    operator: "FULLY_CONNECTED",
    inputs: [{ shape: [3, 7] }, normal(5, 7), normal(5)],
    outputs: [{ shape: [3, 5] }],
    options: dense({ fusedActivationFunction: 1 }),
  },
  "FULLY_CONNECTED of rank 3 without bias": {
    operator: "FULLY_CONNECTED",
    version: 5,
    inputs: [{ shape: [2, 3, 4] }, normal(6, 4), "absent"],
    outputs: [{ shape: [2, 3, 6] }],
    options: dense({ keepNumDims: true }),
  },
  "MAX_POOL_2D, same": {
    operator: "MAX_POOL_2D",
    inputs: [{ shape: [2, 5, 7, 3] }],
    outputs: [{ shape: [2, 3, 4, 3] }],
    options: pool({ filterHeight: 3, filterWidth: 2, strideH: 2, strideW: 2 }),
  },
  "AVERAGE_POOL_2D, same, relu": {
    operator: "AVERAGE_POOL_2D",
    inputs: [{ shape: [2, 5, 7, 3] }],
    outputs: [{ shape: [2, 3, 4, 3] }],
    options: pool({ filterHeight: 3, filterWidth: 3, strideH: 2, strideW: 2, fusedActivationFunction: 1 }),
  },
  "AVERAGE_POOL_2D, valid": {
    operator: "AVERAGE_POOL_2D",
    inputs: [{ shape: [1, 1, 10, 4] }],
    outputs: [{ shape: [1, 1, 4, 4] }],
    options: pool({ padding: 1, filterWidth: 3, strideW: 2 }),
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

for (const [name, test] of Object.entries(FLOAT_GRAPHS)) {
  Deno.test(`createEvaluator() computes ${name} as the native library`, () =>
    checkFloat(operatorGraph(test)));
}

/** Operators that the verifier does not let through to the native library, with what they must give. */
const MOVED_GRAPHS: Record<string, { test: TestOperator; expected: number[][] }> = {
  "SLICE": {
    test: {
      operator: "SLICE",
      inputs: [{ shape: [3, 4] }, integers(1, 1), integers(2, -1)],
      outputs: [{ shape: [2, 3] }],
    },
    expected: [[5, 6, 7, 9, 10, 11]],
  },
  "SPLIT_V": {
    test: {
      operator: "SPLIT_V",
      inputs: [{ shape: [2, 4] }, integers(3, 1), integers(1)],
      outputs: [{ shape: [2, 3] }, { shape: [2, 1] }],
      options: { numSplits: 2 },
    },
    expected: [[0, 1, 2, 4, 5, 6], [3, 7]],
  },
  "UNPACK": {
    test: {
      operator: "UNPACK",
      inputs: [{ shape: [2, 3] }],
      outputs: [{ shape: [2] }, { shape: [2] }, { shape: [2] }],
      options: { num: 3, axis: 1 },
    },
    expected: [[0, 3], [1, 4], [2, 5]],
  },
  "PACK": {
    test: {
      operator: "PACK",
      inputs: [{ shape: [3] }, { shape: [3], values: Float32Array.of(7, 8, 9) }],
      outputs: [{ shape: [3, 2] }],
      options: { valuesCount: 2, axis: -1 },
    },
    expected: [[0, 7, 1, 8, 2, 9]],
  },
  "PADV2": {
    test: {
      operator: "PADV2",
      inputs: [{ shape: [2] }, { type: "INT32", shape: [1, 2], values: Int32Array.of(1, 2) }, {
        shape: [],
        values: Float32Array.of(-5),
      }],
      outputs: [{ shape: [5] }],
    },
    expected: [[-5, 0, 1, -5, -5]],
  },
  "DEQUANTIZE of halves": {
    test: {
      operator: "DEQUANTIZE",
      inputs: [{
        type: "FLOAT16",
        shape: [6],
        values: Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x7c00, 0),
      }],
      outputs: [{ shape: [6] }],
    },
    expected: [[1, -2, 0.333251953125, 2 ** -24, Infinity, 0]],
  },
};

for (const [name, { test, expected }] of Object.entries(MOVED_GRAPHS)) {
  Deno.test(`createEvaluator() computes ${name}`, () => {
    const model = operatorGraph(test);
    const inputs = model.inputs.map((index) =>
      Float32Array.from({ length: elementCount(model.tensors[index].shape) }, (_, i) => i)
    );
    const outputs = createEvaluator(model).run(inputs);
    assert.deepEqual(outputs.map((values) => Array.from<number | bigint, number>(values, Number)), expected);
  });
}

Deno.test("run() shows every tensor in the order of execution, and cells after each step", () => {
  const model = operatorGraph(lstm({ steps: 3, channels: 1, units: 2 }));
  const seen: [string, number[]][] = [];
  const [output] = createEvaluator(model).run([Float32Array.of(1, -1, 2)], (tensor, values) => {
    seen.push([model.tensors[tensor].name, [...values as Float32Array]]);
  });
  assert.deepEqual(seen.map(([name]) => name), ["input19", "input19", "input19", "output0"]);
  assert.notDeepEqual(seen[0][1], seen[1][1]);
  assert.deepEqual(seen[3][1], [...output as Float32Array]);
});

Deno.test("run() starts from zero states and gives copies", () => {
  const model = operatorGraph(lstm({ steps: 4, channels: 2, units: 3 }));
  const evaluator = createEvaluator(model), inputs = randomInputs(model, rng);
  const [first] = evaluator.run(inputs), kept = first.slice();
  evaluator.run(randomInputs(model, rng));
  assert.deepEqual(first, kept);
  assert.deepEqual(evaluator.run(inputs), [kept]);
});

Deno.test("createEvaluator() names operators and forms that have no kernel", () => {
  const model = operatorGraph(unary("TANH"));
  const evaluate = (changes: Partial<TfliteOperator>) => () =>
    createEvaluator({ ...model, operators: [{ ...model.operators[0], ...changes }] });
  assert.throws(evaluate({ operator: "WHILE", version: 2 }), /operator 0: .*ADD.*, got WHILE version 2/);
  assert.throws(evaluate({ operator: "CUSTOM", customCode: "FlexTanh" }), /got FlexTanh/);
  const timeMajor = operatorGraph(lstm({ steps: 3, channels: 1, units: 2 }));
  timeMajor.operators[0].options!.timeMajor = true;
  assert.throws(
    () => createEvaluator(timeMajor),
    /operator 0 \(UNIDIRECTIONAL_SEQUENCE_LSTM\): .*batch first/,
  );
});

Deno.test("run() refuses inputs of another number, type or length", () => {
  const evaluator = createEvaluator(operatorGraph(unary("TANH")));
  assert.throws(() => evaluator.run([]), /must get 1 inputs, got 0/);
  assert.throws(() => evaluator.run([new Int8Array(10)]), /10 values of FLOAT32, got 10 in a Int8Array/);
  assert.throws(() => evaluator.run([new Float32Array(9)]), /10 values of FLOAT32, got 9/);
});

for (const file of ["hello_world_float", "resnet8_float", "trained_lstm"]) {
  Deno.test({
    name: `[shared] createEvaluator() computes ${file} as the native library`,
    ignore: !hasShared,
    fn: () => checkFloat(decodeTflite(Deno.readFileSync(`${FIXTURES}/${file}.tflite`), file)),
  });
}
