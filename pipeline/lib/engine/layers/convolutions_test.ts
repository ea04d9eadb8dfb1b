import assert from "node:assert/strict";
import type { Conv1DLayer, DepthwiseConv1DLayer, Model, SeparableConv1DLayer } from "../../nn/model.ts";
import { compileBlockProgram } from "../block_program.ts";
import { chain, type LayerSizes, testModels } from "../test_gradients.ts";

const input = (...shape: number[]): LayerSizes => ({ kind: "InputLayer", shape });
const conv1d = (options: Partial<Conv1DLayer>): LayerSizes => ({
  kind: "Conv1D",
  filters: 5,
  kernelSize: 3,
  strides: 1,
  padding: "same",
  activation: "tanh",
  ...options,
});
const depthwise = (options: Partial<DepthwiseConv1DLayer>): LayerSizes => ({
  kind: "DepthwiseConv1D",
  kernelSize: 3,
  strides: 1,
  padding: "same",
  dilation: 1,
  depthMultiplier: 1,
  useBias: true,
  activation: "linear",
  ...options,
});
const separable = (options: Partial<SeparableConv1DLayer>): LayerSizes => ({
  kind: "SeparableConv1D",
  filters: 5,
  kernelSize: 3,
  strides: 1,
  padding: "same",
  dilation: 1,
  depthMultiplier: 1,
  useBias: true,
  activation: "tanh",
  ...options,
});
const average: LayerSizes = { kind: "GlobalAveragePooling1D" };
const softmax: LayerSizes = { kind: "Dense", units: 3, activation: "softmax" };

Deno.test("compileBlockProgram() refuses layers over images by name, before it makes anything", () => {
  const image: Model = {
    name: "image",
    layers: [
      { kind: "InputLayer", name: "picture", inputs: [], shape: [4, 4, 1] },
      {
        kind: "MaxPooling2D",
        name: "pool",
        inputs: ["picture"],
        poolSize: [2, 2],
        strides: [2, 2],
        padding: "valid",
      },
      { kind: "Flatten", name: "flat", inputs: ["pool"] },
      { kind: "Dense", name: "dense", inputs: ["flat"], units: 3, activation: "softmax" },
    ],
    output: "dense",
  };
  const compile = (model: Model) => compileBlockProgram(model, { parameters: 0, scratch: 0 });
  assert.throws(() => compile(image), /layer "pool": its kind must be one with kernels, got "MaxPooling2D"/);
  const flat = { ...image, layers: image.layers.filter(({ name }) => name !== "pool") };
  flat.layers[1] = { ...flat.layers[1], inputs: ["picture"] };
  assert.throws(() => compile(flat), /layer "picture": its output must be .*, got \[4, 4, 1\]/);
});

testModels({
  "conv1d dilated, same": chain(
    input(9, 3),
    conv1d({ dilation: 2, kernelSize: 4 }),
    conv1d({ dilation: 3 }),
    average,
    softmax,
  ),
  "conv1d dilated, valid, relu": chain(
    input(9, 2),
    conv1d({ filters: 3 }),
    conv1d({ dilation: 3, padding: "valid", activation: "relu" }),
    average,
    softmax,
  ),
  "conv1d causal": chain(
    input(8, 2),
    conv1d({ padding: "causal", dilation: 2 }),
    conv1d({ padding: "causal", strides: 3, filters: 3 }),
    average,
    softmax,
  ),
  "conv1d without bias": chain(
    input(7, 2),
    conv1d({ useBias: false, activation: "relu" }),
    conv1d({ useBias: false, activation: "linear", dilation: 2 }),
    average,
    { ...softmax, useBias: false },
  ),
  "depthwise conv1d": chain(
    input(9, 3),
    depthwise({ activation: "relu" }),
    depthwise({ depthMultiplier: 3, strides: 2, activation: "tanh" }),
    average,
    softmax,
  ),
  "depthwise conv1d, dilated, without bias": chain(
    input(9, 2),
    depthwise({ depthMultiplier: 2, padding: "valid", dilation: 2, useBias: false }),
    depthwise({ kernelSize: 2, padding: "valid", useBias: false, activation: "sigmoid" }),
    average,
    softmax,
  ),
  "conv1d and separable conv1d with a hard sigmoid": chain(
    input(7, 2),
    conv1d({ padding: "causal", activation: "hard_sigmoid" }),
    separable({ filters: 3, activation: "hard_sigmoid" }),
    average,
    softmax,
  ),
  "separable conv1d": chain(
    input(9, 2),
    separable({ depthMultiplier: 2, strides: 2 }),
    separable({ filters: 6, activation: "relu", padding: "valid" }),
    average,
    softmax,
  ),
  "separable conv1d, causal, dilated, without bias": chain(
    input(9, 3),
    separable({ padding: "causal", dilation: 2 }),
    separable({ useBias: false, activation: "linear" }),
    average,
    softmax,
  ),
});
