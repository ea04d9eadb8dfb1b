import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { ARCHITECTURES } from "./architectures/architectures.ts";
import { initializeWeights } from "./initialize.ts";
import type { Layer, Model } from "./model.ts";
import { checkModel, checkWeights, countParameters, outputShapes, weightShapes } from "./shapes.ts";

const SIZES = { windowSamples: 216, channels: 1, classes: 5 };
const cnn = () => ARCHITECTURES.cnn.build(SIZES);

/** The CNN with one of its layers changed as a caller without types might have it. */
function cnnWith(index: number, change: Record<string, unknown>): Model {
  const model = cnn();
  return {
    ...model,
    layers: model.layers.map((layer, i) => i === index ? { ...layer, ...change } as Layer : layer),
  };
}

Deno.test("outputShapes() gives the shape of every layer without the batch axis", () => {
  assert.deepEqual([...outputShapes(cnn())], [
    ["input", [216, 1]],
    ["conv1d", [108, 16]],
    ["conv1d_1", [27, 32]],
    ["conv1d_2", [1, 64]],
    ["global_average_pooling1d", [64]],
    ["dense", [5]],
  ]);
});

Deno.test("weightShapes() lists kernel, recurrent kernel and bias in Keras' order", () => {
  assert.deepEqual(weightShapes(ARCHITECTURES.lstm.build({ ...SIZES, channels: 2 })), [
    { name: "lstm/kernel", shape: [2, 256] },
    { name: "lstm/recurrent_kernel", shape: [64, 256] },
    { name: "lstm/bias", shape: [256] },
    { name: "dense/kernel", shape: [64, 5] },
    { name: "dense/bias", shape: [5] },
  ]);
});

Deno.test("countParameters() counts what Keras' summary counts", () => {
  assert.equal(countParameters(ARCHITECTURES.lstm.build(SIZES)), 17_221);
  assert.equal(countParameters(cnn()), 59_429);
});

Deno.test("checkModel() names the layer and what is wrong with it", () => {
  const model = cnn();
  const cases: [Model, RegExp][] = [
    [{ ...model, layers: [] }, /layers must hold 1 to 1000 layers, got 0/],
    [cnnWith(1, { name: "input" }), /"input": names must be unique/],
    [cnnWith(1, { name: "a/b" }), /"a\/b": its name must be/],
    [
      cnnWith(1, { inputs: ["dense"] }),
      /"conv1d": its input must be a layer that stands before it, got "dense"/,
    ],
    [cnnWith(1, { inputs: [] }), /"conv1d": Conv1D must have 1 inputs, got 0/],
    [cnnWith(2, { inputs: ["input"] }), /every layer must lead to the output "dense", got "conv1d"/],
    [cnnWith(1, { filters: 2.5 }), /"conv1d": filters must be an integer of at least 1, got 2.5/],
    [cnnWith(1, { strides: 0 }), /"conv1d": strides must be/],
    [cnnWith(1, { kernelSize: 217, padding: "valid" }), /kernelSize must be at most the 216 steps/],
    [cnnWith(1, { padding: "full" }), /padding must be "same", "valid" or "causal", got "full"/],
    [cnnWith(1, { activation: "gelu" }), /activation must be one of linear, relu.*got "gelu"/],
    [cnnWith(1, { kind: "SimpleRNN" }), /"conv1d": its kind must be a supported one, got "SimpleRNN"/],
    [cnnWith(1, { inputs: ["input", "input"] }), /"conv1d": Conv1D must have 1 inputs, got 2/],
    [cnnWith(5, { units: 1e9 }), /"dense": a tensor must hold at most/],
    [cnnWith(5, { units: 1e7 }), /"dense\/kernel": a tensor must hold at most/],
    [cnnWith(0, { shape: [] }), /"input": shape must be/],
    [
      cnnWith(4, { kind: "Reshape", targetShape: [-1, 64, -1] }),
      /targetShape must hold the 64 values of its input, at most one size being -1, got \[-1, 64, -1\]/,
    ],
    [cnnWith(4, { kind: "Reshape", targetShape: [0, -1] }), /targetShape must hold the 64 values/],
    [{ ...model, output: "softmax" }, /output must name a layer, got "softmax"/],
  ];
  for (const [wrong, message] of cases) assert.throws(() => checkModel(wrong), message);
});

Deno.test("checkWeights() refuses a missing, misplaced, misshapen or non-finite weight", () => {
  const model = cnn();
  const weights = () => initializeWeights(model, createRng(1));
  checkWeights(model, weights());

  const missing = weights();
  missing.delete("dense/bias");
  assert.throws(() => checkWeights(model, missing), /weight 7 must be "dense\/bias", got none/);
  const further = weights().set("dense/scale", { shape: [1], data: new Float32Array(1) });
  assert.throws(() => checkWeights(model, further), /weight 8 must be absent, got "dense\/scale"/);
  const turned = new Map([...weights()].reverse());
  assert.throws(() => checkWeights(model, turned), /weight 0 must be "conv1d\/kernel", got "dense\/bias"/);
  const flat = weights().set("conv1d/kernel", { shape: [112], data: new Float32Array(112) });
  assert.throws(() => checkWeights(model, flat), /"conv1d\/kernel": shape must be \[7, 1, 16\], got \[112\]/);
  const short = weights().set("dense/bias", { shape: [5], data: new Float32Array(4) });
  assert.throws(() => checkWeights(model, short), /"dense\/bias": data must hold 5 values, got 4/);
  const burst = weights();
  burst.get("dense/bias")!.data[3] = NaN;
  assert.throws(() => checkWeights(model, burst), /"dense\/bias": values must be finite, got NaN at index 3/);
});
