import assert from "node:assert/strict";
import fc from "fast-check";
import type { TfliteModel } from "../../formats/tflite/graph.ts";
import { windowInputs } from "../../formats/tflite/window_inputs.ts";
import { verifyTflite } from "../../formats/tflite/verify.ts";
import { encodeTflite } from "../../formats/tflite/writer.ts";
import type { Layer, Model } from "../../nn/model.ts";
import { outputShapes } from "../../nn/shapes.ts";
import { createEvaluator } from "../../reference/evaluator.ts";
import { lowerModel } from "../convert.ts";
import {
  activation,
  bidirectional,
  conv1d,
  dense,
  depthwise1d,
  globalPooling,
  gru,
  LAYER_MODELS,
  livelyWeights,
  lstm,
  noiseWindows,
  normalization,
  pooling1d,
  separable1d,
  type TestLayer,
} from "../test_models.ts";
import { PASSES } from "./passes.ts";

/** Folded weights round otherwise; of the largest value of the output. */
const RELATIVE_TOLERANCE = 2e-5;

function evaluate(graph: TfliteModel, window: Float32Array): Float32Array {
  return createEvaluator(graph).run(
    windowInputs(graph, window),
  )[0] as Float32Array;
}

function checkSame(before: Float32Array, after: Float32Array, what: string): void {
  const scale = before.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const error = before.reduce((most, value, i) => Math.max(most, Math.abs(value - after[i])), 0);
  assert.equal(after.length, before.length, what);
  assert.ok(error <= RELATIVE_TOLERANCE * scale, `${what}: error ${error} of ${scale}`);
}

/** Runs all passes; after each the graph must compute the same, keep its outputs' names, and be another object. */
function checkPasses(network: Model, batch: number): void {
  const weights = livelyWeights(network), window = noiseWindows(network, batch);
  let graph = lowerModel(network, weights, { batch });
  const expected = evaluate(graph, window), output = graph.tensors[graph.outputs[0]].name;
  for (const { name, pass } of PASSES) {
    const copy = structuredClone(graph), next = pass(graph);
    assert.deepEqual(graph, copy, `${name} changed its argument`);
    checkSame(expected, evaluate(next, window), name);
    assert.equal(next.tensors[next.outputs[0]].name, output);
    assert.equal(new Set(next.tensors.map((tensor) => tensor.name)).size, next.tensors.length, name);
    graph = next;
  }
  verifyTflite(encodeTflite(graph));
}

for (const [name, network] of Object.entries(LAYER_MODELS)) {
  Deno.test(`each pass keeps what is computed: ${name}`, () => checkPasses(network, 1));
}

/** How a drawn layer is made for an input of this shape; undefined where it cannot read such. */
type Draw = (shape: number[], a: number, b: number) => TestLayer | undefined;

const PADDINGS = ["same", "valid", "causal"] as const,
  IMAGE_PADDINGS = ["same", "valid"] as const,
  ACTIVATIONS = ["linear", "relu", "relu6", "tanh"] as const;
const onSequence = (make: (steps: number, a: number, b: number) => TestLayer): Draw => (shape, a, b) =>
  shape.length === 2 ? make(shape[0], a, b) : undefined;
const kernelOf = (steps: number, a: number) => 1 + a % Math.min(steps, 4);
const DRAWS: Draw[] = [
  onSequence((steps, a, b) =>
    conv1d(1 + b % 4, kernelOf(steps, a), {
      padding: PADDINGS[b % 3],
      strides: 1 + a % 2,
      activation: ACTIVATIONS[a % 4],
      useBias: b % 2 === 0,
    })
  ),
  onSequence((steps, a, b) =>
    depthwise1d(kernelOf(steps, a), { padding: PADDINGS[b % 2], depthMultiplier: 1 + a % 2 })
  ),
  onSequence((steps, a, b) => separable1d(1 + b % 3, kernelOf(steps, a), { padding: PADDINGS[b % 3] })),
  () => normalization(),
  () => normalization(),
  (_, a) => activation(ACTIVATIONS[a % 4]),
  (_, a) => ({ kind: "ReLU", maxValue: a % 2 === 0 ? 6 : null }),
  onSequence((steps, a, b) =>
    pooling1d(b % 2 === 0 ? "MaxPooling1D" : "AveragePooling1D", kernelOf(steps, a), {
      padding: PADDINGS[a % 2],
      strides: 1 + b % 2,
    })
  ),
  onSequence((_, a) => globalPooling(a % 2 === 0 ? "GlobalMaxPooling1D" : "GlobalAveragePooling1D")),
  (_, a, b) => dense(1 + a % 4, { activation: ACTIVATIONS[b % 4] }),
  () => ({ kind: "LeakyReLU", negativeSlope: 0.3 }),
  onSequence((_, a, b) => ({ kind: "ZeroPadding1D", padding: [[a % 3, b % 3]] })),
  () => ({ kind: "Flatten" }),
  () => ({ kind: "Dropout", rate: 0.5 }),
  (shape, a) => ({
    kind: "Reshape",
    targetShape: a % 2 === 0 ? [-1, shape[shape.length - 1]] : [shape[0], -1],
  }),
  onSequence((_, a, b) => (b % 2 === 0 ? lstm : gru)(1 + a % 3, { returnSequences: b < 4 })),
  onSequence((_, a, b) =>
    bidirectional(lstm(1 + a % 2, { returnSequences: b < 4 }), b % 2 === 0 ? "ave" : "concat")
  ),
];

const onImage = (make: (size: number, a: number, b: number) => TestLayer): Draw => (shape, a, b) =>
  shape.length === 3 ? make(Math.min(shape[0], shape[1]), a, b) : undefined;
DRAWS.push(
  onImage((size, a, b) => ({
    kind: "Conv2D",
    filters: 1 + b % 3,
    kernelSize: [kernelOf(size, a), kernelOf(size, b)],
    strides: [1, 1 + a % 2],
    padding: IMAGE_PADDINGS[b % 2],
    dilation: [1, 1],
    useBias: a % 2 === 0,
    activation: ACTIVATIONS[b % 4],
  })),
  onImage((size, a, b) => ({
    kind: "DepthwiseConv2D",
    kernelSize: [kernelOf(size, a), kernelOf(size, b)],
    strides: [1, 1],
    padding: IMAGE_PADDINGS[a % 2],
    dilation: [1, 1],
    depthMultiplier: 1 + b % 2,
    useBias: true,
    activation: ACTIVATIONS[a % 4],
  })),
  onImage((size, a, b) => ({
    kind: b % 2 === 0 ? "MaxPooling2D" : "AveragePooling2D",
    poolSize: [kernelOf(size, a), kernelOf(size, b)],
    strides: [1, 1 + b % 2],
    padding: IMAGE_PADDINGS[a % 2],
  })),
  onImage((_, a) => ({
    kind: a % 2 === 0 ? "GlobalMaxPooling2D" : "GlobalAveragePooling2D",
    keepDims: a > 3,
  })),
  onImage((_, a, b) => ({ kind: "ZeroPadding2D", padding: [[a % 2, b % 2], [b % 3, 0]] })),
);

/** A model of layers that were drawn, some of which read two layers of the same shape. */
const models = fc.tuple(
  fc.constantFrom<number[]>([7, 3], [5, 6, 2], [1, 6, 2]),
  fc.array(
    fc.record({
      draw: fc.nat(DRAWS.length - 1),
      a: fc.nat(7),
      b: fc.nat(7),
      isMerged: fc.boolean(),
      other: fc.nat(9),
    }),
    { minLength: 1, maxLength: 8 },
  ),
).map(([shape, draws]): Model => {
  const layers: Layer[] = [{ kind: "InputLayer", name: "input", inputs: [], shape }];
  const current = (): Model => ({ name: "drawn", layers, output: layers[layers.length - 1].name });
  const shapeOf = (name: string) =>
    outputShapes({ ...current(), layers: pathTo(layers, name), output: name }).get(name)!;
  const add = (layer: TestLayer, ...inputs: string[]) =>
    layers.push({ ...layer, name: `layer${layers.length}`, inputs } as Layer);
  for (const { draw, a, b, isMerged, other } of draws) {
    const { name } = layers[layers.length - 1], layer = DRAWS[draw](shapeOf(name), a, b);
    if (layer !== undefined) add(layer, name);
    const partner = layers[other % layers.length].name, last = layers[layers.length - 1].name;
    if (!isMerged || shapeOf(partner).join() !== shapeOf(last).join()) continue;
    add(
      a % 3 === 0 ? { kind: "Concatenate", axis: -1 } : { kind: a % 3 === 1 ? "Add" : "Multiply" },
      last,
      partner,
    );
  }
  return { ...current(), layers: pathTo(layers, current().output) };
}).filter(({ layers }) => layers.length > 1);

/** @returns The layers that a layer's output depends on. */
function pathTo(layers: Layer[], name: string): Layer[] {
  const needed = new Set([name]);
  return layers.toReversed().filter((layer) => {
    if (needed.has(layer.name)) layer.inputs.forEach((input) => needed.add(input));
    return needed.has(layer.name);
  }).reverse();
}

Deno.test("each pass keeps what any model computes", () => {
  fc.assert(fc.property(models, fc.integer({ min: 1, max: 2 }), checkPasses), { numRuns: 250, seed: 5 });
});
