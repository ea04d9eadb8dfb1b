import assert from "node:assert/strict";
import { FormatError, StageError } from "../core/errors.ts";
import { createRng } from "../core/rng.ts";
import { initializeWeights } from "./initialize.ts";
import { fromKerasConfig, summarizeKerasLayers, toKerasConfig } from "./keras_config.ts";
import { hardSigmoidsOf } from "./keras_hard_sigmoid.ts";
import { modelToV3Parts, v3PartsToModel } from "./keras_v3.ts";
import { h5PartsToModel, modelToH5Parts } from "./keras_weights.ts";
import type { HardSigmoid } from "./layers/hard_sigmoid.ts";
import type { Model } from "./model.ts";

const modelOf = (activation: HardSigmoid): Model => ({
  name: "gates",
  layers: [
    { kind: "InputLayer", name: "input", inputs: [], shape: [6, 2] },
    {
      kind: "LSTM",
      name: "lstm",
      inputs: ["input"],
      units: 3,
      returnSequences: true,
      recurrentActivation: activation,
    },
    {
      kind: "Bidirectional",
      name: "both",
      inputs: ["lstm"],
      layer: {
        kind: "GRU",
        units: 2,
        returnSequences: false,
        resetAfter: true,
        recurrentActivation: activation,
      },
      mergeMode: "concat",
    },
    { kind: "Dense", name: "dense", inputs: ["both"], units: 2, activation },
  ],
  output: "dense",
});
const KERAS2 = modelOf("hard_sigmoid"), KERAS3 = modelOf("hard_sigmoid_keras3");

Deno.test("fromKerasConfig() reads hard_sigmoid as that of the Keras that wrote it", () => {
  const config = toKerasConfig(KERAS2);
  for (const version of ["1.2.2", "2.1.6-tf", "2.2.4", "2.15.0"]) {
    assert.deepEqual(fromKerasConfig(config, version), KERAS2);
  }
  for (const version of ["3.0.0", "3.15.1", "10.0.0"]) {
    assert.deepEqual(fromKerasConfig(config, version), KERAS3);
  }
});

Deno.test("fromKerasConfig() refuses hard_sigmoid where no version says which it is, and its own name of the second", () => {
  const config = toKerasConfig(KERAS2),
    demand = /layer "lstm": the file must say its version of Keras.*got "/;
  for (const version of [undefined, "", "3", "0.3.1", "new"]) {
    assert.throws(
      () => fromKerasConfig(config, version),
      (error) => error instanceof FormatError && demand.test(error.message),
    );
  }
  assert.match(summarizeKerasLayers(config, "")[1].problem!, demand);
  assert.equal(summarizeKerasLayers(config, "2.2.4")[1].problem, undefined);
  const own = JSON.parse(JSON.stringify(config).replaceAll("hard_sigmoid", "hard_sigmoid_keras3"));
  assert.throws(
    () => fromKerasConfig(own, "3.0.0"),
    /layer "lstm": recurrent_activation .*got "hard_sigmoid_keras3"/,
  );
});

Deno.test("modelToH5Parts() and modelToV3Parts() write the hard sigmoid of their Keras and refuse the other", () => {
  const weights = initializeWeights(KERAS2, createRng(1));
  assert.deepEqual(h5PartsToModel(modelToH5Parts(KERAS2, weights)), { model: KERAS2, weights });
  const parts = modelToV3Parts(KERAS3, weights);
  assert.equal(parts.kerasVersion, "3.0.0");
  assert.deepEqual(v3PartsToModel(parts), { model: KERAS3, weights });
  const refused = (write: () => unknown, message: RegExp, hint: string) =>
    assert.throws(
      write,
      (error) => error instanceof StageError && message.test(error.message) && error.hint === hint,
    );
  refused(
    () => modelToH5Parts(KERAS3, weights),
    /^Cannot write layer "lstm" as \.h5: its hard_sigmoid must have slope 0\.2, got 1\/6 of Keras 3$/,
    "write the model as .keras",
  );
  refused(
    () => modelToV3Parts(KERAS2, weights),
    /^Cannot write layer "lstm" as \.keras: its hard_sigmoid must have slope 1\/6, got 0\.2 of Keras 2$/,
    "write the model as .h5",
  );
});

Deno.test("hardSigmoidsOf() finds those of a layer and of the layer in a Bidirectional", () => {
  assert.deepEqual(KERAS3.layers.map(hardSigmoidsOf), [
    [],
    ["hard_sigmoid_keras3"],
    ["hard_sigmoid_keras3"],
    ["hard_sigmoid_keras3"],
  ]);
});
