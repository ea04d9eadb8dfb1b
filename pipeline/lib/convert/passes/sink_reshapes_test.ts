import assert from "node:assert/strict";
import { int32Elements } from "../../formats/tflite/graph.ts";
import {
  activation,
  conv1d,
  dense,
  globalPooling,
  LAYER_MODELS,
  model,
  normalization,
} from "../test_models.ts";
import { sinkReshapes } from "./sink_reshapes.ts";
import { after, named, operatorsOf } from "./test_passes.ts";

const alive = (graph: ReturnType<typeof after>) => {
  const read = new Set([...graph.outputs, ...graph.operators.flatMap(({ inputs }) => inputs)]);
  return operatorsOf({ ...graph, operators: graph.operators.filter(({ outputs }) => read.has(outputs[0])) });
};

Deno.test("sinkReshapes() lets normalization and activation follow the convolution", () => {
  const graph = after(model([8, 2], conv1d(3, 3), normalization(), activation("relu")), sinkReshapes);
  assert.deepEqual(alive(graph), ["RESHAPE", "CONV_2D", "MUL", "ADD", "RELU", "RESHAPE"]);
  assert.deepEqual(named(graph, "layer2/image").shape, [1, 1, 8, 3]);
  assert.deepEqual(named(graph, "layer2").shape, [1, 8, 3]);
});

Deno.test("sinkReshapes() averages and joins images", () => {
  const averaged = after(model([8, 2], conv1d(3, 3), globalPooling("GlobalAveragePooling1D")), sinkReshapes);
  assert.deepEqual(alive(averaged), ["RESHAPE", "CONV_2D", "MEAN"]);
  assert.deepEqual([...int32Elements(named(averaged, "layer1/axes").data!)], [1, 2]);
  const joined = after(LAYER_MODELS["Concatenate over channels"], sinkReshapes);
  assert.deepEqual(alive(joined), ["RESHAPE", "CONV_2D", "RESHAPE", "CONV_2D", "CONCATENATION", "RESHAPE"]);
  assert.equal(joined.operators.find(({ operator }) => operator === "CONCATENATION")!.options!.axis, 3);
});

Deno.test("sinkReshapes() adds what was reshaped alike and leaves the rest", () => {
  const both = model(
    [6, 2],
    conv1d(3, 3, { name: "a", inputs: ["input"] }),
    conv1d(3, 1, { name: "b", inputs: ["input"] }),
    { kind: "Add", inputs: ["a", "b"] },
  );
  assert.deepEqual(alive(after(both, sinkReshapes)).slice(-2), ["ADD", "RESHAPE"]);
  // The input is a sequence, not a reshaped image.
  const one = model([6, 3], conv1d(3, 3), { kind: "Add", inputs: ["layer0", "input"] });
  assert.deepEqual(alive(after(one, sinkReshapes)).slice(-2), ["RESHAPE", "ADD"]);
});

Deno.test("sinkReshapes() lets an activation follow a dense layer over a sequence", () => {
  const graph = after(model([6, 3], dense(4, { activation: "relu" })), sinkReshapes);
  assert.deepEqual(alive(graph), ["RESHAPE", "FULLY_CONNECTED", "RELU", "RESHAPE"]);
  assert.deepEqual(named(graph, "layer0/rows").shape, [6, 4]);
});
