import type { Layer, Model } from "../../nn/model.ts";
import { chain, type LayerSizes, testModels } from "../test_gradients.ts";

const input = (...shape: number[]): LayerSizes => ({ kind: "InputLayer", shape });
const dense = (
  units: number,
  activation: "linear" | "softmax" | "tanh" | "sigmoid" = "tanh",
): LayerSizes => ({
  kind: "Dense",
  units,
  activation,
});
const act = (activation: "linear" | "relu" | "relu6" | "sigmoid" | "tanh" | "softmax"): LayerSizes => ({
  kind: "Activation",
  activation,
});
const average: LayerSizes = { kind: "GlobalAveragePooling1D" }, flatten: LayerSizes = { kind: "Flatten" };
const convolution: LayerSizes = {
  kind: "Conv1D",
  filters: 3,
  kernelSize: 3,
  strides: 1,
  padding: "same",
  activation: "linear",
};
const softmax = dense(3, "softmax");

/** A model from layers by name, each with what it reads. */
function graph(layers: Record<string, [LayerSizes, ...string[]]>): Model {
  const names = Object.keys(layers);
  return {
    name: "test",
    layers: names.map((name) => {
      const [sizes, ...inputs] = layers[name];
      return { ...sizes, name, inputs } as Layer;
    }),
    output: names[names.length - 1],
  };
}

testModels({
  "every activation as a layer": chain(
    input(4, 2),
    act("tanh"),
    convolution,
    act("linear"),
    act("sigmoid"),
    convolution,
    act("relu"),
    average,
    dense(3, "linear"),
    act("softmax"),
  ),
  "relu6 and ReLU, scaled beyond 6": graph({
    window: [input(5)],
    first: [dense(9, "linear"), "window"],
    twice: [{ kind: "Add" }, "first", "first", "first", "first", "first"],
    capped: [act("relu6"), "twice"],
    alsoCapped: [{ kind: "ReLU", maxValue: 6 }, "twice"],
    open: [{ kind: "ReLU", maxValue: null }, "first"],
    sum: [{ kind: "Add" }, "capped", "alsoCapped", "open"],
    classes: [softmax, "sum"],
  }),
  "dense on a sequence, flattened": chain(input(5, 2), dense(3), dense(2, "sigmoid"), flatten, softmax),
  "flatten of features": chain(input(5), dense(3), flatten, softmax),
  "reshaped there and back": chain(
    input(12),
    dense(10),
    { kind: "Reshape", targetShape: [5, -1] },
    convolution,
    { kind: "Reshape", targetShape: [3, 5] },
    { kind: "LSTM", units: 2, returnSequences: false },
    softmax,
  ),
  "residual": graph({
    window: [input(7, 3)],
    lower: [convolution, "window"],
    active: [act("tanh"), "lower"],
    upper: [convolution, "active"],
    sum: [{ kind: "Add" }, "upper", "lower", "window"],
    mean: [average, "sum"],
    classes: [softmax, "mean"],
  }),
  "gates": graph({
    window: [input(6, 2)],
    body: [convolution, "window"],
    gate: [dense(3, "sigmoid"), "body"],
    squeezed: [average, "body"],
    excitation: [dense(3, "sigmoid"), "squeezed"],
    attention: [dense(1, "tanh"), "body"],
    // Of [time, channels], [channels] and [time, 1].
    product: [{ kind: "Multiply" }, "body", "gate", "excitation", "attention"],
    shifted: [{ kind: "Add" }, "excitation", "product", "attention"],
    mean: [average, "shifted"],
    classes: [softmax, "mean"],
  }),
  "window and RR features": graph({
    window: [input(8, 1)],
    rr: [input(4)],
    body: [convolution, "window"],
    mean: [average, "body"],
    rhythm: [dense(3), "rr"],
    both: [{ kind: "Concatenate", axis: -1 }, "mean", "rr", "rhythm"],
    hidden: [dense(5), "both"],
    classes: [softmax, "hidden"],
  }),
  "sequences joined along channels and time": graph({
    rr: [input(2, 3)],
    window: [input(6, 2)],
    left: [convolution, "window"],
    right: [dense(2), "window"],
    wide: [{ kind: "Concatenate", axis: 2 }, "left", "window", "right"],
    narrow: [dense(3), "wide"],
    long: [{ kind: "Concatenate", axis: 1 }, "narrow", "rr", "left"],
    body: [convolution, "long"],
    flat: [flatten, "body"],
    classes: [softmax, "flat"],
  }),
});
