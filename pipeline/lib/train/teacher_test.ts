import assert from "node:assert/strict";
import { buildCnn } from "../nn/architectures/cnn.ts";
import type { Model } from "../nn/model.ts";
import { checkTeacherModel } from "./teacher.ts";

Deno.test("checkTeacherModel() takes a model of the same windows and classes, and says what another reads and gives", () => {
  const teacher = buildCnn({ windowSamples: 24, channels: 1, classes: 3 });
  checkTeacherModel(teacher, { values: 24, classes: 3 });
  const refused = (model: Model, sizes: { values: number; classes: number }, message: RegExp) =>
    assert.throws(
      () => checkTeacherModel(model, sizes),
      (error) => error instanceof RangeError && message.test(error.message),
    );
  const found = /must read 25 values and give 3 classes, got 24 values and \[3\]$/;
  refused(teacher, { values: 25, classes: 3 }, found);
  refused(teacher, { values: 24, classes: 5 }, /give 5 classes, got 24 values and \[3\]$/);
  // As many values as classes, but a sequence.
  const sequence: Model = {
    name: "sequence",
    layers: [{ kind: "InputLayer", name: "input", inputs: [], shape: [1, 3] }],
    output: "input",
  };
  refused(sequence, { values: 3, classes: 3 }, /got 3 values and \[1, 3\]$/);
});

Deno.test("checkTeacherModel() counts the values of all inputs", () => {
  const model: Model = {
    name: "two",
    layers: [
      { kind: "InputLayer", name: "window", inputs: [], shape: [6] },
      { kind: "InputLayer", name: "rr", inputs: [], shape: [4] },
      { kind: "Concatenate", name: "both", inputs: ["window", "rr"], axis: -1 },
      { kind: "Dense", name: "classes", inputs: ["both"], units: 3, activation: "softmax" },
    ],
    output: "classes",
  };
  checkTeacherModel(model, { values: 10, classes: 3 });
});
