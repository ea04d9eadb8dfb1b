import assert from "node:assert/strict";
import { float32Elements } from "../../formats/tflite/graph.ts";
import { conv1d, dense, depthwise1d, model, normalization } from "../test_models.ts";
import { foldBatchNorm } from "./fold_batch_norm.ts";
import { removeDead } from "./remove_dead.ts";
import { sinkReshapes } from "./sink_reshapes.ts";
import { after, named, operatorsOf } from "./test_passes.ts";

const arithmetic = (graph: ReturnType<typeof after>) =>
  operatorsOf(graph).filter((name) => /^(ADD|MUL)/.test(name));

Deno.test("foldBatchNorm() folds behind a dense layer: weights times factor, bias times factor plus offset", () => {
  const network = model([3], dense(2), normalization()),
    plain = after(network),
    folded = after(network, foldBatchNorm);
  assert.deepEqual(operatorsOf(folded), ["FULLY_CONNECTED"]);
  assert.equal(folded.tensors[folded.operators[0].outputs[0]].name, "layer1");
  const values = (graph: typeof plain, name: string) => [...float32Elements(named(graph, name).data!)];
  const factor = values(plain, "layer1/factor"), offset = values(plain, "layer1/offset");
  const kernel = values(plain, "layer0/kernel").map((value, i) =>
    Math.fround(value * factor[Math.floor(i / 3)])
  );
  const bias = values(plain, "layer0/bias").map((value, i) =>
    Math.fround(Math.fround(value * factor[i]) + offset[i])
  );
  assert.deepEqual(values(folded, "layer0/kernel"), kernel);
  assert.deepEqual(values(folded, "layer0/bias"), bias);
});

Deno.test("foldBatchNorm() folds behind convolutions and before those without padding", () => {
  const behind = [conv1d(3, 3), depthwise1d(3, { depthMultiplier: 2 })];
  for (const layer of behind) {
    assert.deepEqual(
      arithmetic(after(model([8, 2], layer, normalization()), sinkReshapes, removeDead, foldBatchNorm)),
      [],
    );
  }
  const unpadded = [conv1d(3, 3, { padding: "valid" }), conv1d(3, 1), depthwise1d(3, { padding: "valid" })];
  for (const layer of unpadded) {
    assert.deepEqual(arithmetic(after(model([8, 2], normalization(), layer), foldBatchNorm)), []);
  }
});

Deno.test("foldBatchNorm() leaves the offset before a convolution that pads with zeros", () => {
  for (const layer of [conv1d(3, 3), depthwise1d(4), conv1d(2, 2, { padding: "causal" })]) {
    const graph = after(model([8, 2], normalization(), layer), foldBatchNorm);
    assert.ok(arithmetic(graph).includes("ADD"), operatorsOf(graph).join());
  }
});

Deno.test("foldBatchNorm() leaves what others read or an activation stands between", () => {
  const activated = model([3], dense(2, { activation: "tanh" }), normalization());
  assert.deepEqual(arithmetic(after(activated, foldBatchNorm)), ["MUL", "ADD"]);
  const shared = model([3], dense(2), normalization(), { kind: "Multiply", inputs: ["layer0", "layer1"] });
  assert.deepEqual(arithmetic(after(shared, foldBatchNorm)), ["MUL", "ADD", "MUL"]);
});
