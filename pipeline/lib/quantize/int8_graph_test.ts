import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { convertToTflite } from "../convert/convert.ts";
import { bytesOf, type TfliteModel, type TfliteTensor } from "../formats/tflite/graph.ts";
import { decodeTflite } from "../formats/tflite/reader.ts";
import { verifyTflite } from "../formats/tflite/verify.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { ARCHITECTURES } from "../nn/architectures/architectures.ts";
import { calibrate } from "./calibration.ts";
import { quantizeToInt8 } from "./int8_graph.ts";
import { OPERATOR_FORMS } from "./operator_forms.ts";
import type { Range, Ranges } from "./ranges.ts";
import { concatenation, graphOf, unary } from "./test_graphs.ts";
import { beatWindows, livelyWeights } from "./test_networks.ts";

const FIXTURES = "../shared/fixtures/tflite";
const hasShared = existsSync(FIXTURES);

function quantizedNetwork(name: string): { float: TfliteModel; int8: TfliteModel; ranges: Ranges } {
  const model = ARCHITECTURES[name].build({ windowSamples: 60, channels: 1, classes: 5 });
  const weights = livelyWeights(model);
  const float = convertToTflite(model, weights);
  const ranges = calibrate(float, beatWindows(4, 60), 4);
  return { float, int8: quantizeToInt8(float, ranges), ranges };
}

const named = (model: TfliteModel, name: string) => model.tensors.find((tensor) => tensor.name === name)!;
const place = ({ type, shape, quantization }: TfliteTensor) => [type, shape, quantization?.scale.length];

Deno.test("quantizeToInt8() uses the operator versions whose kernels take int8", () => {
  const versions = (name: string) =>
    quantizedNetwork(name).int8.operators.map(({ operator, version }) => `${operator} ${version}`);
  assert.deepEqual(versions("cnn"), [
    "RESHAPE 1",
    "CONV_2D 3",
    "CONV_2D 3",
    "CONV_2D 3",
    "MEAN 2",
    "FULLY_CONNECTED 4",
    "SOFTMAX 2",
  ]);
  assert.deepEqual(versions("lstm"), [
    "UNIDIRECTIONAL_SEQUENCE_LSTM 1",
    "STRIDED_SLICE 2",
    "FULLY_CONNECTED 4",
    "SOFTMAX 2",
  ]);
});

Deno.test("quantizeToInt8() quantizes convolutions a filter, dense layers a tensor, and shares scales", () => {
  const { int8 } = quantizedNetwork("cnn");
  assert.deepEqual(place(named(int8, "conv1d_1/kernel")), ["INT8", [32, 1, 7, 16], 32]);
  assert.deepEqual(place(named(int8, "conv1d_1/bias")), ["INT32", [32], 32]);
  assert.deepEqual(place(named(int8, "dense/kernel")), ["INT8", [5, 64], 1]);
  assert.deepEqual(place(named(int8, "dense/bias")), ["INT32", [5], 1]);
  assert.deepEqual(named(int8, "conv1d/input_image").quantization, named(int8, "input").quantization);
  assert.deepEqual(named(int8, "conv1d").quantization!.zeroPoint, [-128]);
  assert.deepEqual(named(int8, "dense").quantization, {
    scale: [1 / 256],
    zeroPoint: [-128],
    quantizedDimension: 0,
  });
});

Deno.test("quantizeToInt8() lays the integer LSTM out as its kernel reads it", () => {
  const { int8, ranges } = quantizedNetwork("lstm");
  const [lstm] = int8.operators;
  const input = (position: number) => int8.tensors[lstm.inputs[position]];
  const inputScale = input(0).quantization!.scale[0];
  for (let gate = 0; gate < 4; gate++) {
    assert.deepEqual(place(input(1 + gate)), ["INT8", [64, 1], 1]);
    assert.deepEqual(place(input(5 + gate)), ["INT8", [64, 64], 1]);
    assert.deepEqual(place(input(12 + gate)), ["INT32", [64], 1]);
    const weightScale = input(1 + gate).quantization!.scale[0];
    assert.equal(input(12 + gate).quantization!.scale[0], Math.fround(inputScale * weightScale));
  }
  for (const absent of [9, 10, 11, 16, 17, 20, 21, 22, 23]) assert.equal(lstm.inputs[absent], -1);
  const hidden = input(18), cell = input(19), output = int8.tensors[lstm.outputs[0]];
  assert.deepEqual([hidden.type, hidden.isVariable, cell.type, cell.isVariable], [
    "INT8",
    true,
    "INT16",
    true,
  ]);
  assert.deepEqual(hidden.quantization!.zeroPoint, [0]);
  assert.deepEqual(output.quantization, hidden.quantization);
  assert.ok(Number.isInteger(Math.log2(cell.quantization!.scale[0])));
  assert.ok(cell.quantization!.scale[0] * 32768 >= ranges.get("lstm/cell")!.max);
  const intermediates = lstm.intermediates!.map((index) => int8.tensors[index]);
  assert.deepEqual(intermediates.map(({ type, shape }) => [type, shape]), [
    ...Array.from({ length: 4 }, () => ["FLOAT32", [0]]),
    ["INT8", [0]],
  ]);
  assert.deepEqual(intermediates[4].quantization, hidden.quantization);
});

Deno.test("verifyTflite() refuses an int8 LSTM with a hidden zero point, too few intermediates or a cell scale", () => {
  const refusal = (change: (model: TfliteModel) => void) => {
    const { int8 } = quantizedNetwork("lstm");
    change(int8);
    try {
      verifyTflite(encodeTflite(int8));
      return "accepted";
    } catch (error) {
      return `${error}`;
    }
  };
  const quantization = (model: TfliteModel, name: string) => named(model, name).quantization!;
  assert.equal(refusal(() => {}), "accepted");
  assert.match(
    refusal((model) => quantization(model, "lstm/hidden_state").zeroPoint = [15]),
    /hidden state must have the zero point 0, because TFLite 2\.9 .* got 15/,
  );
  assert.match(
    refusal((model) => model.operators[0].intermediates!.pop()),
    /must have 5 intermediates, got 4/,
  );
  assert.match(
    refusal((model) => quantization(model, "lstm/cell").scale = [0.01]),
    /power of two.*got 0\.009/,
  );
});

Deno.test("quantizeToInt8() leaves the float graph as it is and is deterministic", () => {
  const { float, int8, ranges } = quantizedNetwork("lstm");
  const before = encodeTflite(float);
  assert.deepEqual(encodeTflite(quantizeToInt8(float, ranges)), encodeTflite(int8));
  assert.deepEqual(encodeTflite(float), before);
  verifyTflite(encodeTflite(int8));
});

Deno.test("quantizeToInt8() stores a constant that operators share once, and once more for each other form", () => {
  const { float, ranges } = quantizedNetwork("cnn");
  const copy = structuredClone(float);
  const dense = copy.operators.find(({ operator }) => operator === "FULLY_CONNECTED")!;
  const [input, kernel, bias] = dense.inputs;
  const add = (name: string, range: Range) => {
    ranges.set(name, range);
    return copy.tensors.push({ name, type: "FLOAT32", shape: [1, 5] }) - 1;
  };
  const second = add("second", { min: -1, max: 1 }), sum = add("sum", { min: -2, max: 2 });
  copy.operators.push({ ...dense, inputs: [input, kernel, bias], outputs: [second] });
  copy.operators.push({ operator: "ADD", version: 1, inputs: [second, bias], outputs: [sum] });
  const int8 = quantizeToInt8(copy, ranges);
  const [first, other] = int8.operators.filter(({ operator }) => operator === "FULLY_CONNECTED");
  assert.deepEqual(other.inputs, first.inputs);
  const operand = int8.tensors[int8.operators.at(-1)!.inputs[1]];
  assert.deepEqual([int8.tensors[first.inputs[2]].type, operand.type], ["INT32", "INT8"]);
  assert.equal(new Set(int8.tensors.map(({ name }) => name)).size, int8.tensors.length);
});

Deno.test("quantizeToInt8() requantizes what a kernel wrote with a scale of its own before it is joined", () => {
  const graph = graphOf({
    inputs: { input: [1, 3] },
    operations: [
      unary("TANH", "input", "tanh", [1, 3]),
      concatenation(["input", "tanh", "input"], "output", [1, 9]),
    ],
    outputs: ["output"],
  });
  const int8 = quantizeToInt8(
    graph,
    new Map([["input", { min: -4, max: 4 }], ["output", { min: -4, max: 4 }]]),
  );
  assert.deepEqual(int8.operators.map(({ operator }) => operator), ["TANH", "QUANTIZE", "CONCATENATION"]);
  const joined = int8.operators[2].inputs.map((index) => int8.tensors[index]);
  assert.deepEqual(joined.map(({ name }) => name), ["input", "output/input_1", "input"]);
  for (const { quantization } of joined) assert.deepEqual(quantization, named(int8, "output").quantization);
  assert.deepEqual(named(int8, "tanh").quantization!.scale, [1 / 128]);
  verifyTflite(encodeTflite(int8));
});

Deno.test("quantizeToInt8() names the tensor without range, a wrong range and the operator without form", () => {
  const { float, ranges } = quantizedNetwork("lstm");
  const without = new Map(ranges);
  without.delete("lstm/cell");
  assert.throws(
    () => quantizeToInt8(float, without),
    /tensor "lstm\/cell": calibration must give its range, got none/,
  );
  const wrong = new Map(ranges).set("lstm/hidden", { min: 0, max: NaN });
  assert.throws(
    () => quantizeToInt8(float, wrong),
    /"lstm\/hidden": its range must be finite, got \[0, NaN\]/,
  );
  const copy = structuredClone(float);
  copy.operators[1].operator = "ATAN2";
  assert.throws(() => quantizeToInt8(copy, ranges), /operator 1: it must be one of .*, got ATAN2/);
});

/** The range that a quantized activation stands for; [-127, 127] for the symmetric hidden states. */
function rangeOf({ quantization, type }: TfliteTensor, isHidden: boolean) {
  const [scale] = quantization!.scale, [zeroPoint] = quantization!.zeroPoint;
  const [low, high] = type === "INT16" ? [-32768, 32767] : [isHidden ? -127 : -128, 127];
  return { min: scale * (low - zeroPoint), max: scale * (high - zeroPoint) };
}

/** Computed activations of two graphs with the same operators, matched by place. */
function rangesOfTwin(float: TfliteModel, int8: TfliteModel): Ranges {
  const ranges: Ranges = new Map();
  const match = (index: number, twin: number, isHidden: boolean) => {
    if (index === -1 || int8.tensors[twin].quantization?.scale.length !== 1) return;
    const { name } = float.tensors[index];
    if (!ranges.has(name)) ranges.set(name, rangeOf(int8.tensors[twin], isHidden));
  };
  float.operators.forEach((operator, i) => {
    const isHidden = operator.operator === "UNIDIRECTIONAL_SEQUENCE_LSTM";
    operator.inputs.forEach((index, j) => {
      if (!float.inputs.includes(index) && !float.tensors[index]?.isVariable) return;
      match(index, int8.operators[i].inputs[j], false);
    });
    if (OPERATOR_FORMS[operator.operator].outputs === "shared") return;
    operator.outputs.forEach((index, j) => match(index, int8.operators[i].outputs[j], isHidden));
  });
  return ranges;
}

/**
 * Gives a graph with some int8 weights float ones.
 *
 * @returns The graph, and the operators whose weights were rounded before and cannot be compared.
 */
function withFloatWeights(model: TfliteModel): { graph: TfliteModel; rounded: Set<number> } {
  const rounded = new Set<number>();
  const tensors = model.tensors.map((tensor, index): TfliteTensor => {
    if (tensor.type !== "INT8" || tensor.data === undefined) return tensor;
    model.operators.forEach(({ inputs }, i) => inputs.includes(index) && rounded.add(i));
    const [scale] = tensor.quantization!.scale;
    const values = Float32Array.from(new Int8Array(tensor.data.slice().buffer), (value) => value * scale);
    return { name: tensor.name, type: "FLOAT32", shape: tensor.shape, data: bytesOf(values) };
  });
  return { graph: { ...model, tensors }, rounded };
}

// Google's converter made both files of a pair from one training. Those of hello_world come from two; the convolutions
// of kws_float are rounded already.
for (
  const [float, twin, least] of [["trained_lstm", "trained_lstm_int8", 9000], [
    "resnet8_float",
    "resnet8_int8",
    77000,
  ], ["kws_float", "kws_int8", 3000]] as const
) {
  Deno.test({
    name: `[shared] quantizeToInt8() turns ${float} into the weights and biases of the official ${twin}`,
    ignore: !hasShared,
    fn() {
      const [floatFile, official] = [float, twin].map((file) =>
        decodeTflite(Deno.readFileSync(`${FIXTURES}/${file}.tflite`), file)
      );
      const { graph, rounded } = withFloatWeights(floatFile);
      const int8 = quantizeToInt8(graph, rangesOfTwin(graph, official));
      let compared = 0, different = 0;
      int8.operators.forEach((operator, i) => {
        assert.equal(operator.version, official.operators[i].version);
        if (rounded.has(i)) return;
        operator.inputs.forEach((index, j) => {
          const ours = int8.tensors[index], theirs = official.tensors[official.operators[i].inputs[j]];
          if (ours?.data === undefined || ours.quantization === undefined) return;
          assert.equal(ours.data.length, theirs.data!.length);
          compared += ours.data.length;
          different += ours.data.filter((byte, k) => byte !== theirs.data![k]).length;
        });
      });
      assert.ok(compared > least, `${compared} bytes compared`);
      assert.equal(different, 0, `${different} of ${compared} bytes differ`);
    },
  });
}
