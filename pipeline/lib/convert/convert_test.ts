import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { decodeKerasModel } from "../artefacts/keras_model.ts";
import { StageError } from "../core/errors.ts";
import { float32Elements, int32Elements, type TfliteModel } from "../formats/tflite/graph.ts";
import { decodeTflite } from "../formats/tflite/reader.ts";
import { verifyTflite } from "../formats/tflite/verify.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { createRng } from "../core/rng.ts";
import { ARCHITECTURES } from "../nn/architectures/architectures.ts";
import { initializeWeights } from "../nn/initialize.ts";
import type { Model, Weights } from "../nn/model.ts";
import { checkConvertible, convertToTflite } from "./convert.ts";
import { transposeColumns } from "./matrix.ts";

const FIXTURES = "../shared/fixtures/tflite";
const SIZES = { windowSamples: 216, channels: 1, classes: 5 };

function converted(name: string): TfliteModel {
  const model = ARCHITECTURES[name].build(SIZES);
  return convertToTflite(model, initializeWeights(model, createRng(1)), { description: "for a test" });
}

/** A model of one Dense or Conv1D layer whose kernel counts up. */
function counting(
  layer: Model["layers"][number],
  shape: number[],
  kernel: number[],
): { model: Model; weights: Weights } {
  const size = kernel.reduce((a, b) => a * b, 1), outputs = kernel[kernel.length - 1];
  return {
    model: {
      name: "test",
      layers: [{ kind: "InputLayer", name: "input", inputs: [], shape }, layer],
      output: layer.name,
    },
    weights: new Map([
      [`${layer.name}/kernel`, { shape: kernel, data: Float32Array.from({ length: size }, (_, i) => i) }],
      [`${layer.name}/bias`, { shape: [outputs], data: new Float32Array(outputs) }],
    ]),
  };
}

const named = (model: TfliteModel, name: string) => model.tensors.find((tensor) => tensor.name === name)!;

Deno.test("convertToTflite() lowers the convolutional model with one RESHAPE and fused relu", () => {
  const graph = converted("cnn");
  assert.deepEqual(graph.operators.map(({ operator }) => operator), [
    "RESHAPE",
    "CONV_2D",
    "CONV_2D",
    "CONV_2D",
    "MEAN",
    "FULLY_CONNECTED",
    "SOFTMAX",
  ]);
  assert.deepEqual(graph.operators[1].options, {
    padding: 0,
    strideW: 2,
    strideH: 1,
    fusedActivationFunction: 1,
    dilationWFactor: 1,
    dilationHFactor: 1,
  });
  assert.deepEqual(named(graph, "conv1d").shape, [1, 1, 108, 16]);
  assert.deepEqual([...int32Elements(named(graph, "global_average_pooling1d/axes").data!)], [1, 2]);
});

Deno.test("convertToTflite() lowers the recurrent model to a sequence LSTM and its last step", () => {
  const graph = converted("lstm");
  assert.deepEqual(graph.operators.map(({ operator }) => operator), [
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "STRIDED_SLICE",
    "FULLY_CONNECTED",
    "SOFTMAX",
  ]);
  assert.equal(graph.operators[0].inputs.length, 24);
  assert.deepEqual(named(graph, "lstm/hidden").shape, [1, 216, 64]);
  assert.deepEqual(named(graph, "lstm").shape, [1, 64]);
  for (const state of ["lstm/hidden_state", "lstm/cell"]) {
    assert.deepEqual([named(graph, state).isVariable, named(graph, state).data], [true, undefined]);
  }
});

Deno.test("convertToTflite() names what calibration observes, input and output", () => {
  const graph = converted("cnn");
  assert.equal(graph.description, "for a test");
  assert.deepEqual(graph.inputs.map((index) => graph.tensors[index]), [{
    name: "input",
    type: "FLOAT32",
    shape: [1, 216, 1],
  }]);
  assert.deepEqual(graph.outputs.map((index) => graph.tensors[index].name), ["dense"]);
  assert.ok(named(graph, "dense/preactivation"));
  assert.deepEqual(graph.signatures, [{
    key: "serving_default",
    inputs: [{ name: "input", tensor: graph.inputs[0] }],
    outputs: [{ name: "dense", tensor: graph.outputs[0] }],
  }]);
});

Deno.test("convertToTflite() writes a file that verifies, decodes to the same graph and has unique names", () => {
  for (const name of Object.keys(ARCHITECTURES)) {
    const graph = converted(name), bytes = encodeTflite(graph);
    assert.deepEqual(decodeTflite(bytes), graph);
    verifyTflite(bytes);
    assert.deepEqual(encodeTflite(converted(name)), bytes);
    assert.equal(new Set(graph.tensors.map((tensor) => tensor.name)).size, graph.tensors.length);
  }
});

Deno.test("convertToTflite() puts outputs first in kernels", () => {
  const dense = counting(
    { kind: "Dense", name: "dense", inputs: ["input"], units: 2, activation: "linear" },
    [3],
    [3, 2],
  );
  const denseKernel = named(convertToTflite(dense.model, dense.weights), "dense/kernel");
  assert.deepEqual(denseKernel.shape, [2, 3]);
  assert.deepEqual([...float32Elements(denseKernel.data!)], [0, 2, 4, 1, 3, 5]);
  const conv = counting(
    {
      kind: "Conv1D",
      name: "conv",
      inputs: ["input"],
      filters: 2,
      kernelSize: 2,
      strides: 1,
      padding: "valid",
      activation: "linear",
    },
    [4, 3],
    [2, 3, 2],
  );
  const graph = convertToTflite(conv.model, conv.weights), convKernel = named(graph, "conv/kernel");
  assert.deepEqual(convKernel.shape, [2, 1, 2, 3]);
  assert.deepEqual([...float32Elements(convKernel.data!)], [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
  assert.equal(graph.operators[1].options!.padding, 1);
  assert.deepEqual(graph.tensors[graph.outputs[0]].shape, [1, 3, 2]);
});

Deno.test("convertToTflite() shares no memory with the weights and refuses wrong ones", () => {
  const { model, weights } = counting(
    { kind: "Dense", name: "dense", inputs: ["input"], units: 2, activation: "linear" },
    [3],
    [3, 2],
  );
  const graph = convertToTflite(model, weights);
  weights.get("dense/bias")!.data.fill(9);
  assert.deepEqual([...float32Elements(named(graph, "dense/bias").data!)], [0, 0]);
  weights.delete("dense/bias");
  assert.throws(() => convertToTflite(model, weights), RangeError);
});

Deno.test("transposeColumns() transposes a matrix or some of its columns", () => {
  const matrix = Float32Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual([...transposeColumns(matrix, { columns: 3 })], [1, 4, 2, 5, 3, 6]);
  assert.deepEqual([...transposeColumns(matrix, { columns: 3, first: 1, count: 2 })], [2, 5, 3, 6]);
});

Deno.test("convertToTflite() writes out a GRU in operators that every runtime has, 11 a step", () => {
  const { operators } = converted("gru");
  assert.deepEqual([...new Set(operators.map(({ operator }) => operator))], [
    "RESHAPE",
    "FULLY_CONNECTED",
    "SPLIT",
    "LOGISTIC",
    "MUL",
    "ADD",
    "TANH",
    "SUB",
    "SOFTMAX",
  ]);
  assert.equal(operators.length, 5 + 7 + 11 * 215 + 2);
});

Deno.test("convertToTflite() makes of a Bidirectional two LSTMs, with REVERSE_V2 or with a second input", () => {
  const model = ARCHITECTURES.bilstm.build(SIZES), weights = initializeWeights(model, createRng(1));
  const graph = convertToTflite(model, weights), names = graph.operators.map(({ operator }) => operator);
  assert.deepEqual(names, [
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "STRIDED_SLICE",
    "REVERSE_V2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "STRIDED_SLICE",
    "CONCATENATION",
    "FULLY_CONNECTED",
    "SOFTMAX",
  ]);
  const twoInputs = convertToTflite(model, weights, { bidirectional: "two-inputs" });
  assert.deepEqual(
    twoInputs.operators.map(({ operator }) => operator),
    names.filter((name) => name !== "REVERSE_V2"),
  );
});

Deno.test("checkConvertible() and convertToTflite() name the layer and what it has that TFLite has not", () => {
  const { model } = counting(
    { kind: "Dense", name: "dense", inputs: ["input"], units: 2, activation: "linear" },
    [3],
    [3, 2],
  );
  const withLayer = (layer: object): Model => ({
    ...model,
    layers: [
      model.layers[0],
      { name: "odd", inputs: ["input"], ...layer } as unknown as Model["layers"][number],
    ],
    output: "odd",
  });
  const refused = (layer: object, message: RegExp) =>
    assert.throws(
      () => checkConvertible("a model", withLayer(layer), "leave it out"),
      (error) => error instanceof StageError && message.test(error.message) && error.hint === "leave it out",
    );
  refused({ kind: "Lambda" }, /^Cannot convert a model: .*must have a form in TFLite, got Lambda "odd"/);
  refused(
    { kind: "Dense", units: 1, activation: "swish" },
    /operator in TFLite in float and int8, got swish of layer "odd"/,
  );
  refused(
    { kind: "LSTM", units: 1, activation: "tanh", recurrentActivation: "hard_sigmoid" },
    /got hard_sigmoid of layer "odd"/,
  );
  refused({ kind: "Bidirectional", layer: { kind: "GRU", activation: "relu" } }, /got relu of layer "odd"/);
  checkConvertible("a model", model, "");
});

Deno.test("convertToTflite() refuses a batch that is no number of windows", () => {
  const model = ARCHITECTURES.cnn.build(SIZES), weights = initializeWeights(model, createRng(1));
  for (const batch of [0, -1, 1.5, NaN]) {
    assert.throws(() => convertToTflite(model, weights, { batch }), /batch must be at least 1/);
  }
});

/** The operators of a file of Google's, in order. */
const officialOperators = (file: string) =>
  decodeTflite(Deno.readFileSync(`${FIXTURES}/${file}`)).operators.map(({ operator }) => operator);

for (
  const [name, official] of [["resnet8.h5", "resnet8_float.tflite"], ["str_ww.h5", "str_ww_int8.tflite"]]
) {
  Deno.test({
    name: `[shared] convertToTflite() makes of ${name} as many of each operator as Google's converter`,
    ignore: !existsSync(FIXTURES),
    async fn() {
      const { model, weights } = await decodeKerasModel(Deno.readFileSync(`${FIXTURES}/${name}`), name);
      const graph = convertToTflite(model, weights);
      assert.deepEqual(
        graph.operators.map(({ operator }) => operator).sort(),
        officialOperators(official).sort(),
      );
      // The other file is int8.
      if (official.includes("float")) {
        assert.ok(encodeTflite(graph).length <= Deno.statSync(`${FIXTURES}/${official}`).size);
      }
    },
  });
}
