import assert from "node:assert/strict";
import { activate, type Activation, sigmoid } from "./activations.ts";

const apply = (activation: Activation, values: number[], lastAxis = values.length) => {
  const output = Float64Array.from(values);
  activate(activation, { values: output, lastAxis, output });
  return [...output];
};

Deno.test("sigmoid() stays finite at the ends", () => {
  assert.deepEqual([-1e308, -1000, 0, 1000, 1e308].map(sigmoid), [0, 0, 0.5, 1, 1]);
});

Deno.test("activate() applies each activation element by element", () => {
  const values = [-2, 0, 0.5];
  assert.deepEqual(apply("linear", values), values);
  assert.deepEqual(apply("relu", values), [0, 0, 0.5]);
  assert.deepEqual(apply("tanh", values), values.map(Math.tanh));
  assert.deepEqual(apply("sigmoid", values), values.map(sigmoid));
  assert.deepEqual(apply("hard_sigmoid", [-3, -2.5, 0, 1, 2.5, 3]), [0, 0, 0.5, 0.7, 1, 1]);
  assert.deepEqual(apply("hard_sigmoid_keras3", [-4, -3, 0, 1.5, 3, 4]), [0, 0, 0.5, 0.75, 1, 1]);
});

Deno.test("activate() softmax sums to 1 along the last axis and does not overflow", () => {
  const output = apply("softmax", [1, 1, 1, 1, 1000, 0, -1000, 1000], 4);
  assert.deepEqual(output, [0.25, 0.25, 0.25, 0.25, 0.5, 0, 0, 0.5]);
});
