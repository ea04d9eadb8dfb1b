import type { BatchNormalizationLayer, Layer, Model, Tensor, Weights } from "./model.ts";
import { outputShapes, weightShapes } from "./shapes.ts";

/** y = factor[c] x + offset[c] for each channel c. */
interface Affine {
  factor: Float64Array;
  offset: Float64Array;
}

/** A model on its way to one without normalizations. */
interface Folding {
  layers: Layer[];
  output: string;
  /** By "<layer>/<weight>", in any order. */
  weights: Weights;
}

/**
 * Takes the BatchNormalization layers out of a model, which computes the same by their moving statistics: each becomes part
 * of the linear convolution or dense layer that only it reads, or else of the only layer that reads it, a dense one or a
 * convolution that does not pad; over a sequence, or else it becomes a convolution of each channel by itself with a window
 * of one step.
 *
 * @returns Another model with weights of its own; layers that stay keep their names.
 * @throws TypeError A normalization of features that no neighbour can take.
 */
export function withoutBatchNormalization(
  model: Model,
  weights: Weights,
): { model: Model; weights: Weights } {
  const shapes = outputShapes(model);
  const folding: Folding = {
    layers: model.layers.map((layer) => ({ ...layer })),
    output: model.output,
    weights: new Map([...weights].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }])),
  };
  for (const { name } of model.layers) {
    // As it is by now: what it reads may have been folded away.
    const layer = folding.layers.find((layer) => layer.name === name)!;
    if (layer.kind !== "BatchNormalization") continue;
    const affine = affineOf(layer, weights);
    if (foldBehind(layer, affine, folding) || foldBefore(layer, affine, folding)) continue;
    if (shapes.get(name)!.length !== 2) {
      throw new TypeError(
        `Cannot fold layer "${name}": a BatchNormalization of features must stand beside a linear dense layer that ` +
          `nothing else reads, or before a dense layer that alone reads it, got neither`,
      );
    }
    becomeConvolution(layer, affine, folding);
  }
  const folded: Model = { ...model, layers: folding.layers, output: folding.output };
  return {
    model: folded,
    weights: new Map(weightShapes(folded).map(({ name }) => [name, folding.weights.get(name)!])),
  };
}

function affineOf({ name, epsilon }: BatchNormalizationLayer, weights: Weights): Affine {
  const read = (weight: string) => weights.get(`${name}/${weight}`)?.data;
  const gamma = read("gamma"), beta = read("beta"), mean = read("moving_mean")!;
  const factor = Float64Array.from(
    read("moving_variance")!,
    (variance, c) => (gamma?.[c] ?? 1) / Math.sqrt(variance + epsilon),
  );
  return { factor, offset: factor.map((value, c) => (beta?.[c] ?? 0) - mean[c] * value) };
}

const readersOf = (name: string, { layers }: Folding): Layer[] =>
  layers.filter(({ inputs }) => inputs.includes(name));

/** The weight of a layer whose output channels stand last, or whose channels by themselves stand last but one and last. */
function kernelName({ kind }: Layer): string | undefined {
  if (kind === "Conv1D" || kind === "Dense") return "kernel";
  if (kind === "DepthwiseConv1D") return "depthwise_kernel";
  return kind === "SeparableConv1D" ? "pointwise_kernel" : undefined;
}

/** Makes the normalization part of the layer that it reads. @returns Whether that can be done. */
function foldBehind(normalization: Layer, { factor, offset }: Affine, folding: Folding): boolean {
  const [input] = normalization.inputs, source = folding.layers.find(({ name }) => name === input)!;
  const kernel = kernelName(source), isLinear = "activation" in source && source.activation === "linear";
  if (kernel === undefined || !isLinear || input === folding.output) return false;
  if (readersOf(input, folding).length > 1) return false;
  const channels = factor.length, { data } = folding.weights.get(`${input}/${kernel}`)!;
  data.forEach((value, i) => data[i] = value * factor[i % channels]);
  const bias = takeBias(source, channels, folding);
  bias.forEach((value, c) => bias[c] = value * factor[c] + offset[c]);
  leaveOut(normalization, folding);
  return true;
}

/** Makes the normalization part of the layer that reads it. @returns Whether that can be done. */
function foldBefore(normalization: Layer, { factor, offset }: Affine, folding: Folding): boolean {
  const readers = readersOf(normalization.name, folding), [reader] = readers;
  // What pads would have to pad with something else than 0.
  const isPlain = reader?.kind === "Dense" || reader?.kind === "Conv1D" && reader.padding === "valid";
  if (readers.length !== 1 || !isPlain) return false;
  const { shape, data } = folding.weights.get(`${reader.name}/kernel`)!;
  const outputs = shape[shape.length - 1], channels = factor.length;
  const bias = takeBias(reader, outputs, folding), sums = Float64Array.from(bias);
  data.forEach((value, i) => {
    const channel = Math.floor(i / outputs) % channels;
    sums[i % outputs] += value * offset[channel];
    data[i] = value * factor[channel];
  });
  bias.set(sums);
  leaveOut(normalization, folding);
  return true;
}

function becomeConvolution(
  { name, inputs }: Layer,
  { factor, offset }: Affine,
  { layers, weights }: Folding,
): void {
  layers[layers.findIndex((layer) => layer.name === name)] = {
    kind: "DepthwiseConv1D",
    name,
    inputs,
    kernelSize: 1,
    strides: 1,
    padding: "valid",
    dilation: 1,
    depthMultiplier: 1,
    useBias: true,
    activation: "linear",
  };
  const tensor = (shape: number[], values: Float64Array): Tensor => ({
    shape,
    data: Float32Array.from(values),
  });
  weights.set(`${name}/depthwise_kernel`, tensor([1, factor.length, 1], factor));
  weights.set(`${name}/bias`, tensor([offset.length], offset));
}

/** @returns The layer's bias, which becomes zeros where it had none. */
function takeBias(layer: Layer, channels: number, { weights }: Folding): Float32Array {
  const name = `${layer.name}/bias`;
  if (!weights.has(name)) {
    if ("useBias" in layer) layer.useBias = true;
    weights.set(name, { shape: [channels], data: new Float32Array(channels) });
  }
  return weights.get(name)!.data;
}

/** Lets the readers of a layer read what it reads. */
function leaveOut({ name, inputs: [input] }: Layer, folding: Folding): void {
  folding.layers = folding.layers.filter((layer) => layer.name !== name)
    .map((layer) => ({ ...layer, inputs: layer.inputs.map((read) => read === name ? input : read) }));
  if (folding.output === name) folding.output = input;
}
