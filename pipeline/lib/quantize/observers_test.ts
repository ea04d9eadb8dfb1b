import assert from "node:assert/strict";
import type { Model, Weights } from "../nn/model.ts";
import { calibrate } from "./observers.ts";

const MODEL: Model = {
  name: "tiny",
  layers: [
    { kind: "InputLayer", name: "input", inputs: [], shape: [2] },
    { kind: "Dense", name: "dense", inputs: ["input"], units: 1, activation: "relu" },
  ],
  output: "dense",
};
const WEIGHTS: Weights = new Map([
  ["dense/kernel", { shape: [2, 1], data: Float32Array.of(2, -1) }],
  ["dense/bias", { shape: [1], data: Float32Array.of(0.5) }],
]);

Deno.test("calibrate() keeps the least and greatest value of every tensor over all windows", () => {
  const ranges = calibrate(MODEL, WEIGHTS, Float32Array.of(1, 4, -2, 3, 5, 0), 3);
  assert.deepEqual(Object.fromEntries(ranges), {
    "input": { min: -2, max: 5 },
    "dense/preactivation": { min: -6.5, max: 10.5 },
    "dense": { min: 0, max: 10.5 },
  });
});

Deno.test("calibrate() reports hidden and cell states of an LSTM", () => {
  const model: Model = {
    name: "tiny",
    layers: [
      { kind: "InputLayer", name: "input", inputs: [], shape: [3, 1] },
      { kind: "LSTM", name: "lstm", inputs: ["input"], units: 1, returnSequences: false },
    ],
    output: "lstm",
  };
  const ones = (...shape: number[]) => ({ shape, data: new Float32Array(4).fill(1) });
  const weights: Weights = new Map([
    ["lstm/kernel", ones(1, 4)],
    ["lstm/recurrent_kernel", ones(1, 4)],
    ["lstm/bias", ones(4)],
  ]);
  const ranges = calibrate(model, weights, Float32Array.of(1, 1, 1), 1);
  const hidden = ranges.get("lstm/hidden")!, cell = ranges.get("lstm/cell")!, last = ranges.get("lstm")!;
  assert.ok(hidden.min < last.min && hidden.max === last.max);
  assert.ok(cell.max > 1 && cell.max < 3);
});

Deno.test("calibrate() refuses no windows and values that are not finite", () => {
  assert.throws(() => calibrate(MODEL, WEIGHTS, new Float32Array(0), 0), /count must be at least 1, got 0/);
  assert.throws(() => calibrate(MODEL, WEIGHTS, new Float32Array(3), 1), RangeError);
  assert.throws(() => calibrate(MODEL, WEIGHTS, Float32Array.of(NaN, 1), 1), /tensor "input" must be finite/);
});
