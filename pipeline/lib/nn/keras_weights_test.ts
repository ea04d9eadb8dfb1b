import assert from "node:assert/strict";
import { FormatError } from "../core/errors.ts";
import { createRng } from "../core/rng.ts";
import { ARCHITECTURES } from "./architectures/architectures.ts";
import { initializeWeights } from "./initialize.ts";
import { h5PartsToModel, type KerasH5Parts, modelToH5Parts } from "./keras_weights.ts";

const SIZES = { windowSamples: 30, channels: 2, classes: 4 };

function lstmParts(): KerasH5Parts {
  const model = ARCHITECTURES.lstm.build(SIZES);
  return modelToH5Parts(model, initializeWeights(model, createRng(3)));
}

Deno.test("modelToH5Parts() names weights as Keras 2.15 does", () => {
  const { layers, kerasVersion, backend } = lstmParts();
  assert.deepEqual(layers.map(({ name, weights }) => [name, ...weights.map((weight) => weight.name)]), [
    ["lstm", "lstm/lstm_cell/kernel:0", "lstm/lstm_cell/recurrent_kernel:0", "lstm/lstm_cell/bias:0"],
    ["dense", "dense/kernel:0", "dense/bias:0"],
  ]);
  assert.deepEqual([kerasVersion, backend], ["2.15.0", "tensorflow"]);
});

Deno.test("h5PartsToModel() joins what modelToH5Parts() took apart", () => {
  for (const { build } of Object.values(ARCHITECTURES)) {
    const model = build(SIZES), weights = initializeWeights(model, createRng(3));
    assert.deepEqual(h5PartsToModel(modelToH5Parts(model, weights)), { model, weights });
  }
});

Deno.test("h5PartsToModel() refuses weights that do not fit the model", () => {
  const without = lstmParts();
  without.layers[1].weights.pop();
  const twice = lstmParts();
  twice.layers[1].weights.push(twice.layers[1].weights[0]);
  const further = lstmParts();
  further.layers.push({
    name: "dense_1",
    weights: [{ name: "dense_1/kernel:0", shape: [1], data: new Float32Array(1) }],
  });
  const turned = lstmParts();
  turned.layers[1].weights[0].shape.reverse();
  const burst = lstmParts();
  burst.layers[0].weights[2].data[0] = Infinity;
  const cases: [KerasH5Parts, RegExp][] = [
    [without, /weight "dense\/bias": the model needs it, got none/],
    [twice, /weight "dense\/kernel": it must occur once/],
    [further, /weight "dense_1\/kernel": it must belong to a layer/],
    [turned, /weight "dense\/kernel": shape must be \[64, 4\], got \[4, 64\]/],
    [burst, /weight "lstm\/bias": values must be finite/],
  ];
  for (const [parts, message] of cases) {
    assert.throws(
      () => h5PartsToModel(parts),
      (error) => error instanceof FormatError && message.test(error.message),
    );
  }
});
