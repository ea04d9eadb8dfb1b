import assert from "node:assert/strict";
import { activation, dense, model } from "../test_models.ts";
import { fuseActivations } from "./fuse_activations.ts";
import { after, operatorsOf } from "./test_passes.ts";

Deno.test("fuseActivations() fuses relu and relu6 and keeps the activation's name", () => {
  const graph = after(
    model([4], dense(3), activation("relu"), dense(2, { activation: "relu6" })),
    fuseActivations,
  );
  assert.deepEqual(operatorsOf(graph), ["FULLY_CONNECTED+1", "FULLY_CONNECTED+3"]);
  assert.deepEqual(graph.operators.map(({ outputs }) => graph.tensors[outputs[0]].name), [
    "layer1",
    "layer2",
  ]);
});

Deno.test("fuseActivations() leaves other activations, a second one, and what others read as well", () => {
  const others = after(model([4], dense(3, { activation: "tanh" }), activation("relu")), fuseActivations);
  assert.deepEqual(operatorsOf(others), ["FULLY_CONNECTED", "TANH", "RELU"]);
  const twice = after(model([4], dense(3, { activation: "relu" }), activation("relu6")), fuseActivations);
  assert.deepEqual(operatorsOf(twice), ["FULLY_CONNECTED+1", "RELU6"]);
  const shared = model([4], dense(3), activation("relu"), { kind: "Add", inputs: ["layer0", "layer1"] });
  assert.deepEqual(operatorsOf(after(shared, fuseActivations)), ["FULLY_CONNECTED", "RELU", "ADD"]);
});
