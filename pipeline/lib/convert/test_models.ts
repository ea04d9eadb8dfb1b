import { createRng } from "../core/rng.ts";
import { initializeWeights } from "../nn/initialize.ts";
import type { Layer, Model, Weights } from "../nn/model.ts";
import { outputShapes, valueCount } from "../nn/shapes.ts";

type OwnFields<L = Layer> = L extends Layer ? Omit<L, "name" | "inputs"> : never;

/** A layer for {@linkcode model}: it reads the layer before it unless `inputs` names others; "layer<i>" is its name. */
export type TestLayer = OwnFields & { name?: string; inputs?: string[] };

/** A model of an input and layers behind it, by default each behind the one before. */
export function model(shape: number[], ...layers: TestLayer[]): Model {
  const all: Layer[] = [{ kind: "InputLayer", name: "input", inputs: [], shape }];
  for (const [i, layer] of layers.entries()) {
    all.push({ name: `layer${i}`, inputs: [all[all.length - 1].name], ...layer } as Layer);
  }
  return { name: "test", layers: all, output: all[all.length - 1].name };
}

/** First weights with everything that begins at 0 or 1 moved from there; variances stay positive. */
export function livelyWeights(model: Model, seed = 3): Weights {
  const rng = createRng(seed), weights = initializeWeights(model, rng);
  for (const [name, { data }] of weights) {
    const random = rng.fork(`lively ${name}`);
    if (/kernel$/.test(name)) continue;
    const isVariance = name.endsWith("variance");
    data.forEach((value, i) => data[i] = isVariance ? 0.3 + random.uniform() : value + 0.4 * random.normal());
  }
  return weights;
}

/** Random values for some windows of a model, those of all its inputs one behind the other. */
export function noiseWindows(model: Model, windows: number, seed = 1): Float32Array {
  const shapes = outputShapes(model), rng = createRng(seed);
  const values = model.layers.filter(({ kind }) => kind === "InputLayer")
    .reduce((sum, { name }) => sum + valueCount(shapes.get(name)!), 0);
  return Float32Array.from({ length: windows * values }, () => rng.normal());
}

export const conv1d = (filters: number, kernelSize: number, rest: object = {}) => ({
  kind: "Conv1D" as const,
  filters,
  kernelSize,
  strides: 1,
  padding: "same" as const,
  activation: "linear" as const,
  ...rest,
});
export const depthwise1d = (kernelSize: number, rest: object = {}) => ({
  kind: "DepthwiseConv1D" as const,
  kernelSize,
  strides: 1,
  padding: "same" as const,
  dilation: 1,
  depthMultiplier: 1,
  useBias: true,
  activation: "linear" as const,
  ...rest,
});
export const separable1d = (filters: number, kernelSize: number, rest: object = {}) => ({
  ...depthwise1d(kernelSize),
  kind: "SeparableConv1D" as const,
  filters,
  ...rest,
});
export const dense = (units: number, rest: object = {}) => ({
  kind: "Dense" as const,
  units,
  activation: "linear" as const,
  ...rest,
});
export const normalization = (rest: object = {}) => ({
  kind: "BatchNormalization" as const,
  axis: -1,
  momentum: 0.99,
  epsilon: 1e-3,
  center: true,
  scale: true,
  ...rest,
});
export const activation = (activation: "linear" | "relu" | "relu6" | "sigmoid" | "softmax" | "tanh") => ({
  kind: "Activation" as const,
  activation,
});
export const pooling1d = (
  kind: "MaxPooling1D" | "AveragePooling1D",
  poolSize: number,
  rest: object = {},
) => ({
  kind,
  poolSize,
  strides: poolSize,
  padding: "valid" as const,
  ...rest,
});
export const lstm = (units: number, rest: object = {}) => ({
  kind: "LSTM" as const,
  units,
  returnSequences: false,
  ...rest,
});
export const gru = (units: number, rest: object = {}) => ({
  kind: "GRU" as const,
  units,
  returnSequences: false,
  resetAfter: true,
  ...rest,
});
export const bidirectional = (
  layer: ReturnType<typeof lstm> | ReturnType<typeof gru>,
  mergeMode: "concat" | "sum" | "mul" | "ave" = "concat",
) => ({ kind: "Bidirectional" as const, layer, mergeMode });
export const globalPooling = (kind: "GlobalAveragePooling1D" | "GlobalMaxPooling1D") => ({ kind });

const SEQUENCES = { returnSequences: true };

/** A small model for each kind of layer over sequences and each of its forms. */
export const LAYER_MODELS: Record<string, Model> = {
  "Conv1D with a dilation": model([20, 2], conv1d(3, 3, { dilation: 4, activation: "relu" })),
  "Conv1D valid with a dilation": model([20, 2], conv1d(3, 3, { dilation: 4, padding: "valid" })),
  "Conv1D causal": model([12, 2], conv1d(3, 4, { padding: "causal" })),
  "Conv1D causal with strides": model([13, 2], conv1d(3, 4, { padding: "causal", strides: 3 })),
  "Conv1D causal with a dilation": model([12, 2], conv1d(3, 3, { padding: "causal", dilation: 2 })),
  "Conv1D causal of one step": model([5, 2], conv1d(3, 1, { padding: "causal" })),
  "Conv1D without bias": model([12, 2], conv1d(3, 4, { useBias: false, activation: "tanh" })),
  "Conv1D with relu6": model([12, 2], conv1d(3, 4, { activation: "relu6" })),
  "DepthwiseConv1D": model([12, 3], depthwise1d(3, { activation: "relu" })),
  "DepthwiseConv1D with a multiplier": model([12, 3], depthwise1d(4, { depthMultiplier: 2, strides: 2 })),
  "DepthwiseConv1D with a dilation, without bias": model(
    [15, 3],
    depthwise1d(3, { dilation: 3, padding: "valid", useBias: false }),
  ),
  "SeparableConv1D": model([12, 3], separable1d(5, 3, { activation: "relu" })),
  "SeparableConv1D causal with a multiplier": model(
    [12, 3],
    separable1d(4, 3, { padding: "causal", depthMultiplier: 2, dilation: 2, useBias: false }),
  ),
  "BatchNormalization": model([6, 4], normalization()),
  "BatchNormalization of features": model([6], normalization({ scale: false })),
  "BatchNormalization behind Conv1D": model([12, 2], conv1d(4, 3), normalization(), activation("relu")),
  "BatchNormalization behind DepthwiseConv1D": model(
    [12, 2],
    depthwise1d(3),
    normalization({ center: false }),
  ),
  "BatchNormalization behind Dense": model([8], dense(5, { useBias: false }), normalization()),
  "BatchNormalization behind Dense over a sequence": model(
    [6, 3],
    dense(5),
    normalization(),
    activation("relu6"),
  ),
  "BatchNormalization before Conv1D valid": model(
    [12, 3],
    normalization(),
    conv1d(4, 3, { padding: "valid" }),
  ),
  "BatchNormalization before Conv1D same": model([12, 3], normalization(), conv1d(4, 3)),
  "BatchNormalization before DepthwiseConv1D valid": model(
    [12, 3],
    normalization(),
    depthwise1d(3, { padding: "valid", depthMultiplier: 2 }),
  ),
  "BatchNormalization before Dense": model([8], normalization(), dense(5)),
  "BatchNormalization before Flatten and Dense": model(
    [6, 3],
    normalization(),
    { kind: "Flatten" },
    dense(4, { activation: "relu" }),
  ),
  "BatchNormalization twice": model([6, 3], normalization(), normalization(), activation("relu")),
  "BatchNormalization behind relu": model([6, 3], conv1d(3, 3, { activation: "relu" }), normalization()),
  "MaxPooling1D": model([11, 3], pooling1d("MaxPooling1D", 3)),
  "MaxPooling1D same": model([11, 3], pooling1d("MaxPooling1D", 3, { padding: "same", strides: 2 })),
  "AveragePooling1D": model([11, 3], pooling1d("AveragePooling1D", 4)),
  "AveragePooling1D same": model([11, 3], pooling1d("AveragePooling1D", 4, { padding: "same", strides: 3 })),
  "GlobalMaxPooling1D": model([11, 3], globalPooling("GlobalMaxPooling1D")),
  "GlobalAveragePooling1D": model([11, 3], globalPooling("GlobalAveragePooling1D")),
  "GlobalAveragePooling1D behind Conv1D": model(
    [11, 3],
    conv1d(4, 3),
    globalPooling("GlobalAveragePooling1D"),
  ),
  "Concatenate over channels": model(
    [10, 2],
    conv1d(3, 3, { name: "a", inputs: ["input"] }),
    conv1d(2, 5, { name: "b", inputs: ["input"] }),
    { kind: "Concatenate", axis: -1, inputs: ["a", "b", "a"] },
  ),
  "Concatenate over time": model(
    [10, 2],
    conv1d(2, 3, { name: "a", inputs: ["input"] }),
    { kind: "Concatenate", axis: 1, inputs: ["input", "a"] },
    globalPooling("GlobalMaxPooling1D"),
  ),
  "Add of three, a residual block": model(
    [10, 3],
    conv1d(3, 3, { name: "a" }),
    normalization({ name: "b" }),
    { kind: "Add", inputs: ["a", "b", "input"] },
    activation("relu"),
    conv1d(2, 3),
  ),
  "Multiply by a gate, squeeze and excitation": model(
    [10, 4],
    conv1d(4, 3, { name: "a", activation: "relu" }),
    globalPooling("GlobalAveragePooling1D"),
    dense(4, { activation: "sigmoid", name: "gate" }),
    { kind: "Multiply", inputs: ["a", "gate"] },
    conv1d(2, 3),
  ),
  "Multiply of one channel and one step": model(
    [6, 4],
    conv1d(1, 3, { name: "channel" }),
    pooling1d("AveragePooling1D", 6, { name: "step", inputs: ["input"] }),
    { kind: "Multiply", inputs: ["channel", "step"] },
  ),
  "Add of one to itself": model([6, 2], { kind: "Add", inputs: ["input", "input"] }),
  "Activation tanh": model([6, 2], activation("tanh")),
  "Activation sigmoid": model([6, 2], activation("sigmoid")),
  "Activation softmax": model([6, 3], activation("softmax")),
  "Activation linear between others": model([6, 3], dense(3), activation("linear"), activation("relu6")),
  "ReLU": model([6, 3], conv1d(3, 3), { kind: "ReLU", maxValue: null }),
  "ReLU with an end": model([6, 3], { kind: "ReLU", maxValue: 6 }, { kind: "Dropout", rate: 0.5 }, dense(2)),
  "Flatten and Dense": model([6, 3], { kind: "Flatten" }, dense(2)),
  "Flatten of features": model([6], { kind: "Flatten" }, dense(2)),
  "Flatten behind Conv1D": model([6, 3], conv1d(2, 3), { kind: "Flatten" }),
  "Reshape": model([6, 4], { kind: "Reshape", targetShape: [8, -1] }, conv1d(2, 3)),
  "Reshape to what it is": model([6, 4], { kind: "Reshape", targetShape: [6, 4] }),
  "Dense over a sequence": model([6, 3], dense(4, { activation: "relu" })),
  "Dense over a sequence with softmax": model([6, 3], dense(4, { activation: "softmax" })),
  "Dense without bias": model([6], dense(4, { useBias: false, activation: "tanh" })),
  "several inputs": model(
    [10, 2],
    conv1d(3, 3),
    globalPooling("GlobalMaxPooling1D"),
    { kind: "InputLayer", shape: [4], name: "features", inputs: [] },
    { kind: "Concatenate", axis: -1, inputs: ["layer1", "features"] },
    dense(3, { activation: "softmax" }),
  ),
  "LSTM backwards": model([9, 2], lstm(4, { goBackwards: true })),
  "LSTM backwards over all steps": model([9, 2], lstm(4, { goBackwards: true, ...SEQUENCES })),
  "LSTM stacked behind Conv1D": model(
    [18, 1],
    conv1d(4, 5, { strides: 2, activation: "relu" }),
    pooling1d("MaxPooling1D", 2),
    lstm(4, SEQUENCES),
    lstm(3),
  ),
  "LSTM without bias": model([9, 2], lstm(4, { useBias: false })),
  "GRU without bias": model([9, 2], gru(4, { useBias: false })),
  "GRU": model([9, 2], gru(4)),
  "GRU of one step": model([1, 2], gru(4)),
  "GRU that resets before": model([9, 2], gru(4, { resetAfter: false })),
  "GRU backwards over all steps": model([9, 2], gru(4, { goBackwards: true, ...SEQUENCES })),
  "GRU stacked": model([7, 2], gru(3, SEQUENCES), gru(4, { resetAfter: false, ...SEQUENCES }), gru(2)),
  "Bidirectional LSTM": model([9, 2], bidirectional(lstm(3))),
  "Bidirectional LSTM over all steps": model([9, 2], bidirectional(lstm(3, SEQUENCES))),
  "Bidirectional LSTM, sum": model([9, 2], bidirectional(lstm(3, SEQUENCES), "sum"), activation("relu")),
  "Bidirectional LSTM, product": model([9, 2], bidirectional(lstm(3), "mul")),
  "Bidirectional LSTM, mean": model([9, 2], bidirectional(lstm(3, SEQUENCES), "ave"), dense(2)),
  "Bidirectional GRU": model([6, 2], bidirectional(gru(3))),
  "Bidirectional GRU, stacked": model(
    [6, 2],
    bidirectional(gru(3, SEQUENCES), "ave"),
    bidirectional(gru(2), "sum"),
  ),
};
