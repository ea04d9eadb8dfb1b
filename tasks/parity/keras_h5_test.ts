import assert from "node:assert/strict";
import { createRng } from "../../pipeline/lib/core/rng.ts";
import { decodeKerasH5 } from "../../pipeline/lib/formats/keras_h5/decode.ts";
import { encodeKerasH5 } from "../../pipeline/lib/formats/keras_h5/encode.ts";
import { ARCHITECTURES } from "../../pipeline/lib/nn/architectures/architectures.ts";
import { forward } from "../../pipeline/lib/nn/forward.ts";
import { initializeWeights } from "../../pipeline/lib/nn/initialize.ts";
import { h5PartsToModel, modelToH5Parts } from "../../pipeline/lib/nn/keras_weights.ts";

const LIB = new URL("../../pipeline/lib/", import.meta.url);

/** Keras computes in float32, the reference in float64. */
const KERAS_TOLERANCE = 1e-6;

Deno.test("decodeKerasH5(), h5PartsToModel() and forward() predict what Keras predicts", async () => {
  const names = [
    "keras2_lstm",
    "keras2_cnn",
    "keras3_functional",
    "keras2_bidirectional",
    "keras3_bidirectional",
    "keras2_images",
    "keras3_images",
    "keras22_defaults",
    "keras2_hard_sigmoid",
    "keras3_hard_sigmoid",
  ];
  for (const name of names) {
    const golden = JSON.parse(await Deno.readTextFile(new URL(`nn/testdata/${name}.json`, LIB)));
    const bytes = await Deno.readFile(new URL(`formats/keras_h5/testdata/${name}.h5`, LIB));
    const { model, weights } = h5PartsToModel(decodeKerasH5(bytes, name));
    const outputs = forward(model, weights, Float32Array.from(golden.inputs), golden.batch);
    assert.equal(outputs.length, golden.outputs.length);
    outputs.forEach((value, i) => assert.ok(Math.abs(value - golden.outputs[i]) < KERAS_TOLERANCE));
  }
});

Deno.test("encodeKerasH5() and decodeKerasH5() keep every architecture bit by bit", async () => {
  for (const { build } of Object.values(ARCHITECTURES)) {
    const model = build({ windowSamples: 216, channels: 1, classes: 5 });
    const weights = initializeWeights(model, createRng(5));
    const bytes = await encodeKerasH5(modelToH5Parts(model, weights));
    assert.deepEqual(h5PartsToModel(decodeKerasH5(bytes)), { model, weights });
  }
});
