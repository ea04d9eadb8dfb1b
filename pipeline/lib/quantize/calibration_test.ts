import assert from "node:assert/strict";
import { convertToTflite } from "../convert/convert.ts";
import { forward } from "../nn/forward.ts";
import type { Model, Weights } from "../nn/model.ts";
import { calibrate } from "./calibration.ts";
import { leastErrorRange } from "./clipping.ts";
import { createHistogram } from "./histogram.ts";
import { rangeOfValues, type Ranges } from "./ranges.ts";
import { binary, graphOf } from "./test_graphs.ts";
import { livelyWeights, noiseWindows } from "./test_networks.ts";

const MODEL: Model = {
  name: "tiny",
  layers: [
    { kind: "InputLayer", name: "input", inputs: [], shape: [2] },
    { kind: "Dense", name: "dense", inputs: ["input"], units: 1, activation: "tanh" },
  ],
  output: "dense",
};
const WEIGHTS: Weights = new Map([
  ["dense/kernel", { shape: [2, 1], data: Float32Array.of(2, -1) }],
  ["dense/bias", { shape: [1], data: Float32Array.of(0.5) }],
]);

Deno.test("calibrate() keeps the least and greatest value of every tensor over all windows", () => {
  const ranges = calibrate(convertToTflite(MODEL, WEIGHTS), Float32Array.of(1, 4, -2, 3, 5, 0), 3);
  assert.deepEqual(Object.fromEntries(ranges), {
    "input": { min: -2, max: 5 },
    "dense/preactivation": { min: -6.5, max: 10.5 },
    "dense": { min: Math.fround(Math.tanh(-6.5)), max: Math.fround(Math.tanh(10.5)) },
  });
});

Deno.test("calibrate() sees hidden and cell states of every step of an LSTM", () => {
  const model: Model = {
    name: "tiny",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [7, 2] },
      { kind: "LSTM", name: "lstm", inputs: ["input"], units: 3, returnSequences: false },
    ],
    output: "lstm",
  };
  const weights = livelyWeights(model), windows = noiseWindows(4 * 14), expected: Ranges = new Map();
  forward(model, weights, windows, 4, (name, values) => {
    const { min, max } = rangeOfValues(values), seen = expected.get(name) ?? { min, max };
    expected.set(name, { min: Math.min(seen.min, min), max: Math.max(seen.max, max) });
  });
  const graph = convertToTflite(model, weights), ranges = calibrate(graph, windows, 4);
  const cutStates = calibrate(graph, windows, 4, { method: "percentile", percentile: 75 });
  assert.deepEqual(cutStates.get("lstm/cell"), ranges.get("lstm/cell"));
  assert.ok(cutStates.get("lstm/hidden")!.max < ranges.get("lstm/hidden")!.max);
  assert.deepEqual([...ranges.keys()].sort(), [...expected.keys()].sort());
  for (const [name, { min, max }] of expected) {
    assert.ok(Math.abs(ranges.get(name)!.min - min) < 1e-6, name);
    assert.ok(Math.abs(ranges.get(name)!.max - max) < 1e-6, name);
  }
});

Deno.test("calibrate() feeds several inputs from one window", () => {
  const graph = graphOf({
    inputs: { a: [1, 2], b: [1, 2] },
    operations: [binary("SUB", ["a", "b"], "difference", [1, 2])],
    outputs: ["difference"],
  });
  assert.deepEqual(Object.fromEntries(calibrate(graph, Float32Array.of(1, 2, 10, 20, 0, 0, -1, 5), 2)), {
    a: { min: 0, max: 2 },
    b: { min: -1, max: 20 },
    difference: { min: -18, max: 1 },
  });
});

Deno.test("calibrate() finds ranges by percentile and mse", () => {
  const graph = convertToTflite(MODEL, WEIGHTS);
  const windows = noiseWindows(2 * 5000);
  windows[17] = 100;
  const max = (options: Parameters<typeof calibrate>[3]) =>
    calibrate(graph, windows, 5000, options).get("input")!.max;
  const histogram = createHistogram();
  histogram.add(windows, rangeOfValues(windows));
  assert.equal(max({}), 100);
  assert.equal(max({ method: "mse" }), leastErrorRange(histogram).max);
  assert.ok(max({ method: "percentile" }) < 5);
  assert.ok(max({ method: "percentile", percentile: 99 }) < 2.5);
});

Deno.test("calibrate() refuses no windows, others than the graph takes and values that are not finite", () => {
  const graph = convertToTflite(MODEL, WEIGHTS);
  assert.throws(() => calibrate(graph, new Float32Array(0), 0), /count must be at least 1, got 0/);
  assert.throws(() => calibrate(graph, new Float32Array(3), 1), /a window must hold 2 values, got 3/);
  assert.throws(() => calibrate(graph, Float32Array.of(NaN, 1), 1), /tensor "input" must be finite/);
});
