import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { ARCHITECTURES } from "./architectures/architectures.ts";
import { forward } from "./forward.ts";
import { initializeWeights } from "./initialize.ts";
import { h5PartsToModel, type KerasParts } from "./keras_weights.ts";
import type { Model } from "./model.ts";
import { outputShapes, valueCount } from "./shapes.ts";

/** Keras computes in float32, the reference in float64: a share of the largest value, if that is above 1. */
const KERAS_TOLERANCE = 1e-6;

/** Made by tasks/parity/keras22_golden.py and keras_golden.py; the version of Keras stands in each file. */
const GOLDENS = [
  "keras22_sequential",
  "keras22_graph",
  "keras22_defaults",
  "keras2_lstm",
  "keras2_cnn",
  "keras2_functional",
  "keras2_pooling",
  "keras2_normalization",
  "keras2_convolutions",
  "keras3_lstm",
  "keras3_cnn",
  "keras3_functional",
  "keras3_pooling",
  "keras3_normalization",
  "keras3_convolutions",
  "keras2_graph",
  "keras3_graph",
  "keras2_gru",
  "keras3_gru",
  "keras2_unbiased",
  "keras3_unbiased",
  "keras2_hard_sigmoid",
  "keras3_hard_sigmoid",
  "keras2_bidirectional",
  "keras3_bidirectional",
  "keras2_images",
  "keras3_images",
  "keras2_image_graph",
  "keras3_image_graph",
];

interface Golden extends KerasParts {
  batch: number;
  inputs: Float32Array;
  /** By layer, [batch, ...shape]. */
  layerOutputs: Record<string, number[]>;
  outputs: number[];
}

async function readGolden(name: string): Promise<Golden> {
  const golden = JSON.parse(await Deno.readTextFile(new URL(`testdata/${name}.json`, import.meta.url)));
  golden.inputs = Float32Array.from(golden.inputs);
  golden.kerasVersion = /Keras ([\d.]+)/.exec(golden.madeBy)![1];
  for (const { weights } of golden.layers) {
    for (const weight of weights) weight.data = Float32Array.from(weight.data);
  }
  return golden;
}

function maxError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  const largest = Array.from(expected).reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  return Array.from(actual).reduce((max, value, i) => {
    assert.ok(Number.isFinite(value));
    return Math.max(max, Math.abs(value - expected[i]) / largest);
  }, 0);
}

for (const name of GOLDENS) {
  Deno.test(`forward() equals Keras on every layer of ${name}`, async () => {
    const golden = await readGolden(name);
    const { model, weights } = h5PartsToModel(golden);
    const observed = new Map<string, number[]>();
    const outputs = forward(model, weights, golden.inputs, golden.batch, (tensor, values) => {
      observed.set(tensor, [...observed.get(tensor) ?? [], ...values]);
    });
    assert.ok(maxError(outputs, golden.outputs) < KERAS_TOLERANCE);
    for (const layer of model.layers.slice(1)) {
      const error = maxError(observed.get(layer.name)!, golden.layerOutputs[layer.name]);
      assert.ok(error < KERAS_TOLERANCE, `${layer.name}: ${error}`);
    }
  });
}

const tiny: Model = {
  name: "tiny",
  layers: [
    { kind: "InputLayer", name: "input", inputs: [], shape: [6, 2] },
    { kind: "LSTM", name: "lstm", inputs: ["input"], units: 3, returnSequences: false },
    { kind: "Dense", name: "dense", inputs: ["lstm"], units: 2, activation: "softmax" },
  ],
  output: "dense",
};

Deno.test("forward() shows the observer every tensor that integer models need", () => {
  const rng = createRng(4);
  const weights = initializeWeights(tiny, rng);
  const inputs = Float32Array.from({ length: 12 }, rng.normal);
  const seen = new Map<string, number[]>();
  const outputs = forward(tiny, weights, inputs, 1, (name, values) => seen.set(name, [...values]));
  assert.deepEqual(
    [...seen].map(([name, values]) => [name, values.length]),
    [
      ["input", 12],
      ["lstm/cell", 18],
      ["lstm/hidden", 18],
      ["lstm", 3],
      ["dense/preactivation", 2],
      ["dense", 2],
    ],
  );
  assert.deepEqual(seen.get("lstm"), seen.get("lstm/hidden")!.slice(15));
  assert.deepEqual(outputs, Float32Array.from(seen.get("dense")!));
  const [a, b] = seen.get("dense/preactivation")!;
  assert.ok(Math.abs(outputs[0] - 1 / (1 + Math.exp(b - a))) < 1e-7);
});

Deno.test("forward() computes each window of a batch by itself", () => {
  for (const { build } of Object.values(ARCHITECTURES)) {
    const model = build({ windowSamples: 20, channels: 2, classes: 4 });
    const rng = createRng(9);
    const weights = initializeWeights(model, rng);
    const length = valueCount(outputShapes(model).get("input")!);
    const inputs = Float32Array.from({ length: 3 * length }, rng.normal);
    const together = forward(model, weights, inputs, 3);
    const alone = [0, 1, 2].flatMap((i) => [
      ...forward(model, weights, inputs.subarray(i * length, (i + 1) * length), 1),
    ]);
    assert.deepEqual([...together], alone);
    assert.equal(forward(model, weights, new Float32Array(0), 0).length, 0);
  }
});

Deno.test("forward() refuses inputs of another length", () => {
  const weights = initializeWeights(tiny, createRng(1));
  assert.throws(
    () => forward(tiny, weights, new Float32Array(23), 2),
    /inputs must hold batch x 12 values, got 23/,
  );
  assert.throws(() => forward(tiny, weights, new Float32Array(12), 1.5), RangeError);
});
