import assert from "node:assert/strict";
import { createGraphBuilder } from "../graph_builder.ts";
import { reshape, unary } from "../operations.ts";
import { removeDead } from "./remove_dead.ts";
import { operatorsOf } from "./test_passes.ts";

Deno.test("removeDead() takes out what nothing reads, back to the input, and renumbers the rest", () => {
  const graph = createGraphBuilder("test"), input = graph.activation("input", [1, 2]);
  graph.model.inputs.push(input);
  unary(graph, "TANH", unary(graph, "RELU", input, "unread"), "unread too");
  const output = unary(graph, "LOGISTIC", input, "output");
  graph.model.outputs.push(output);
  graph.model.signatures.push({ key: "k", inputs: [], outputs: [{ name: "output", tensor: output }] });
  const model = removeDead(graph.model);
  assert.deepEqual(operatorsOf(model), ["LOGISTIC"]);
  assert.deepEqual(model.tensors.map(({ name }) => name), ["input", "output"]);
  assert.deepEqual([model.operators[0].outputs, model.outputs, model.signatures[0].outputs[0].tensor], [[1], [
    1,
  ], 1]);
});

Deno.test("removeDead() gives the layer's name to what remains of it", () => {
  const graph = createGraphBuilder("test"), input = graph.activation("input", [1, 1, 2, 1]);
  graph.model.inputs.push(input);
  const image = unary(graph, "RELU", input, "layer/image");
  reshape(graph, image, { name: "layer", shape: [1, 2, 1] });
  reshape(graph, image, { name: "other", shape: [1, 2] });
  graph.model.outputs.push(unary(graph, "TANH", image, "output"));
  assert.deepEqual(removeDead(graph.model).tensors.map(({ name }) => name), ["input", "layer", "output"]);
});
