import assert from "node:assert/strict";
import { convertToTflite } from "../convert/convert.ts";
import { elementCount } from "../formats/tflite/graph.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { ARCHITECTURES } from "../nn/architectures/architectures.ts";
import { forward } from "../nn/forward.ts";
import type { Layer, Model, Weights } from "../nn/model.ts";
import { outputShapes } from "../nn/shapes.ts";
import { type Interpreter, openTfliteLibrary } from "../runtime/tflite_ffi.ts";
import { dequantizeOutput, quantizeInput } from "../runtime/quantized_values.ts";
import { createEvaluator } from "../reference/evaluator.ts";
import { calibrate } from "./calibration.ts";
import { quantizeToInt8 } from "./int8_graph.ts";
import { beatWindows, livelyWeights, noiseWindows } from "./test_networks.ts";

/** What the float32 interpreter may differ by from the float64 reference. */
const FLOAT_TOLERANCE = 1e-5;
/** Native kernels rescale with 32-bit multipliers and tables: 1 step of an operator's output. */
const INTEGER_TOLERANCE_STEPS = 1;
/** Steps of the probabilities behind a whole network, where a step of a layer is several of the next. */
const NETWORK_TOLERANCE_STEPS = 6;
/** Probabilities of whole int8 networks with random weights against float. */
const INT8_PROBABILITY_TOLERANCE = 0.05;

const CLASSES = 5, SAMPLES = 216, WINDOWS = 24;

type LayerWithoutName<L = Layer> = L extends Layer ? Omit<L, "name" | "inputs"> : never;

/** A model of an input and layers in a row. */
function network(shape: number[], ...layers: LayerWithoutName[]): Model {
  const named = layers.map((layer, i) => ({
    ...layer,
    name: `layer${i}`,
    inputs: [i === 0 ? "input" : `layer${i - 1}`],
  }));
  return {
    name: "test",
    layers: [{ kind: "InputLayer", name: "input", inputs: [], shape }, ...named as Layer[]],
    output: named[named.length - 1].name,
  };
}

const conv = (filters: number, kernelSize: number, rest: object = {}) => ({
  kind: "Conv1D" as const,
  filters,
  kernelSize,
  strides: 1,
  padding: "same" as const,
  activation: "relu" as const,
  ...rest,
});
const lstm = (units: number, returnSequences = false) => ({ kind: "LSTM" as const, units, returnSequences });
const pool = { kind: "GlobalAveragePooling1D" as const };
const dense = (units: number, activation: "linear" | "relu" | "sigmoid" | "softmax" | "tanh" = "linear") => ({
  kind: "Dense" as const,
  units,
  activation,
});

/** One operator each, then odd small networks. */
const NETWORKS: Record<string, Model> = {
  "CONV_2D same": network([17, 3], conv(4, 5, { activation: "linear" })),
  "CONV_2D same with an even kernel and stride 2": network([16, 2], conv(3, 4, { strides: 2 })),
  "CONV_2D same with stride 3 and more steps than the kernel": network([20, 1], conv(2, 2, { strides: 3 })),
  "CONV_2D valid": network([9, 2], conv(5, 3, { padding: "valid" })),
  "CONV_2D valid over the whole window": network(
    [6, 2],
    conv(3, 6, { padding: "valid", activation: "linear" }),
  ),
  "CONV_2D 1 x 1": network([1, 1], conv(1, 1, { activation: "linear" })),
  "CONV_2D and TANH": network([12, 1], conv(3, 3, { activation: "tanh" })),
  "CONV_2D and SOFTMAX": network([12, 1], conv(3, 3, { activation: "softmax" })),
  "FULLY_CONNECTED": network([7], dense(3)),
  "FULLY_CONNECTED with relu": network([7], dense(6, "relu")),
  "FULLY_CONNECTED and LOGISTIC": network([7], dense(3, "sigmoid")),
  "FULLY_CONNECTED and TANH": network([7], dense(3, "tanh")),
  "FULLY_CONNECTED and SOFTMAX": network([7], dense(4, "softmax")),
  "MEAN": network([13, 3], pool),
  "UNIDIRECTIONAL_SEQUENCE_LSTM": network([12, 3], lstm(8, true)),
  "UNIDIRECTIONAL_SEQUENCE_LSTM and STRIDED_SLICE": network([12, 1], lstm(5)),
  "UNIDIRECTIONAL_SEQUENCE_LSTM of 64 units over 216 steps": network([216, 1], lstm(64, true)),
  "UNIDIRECTIONAL_SEQUENCE_LSTM over one step": network([1, 2], lstm(1)),
};
const MIXED_NETWORKS: Record<string, Model> = {
  "two LSTMs": network([20, 2], lstm(6, true), lstm(4), dense(3, "softmax")),
  "convolutions and an LSTM": network(
    [30, 1],
    conv(4, 5, { strides: 2 }),
    conv(6, 3),
    lstm(5),
    dense(2, "softmax"),
  ),
  "an LSTM, a convolution and their average": network(
    [15, 2],
    lstm(4, true),
    conv(3, 3),
    pool,
    dense(2, "softmax"),
  ),
  "an LSTM and its average": network([15, 1], lstm(4, true), pool, dense(2)),
};

function open(model: Parameters<typeof encodeTflite>[0]): Interpreter {
  return openTfliteLibrary().createInterpreter(encodeTflite(model));
}

for (const [name, model] of Object.entries({ ...NETWORKS, ...MIXED_NETWORKS })) {
  Deno.test(`convertToTflite() runs as the reference: ${name}`, () => {
    const weights = livelyWeights(model), size = elementCount(outputShapes(model).get("input")!);
    const windows = noiseWindows(3 * size);
    const expected = forward(model, weights, windows, 3), outputSize = expected.length / 3;
    using interpreter = open(convertToTflite(model, weights));
    assert.deepEqual(interpreter.inputs[0].shape, [1, ...outputShapes(model).get("input")!]);
    assert.deepEqual(interpreter.outputs[0].shape, [1, ...outputShapes(model).get(model.output)!]);
    for (let window = 0; window < 3; window++) {
      interpreter.run(windows.subarray(window * size, (window + 1) * size)).forEach((value, i) => {
        const error = Math.abs(value - expected[window * outputSize + i]);
        assert.ok(error < FLOAT_TOLERANCE, `error ${error}`);
      });
    }
  });
}

for (const [name, model] of Object.entries(NETWORKS)) {
  Deno.test(`quantizeToInt8() runs as the evaluator: ${name}`, () => {
    const weights = livelyWeights(model), size = elementCount(outputShapes(model).get("input")!);
    const windows = noiseWindows(8 * size);
    const float = convertToTflite(model, weights),
      graph = quantizeToInt8(float, calibrate(float, windows, 8));
    using interpreter = open(graph);
    const [{ scale, zeroPoint }] = interpreter.inputs, evaluator = createEvaluator(graph);
    // A step of the preactivation is several of the activation's output; no activation is steeper than 1.
    const preactivation = graph.tensors.find((tensor) => tensor.name.endsWith("/preactivation"));
    const tolerance = INTEGER_TOLERANCE_STEPS *
      (1 + (preactivation?.quantization?.scale[0] ?? 0) / interpreter.outputs[0].scale);
    for (let window = 0; window < 8; window++) {
      const input = quantizeInput(windows.subarray(window * size, (window + 1) * size), scale, zeroPoint);
      interpreter.resetState();
      interpreter.setInput(0, input);
      interpreter.invoke();
      const got = interpreter.output(0) as Int8Array;
      (evaluator.run([input])[0] as Int8Array).forEach((value, i) => {
        assert.ok(Math.abs(value - got[i]) <= tolerance, `${value} is not ${got[i]} at ${i}`);
      });
    }
  });
}

Deno.test("quantizeToInt8() keeps the small steps of one cell beside another that counts to 60", () => {
  const model = network([216, 1], lstm(2)), windows = new Float32Array(216).fill(0.3);
  const sigmoidOf = (gate: number) => 1 / (1 + Math.exp(-gate));
  const forget = 8, enter = -6, smallStep = sigmoidOf(enter) * Math.tanh(0.3);
  assert.ok(smallStep < 64 / 2 ** 16 && smallStep > 8 / 2 ** 16, "lost in 16 bits up to 64, not up to 8");
  const weights: Weights = new Map([
    ["layer0/kernel", { shape: [1, 8], data: Float32Array.of(0, 0, 0, 0, 1, 1, 0, 0) }],
    ["layer0/recurrent_kernel", { shape: [2, 8], data: new Float32Array(16) }],
    ["layer0/bias", { shape: [8], data: Float32Array.of(8, enter, 12, forget, 0, 0, 8, 8) }],
  ]);
  const cell = smallStep * (1 - sigmoidOf(forget) ** 216) / (1 - sigmoidOf(forget));
  const expected = [1, Math.tanh(cell)];
  const float = convertToTflite(model, weights), ranges = calibrate(float, windows, 1);
  assert.ok(ranges.get("layer0/cell")!.max > 60);
  using interpreter = open(quantizeToInt8(float, ranges));
  interpreter.run(windows).forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 0.02, `${value} is not ${expected[i]}`)
  );
});

for (const name of ["cnn", "lstm"]) {
  Deno.test(`convertToTflite() and quantizeToInt8() keep what "${name}" computes at full size`, () => {
    const model = ARCHITECTURES[name].build({ windowSamples: SAMPLES, channels: 1, classes: CLASSES });
    const weights = livelyWeights(model), windows = beatWindows(WINDOWS, SAMPLES);
    const expected = forward(model, weights, windows, WINDOWS);
    const graph = convertToTflite(model, weights);
    const integers = quantizeToInt8(graph, calibrate(graph, windows, WINDOWS));
    using float = open(graph);
    using int8 = open(integers);
    assert.deepEqual(int8.inputs.map(({ type, shape }) => [type, shape]), [["INT8", [1, SAMPLES, 1]]]);
    assert.deepEqual(int8.outputs.map(({ type, shape }) => [type, shape]), [["INT8", [1, CLASSES]]]);
    for (let window = 0; window < WINDOWS; window++) {
      const values = windows.subarray(window * SAMPLES, (window + 1) * SAMPLES);
      const reference = expected.subarray(window * CLASSES, (window + 1) * CLASSES);
      const [floatError, int8Error] = [float, int8].map((interpreter) =>
        interpreter.run(values).reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i])), 0)
      );
      assert.ok(floatError < FLOAT_TOLERANCE, `float error ${floatError}`);
      assert.ok(int8Error < INT8_PROBABILITY_TOLERANCE, `int8 error ${int8Error}`);
      // Classes whose probabilities differ by less than the tolerance may change places.
      const best = reference.indexOf(Math.max(...reference));
      const got = int8.run(values), chosen = got.indexOf(Math.max(...got));
      assert.ok(reference[best] - reference[chosen] < INT8_PROBABILITY_TOLERANCE, `${best} is not ${chosen}`);
    }
  });

  Deno.test(`createEvaluator() follows the native kernels of "${name}" at full size`, () => {
    const model = ARCHITECTURES[name].build({ windowSamples: SAMPLES, channels: 1, classes: CLASSES });
    const weights = livelyWeights(model), windows = beatWindows(4, SAMPLES);
    const float = convertToTflite(model, weights),
      graph = quantizeToInt8(float, calibrate(float, windows, 4));
    using interpreter = open(graph);
    const [input] = interpreter.inputs, [output] = interpreter.outputs, evaluator = createEvaluator(graph);
    for (let window = 0; window < 4; window++) {
      const values = windows.subarray(window * SAMPLES, (window + 1) * SAMPLES);
      const integers = evaluator.run([quantizeInput(values, input.scale, input.zeroPoint)])[0] as Int8Array;
      const expected = dequantizeOutput(integers, output.scale, output.zeroPoint);
      interpreter.run(values).forEach((value, i) =>
        assert.ok(
          Math.abs(value - expected[i]) <= NETWORK_TOLERANCE_STEPS * output.scale,
          `${value} is not ${expected[i]}`,
        )
      );
    }
  });
}
