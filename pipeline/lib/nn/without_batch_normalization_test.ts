import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { forward } from "./forward.ts";
import { initializeWeights } from "./initialize.ts";
import type { Layer, Model, Weights } from "./model.ts";
import { outputShapes, valueCount } from "./shapes.ts";
import { withoutBatchNormalization } from "./without_batch_normalization.ts";

type Sizes = { [K in Layer["kind"]]: Omit<Extract<Layer, { kind: K }>, "name" | "inputs"> }[Layer["kind"]];

const chain = (...layers: Sizes[]): Model => ({
  name: "test",
  layers: layers.map((layer, i) =>
    ({ ...layer, name: `layer${i}`, inputs: i === 0 ? [] : [`layer${i - 1}`] }) as Layer
  ),
  output: `layer${layers.length - 1}`,
});

function randomWeights(model: Model, seed: number): Weights {
  const rng = createRng(seed), weights = initializeWeights(model, rng);
  for (const [name, { data }] of weights) {
    const isPositive = name.endsWith("moving_variance");
    data.forEach((value, i) => data[i] = isPositive ? 0.1 + rng.uniform() : value + 0.3 * rng.normal());
  }
  return weights;
}

const sequence: Sizes = { kind: "InputLayer", shape: [9, 3] };
const normalization: Sizes = {
  kind: "BatchNormalization",
  axis: -1,
  momentum: 0.9,
  epsilon: 1e-3,
  center: true,
  scale: true,
};
const convolution = (options: Partial<Extract<Layer, { kind: "Conv1D" }>> = {}): Sizes => ({
  kind: "Conv1D",
  filters: 4,
  kernelSize: 3,
  strides: 1,
  padding: "same",
  activation: "linear",
  ...options,
});
const sizes = { kernelSize: 3, strides: 1, padding: "same", dilation: 1, depthMultiplier: 2 } as const;
const flatten: Sizes = { kind: "Flatten" };
const relu: Sizes = { kind: "Activation", activation: "relu" };
const dense = (activation: "linear" | "relu" | "softmax"): Sizes => ({ kind: "Dense", units: 5, activation });

/** Models and the kinds of their layers afterwards, without the first and the last. */
const CASES: Record<string, { model: Model; kinds: string[] }> = {
  "behind a convolution": {
    model: chain(sequence, convolution(), normalization, relu, flatten, dense("softmax")),
    kinds: ["Conv1D", "Activation", "Flatten"],
  },
  "behind one without bias, without gamma and beta": {
    model: chain(
      sequence,
      convolution({ useBias: false }),
      { ...normalization, center: false, scale: false } as Sizes,
      flatten,
      dense("softmax"),
    ),
    kinds: ["Conv1D", "Flatten"],
  },
  "behind a depthwise convolution": {
    model: chain(
      sequence,
      { kind: "DepthwiseConv1D", ...sizes, useBias: false, activation: "linear" },
      normalization,
      flatten,
      dense("softmax"),
    ),
    kinds: ["DepthwiseConv1D", "Flatten"],
  },
  "behind a separable convolution": {
    model: chain(
      sequence,
      { kind: "SeparableConv1D", ...sizes, filters: 4, useBias: true, activation: "linear" },
      normalization,
      flatten,
      dense("softmax"),
    ),
    kinds: ["SeparableConv1D", "Flatten"],
  },
  "behind and before dense layers": {
    model: chain(
      { kind: "InputLayer", shape: [6] },
      dense("linear"),
      normalization,
      dense("relu"),
      normalization,
      dense("softmax"),
    ),
    kinds: ["Dense", "Dense"],
  },
  "before a convolution that does not pad": {
    model: chain(
      sequence,
      convolution({ activation: "relu" }),
      normalization,
      convolution({ padding: "valid", useBias: false }),
      flatten,
      dense("softmax"),
    ),
    kinds: ["Conv1D", "Conv1D", "Flatten"],
  },
  "before a convolution that pads": {
    model: chain(
      sequence,
      convolution({ activation: "relu" }),
      normalization,
      convolution(),
      flatten,
      dense("softmax"),
    ),
    kinds: ["Conv1D", "DepthwiseConv1D", "Conv1D", "Flatten"],
  },
  "twice in a row, and at the input": {
    model: chain(
      sequence,
      normalization,
      convolution(),
      normalization,
      normalization,
      flatten,
      dense("softmax"),
    ),
    kinds: ["DepthwiseConv1D", "Conv1D", "Flatten"],
  },
};

for (const [name, { model, kinds }] of Object.entries(CASES)) {
  Deno.test(`withoutBatchNormalization() computes the same: ${name}`, () => {
    const weights = randomWeights(model, 3), before = structuredClone(weights);
    const folded = withoutBatchNormalization(model, weights);
    assert.deepEqual(folded.model.layers.slice(1, -1).map(({ kind }) => kind), kinds);
    assert.deepEqual(weights, before);
    const rng = createRng(4), values = 3 * valueCount(outputShapes(model).get("layer0")!);
    const inputs = Float32Array.from({ length: values }, rng.normal);
    const expected = forward(model, weights, inputs, 3);
    forward(folded.model, folded.weights, inputs, 3).forEach((value, i) =>
      assert.ok(Math.abs(value - expected[i]) < 1e-5, `${i}: ${value} is not ${expected[i]}`)
    );
  });
}

Deno.test("withoutBatchNormalization() keeps a convolution that others read too, and names what it cannot fold", () => {
  const shared: Model = {
    name: "test",
    layers: [
      ...chain(sequence, convolution(), normalization).layers,
      { kind: "Add", name: "sum", inputs: ["layer1", "layer2"] },
      { kind: "GlobalAveragePooling1D", name: "average", inputs: ["sum"] },
      { kind: "Dense", name: "dense", inputs: ["average"], units: 2, activation: "softmax" },
    ],
    output: "dense",
  };
  const weights = randomWeights(shared, 5), folded = withoutBatchNormalization(shared, weights);
  assert.equal(folded.model.layers[2].kind, "DepthwiseConv1D");
  const inputs = Float32Array.from({ length: 27 }, createRng(6).normal);
  const expected = forward(shared, weights, inputs, 1);
  forward(folded.model, folded.weights, inputs, 1).forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) < 1e-5)
  );

  const features = chain(
    { kind: "InputLayer", shape: [6] },
    dense("relu"),
    normalization,
    relu,
    dense("softmax"),
  );
  assert.throws(() => withoutBatchNormalization(features, randomWeights(features, 7)), /fold layer "layer2"/);
});
