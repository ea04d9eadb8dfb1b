import assert from "node:assert/strict";
import { createGraphBuilder } from "../graph_builder.ts";
import { binary, reverse } from "../operations.ts";
import { shareConstants } from "./share_constants.ts";
import { shareMovements } from "./share_movements.ts";
import { operatorsOf } from "./test_passes.ts";

function twoReversals(axes: [number, number]) {
  const graph = createGraphBuilder("test"), input = graph.activation("input", [1, 3, 2]);
  graph.model.inputs.push(input);
  const [a, b] = axes.map((axis, i) => reverse(graph, input, { name: `reversed${i}`, axis }));
  graph.model.outputs.push(binary(graph, "ADD", [a, b], { name: "sum", shape: [1, 3, 2] }));
  return graph.model;
}

Deno.test("shareConstants() keeps one of equal constants and none for another", () => {
  const constants = (axes: [number, number]) =>
    shareConstants(twoReversals(axes)).tensors.filter(({ data }) => data !== undefined).map(({ name }) =>
      name
    );
  assert.deepEqual(constants([1, 1]), ["reversed0/axes"]);
  assert.deepEqual(constants([1, 2]), ["reversed0/axes", "reversed1/axes"]);
});

Deno.test("shareMovements() keeps one of two operators that move the same", () => {
  const shared = shareMovements(shareConstants(twoReversals([1, 1])));
  assert.deepEqual(operatorsOf(shared), ["REVERSE_V2", "ADD"]);
  assert.equal(shared.operators[1].inputs[0], shared.operators[1].inputs[1]);
  assert.deepEqual(operatorsOf(shareMovements(shareConstants(twoReversals([1, 2])))), [
    "REVERSE_V2",
    "REVERSE_V2",
    "ADD",
  ]);
});
