import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../../core/rng.ts";
import type { TfliteModel } from "../../formats/tflite/graph.ts";
import { encodeTflite } from "../../formats/tflite/writer.ts";
import { windowInputs } from "../../formats/tflite/window_inputs.ts";
import { forward } from "../../nn/forward.ts";
import { initializeWeights } from "../../nn/initialize.ts";
import { h5PartsToModel } from "../../nn/keras_weights.ts";
import type { Layer, Model, Weights } from "../../nn/model.ts";
import { createEvaluator } from "../../reference/evaluator.ts";
import { openTfliteLibrary } from "../../runtime/tflite_ffi.ts";
import { convertToTflite } from "../convert.ts";

/** Share of the largest value, if that is above 1. */
const FLOAT_TOLERANCE = 1e-5;

const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 1);

function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const limit = FLOAT_TOLERANCE * largest(expected);
  for (let i = 0; i < actual.length; i++) {
    assert.ok(Math.abs(actual[i] - expected[i]) < limit, `${what}: ${actual[i]} for ${expected[i]} at ${i}`);
  }
}

/** @returns What TFLite's library computes. */
function runNative(graph: TfliteModel, inputs: Float32Array[]): Float32Array {
  using interpreter = openTfliteLibrary().createInterpreter(encodeTflite(graph), { file: "m.tflite" });
  inputs.forEach((values, i) => interpreter.setInput(i, values));
  interpreter.invoke();
  return interpreter.output(0) as Float32Array;
}

// Made by tasks/parity/keras_golden.py; the version of Keras stands in each file.
for (const name of ["keras2_images", "keras3_images", "keras2_image_graph", "keras3_image_graph"]) {
  Deno.test(`convertToTflite() makes of ${name} a graph with Keras' values in every layer that is left`, async () => {
    const text = await Deno.readTextFile(new URL(`../../nn/testdata/${name}.json`, import.meta.url));
    const golden = JSON.parse(text);
    for (const { weights } of golden.layers) {
      for (const weight of weights) weight.data = Float32Array.from(weight.data);
    }
    const { model, weights } = h5PartsToModel(golden);
    const graph = convertToTflite(model, weights), evaluator = createEvaluator(graph);
    const windowValues = golden.inputs.length / golden.batch, seen = new Set<string>();
    for (let window = 0; window < golden.batch; window++) {
      const part = <T extends { length: number; slice(from: number, to: number): T }>(values: T): T => {
        const size = values.length / golden.batch;
        return values.slice(window * size, (window + 1) * size);
      };
      const inputs = windowInputs(graph, Float32Array.from(part(golden.inputs as number[])));
      assert.equal(windowValues, inputs.reduce((sum, { length }) => sum + length, 0));
      const [output] = evaluator.run(inputs, (tensor, values) => {
        const { name } = graph.tensors[tensor], expected = golden.layerOutputs[name];
        if (expected === undefined) return;
        seen.add(name);
        assertNear(values as Float32Array, part(expected as number[]), name);
      });
      assertNear(output as Float32Array, part(golden.outputs as number[]), "evaluator");
      assertNear(runNative(graph, inputs), part(golden.outputs as number[]), "library");
    }
    assert.ok(seen.size > 6, [...seen].join(" "));
  });
}

function chainOf(shape: number[], layer: Record<string, unknown>): { model: Model; weights: Weights } {
  const model: Model = {
    name: "test",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape },
      { name: "layer", inputs: ["input"], ...layer } as unknown as Layer,
    ],
    output: "layer",
  };
  const rng = createRng(5), weights = initializeWeights(model, rng);
  for (const { data } of weights.values()) data.forEach((_, i) => data[i] = rng.normal());
  return { model, weights };
}

Deno.test("windows over images lie in TFLite as they do in Keras, whatever their sizes", () => {
  const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
  const windows = fc.record({
    image: pair(4, 9),
    size: pair(1, 4),
    strides: pair(1, 3),
    dilation: fc.constantFrom([1, 1], [2, 1], [1, 2]),
    padding: fc.constantFrom("same", "valid"),
    kind: fc.constantFrom("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D"),
    useBias: fc.boolean(),
  });
  fc.assert(
    fc.property(windows, ({ image, size, strides, dilation, padding, kind, useBias }) => {
      fc.pre(Math.max(...strides) === 1 || Math.max(...dilation) === 1);
      fc.pre(padding === "same" || size.every((n, axis) => (n - 1) * dilation[axis] < image[axis]));
      const pooling = { kind, poolSize: size, strides, padding };
      const convolution = {
        ...{ kind, kernelSize: size, strides, padding, dilation, useBias },
        ...{ filters: 3, depthMultiplier: 2, activation: "relu" },
      };
      const shape = [...image, 2];
      const { model, weights } = chainOf(shape, kind.includes("Pooling") ? pooling : convolution);
      const rng = createRng(6), input = Float32Array.from({ length: image[0] * image[1] * 2 }, rng.normal);
      const graph = convertToTflite(model, weights), expected = forward(model, weights, input, 1);
      assertNear(createEvaluator(graph).run([input])[0] as Float32Array, expected, kind);
      assertNear(runNative(graph, [input]), expected, kind);
    }),
    { seed: 8, numRuns: 60 },
  );
});

Deno.test("paddings, poolings of whole images and activations of their own are what they are in the reference", () => {
  const cases: [number[], Record<string, unknown>, string[]][] = [
    [[4, 3, 2], { kind: "ZeroPadding2D", padding: [[1, 0], [2, 3]] }, ["PAD"]],
    [[5, 2], { kind: "ZeroPadding1D", padding: [[1, 3]] }, ["RESHAPE", "PAD", "RESHAPE"]],
    [[4, 3, 2], { kind: "GlobalMaxPooling2D", keepDims: false }, ["MAX_POOL_2D", "RESHAPE"]],
    [[4, 3, 2], { kind: "GlobalMaxPooling2D", keepDims: true }, ["MAX_POOL_2D"]],
    [[4, 3, 2], { kind: "GlobalAveragePooling2D", keepDims: false }, ["MEAN"]],
    [[4, 3, 2], { kind: "GlobalAveragePooling2D", keepDims: true }, ["MEAN", "RESHAPE"]],
    [[4, 3, 2], { kind: "Softmax", axis: -1 }, ["SOFTMAX"]],
    [[4, 3, 2], { kind: "LeakyReLU", negativeSlope: 0.3 }, ["LEAKY_RELU"]],
    [[4, 3, 2], { kind: "Reshape", targetShape: [6, -1] }, ["RESHAPE"]],
    [
      [4, 3, 2],
      {
        kind: "BatchNormalization",
        axis: 3,
        momentum: 0.9,
        epsilon: 0.1,
        center: true,
        scale: true,
      },
      ["MUL", "ADD"],
    ],
  ];
  for (const [shape, layer, operators] of cases) {
    const { model, weights } = chainOf(shape, layer);
    for (const [name, { data }] of weights) if (name.endsWith("variance")) data.fill(2);
    const input = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, createRng(7).normal);
    const graph = convertToTflite(model, weights), expected = forward(model, weights, input, 1);
    assert.deepEqual(graph.operators.map(({ operator }) => operator), operators);
    assertNear(createEvaluator(graph).run([input])[0] as Float32Array, expected, String(layer.kind));
    assertNear(runNative(graph, [input]), expected, String(layer.kind));
  }
});

Deno.test("convertToTflite() leaves the batch of a graph of images open, or has several at once", () => {
  const { model, weights } = chainOf([5, 4, 2], {
    ...{ kind: "Conv2D", filters: 3, kernelSize: [2, 3], strides: [2, 2], padding: "same" },
    ...{ dilation: [1, 1], useBias: true, activation: "relu6" },
  });
  const inputs = Float32Array.from({ length: 3 * 40 }, createRng(9).normal);
  const graph = convertToTflite(model, weights, { batch: 3 });
  assertNear(runNative(graph, [inputs]), forward(model, weights, inputs, 3), "three images");
  const { tensors, outputs } = convertToTflite(model, weights, { batch: "dynamic" });
  assert.deepEqual(tensors[outputs[0]].shapeSignature, [-1, 3, 2, 3]);
});
