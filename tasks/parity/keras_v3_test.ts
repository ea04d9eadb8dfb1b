import assert from "node:assert/strict";
import { FormatError } from "../../pipeline/lib/core/errors.ts";
import { createRng } from "../../pipeline/lib/core/rng.ts";
import {
  decodeKerasModel,
  encodeKerasModel,
  encodeKerasV3Model,
} from "../../pipeline/lib/artefacts/keras_model.ts";
import { ARCHITECTURES } from "../../pipeline/lib/nn/architectures/architectures.ts";
import { forward } from "../../pipeline/lib/nn/forward.ts";
import { initializeWeights } from "../../pipeline/lib/nn/initialize.ts";
import { modelToV3Parts, v3PartsToModel } from "../../pipeline/lib/nn/keras_v3.ts";
import { h5PartsToModel } from "../../pipeline/lib/nn/keras_weights.ts";
import type { Model } from "../../pipeline/lib/nn/model.ts";

const LIB = new URL("../../pipeline/lib/", import.meta.url);
/** Made by keras_golden.py. */
const GOLDENS = [
  "keras2_lstm",
  "keras2_graph",
  "keras3_lstm",
  "keras3_graph",
  "keras2_image_graph",
  "keras3_image_graph",
];
/** Keras computes in float32, the reference in float64. */
const KERAS_TOLERANCE = 1e-6;

for (const name of GOLDENS) {
  Deno.test(`decodeKerasModel() reads ${name}.keras and predicts what Keras predicts`, async () => {
    const golden = JSON.parse(await Deno.readTextFile(new URL(`nn/testdata/${name}.json`, LIB)));
    const bytes = await Deno.readFile(new URL(`formats/keras_v3/testdata/${name}.keras`, LIB));
    const { model, weights } = await decodeKerasModel(bytes, name);
    const outputs = forward(model, weights, Float32Array.from(golden.inputs), golden.batch);
    assert.equal(outputs.length, golden.outputs.length);
    outputs.forEach((value, i) => assert.ok(Math.abs(value - golden.outputs[i]) < KERAS_TOLERANCE));

    for (const layer of golden.layers) {
      for (const weight of layer.weights) weight.data = Float32Array.from(weight.data);
    }
    assert.deepEqual({ model, weights }, h5PartsToModel(golden));
    // Keras' own order of the layers is the one that the variables are numbered in.
    assert.deepEqual(v3PartsToModel(modelToV3Parts(model, weights)), { model, weights });
    const again = await decodeKerasModel(await encodeKerasV3Model(model, weights), name);
    assert.deepEqual(again, { model, weights });
  });
}

Deno.test("decodeKerasModel() knows by a .keras file's version which hard sigmoid it means", async () => {
  for (const [name, expected] of [["keras2", "hard_sigmoid"], ["keras3", "hard_sigmoid_keras3"]]) {
    const file = `${name}_hard_sigmoid`;
    const golden = JSON.parse(await Deno.readTextFile(new URL(`nn/testdata/${file}.json`, LIB)));
    const bytes = await Deno.readFile(new URL(`formats/keras_v3/testdata/${file}.keras`, LIB));
    const { model, weights } = await decodeKerasModel(bytes, file);
    const [, lstm] = model.layers;
    assert.equal(lstm.kind === "LSTM" && lstm.recurrentActivation, expected);
    const outputs = forward(model, weights, Float32Array.from(golden.inputs), golden.batch);
    outputs.forEach((value, i) => assert.ok(Math.abs(value - golden.outputs[i]) < KERAS_TOLERANCE));
    const encode = expected === "hard_sigmoid" ? encodeKerasModel : encodeKerasV3Model;
    assert.deepEqual(await decodeKerasModel(await encode(model, weights), file), { model, weights });
  }
});

Deno.test("encodeKerasV3Model() and decodeKerasModel() keep every architecture bit by bit", async () => {
  for (const { build } of Object.values(ARCHITECTURES)) {
    const model = build({ windowSamples: 216, channels: 1, classes: 5 });
    const weights = initializeWeights(model, createRng(5));
    assert.deepEqual(await decodeKerasModel(await encodeKerasV3Model(model, weights), "m"), {
      model,
      weights,
    });
  }
});

/** Two branches of one class whose layers Keras meets in another order than they stand in. */
const BRANCHES: Model = {
  name: "branches",
  layers: [
    { kind: "InputLayer", name: "window", inputs: [], shape: [4] },
    { kind: "InputLayer", name: "rr", inputs: [], shape: [3] },
    { kind: "Dense", name: "late", inputs: ["rr"], units: 3, activation: "tanh" },
    { kind: "Dense", name: "first", inputs: ["window"], units: 3, activation: "tanh" },
    { kind: "Dense", name: "second", inputs: ["first"], units: 3, activation: "tanh" },
    { kind: "Add", name: "sum", inputs: ["second", "late"] },
    { kind: "Dense", name: "classes", inputs: ["sum"], units: 3, activation: "softmax" },
  ],
  output: "classes",
};

Deno.test("modelToV3Parts() numbers variables in Keras' order of the layers, and keeps that of the inputs", () => {
  const weights = initializeWeights(BRANCHES, createRng(6));
  const parts = modelToV3Parts(BRANCHES, weights);
  const path = (name: string) =>
    [...parts.variables].find(([, { data }]) => data === weights.get(name)!.data)![0];
  assert.deepEqual(
    ["first", "second", "late", "classes"].map((layer) => path(`${layer}/kernel`)),
    ["layers/dense/vars/0", "layers/dense_1/vars/0", "layers/dense_2/vars/0", "layers/dense_3/vars/0"],
  );
  const read = v3PartsToModel(parts), inputs = Float32Array.from({ length: 14 }, createRng(7).normal);
  assert.deepEqual(forward(read.model, read.weights, inputs, 2), forward(BRANCHES, weights, inputs, 2));
});

Deno.test("v3PartsToModel() refuses variables that do not fit the model", () => {
  const parts = () => modelToV3Parts(BRANCHES, initializeWeights(BRANCHES, createRng(6)));
  const without = parts(), further = parts(), unknown = parts();
  without.variables.delete("layers/dense_1/vars/1");
  further.variables.set("layers/dense_4/vars/0", { shape: [1], data: new Float32Array(1) });
  (unknown.config.config.layers as { class_name: string }[])[3].class_name = "Attention";
  for (
    const [wrong, message] of [
      [without, /weight "second\/bias": the model needs it, got none/],
      [further, /weight "layers\/dense_4\/vars\/0": it must belong to a layer/],
      [unknown, /layer "\w+": its class must be .*got "Attention"/],
    ] as const
  ) {
    assert.throws(
      () => v3PartsToModel(wrong),
      (error) => error instanceof FormatError && message.test(error.message),
    );
  }
});

Deno.test("decodeKerasModel() knows .h5 and .keras by their first bytes", async () => {
  const weights = initializeWeights(BRANCHES, createRng(6));
  const { model } = await decodeKerasModel(await encodeKerasModel(BRANCHES, weights), "m");
  assert.deepEqual(model, BRANCHES);
  await assert.rejects(decodeKerasModel(new TextEncoder().encode("PK"), "m"), /Cannot read zip/);
});
