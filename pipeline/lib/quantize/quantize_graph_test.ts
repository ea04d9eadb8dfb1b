import assert from "node:assert/strict";
import { convertToTflite } from "../convert/convert.ts";
import { elementCount, type TfliteModel } from "../formats/tflite/graph.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { ARCHITECTURES } from "../nn/architectures/architectures.ts";
import { createEvaluator } from "../reference/evaluator.ts";
import { openTfliteLibrary } from "../runtime/tflite_ffi.ts";
import { calibrate } from "./calibration.ts";
import { quantizeGraph, type QuantizeOptions } from "./quantize_graph.ts";
import {
  bidirectionalGraph,
  binary,
  concatenation,
  dense,
  graphOf,
  ints,
  normal,
  reshape,
  type TestOperation,
  unary,
} from "./test_graphs.ts";
import { beatWindows, livelyWeights, noiseWindows } from "./test_networks.ts";

const WINDOWS = 16;

const image = [1, 4, 6, 2];
const sliding = (rest: object) => ({
  padding: 0,
  strideW: 1,
  strideH: 1,
  fusedActivationFunction: 0,
  ...rest,
});
const convolution = (
  operator: string,
  kernel: number[],
  output: number[],
  rest: object = {},
): TestOperation => ({
  operator,
  inputs: ["input", normal("kernel", kernel, 0.5), normal("bias", [output[3]], 0.2)],
  outputs: { output },
  options: sliding({ dilationWFactor: 1, dilationHFactor: 1, ...rest }),
});
const pooling = (operator: string): TestOperation => ({
  operator,
  inputs: ["input"],
  outputs: { output: [1, 2, 3, 2] },
  options: sliding({ strideW: 2, strideH: 2, filterWidth: 2, filterHeight: 2 }),
});
const one = (shape: number[], ...operations: TestOperation[]) =>
  graphOf({ inputs: { input: shape }, operations, outputs: ["output"] });
const steered = (operator: string, list: number[], output: number[], options?: TestOperation["options"]) =>
  one(image, { operator, inputs: ["input", ints("list", ...list)], outputs: { output }, options });

/** Graphs of one operator or few, and how many steps of the output int8 may be off: rounding of inputs and weights. */
const GRAPHS: Record<string, { graph: TfliteModel; steps: number }> = {
  ADD: { graph: one([1, 8], binary("ADD", ["input", normal("other", [1, 8])], "output", [1, 8])), steps: 2 },
  SUB: { graph: one([1, 8], binary("SUB", ["input", normal("other", [8])], "output", [1, 8])), steps: 2 },
  MUL: { graph: one([1, 8], binary("MUL", ["input", normal("other", [1])], "output", [1, 8])), steps: 2 },
  RELU: { graph: one([1, 8], unary("RELU", "input", "output", [1, 8])), steps: 2 },
  RELU6: { graph: one([1, 8], unary("RELU6", "input", "output", [1, 8])), steps: 2 },
  LEAKY_RELU: {
    graph: one([1, 8], {
      operator: "LEAKY_RELU",
      inputs: ["input"],
      outputs: { output: [1, 8] },
      options: { alpha: 0.3 },
    }),
    steps: 2,
  },
  LOGISTIC: { graph: one([1, 8], unary("LOGISTIC", "input", "output", [1, 8])), steps: 3 },
  TANH: { graph: one([1, 8], unary("TANH", "input", "output", [1, 8])), steps: 4 },
  SOFTMAX: { graph: one([2, 4], unary("SOFTMAX", "input", "output", [2, 4])), steps: 3 },
  CONV_2D: { graph: one(image, convolution("CONV_2D", [3, 3, 3, 2], [1, 4, 6, 3])), steps: 4 },
  DEPTHWISE_CONV_2D: {
    graph: one(
      image,
      convolution("DEPTHWISE_CONV_2D", [1, 3, 3, 4], [1, 4, 6, 4], { depthMultiplier: 2 }),
    ),
    steps: 4,
  },
  AVERAGE_POOL_2D: { graph: one(image, pooling("AVERAGE_POOL_2D")), steps: 2 },
  MAX_POOL_2D: { graph: one(image, pooling("MAX_POOL_2D")), steps: 1 },
  MEAN: { graph: steered("MEAN", [1, 2], [1, 2], { keepDims: false }), steps: 2 },
  REVERSE_V2: { graph: steered("REVERSE_V2", [2], image), steps: 1 },
  TRANSPOSE: { graph: steered("TRANSPOSE", [0, 2, 1, 3], [1, 6, 4, 2]), steps: 1 },
  EXPAND_DIMS: {
    graph: one(image.slice(0, 3), {
      operator: "EXPAND_DIMS",
      inputs: ["input", ints("axis", 1)],
      outputs: { output: [1, 1, 4, 6] },
    }),
    steps: 1,
  },
  SQUEEZE: {
    graph: one([1, 4, 1], {
      operator: "SQUEEZE",
      inputs: ["input"],
      outputs: { output: [1, 4] },
      options: { squeezeDims: [2] },
    }),
    steps: 1,
  },
  PAD: {
    graph: one([1, 4], {
      operator: "PAD",
      inputs: ["input", { name: "amounts", shape: [2, 2], values: Int32Array.of(0, 0, 2, 1) }],
      outputs: { output: [1, 7] },
    }),
    steps: 1,
  },
  SPLIT: {
    graph: one(
      [2, 6],
      {
        operator: "SPLIT",
        inputs: [ints("axis", 1), "input"],
        outputs: { first: [2, 3], second: [2, 3] },
        options: { numSplits: 2 },
      },
      binary("MUL", ["first", "second"], "output", [2, 3]),
    ),
    steps: 3,
  },
  "FULLY_CONNECTED and a joined TANH": {
    graph: one(
      [1, 5],
      dense("input", "a", [1, 5, 40]),
      unary("TANH", "a", "b", [1, 40]),
      reshape("input", "input/flat", [1, 5]),
      concatenation(["a", "b", "input/flat"], "c", [1, 85]),
      dense("c", "output", [1, 85, 30]),
    ),
    steps: 8,
  },
  "UNIDIRECTIONAL_SEQUENCE_LSTM of two directions": { graph: bidirectionalGraph(), steps: 8 },
};

function run(model: TfliteModel, windows: Float32Array): { outputs: Float32Array; scale: number } {
  using interpreter = openTfliteLibrary().createInterpreter(encodeTflite(model));
  const size = windows.length / WINDOWS;
  const outputs = Array.from(
    { length: WINDOWS },
    (_, i) => [...interpreter.run(windows.subarray(i * size, (i + 1) * size))],
  ).flat();
  return { outputs: Float32Array.from(outputs), scale: interpreter.outputs[0].scale };
}

const windowsFor = ({ tensors, inputs: [input] }: TfliteModel) =>
  noiseWindows(WINDOWS * elementCount(tensors[input].shape));

const maxDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

const quantized = (graph: TfliteModel, windows: Float32Array, options: QuantizeOptions) =>
  quantizeGraph(graph, calibrate(graph, windows, WINDOWS), options);

for (const [name, { graph, steps }] of Object.entries(GRAPHS)) {
  Deno.test(`quantizeGraph() in int8 keeps what the operator computes: ${name}`, () => {
    const windows = windowsFor(graph), float = run(graph, windows).outputs;
    const { outputs, scale } = run(quantized(graph, windows, { mode: "int8" }), windows);
    assert.ok(scale > 0);
    const off = maxDifference(outputs, float) / scale;
    assert.ok(off <= steps, `${off} steps`);
  });
}

Deno.test("quantizeGraph() with float ends gives the very numbers of int8 ends, under the names of the float graph", () => {
  for (const { graph } of Object.values(GRAPHS)) {
    const windows = windowsFor(graph);
    const int8 = quantized(graph, windows, { mode: "int8" });
    const floatEnds = quantized(graph, windows, { mode: "int8", io: "float" });
    assert.deepEqual(run(floatEnds, windows).outputs, run(int8, windows).outputs);
    const ends = (model: TfliteModel) =>
      [...model.inputs, ...model.outputs].map((
        index,
      ) => [model.tensors[index].name, model.tensors[index].type]);
    assert.deepEqual(ends(floatEnds), ends(graph));
    const [{ inputs, outputs }] = floatEnds.signatures;
    assert.deepEqual([...inputs, ...outputs].map(({ tensor }) => tensor), [
      ...floatEnds.inputs,
      ...floatEnds.outputs,
    ]);
    assert.deepEqual([floatEnds.operators[0].operator, floatEnds.operators.at(-1)!.operator], [
      "QUANTIZE",
      "DEQUANTIZE",
    ]);
  }
});

Deno.test("quantizeGraph() in float16 stores every constant in two bytes and computes as with rounded weights", () => {
  for (const { graph } of Object.values(GRAPHS)) {
    const windows = windowsFor(graph), half = quantized(graph, windows, { mode: "float16" });
    const constants = half.tensors.filter(({ data, type }) => data !== undefined && type !== "INT32");
    assert.ok(constants.every(({ type }) => type === "FLOAT16"));
    const rounded = structuredClone(graph);
    for (const tensor of rounded.tensors) {
      if (tensor.data === undefined || tensor.type !== "FLOAT32") continue;
      const values = new Float32Array(tensor.data.slice().buffer).map(Math.f16round);
      tensor.data = new Uint8Array(values.buffer);
    }
    const got = run(half, windows).outputs;
    assert.ok(maxDifference(got, run(rounded, windows).outputs) < 1e-5);
    const inputs = windows.subarray(0, windows.length / WINDOWS);
    const [evaluated] = createEvaluator(half).run([inputs]) as Float32Array[];
    assert.ok(maxDifference(evaluated, got.subarray(0, evaluated.length)) < 1e-5);
  }
});

Deno.test("quantizeGraph() in float16 keeps what is beyond half precision at its greatest", () => {
  const graph = one(
    [1, 1],
    binary("MUL", ["input", { name: "k", shape: [1], values: Float32Array.of(1e6) }], "output", [1, 1]),
  );
  const half = quantizeGraph(graph, new Map(), { mode: "float16" });
  assert.deepEqual(createEvaluator(half).run([Float32Array.of(-1)]), [Float32Array.of(-65504)]);
});

/** Layers with enough weights to be worth it: a convolution, a depthwise one, a dense layer, an LSTM. */
function heavyGraph(): TfliteModel {
  const sizes = [1, 1, 12, 32];
  return one(
    [1, 1, 12, 32],
    {
      ...convolution("CONV_2D", [32, 1, 3, 32], sizes, { fusedActivationFunction: 1 }),
      outputs: { convolved: sizes },
    },
    {
      operator: "DEPTHWISE_CONV_2D",
      inputs: ["convolved", normal("depthwise/kernel", [1, 1, 33, 32], 0.2), normal("depthwise/bias", [32])],
      outputs: { filtered: sizes },
      options: sliding({ dilationWFactor: 1, dilationHFactor: 1, depthMultiplier: 1 }),
    },
    reshape("filtered", "flat", [1, 384]),
    dense("flat", "wide", [1, 384, 16]),
    dense("wide", "output", [1, 16, 4]),
  );
}

Deno.test("quantizeGraph() in int8-dynamic quantizes large weights only, in the versions whose kernels take them", () => {
  const graph = heavyGraph(), windows = windowsFor(graph);
  const dynamic = quantized(graph, windows, { mode: "int8-dynamic" });
  const forms = dynamic.operators.map(({ operator, version, inputs }) => {
    const { type, quantization } = dynamic.tensors[inputs[1]];
    return `${operator} ${version} ${type} ${quantization?.scale.length ?? 0}`;
  });
  assert.deepEqual(forms, [
    "CONV_2D 5 INT8 32",
    "DEPTHWISE_CONV_2D 6 INT8 32",
    "RESHAPE 1 INT32 0",
    "FULLY_CONNECTED 3 INT8 1",
    "FULLY_CONNECTED 1 FLOAT32 0",
  ]);
  const float = run(graph, windows).outputs;
  const spread = Math.max(...float.map(Math.abs));
  assert.ok(maxDifference(run(dynamic, windows).outputs, float) < 0.02 * spread);
});

Deno.test("quantizeGraph() keeps what each architecture computes in all modes, and makes its file smaller", () => {
  for (const { name, build } of Object.values(ARCHITECTURES)) {
    const model = build({ windowSamples: 60, channels: 1, classes: 5 }), weights = livelyWeights(model);
    const graph = convertToTflite(model, weights), windows = beatWindows(WINDOWS, 60);
    const float = run(graph, windows).outputs, floatBytes = encodeTflite(graph).length;
    const limits = { "int8": 0.08, "int8-dynamic": 0.03, "float16": 1e-3 } as const;
    for (const [mode, limit] of Object.entries(limits) as [QuantizeOptions["mode"], number][]) {
      const made = quantized(graph, windows, { mode }),
        off = maxDifference(run(made, windows).outputs, float);
      assert.ok(off < limit, `${name} ${mode} ${off}`);
      const part = encodeTflite(made).length / floatBytes;
      assert.ok(part < (name === "gru" ? 1.2 : 0.65), `${name} ${mode} ${part}`);
    }
  }
});

Deno.test("quantizeGraph() gives a model with a second, reversed input the very numbers of one that reverses by itself", () => {
  const model = ARCHITECTURES.bilstm.build({ windowSamples: 60, channels: 1, classes: 5 });
  const weights = livelyWeights(model), windows = beatWindows(WINDOWS, 60);
  const [reversing, twoInputs] = (["reverse-op", "two-inputs"] as const).map((bidirectional) => {
    const graph = convertToTflite(model, weights, { bidirectional });
    return quantized(graph, windows, { mode: "int8" });
  });
  assert.deepEqual([reversing.inputs.length, twoInputs.inputs.length], [1, 2]);
  const [input, reversed] = twoInputs.inputs.map((index) => twoInputs.tensors[index].quantization);
  assert.deepEqual(input, reversed);
  assert.deepEqual(run(twoInputs, windows), run(reversing, windows));
});

Deno.test("quantizeGraph() refuses what is quantized already, in every mode", () => {
  const { graph } = GRAPHS.ADD, int8 = quantized(graph, windowsFor(graph), { mode: "int8" });
  for (const mode of ["int8", "int8-dynamic", "float16"] as const) {
    assert.throws(() => quantizeGraph(int8, new Map(), { mode }), /must be FLOAT32, got INT8 for "input"/);
  }
});
