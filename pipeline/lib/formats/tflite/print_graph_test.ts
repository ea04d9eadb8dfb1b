import assert from "node:assert/strict";
import { bytesOf } from "./graph.ts";
import { printGraph } from "./print_graph.ts";
import { smallModel } from "./test_models.ts";

Deno.test("printGraph() writes an operator a line with shapes, constants, scales and what is fused", () => {
  const model = smallModel();
  model.operators[1].inputs = [3, 4];
  model.tensors[7].quantization = { scale: [0.00390625], zeroPoint: [-128], quantizedDimension: 0 };
  model.tensors[6].quantization = { scale: [0.1, 0.2], zeroPoint: [0, 0], quantizedDimension: 0 };
  assert.deepEqual(printGraph(model).split("\n"), [
    "inputs   input FLOAT32 [-1,1,4,1]",
    "0  CONV_2D v1 relu  (input [-1,1,4,1], conv/kernel [2,1,3,1] const, conv/bias [2] const) -> conv [1,1,4,2]  padding same",
    "1  RESHAPE v1  (conv [1,1,4,2], shape INT32 [2] = 1 8) -> flat [1,8]",
    "2  FULLY_CONNECTED v1  (flat [1,8], dense/kernel [1,8] (2 scales) const, -) -> output [1,1] (0.003906, -128)",
    "outputs  output FLOAT32 [1,1] (0.003906, -128)",
  ]);
});

Deno.test("printGraph() shortens long lists", () => {
  const model = smallModel();
  const outputs = Array.from(
    { length: 40 },
    (_, i) => model.tensors.push({ name: `part${i}`, type: "INT8", shape: [2] }) - 1,
  );
  const axis =
    model.tensors.push({ name: "axis", type: "INT32", shape: [1], data: bytesOf(Int32Array.of(0)) }) - 1;
  model.operators = [{
    operator: "SPLIT",
    version: 2,
    inputs: [axis, 0, -1, -1],
    outputs,
    optionsType: "SplitOptions",
    options: { numSplits: 40 },
  }];
  assert.equal(
    printGraph(model).split("\n")[1],
    "0  SPLIT v2  (axis INT32 [1] = 0, input [-1,1,4,1], 2 absent) -> part0 INT8 [2], part1 INT8 [2], ... part39 INT8 [2] (40)  numSplits 40",
  );
});
