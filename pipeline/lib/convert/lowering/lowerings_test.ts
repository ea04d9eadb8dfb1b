import assert from "node:assert/strict";
import { decodeTflite } from "../../formats/tflite/reader.ts";
import { inputValues } from "../../formats/tflite/window_inputs.ts";
import { encodeTflite } from "../../formats/tflite/writer.ts";
import { maxAbsDifference } from "../../metrics/agreement.ts";
import { forward } from "../../nn/forward.ts";
import type { Model } from "../../nn/model.ts";
import { openTfliteLibrary } from "../../runtime/tflite_ffi.ts";
import { checkConvertible, type ConvertOptions, convertToTflite } from "../convert.ts";
import {
  bidirectional,
  conv1d,
  gru,
  LAYER_MODELS,
  livelyWeights,
  lstm,
  model,
  noiseWindows,
} from "../test_models.ts";

/** What the float32 interpreter may differ by from the float64 reference. */
const TOLERANCE = 1e-5;
const WINDOWS = 3;

/** Runs the converted model in the TFLite library and compares it with the reference, window by window. */
function checkAgainstReference(network: Model, options: ConvertOptions = {}, xnnpack = false): void {
  const weights = livelyWeights(network), windows = noiseWindows(network, WINDOWS);
  const graph = convertToTflite(network, weights, options);
  using interpreter = openTfliteLibrary().createInterpreter(encodeTflite(graph), { xnnpack });
  const length = windows.length / WINDOWS;
  for (let window = 0; window < WINDOWS; window++) {
    const values = windows.subarray(window * length, (window + 1) * length);
    interpreter.resetState();
    inputValues(interpreter.inputs, values).forEach((input, i) => interpreter.setInput(i, input));
    interpreter.invoke();
    const error = maxAbsDifference(
      interpreter.output(0) as Float32Array,
      forward(network, weights, values, 1),
    );
    assert.ok(error < TOLERANCE, `window ${window}: error ${error}`);
  }
}

for (const [name, network] of Object.entries(LAYER_MODELS)) {
  Deno.test(`convertToTflite() runs as the reference: ${name}`, () => {
    for (const xnnpack of [false, true]) checkAgainstReference(network, {}, xnnpack);
    const graph = convertToTflite(network, livelyWeights(network));
    assert.deepEqual(decodeTflite(encodeTflite(graph)), graph);
    assert.equal(new Set(graph.tensors.map((tensor) => tensor.name)).size, graph.tensors.length);
  });
}

const TWO_INPUTS: Record<string, Model> = {
  "Bidirectional LSTM": LAYER_MODELS["Bidirectional LSTM"],
  "Bidirectional LSTM over all steps": LAYER_MODELS["Bidirectional LSTM over all steps"],
  "Bidirectional GRU": LAYER_MODELS["Bidirectional GRU"],
  "two Bidirectional of one input": model(
    [7, 2],
    { ...bidirectional(lstm(3)), name: "a", inputs: ["input"] },
    { ...bidirectional(gru(3)), name: "b", inputs: ["input"] },
    { kind: "Add", inputs: ["a", "b"] },
  ),
};
for (const [name, network] of Object.entries(TWO_INPUTS)) {
  Deno.test(`convertToTflite() runs as the reference with the host reversing: ${name}`, () => {
    const graph = convertToTflite(network, livelyWeights(network), { bidirectional: "two-inputs" });
    assert.deepEqual(graph.signatures[0].inputs.map((input) => input.name), ["input", "input_reversed"]);
    checkAgainstReference(network, { bidirectional: "two-inputs" });
  });
}

Deno.test("convertToTflite() with two inputs wants the Bidirectional to read an input", () => {
  const behind = model([9, 2], conv1d(3, 3), bidirectional(lstm(3)));
  assert.throws(
    () => convertToTflite(behind, livelyWeights(behind), { bidirectional: "two-inputs" }),
    /layer "layer1" with two inputs: it must read an input of the model.*got "layer0"/,
  );
});

Deno.test("checkConvertible() refuses an input whose name says that it is another one backwards", () => {
  const twoInputs = (second: string): Model => ({
    name: "two",
    layers: [
      { kind: "InputLayer", name: "ecg", inputs: [], shape: [3] },
      { kind: "InputLayer", name: second, inputs: [], shape: [3] },
      { kind: "Add", name: "sum", inputs: ["ecg", second] },
    ],
    output: "sum",
  });
  checkConvertible("two", twoInputs("ecg_reverse"), "");
  assert.throws(
    () => checkConvertible("two", twoInputs("ecg_reversed"), ""),
    /Cannot convert two: no input may have the name of another read backwards, got "ecg_reversed"/,
  );
});

Deno.test("checkConvertible() and convertToTflite() refuse a GRU of more steps than can be written out", () => {
  const long = model([1025, 1], gru(1));
  for (const tooLong of [long, model([1025, 1], bidirectional(gru(1)))]) {
    assert.throws(
      () => checkConvertible("gru", tooLong, ""),
      /layer "layer0": a GRU is written out.*got 1025/,
    );
  }
  checkConvertible("gru", model([1024, 1], gru(1)), "");
  assert.throws(
    () => convertToTflite(long, livelyWeights(long)),
    /layer "layer0": a GRU is written out.*got 1025/,
  );
});

for (
  const name of [
    "Add of three, a residual block",
    "Dense over a sequence",
    "GRU stacked",
    "LSTM stacked behind Conv1D",
  ]
) {
  Deno.test(`convertToTflite() computes several windows at once: ${name}`, () => {
    const network = LAYER_MODELS[name],
      weights = livelyWeights(network),
      windows = noiseWindows(network, WINDOWS);
    const graph = convertToTflite(network, weights, { batch: WINDOWS });
    using interpreter = openTfliteLibrary().createInterpreter(encodeTflite(graph));
    assert.equal(interpreter.inputs[0].shape[0], WINDOWS);
    const error = maxAbsDifference(interpreter.run(windows), forward(network, weights, windows, WINDOWS));
    assert.ok(error < TOLERANCE, `error ${error}`);
  });
}
