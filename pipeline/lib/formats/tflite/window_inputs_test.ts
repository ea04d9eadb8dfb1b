import assert from "node:assert/strict";
import { inputValues, reverseInputName } from "./window_inputs.ts";

const modelOf = (...inputs: [string, number[]][]) => inputs.map(([name, shape]) => ({ name, shape }));

Deno.test("inputValues() gives a reversed input the steps of its source from the last to the first", () => {
  const model = modelOf(["ecg", [1, 3, 2]], [reverseInputName("ecg"), [1, 3, 2]], ["features", [1, 1]]);
  const [ecg, reversed, features] = inputValues(model, Float32Array.of(1, 2, 3, 4, 5, 6, 7));
  assert.deepEqual([...ecg], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...reversed], [5, 6, 3, 4, 1, 2]);
  assert.deepEqual([...features], [7]);
});

Deno.test("inputValues() reverses each window of a batch by itself and takes a lone name as it is", () => {
  const batch = modelOf(["x", [2, 2, 1]], ["x_reversed", [2, 2, 1]]);
  assert.deepEqual([...inputValues(batch, Float32Array.of(1, 2, 3, 4))[1]], [2, 1, 4, 3]);
  assert.deepEqual([...inputValues(modelOf(["x_reversed", [1, 2, 1]]), Float32Array.of(1, 2))[0]], [1, 2]);
  assert.throws(() => inputValues(batch, new Float32Array(3)), /a window must hold 4 values, got 3/);
});
