import assert from "node:assert/strict";
import { unzipSync, zipSync } from "fflate";
import { FormatError } from "../core/errors.ts";
import { createRng } from "../core/rng.ts";
import { encodeKerasH5 } from "../formats/keras_h5/encode.ts";
import { encodeKerasV3 } from "../formats/keras_v3/encode.ts";
import { initializeWeights } from "../nn/initialize.ts";
import { modelToV3Parts } from "../nn/keras_v3.ts";
import { modelToH5Parts } from "../nn/keras_weights.ts";
import type { Model } from "../nn/model.ts";
import { decodeKerasModel, encodeKerasModel, encodeKerasV3Model } from "./keras_model.ts";

const MODEL: Model = {
  name: "small",
  layers: [
    { kind: "InputLayer", name: "window", inputs: [], shape: [6, 2] },
    {
      kind: "Conv1D",
      name: "conv",
      inputs: ["window"],
      filters: 3,
      kernelSize: 2,
      strides: 1,
      padding: "same",
      activation: "relu",
    },
    { kind: "Flatten", name: "flat", inputs: ["conv"] },
    { kind: "Dense", name: "dense", inputs: ["flat"], units: 2, activation: "softmax" },
  ],
  output: "dense",
};
const weights = () => initializeWeights(MODEL, createRng(1));

// deno-lint-ignore no-explicit-any
type Json = any;

/** The model as .h5 and as .keras with the same change. */
async function changed(
  change: (config: Json, data: (weight: string) => { shape: number[]; data: Float32Array }) => void,
) {
  const h5 = modelToH5Parts(MODEL, weights()), v3 = modelToV3Parts(MODEL, weights());
  const values = new Map(h5.layers.flatMap((layer) => layer.weights).map((weight) => [weight.name, weight]));
  h5.config = structuredClone(h5.config);
  v3.config = structuredClone(v3.config);
  change(h5.config, (weight) => values.get(`${weight}:0`)!);
  const paths: Record<string, string> = {
    "conv/kernel": "layers/conv1d/vars/0",
    "dense/bias": "layers/dense/vars/1",
  };
  change(v3.config, (weight) => v3.variables.get(paths[weight])!);
  return [await encodeKerasH5(h5), await encodeKerasV3(v3)];
}

Deno.test("decodeKerasModel() says in one line what is wrong in which file, .h5 and .keras alike", async () => {
  const layer = (config: Json, index: number) => config.config.layers[index];
  const cases: [string, Uint8Array[], RegExp][] = [
    [
      "an unknown layer",
      await changed((config) => layer(config, 1).class_name = "Attention"),
      /^Cannot read layer "conv": its class must be one of .*, got "Attention" \(m\)$/,
    ],
    [
      "a Lambda",
      await changed((config) => layer(config, 1).class_name = "Lambda"),
      /^Cannot read layer "conv": .*got "Lambda", which holds a program \(m\)$/,
    ],
    [
      "a custom object",
      await changed((config) => layer(config, 1).registered_name = "mine>Conv1D"),
      /^Cannot read Keras model: .*registered_name must be no custom class, got "mine>Conv1D" \(m\)$/,
    ],
    [
      "weights of no layer",
      await changed((config) => layer(config, 1).config.use_bias = false),
      /^Cannot read weight ".*": it must belong to a layer of the model, got no such layer \(m\)$/,
    ],
    [
      "wrong shapes",
      await changed((config) => layer(config, 1).config.filters = 4),
      /^Cannot use weight "conv\/kernel": shape must be \[2, 2, 4\], got \[2, 2, 3\] \(m\)$/,
    ],
    [
      "weights that are no numbers",
      await changed((_, weight) => weight("dense/bias").data[1] = NaN),
      /^Cannot use weight "dense\/bias": values must be finite, got NaN at index 1 \(m\)$/,
    ],
    [
      "a model without layers",
      await changed((config) => config.config.layers = []),
      /^Cannot read Keras model: config.layers must have >=1 items, got \[\] \(m\)$/,
    ],
    ["nothing", [new Uint8Array(0)], /^Cannot read HDF5: .* \(m, byte 0\)$/],
    ["text", [new TextEncoder().encode("PK? no, text")], /^Cannot read zip: .* \(m, byte 0\)$/],
  ];
  for (const [what, files, message] of cases) {
    for (const bytes of files) {
      await assert.rejects(
        decodeKerasModel(bytes, "m"),
        (error) => error instanceof FormatError && message.test(error.message),
        `${what}: ${message}`,
      );
    }
  }
});

Deno.test("decodeKerasModel() refuses every truncated file", async () => {
  for (
    const bytes of [await encodeKerasModel(MODEL, weights()), await encodeKerasV3Model(MODEL, weights())]
  ) {
    for (let length = 0; length < bytes.length; length += 97) {
      await assert.rejects(decodeKerasModel(bytes.subarray(0, length), "m"), FormatError, String(length));
    }
  }
});

Deno.test("decodeKerasModel() does not unpack what is larger than it may be", async () => {
  const parts = unzipSync(await encodeKerasV3Model(MODEL, weights()));
  const bomb = zipSync({ ...parts, "config.json": new Uint8Array(2 ** 23 + 1) }, { level: 9 });
  await assert.rejects(
    decodeKerasModel(bomb, "m"),
    /"config.json" must have at most 8388608 bytes and 200 times its packed ones.*\(m, byte \d+\)/,
  );
});
