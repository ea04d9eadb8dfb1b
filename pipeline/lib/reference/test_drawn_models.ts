import fc from "fast-check";
import type { Layer, Model } from "../nn/model.ts";
import { outputShapes } from "../nn/shapes.ts";

type LayerWithoutName<L = Layer> = L extends Layer ? Omit<L, "name" | "inputs"> : never;

/** What a random model is made of: each number picks one of several, whatever it is. */
type Draw = [kind: number, size: number, option: number];

const ACTIVATIONS = ["linear", "relu", "relu6", "sigmoid", "tanh"] as const;
const pick = <T>(list: readonly T[], number: number): T => list[number % list.length];

const NORMALIZATION: LayerWithoutName = {
  kind: "BatchNormalization",
  axis: -1,
  momentum: 0.9,
  epsilon: 1e-3,
  center: true,
  scale: true,
};

/** Layers of a sequence [steps, channels] that give a sequence. */
const SEQUENCE_LAYERS: ((draw: Draw, steps: number) => LayerWithoutName)[] = [
  ([, size, option], steps) => ({
    kind: "Conv1D",
    filters: 1 + size % 9,
    kernelSize: 1 + option % Math.min(5, steps),
    strides: 1 + size % 2,
    padding: pick(["same", "valid", "causal"], option),
    useBias: size % 3 > 0,
    activation: pick(ACTIVATIONS, size + option),
  }),
  ([, size, option], steps) => ({
    kind: "Conv1D",
    filters: 1 + size % 9,
    kernelSize: Math.min(3, steps),
    strides: 1,
    padding: "same",
    dilation: 1 + option % 3,
    activation: pick(ACTIVATIONS, size),
  }),
  ([, size, option], steps) => ({
    kind: "DepthwiseConv1D",
    kernelSize: 1 + option % Math.min(4, steps),
    strides: 1,
    padding: pick(["same", "valid"], size),
    dilation: 1,
    depthMultiplier: 1 + size % 2,
    useBias: option % 2 > 0,
    activation: pick(ACTIVATIONS, option),
  }),
  ([, size, option], steps) => ({
    kind: "SeparableConv1D",
    filters: 1 + size % 7,
    kernelSize: 1 + option % Math.min(4, steps),
    strides: 1 + option % 2,
    padding: "same",
    dilation: 1,
    depthMultiplier: 1 + size % 2,
    useBias: true,
    activation: pick(ACTIVATIONS, size),
  }),
  () => NORMALIZATION,
  ([, size]) => ({ kind: "LeakyReLU", negativeSlope: (size % 10) / 20 }),
  ([, size], steps) => ({
    kind: "MaxPooling1D",
    poolSize: Math.min(2, steps),
    strides: 1 + size % 2,
    padding: "same",
  }),
  ([, size, option], steps) => ({
    kind: "AveragePooling1D",
    poolSize: Math.min(2 + option % 2, steps),
    strides: 2,
    padding: pick(["same", "valid"], size),
  }),
  ([, size]) => ({ kind: "ZeroPadding1D", padding: [[size % 3, 1]] }),
  ([, size]) => ({ kind: "Activation", activation: pick(ACTIVATIONS, size) }),
  ([, size]) => ({ kind: "Dense", units: 1 + size % 6, activation: pick(ACTIVATIONS, size) }),
  ([, size]) => ({ kind: "LSTM", units: 1 + size % 7, returnSequences: true }),
  ([, size]) => ({ kind: "GRU", units: 1 + size % 5, returnSequences: true, resetAfter: size % 2 > 0 }),
  ([, size, option]) => ({
    kind: "Bidirectional",
    mergeMode: pick(["concat", "sum", "mul", "ave"], option),
    layer: option % 2 > 0
      ? { kind: "LSTM", units: 1 + size % 5, returnSequences: true }
      : { kind: "GRU", units: 1 + size % 4, returnSequences: true, resetAfter: true },
  }),
];

/** Layers of a sequence that give [features]. */
const ENDS: ((draw: Draw) => LayerWithoutName)[] = [
  () => ({ kind: "Flatten" }),
  () => ({ kind: "GlobalAveragePooling1D" }),
  () => ({ kind: "GlobalMaxPooling1D" }),
  ([, size]) => ({ kind: "LSTM", units: 1 + size % 8, returnSequences: false }),
  ([, size]) => ({ kind: "GRU", units: 1 + size % 5, returnSequences: false, resetAfter: true }),
  ([, size, option]) => ({
    kind: "Bidirectional",
    mergeMode: pick(["concat", "sum"], option),
    layer: { kind: "LSTM", units: 1 + size % 6, returnSequences: false },
  }),
];

/** Layers of images that give images; windows reach at most as far as the image does. */
const IMAGE_LAYERS: ((draw: Draw, reach: number) => LayerWithoutName)[] = [
  ([, size, option], reach) => ({
    kind: "Conv2D",
    filters: 1 + size % 7,
    kernelSize: [1 + option % Math.min(3, reach), 1 + size % Math.min(3, reach)],
    strides: [1 + size % 2, 1 + option % 2],
    padding: pick(["same", "valid"], option),
    dilation: [1, 1],
    useBias: size % 3 > 0,
    activation: pick(ACTIVATIONS, size + option),
  }),
  ([, size, option], reach) => ({
    kind: "DepthwiseConv2D",
    kernelSize: [1 + option % Math.min(3, reach), 1 + size % Math.min(3, reach)],
    strides: [1, 1],
    padding: pick(["same", "valid"], option),
    dilation: [1, 1],
    depthMultiplier: 1 + size % 2,
    useBias: true,
    activation: pick(ACTIVATIONS, size),
  }),
  ([, size, option]) => ({
    kind: "SeparableConv2D",
    filters: 1 + size % 5,
    kernelSize: [1 + option % 3, 2],
    strides: [1, 1],
    padding: "same",
    dilation: [1, 1],
    depthMultiplier: 1,
    useBias: true,
    activation: pick(ACTIVATIONS, size),
  }),
  () => NORMALIZATION,
  ([, size], reach) => ({
    kind: "MaxPooling2D",
    poolSize: [Math.min(2, reach), 1],
    strides: [1 + size % 2, 1],
    padding: "same",
  }),
  ([, size], reach) => ({
    kind: "AveragePooling2D",
    poolSize: [Math.min(2, reach), Math.min(2, reach)],
    strides: [2, 1 + size % 2],
    padding: pick(["same", "valid"], size),
  }),
  ([, size, option]) => ({ kind: "ZeroPadding2D", padding: [[size % 2, option % 3], [1, 0]] }),
];

const IMAGE_ENDS: (() => LayerWithoutName)[] = [
  () => ({ kind: "Flatten" }),
  () => ({ kind: "GlobalAveragePooling2D", keepDims: false }),
  () => ({ kind: "GlobalMaxPooling2D", keepDims: false }),
];

/** A model that grows at its end. */
function growingModel(shape: number[]) {
  const layers: Layer[] = [{ kind: "InputLayer", name: "input", inputs: [], shape }];
  const model: Model = { name: "drawn", layers, output: "input" };
  return {
    model,
    shape: () => outputShapes(model).get(model.output)!,
    add(layer: LayerWithoutName, inputs = [model.output]) {
      const name = `${layer.kind.toLowerCase()}_${layers.length}`;
      layers.push({ ...layer, name, inputs } as Layer);
      model.output = name;
    },
  };
}

const head = (number: number): LayerWithoutName => ({
  kind: "Dense",
  units: 4,
  activation: pick(["softmax", "sigmoid", "linear"] as const, number),
});

interface Drawn {
  shape: number[];
  draws: Draw[];
  end: Draw;
  /** Whether and how a branch is joined. */
  joins: number;
}

function drawSequenceModel({ shape, draws, end, joins }: Drawn): Model {
  const { model, shape: current, add } = growingModel(shape);
  for (const draw of draws) add(pick(SEQUENCE_LAYERS, draw[0])(draw, current()[0]));
  if (joins > 0) {
    const source = model.output, filters = current()[1];
    add({ kind: "Conv1D", filters, kernelSize: 1, strides: 1, padding: "same", activation: "tanh" });
    const kind = pick(["Add", "Multiply", "Concatenate"] as const, joins);
    add(kind === "Concatenate" ? { kind, axis: -1 } : { kind }, [source, model.output]);
  }
  add(pick(ENDS, end[0])(end));
  add(head(end[1]));
  return model;
}

function drawImageModel({ shape, draws, end }: Drawn): Model {
  const { model, shape: current, add } = growingModel(shape);
  for (const draw of draws) add(pick(IMAGE_LAYERS, draw[0])(draw, Math.min(current()[0], current()[1])));
  add(pick(IMAGE_ENDS, end[0])());
  add(head(end[1]));
  return model;
}

const draw: fc.Arbitrary<Draw> = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99));
/** Random models of sequences, joined with a branch now and then. */
export const drawnSequenceModel: fc.Arbitrary<Model> = fc.record({
  shape: fc.tuple(fc.integer({ min: 4, max: 14 }), fc.integer({ min: 1, max: 3 })),
  draws: fc.array(draw, { maxLength: 4 }),
  end: draw,
  joins: fc.nat(5),
}).map(drawSequenceModel);

/** Random models of images. */
export const drawnImageModel: fc.Arbitrary<Model> = fc.record({
  shape: fc.tuple(
    fc.integer({ min: 3, max: 9 }),
    fc.integer({ min: 3, max: 9 }),
    fc.integer({ min: 1, max: 3 }),
  ),
  draws: fc.array(draw, { minLength: 1, maxLength: 4 }),
  end: draw,
  joins: fc.constant(0),
}).map(drawImageModel);
