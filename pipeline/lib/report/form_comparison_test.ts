import assert from "node:assert/strict";
import { classificationReport } from "../metrics/confusion.ts";
import { comparisonTable, type FormFigures } from "./form_comparison.ts";
import { layerErrorTable } from "./layer_errors.ts";

const form = (name: string, matrix: number[]): FormFigures => ({
  form: name,
  bytes: 12345,
  report: classificationReport(Uint32Array.from(matrix), ["N", "V"]),
  agreement: 0.5,
  latencyMs: 0.1,
});

Deno.test("comparisonTable() says what each form loses against the first", () => {
  const forms = [form("float32", [90, 0, 0, 10]), form("int8", [90, 0, 1, 9])];
  const [header, , float32, int8] = comparisonTable(forms, { byClass: false }).split("\n");
  assert.match(header, /^form +accuracy % +lost +macro-F1 % +lost +as float32 % +bytes +ms a window$/);
  assert.match(float32, /^float32 +100\.00 +0\.00 +100\.00 +0\.00 +50\.00 +12,345 +0\.100$/);
  assert.match(int8, /^int8 +99\.00 +1\.00 +97\.09 +2\.91 /);
  assert.match(
    comparisonTable(forms, { byClass: true }),
    /Se \/ \+P of V.*\n.*\n.*100\.00.*\n.*90\.00 \/ 100\.00/,
  );
});

Deno.test("layerErrorTable() keeps the order of execution and marks the worst", () => {
  const errors = Array.from({ length: 70 }, (_, i) => ({
    tensor: `t${i}`,
    operator: "ADD",
    sqnrDb: i === 40 ? 3 : i === 2 ? Infinity : 20 + i,
    maxError: 0.1,
    maxValue: 1,
    saturated: 0.01,
  }));
  const lines = layerErrorTable(errors).split("\n");
  assert.equal(lines.length, 2 + 60 + 1);
  assert.equal(lines.at(-1), "the 60 worst of 70 tensors");
  assert.deepEqual(lines.filter((line) => line.endsWith("<- worst")).map((line) => line.split(" ")[0]), [
    "t40",
  ]);
  const order = lines.slice(2, -1).map((line) => Number(/^t(\d+)/.exec(line)![1]));
  assert.deepEqual(order, order.toSorted((a, b) => a - b));
  assert.ok(!order.includes(2));
});
