import { chain, type LayerSizes, testModels } from "../test_gradients.ts";

const input = (...shape: number[]): LayerSizes => ({ kind: "InputLayer", shape });
const convolution: LayerSizes = {
  kind: "Conv1D",
  filters: 5,
  kernelSize: 3,
  strides: 1,
  padding: "same",
  activation: "tanh",
};
const pool = (
  kind: "MaxPooling1D" | "AveragePooling1D",
  poolSize: number,
  strides: number,
  padding: "same" | "valid",
): LayerSizes => ({ kind, poolSize, strides, padding });
const average: LayerSizes = { kind: "GlobalAveragePooling1D" },
  largest: LayerSizes = {
    kind: "GlobalMaxPooling1D",
  };
const softmax: LayerSizes = { kind: "Dense", units: 3, activation: "softmax" };

testModels({
  "max pooling, valid": chain(
    input(9, 2),
    convolution,
    pool("MaxPooling1D", 2, 2, "valid"),
    average,
    softmax,
  ),
  "max pooling, same, overlapping": chain(
    input(8, 1),
    convolution,
    pool("MaxPooling1D", 4, 3, "same"),
    pool("MaxPooling1D", 2, 1, "same"),
    average,
    softmax,
  ),
  "max pooling of the input, strides beyond the window": chain(
    input(7, 3),
    pool("MaxPooling1D", 2, 3, "valid"),
    convolution,
    average,
    softmax,
  ),
  "average pooling, valid": chain(
    input(9, 2),
    convolution,
    pool("AveragePooling1D", 3, 2, "valid"),
    average,
    softmax,
  ),
  "average pooling, same, overlapping": chain(
    input(8, 1),
    convolution,
    pool("AveragePooling1D", 4, 3, "same"),
    average,
    softmax,
  ),
  "global max pooling": chain(input(6, 2), convolution, largest, softmax),
  // Where ReLU gives 0 the dense layer gives its bias, which then is the largest value of several steps.
  "global max pooling of steps alike": chain(
    input(6, 2),
    { ...convolution, filters: 1, activation: "relu" } as LayerSizes,
    { kind: "Dense", units: 4, activation: "tanh" },
    largest,
    softmax,
  ),
});
