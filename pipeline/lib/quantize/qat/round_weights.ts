import type { WeightChange } from "../../engine/wasm_parameters.ts";
import type { Layer, Model } from "../../nn/model.ts";
import { quantizeWeights } from "../integer_params.ts";

/** What of a weight shares one scale: everything, each index of the last axis, or some columns of the last axis. */
type Sharing = "tensor" | "column" | readonly number[];

/** @returns How the quantizer scales a layer's weight, by its name within the layer; undefined: it stays, as biases do. */
function sharingOf(layer: Omit<Layer, "name" | "inputs">, weight: string): Sharing | undefined {
  switch (layer.kind) {
    case "Conv1D":
    case "DepthwiseConv1D":
    case "SeparableConv1D":
      return weight === "bias" ? undefined : "column";
    case "Dense":
      return weight === "bias" ? undefined : "tensor";
    case "LSTM": {
      const { units } = layer as Extract<Layer, { kind: "LSTM" }>;
      return weight === "bias" ? undefined : [units, units, units, units];
    }
    case "GRU": {
      // The update and the reset gate are one matrix in the graph.
      const { units } = layer as Extract<Layer, { kind: "GRU" }>;
      return weight === "bias" ? undefined : [2 * units, units];
    }
    case "Bidirectional": {
      const { layer: directed } = layer as Extract<Layer, { kind: "Bidirectional" }>;
      return sharingOf(directed, weight.slice(weight.indexOf("/") + 1));
    }
    default:
      return undefined;
  }
}

/**
 * Makes what an engine calls to round weights to the values that their int8 forms stand for, by the quantizer's own rule:
 * symmetric in [-127, 127], one scale a filter for convolutions, one a tensor for dense layers, one a gate's matrix for LSTM.
 *
 * Biases stay: int32 holds them to a part of a step of the activations. Deviation: a scale that the quantizer widens because
 * the bias would overflow int32 is not widened here.
 *
 * @param model Without BatchNormalization, whose statistics would round nothing.
 */
export function createWeightRounder(model: Model): WeightChange {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  return (name, shape, values) => {
    const slash = name.indexOf("/");
    const sharing = sharingOf(layers.get(name.slice(0, slash))!, name.slice(slash + 1));
    if (sharing === undefined) return;
    // A depthwise kernel's channels stand in its last two axes, [..., channels, multiplier].
    const columns = name.endsWith("depthwise_kernel") ? shape[1] * shape[2] : shape[shape.length - 1];
    if (sharing === "tensor") roundValues(values, 1);
    else if (sharing === "column") roundValues(values, columns);
    else roundGates(values, columns, sharing);
  };
}

/** Rounds [rows, columns] values with one scale a column; columns of 1: one for all. */
function roundValues(values: Float32Array, columns: number): void {
  const rows = values.length / columns;
  const { values: integers, quantization: { scale } } = quantizeWeights(values, {
    shape: [rows, columns],
    axis: columns === 1 ? undefined : 1,
  });
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) values[i] = integers[i] * scale[column];
  }
}

/** Rounds [rows, columns] values with one scale for each of several columns side by side. */
function roundGates(values: Float32Array, columns: number, widths: readonly number[]): void {
  const rows = values.length / columns;
  let first = 0;
  for (const width of widths) {
    const gate = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const at = row * columns + first;
      gate.set(values.subarray(at, at + width), row * width);
    }
    roundValues(gate, 1);
    for (let row = 0; row < rows; row++) {
      values.set(gate.subarray(row * width, (row + 1) * width), row * columns + first);
    }
    first += width;
  }
}
