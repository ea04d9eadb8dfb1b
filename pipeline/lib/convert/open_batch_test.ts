import assert from "node:assert/strict";
import { int32Elements, type TfliteModel } from "../formats/tflite/graph.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { maxAbsDifference } from "../metrics/agreement.ts";
import { forward } from "../nn/forward.ts";
import { openTfliteLibrary } from "../runtime/tflite_ffi.ts";
import { convertToTflite } from "./convert.ts";
import { conv1d, dense, gru, LAYER_MODELS, livelyWeights, lstm, model, noiseWindows } from "./test_models.ts";

const TOLERANCE = 1e-5;

/** What a runtime makes of the graph when the caller resizes its inputs to `batch` windows. */
function resized(graph: TfliteModel, batch: number): TfliteModel {
  return {
    ...graph,
    tensors: graph.tensors.map(({ shapeSignature, ...tensor }) => ({
      ...tensor,
      shape: tensor.shape.map((size, axis) => shapeSignature?.[axis] === -1 ? batch * size : size),
    })),
  };
}

const DYNAMIC = [
  "Conv1D causal with a dilation",
  "SeparableConv1D",
  "Dense over a sequence with softmax",
  "Flatten and Dense",
  "Reshape",
  "Multiply by a gate, squeeze and excitation",
  "GRU backwards over all steps",
  "GRU stacked",
];
for (const name of DYNAMIC) {
  Deno.test(`openBatch() makes a graph that computes any number of windows: ${name}`, () => {
    const network = LAYER_MODELS[name], weights = livelyWeights(network);
    const graph = convertToTflite(network, weights, { batch: "dynamic" });
    assert.deepEqual(graph.tensors[graph.inputs[0]].shapeSignature![0], -1);
    assert.deepEqual(graph.tensors[graph.outputs[0]].shapeSignature![0], -1);
    for (const batch of [1, 4]) {
      const windows = noiseWindows(network, batch);
      using interpreter = openTfliteLibrary().createInterpreter(encodeTflite(resized(graph, batch)));
      const error = maxAbsDifference(interpreter.run(windows), forward(network, weights, windows, batch));
      assert.ok(error < TOLERANCE, `batch ${batch}: error ${error}`);
    }
  });
}

Deno.test("openBatch() opens the batch alone, in signatures and in targets of RESHAPE", () => {
  const network = model([6, 2], conv1d(3, 3), { kind: "Flatten" }, dense(2));
  const graph = convertToTflite(network, livelyWeights(network), { batch: "dynamic" });
  const named = (name: string) => graph.tensors.find((tensor) => tensor.name === name)!;
  assert.deepEqual([named("input").shape, named("input").shapeSignature], [[1, 6, 2], [-1, 6, 2]]);
  assert.deepEqual([named("layer0").shape, named("layer0").shapeSignature], [[1, 1, 6, 3], [-1, 1, 6, 3]]);
  assert.equal(named("layer0/kernel").shapeSignature, undefined);
  assert.deepEqual([...int32Elements(named("layer1/shape").data!)], [-1, 18]);
  assert.deepEqual(graph.operators.at(-2)!.options, { newShape: [-1, 18] });
});

Deno.test("convertToTflite() shows the passes of a dynamic batch on one window", () => {
  const network = model([6, 2], conv1d(3, 3), { kind: "Flatten" }, dense(2)), seen: string[] = [];
  convertToTflite(network, livelyWeights(network), {
    batch: "dynamic",
    onPass: (name, graph) => seen.push(`${name} ${graph.tensors[graph.inputs[0]].shape}`),
  });
  assert.deepEqual(seen.slice(0, 2), ["lowered 1,6,2", "sinkReshapes 1,6,2"]);
});

Deno.test("openBatch() refuses an LSTM, whose state has the batch in it", () => {
  for (const network of [model([6, 2], lstm(3)), model([6, 2], gru(2, { returnSequences: true }), lstm(3))]) {
    assert.throws(
      () => convertToTflite(network, livelyWeights(network), { batch: "dynamic" }),
      /Cannot convert for a dynamic batch: .* in "layer\d\/hidden_state"/,
    );
  }
});
