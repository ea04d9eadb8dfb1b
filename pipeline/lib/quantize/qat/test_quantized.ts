import { convertToTflite } from "../../convert/convert.ts";
import type { TfliteModel } from "../../formats/tflite/graph.ts";
import type { Layer, Model, Weights } from "../../nn/model.ts";
import { calibrate } from "../calibration.ts";
import { quantizeGraph } from "../quantize_graph.ts";
import { beatWindows, livelyWeights } from "../test_networks.ts";

/** Samples of a window. */
export const SAMPLES = 48;
const CALIBRATION_WINDOWS = 60;

/** A layer without its place in a model. */
type Sizes = { [K in Layer["kind"]]: Omit<Extract<Layer, { kind: K }>, "name" | "inputs"> }[Layer["kind"]];

/** @returns Layers in a row behind an input of one channel, named by their number. */
export function chain(...layers: Sizes[]): Model {
  return {
    name: "test",
    layers: ([{ kind: "InputLayer", shape: [SAMPLES, 1] }, ...layers] as Sizes[]).map((layer, i) =>
      ({ ...layer, name: `layer${i}`, inputs: i === 0 ? [] : [`layer${i - 1}`] }) as Layer
    ),
    output: `layer${layers.length}`,
  };
}

const softmax: Sizes = { kind: "Dense", units: 3, activation: "softmax" };
const sizes = { kernelSize: 5, padding: "same", dilation: 1, useBias: true, activation: "relu" } as const;
const lstm = (returnSequences = false) => ({ kind: "LSTM" as const, units: 12, returnSequences });
const gru = (resetAfter: boolean, returnSequences = false) =>
  ({ kind: "GRU", units: 12, returnSequences, resetAfter }) as const;

/** Models of every kind of layer with weights. */
export const MODELS: Record<string, Model> = {
  cnn: chain(
    { ...sizes, kind: "Conv1D", filters: 6, strides: 2 },
    { kind: "MaxPooling1D", poolSize: 2, strides: 2, padding: "valid" },
    { ...sizes, kind: "Conv1D", filters: 8, strides: 1, activation: "linear" },
    { kind: "Activation", activation: "relu" },
    { kind: "GlobalAveragePooling1D" },
    { kind: "Dense", units: 10, activation: "tanh" },
    softmax,
  ),
  "separable cnn": chain(
    { ...sizes, kind: "Conv1D", filters: 6, strides: 2 },
    { ...sizes, kind: "DepthwiseConv1D", strides: 1, depthMultiplier: 2 },
    { ...sizes, kind: "SeparableConv1D", strides: 2, depthMultiplier: 1, filters: 7 },
    { kind: "GlobalAveragePooling1D" },
    softmax,
  ),
  lstm: chain(lstm(true), lstm(), softmax),
  bilstm: chain(
    { kind: "Bidirectional", layer: lstm(), mergeMode: "concat" },
    softmax,
  ),
  gru: chain(gru(true, true), gru(true), softmax),
  "gru both ways": chain(
    { kind: "Bidirectional", layer: gru(true), mergeMode: "concat" },
    softmax,
  ),
};

/** A model with weights, windows like beats, and its float32 and int8 graphs. */
export function quantizedModel(model: Model): {
  weights: Weights;
  windows: Float32Array;
  count: number;
  floatGraph: TfliteModel;
  int8Graph: TfliteModel;
} {
  const weights = livelyWeights(model), count = CALIBRATION_WINDOWS;
  const windows = beatWindows(count, SAMPLES), floatGraph = convertToTflite(model, weights);
  const int8Graph = quantizeGraph(floatGraph, calibrate(floatGraph, windows, count), { mode: "int8" });
  return { weights, windows, count, floatGraph, int8Graph };
}
