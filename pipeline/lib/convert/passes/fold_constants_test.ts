import assert from "node:assert/strict";
import { float32Elements } from "../../formats/tflite/graph.ts";
import { createGraphBuilder } from "../graph_builder.ts";
import { binary, reshape } from "../operations.ts";
import { foldConstants } from "./fold_constants.ts";
import { operatorsOf } from "./test_passes.ts";

function graphOf(build: (graph: ReturnType<typeof createGraphBuilder>, input: number) => number) {
  const graph = createGraphBuilder("test"), input = graph.activation("input", [1, 2]);
  graph.model.inputs.push(input);
  graph.model.outputs.push(build(graph, input));
  return graph.model;
}
const constant = (graph: ReturnType<typeof createGraphBuilder>, name: string, ...values: number[]) =>
  graph.floatConstant(name, [values.length], Float32Array.from(values));
const named = (name: string) => ({ name, shape: [1, 2] });

Deno.test("foldConstants() computes arithmetic and RESHAPE of constants", () => {
  const model = graphOf((graph, input) => {
    const sum = binary(graph, "SUB", [constant(graph, "a", 5, 7), constant(graph, "b", 2)], {
      name: "c",
      shape: [2],
    });
    const product = binary(graph, "MUL", [sum, sum], { name: "d", shape: [2] });
    return binary(graph, "ADD", [input, reshape(graph, product, { name: "e", shape: [1, 2] })], named("sum"));
  });
  const folded = foldConstants(model);
  assert.deepEqual(operatorsOf(folded), ["ADD"]);
  assert.deepEqual([...float32Elements(folded.tensors[folded.operators[0].inputs[1]].data!)], [9, 25]);
});

Deno.test("foldConstants() joins sums and products with constants, not one with the other", () => {
  const model = graphOf((graph, input) => {
    const first = binary(graph, "ADD", [input, constant(graph, "a", 1, 2)], named("first"));
    const second = binary(graph, "ADD", [constant(graph, "b", 3), first], named("second"));
    const third = binary(graph, "MUL", [second, constant(graph, "c", 2, 3)], named("third"));
    return binary(graph, "MUL", [third, constant(graph, "d", 5, 7)], named("fourth"));
  });
  const folded = foldConstants(model);
  assert.deepEqual(operatorsOf(folded), ["ADD", "MUL"]);
  const constants = folded.operators.map(({ inputs }) =>
    inputs.map((input) => folded.tensors[input].data).find((data) => data !== undefined)!
  );
  assert.deepEqual(constants.map((data) => [...float32Elements(data)]), [[4, 5], [10, 21]]);
});
