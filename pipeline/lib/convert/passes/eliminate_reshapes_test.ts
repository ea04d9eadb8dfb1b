import assert from "node:assert/strict";
import { lowerModel } from "../convert.ts";
import { conv1d, dense, gru, livelyWeights, model } from "../test_models.ts";
import { eliminateReshapes } from "./eliminate_reshapes.ts";
import { removeDead } from "./remove_dead.ts";
import { after, named, operatorsOf } from "./test_passes.ts";

Deno.test("eliminateReshapes() lets a convolution read the image of the one before", () => {
  const graph = after(model([8, 2], conv1d(3, 3), conv1d(2, 3)), eliminateReshapes, removeDead);
  assert.deepEqual(operatorsOf(graph), ["RESHAPE", "CONV_2D", "CONV_2D", "RESHAPE"]);
  assert.deepEqual(named(graph, "layer0").shape, [1, 1, 8, 3]);
});

Deno.test("eliminateReshapes() takes out a RESHAPE to the same shape, also as output, not between input and output", () => {
  const inner = after(model([6], { kind: "Flatten" }, dense(2)), eliminateReshapes);
  assert.deepEqual(operatorsOf(inner), ["FULLY_CONNECTED"]);
  const last = after(model([6], dense(2), { kind: "Flatten" }), eliminateReshapes);
  assert.deepEqual(operatorsOf(last), ["FULLY_CONNECTED"]);
  assert.equal(last.tensors[last.operators[0].outputs[0]].name, "layer1");
  const alone = after(model([6], { kind: "Flatten" }), eliminateReshapes);
  assert.deepEqual(operatorsOf(alone), ["RESHAPE"]);
});

Deno.test("eliminateReshapes() joins several into one", () => {
  const chain = model([2, 6], { kind: "Reshape", targetShape: [3, 4] }, {
    kind: "Reshape",
    targetShape: [6, 2],
  });
  const graph = after(chain, eliminateReshapes, removeDead);
  assert.deepEqual(operatorsOf(graph), ["RESHAPE"]);
  assert.equal(graph.operators[0].inputs[0], graph.inputs[0]);
});

Deno.test("eliminateReshapes() takes a TRANSPOSE for a RESHAPE where the batch is 1, not where it is 2", () => {
  const network = model([3, 2], gru(2, { returnSequences: true })), weights = livelyWeights(network);
  const transposes = (batch: number) =>
    operatorsOf(eliminateReshapes(lowerModel(network, weights, { batch }))).filter((name) =>
      name === "TRANSPOSE"
    );
  assert.deepEqual([1, 2].map((batch) => transposes(batch).length), [0, 2]);
});
