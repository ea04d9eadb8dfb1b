import assert from "node:assert/strict";
import type { TfliteModel } from "../formats/tflite/graph.ts";
import { PROBABILITY_QUANTIZATION } from "./integer_params.ts";
import type { Range, Ranges } from "./ranges.ts";
import { chooseQuantizations, findScaleGroups } from "./shared_scales.ts";
import {
  bidirectionalGraph,
  binary,
  concatenation,
  dense,
  graphOf,
  ints,
  reshape,
  reverse,
  unary,
} from "./test_graphs.ts";

/** Names of the activations that share a scale, where there are several. */
function groupsOf(model: TfliteModel): string[][] {
  return findScaleGroups(model).groups.filter(({ tensors }) => tensors.length > 1).map(({ tensors }) =>
    tensors.map((tensor) => model.tensors[tensor].name)
  );
}

const scaleOf = (model: TfliteModel, ranges: Record<string, Range>) => {
  const { quantizations } = chooseQuantizations(model, new Map(Object.entries(ranges)) as Ranges);
  return (name: string) => quantizations[model.tensors.findIndex((tensor) => tensor.name === name)];
};

const denseBranches = () =>
  graphOf({
    inputs: { input: [1, 4] },
    operations: [
      dense("input", "a", [1, 4, 6]),
      reshape("a", "a/sequence", [1, 2, 3]),
      reverse("a/sequence", "a/reversed", [1, 2, 3]),
      reshape("a/reversed", "a/flat", [1, 6]),
      dense("input", "b", [1, 4, 6]),
      concatenation(["a/flat", "b"], "both", [1, 12]),
      dense("both", "output", [1, 12, 2]),
    ],
    outputs: ["output"],
  });

Deno.test("findScaleGroups() binds what a concatenation joins, through chains that only move values", () => {
  assert.deepEqual(groupsOf(denseBranches()), [["a", "a/sequence", "a/reversed", "a/flat", "b", "both"]]);
});

Deno.test("chooseQuantizations() takes the union of a group's ranges", () => {
  const scale = scaleOf(denseBranches(), {
    input: { min: 0, max: 1 },
    a: { min: -1, max: 2 },
    b: { min: -3, max: 0.5 },
    both: { min: -3, max: 2 },
    output: { min: -1, max: 1 },
  });
  assert.deepEqual(scale("both")!.scale, [Math.fround(5 / 255)]);
  for (const name of ["a", "a/sequence", "a/reversed", "a/flat", "b"]) {
    assert.deepEqual(scale(name), scale("both"));
  }
  assert.deepEqual(scale("input")!.scale, [Math.fround(1 / 255)]);
});

Deno.test("findScaleGroups() gives both directions of an LSTM one symmetric hidden scale", () => {
  const model = bidirectionalGraph();
  assert.deepEqual(groupsOf(model), [
    ["input", "reversed"],
    [
      "forward/hidden_state",
      "backward/hidden_state",
      "forward",
      "forward/last",
      "backward",
      "backward/last",
      "output",
    ],
  ]);
  const scale = scaleOf(model, {
    input: { min: 0, max: 1 },
    forward: { min: -0.25, max: 0.5 },
    backward: { min: -0.75, max: 0.1 },
  });
  for (const name of ["forward", "backward", "forward/hidden_state", "output"]) {
    assert.deepEqual(scale(name), {
      scale: [Math.fround(0.75 / 127)],
      zeroPoint: [0],
      quantizedDimension: 0,
    });
  }
});

Deno.test("findScaleGroups() keeps the scales that kernels demand, and calls them foreign where they are joined with others", () => {
  const alike = graphOf({
    inputs: { input: [1, 3] },
    operations: [
      unary("LOGISTIC", "input", "gate", [1, 3]),
      unary("SOFTMAX", "input", "part", [1, 3]),
      concatenation(["gate", "part"], "output", [1, 6]),
    ],
    outputs: ["output"],
  });
  const alikeGroups = findScaleGroups(alike);
  assert.deepEqual(alikeGroups.foreign, []);
  assert.deepEqual(groupsOf(alike), [["gate", "part", "output"]]);
  assert.deepEqual(scaleOf(alike, { input: { min: -9, max: 9 } })("output"), PROBABILITY_QUANTIZATION);

  const mixed = graphOf({
    inputs: { input: [1, 3] },
    operations: [
      unary("TANH", "input", "tanh", [1, 3]),
      concatenation(["input", "tanh"], "output", [1, 6]),
    ],
    outputs: ["output"],
  });
  assert.deepEqual(findScaleGroups(mixed).foreign, [{ operator: 1, position: 1 }]);
  assert.deepEqual(groupsOf(mixed), [["input", "output"]]);
  const scale = scaleOf(mixed, { input: { min: -4, max: 0 }, output: { min: -4, max: 1 } });
  assert.deepEqual(scale("output")!.scale, [Math.fround(5 / 255)]);
  assert.deepEqual(scale("tanh")!.scale, [1 / 128]);
});

Deno.test("findScaleGroups() gives the steps that share a bias one input scale, but for one that a kernel demands", () => {
  const steps = (operations: Parameters<typeof graphOf>[0]["operations"]) => {
    const [{ inputs: [, kernel, bias] }] = [dense("input", "first", [1, 4, 4])];
    const model = graphOf({
      inputs: { input: [1, 4] },
      operations: operations.map((operation) =>
        operation.operator === "FULLY_CONNECTED"
          ? { ...operation, inputs: [operation.inputs[0], kernel, bias] }
          : operation
      ),
      outputs: ["output"],
    });
    return groupsOf(model);
  };
  assert.deepEqual(
    steps([
      dense("input", "first", [1, 4, 4]),
      binary("ADD", ["input", "first"], "sum", [1, 4]),
      dense("sum", "output", [1, 4, 4]),
    ]),
    [["input", "sum"]],
  );
  assert.deepEqual(
    steps([
      dense("input", "first", [1, 4, 4]),
      unary("TANH", "first", "activated", [1, 4]),
      dense("activated", "output", [1, 4, 4]),
    ]),
    [],
  );
});

Deno.test("chooseQuantizations() quantizes constant operands by their own values and leaves states and axes alone", () => {
  const model = graphOf({
    inputs: { input: [1, 2] },
    operations: [
      binary("MUL", ["input", { name: "half", shape: [1], values: Float32Array.of(0.5) }], "scaled", [1, 2]),
      {
        operator: "MEAN",
        inputs: ["scaled", ints("axes", 1)],
        outputs: { output: [1] },
        options: { keepDims: false },
      },
    ],
    outputs: ["output"],
  });
  const scale = scaleOf(model, {
    input: { min: 0, max: 1 },
    scaled: { min: 0, max: 0.5 },
    output: { min: 0, max: 0.5 },
  });
  assert.deepEqual(scale("half"), {
    scale: [Math.fround(0.5 / 255)],
    zeroPoint: [-128],
    quantizedDimension: 0,
  });
  assert.equal(scale("axes"), undefined);
  const lstmScale = scaleOf(bidirectionalGraph(), {
    input: { min: 0, max: 1 },
    forward: { min: 0, max: 1 },
    backward: { min: 0, max: 1 },
  });
  assert.equal(lstmScale("forward/cell"), undefined);
});

Deno.test("chooseQuantizations() names the tensor without range", () => {
  assert.throws(
    () => chooseQuantizations(denseBranches(), new Map([["input", { min: 0, max: 1 }]])),
    /tensor "a": calibration must give its range, got none/,
  );
});
