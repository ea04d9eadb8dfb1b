import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { bytesOf, type TfliteModel } from "../formats/tflite/graph.ts";
import { decodeTflite } from "../formats/tflite/reader.ts";
import { smallModel } from "../formats/tflite/test_models.ts";
import { arenaSizeWithMargin, estimateArena } from "./arena.ts";
import { operatorMacs } from "./multiply_accumulates.ts";
import golden from "./testdata/devices.json" with { type: "json" };

const FIXTURES = "../shared/fixtures/tflite";
/** The structures' share is an estimate from above. */
const MAX_EXCESS = 1.04;

const totalMacs = (model: TfliteModel): number =>
  model.operators.reduce((sum, operator) => sum + operatorMacs(operator, model), 0);

Deno.test("operatorMacs() counts what convolutions and dense layers multiply", () => {
  // 4 positions of 2 channels, 3 values each; 8 values to 1.
  assert.deepEqual(smallModel().operators.map((operator) => operatorMacs(operator, smallModel())), [
    24,
    0,
    8,
  ]);
});

Deno.test("estimateArena() plans activations and the sums of a mean as tflite-micro does", () => {
  // 480 and 800 bytes are what tflite-micro 0.dev20261023182759 said of these models.
  for (const [type, planned] of [["INT8", 480], ["FLOAT32", 800]] as const) {
    const model: TfliteModel = {
      ...smallModel(),
      tensors: [
        { name: "input", type, shape: [1, 2, 64] },
        { name: "axes", type: "INT32", shape: [1], data: bytesOf(Int32Array.of(1)) },
        { name: "output", type, shape: [1, 64] },
      ],
      operators: [{ operator: "MEAN", version: 2, inputs: [0, 1], outputs: [2] }],
      inputs: [0],
      outputs: [2],
    };
    assert.equal(estimateArena(model).planned, planned);
  }
});

Deno.test("arenaSizeWithMargin() is whole KiB, at least 1 KiB above the estimate", () => {
  for (const total of [1, 5000, 17504, 203376]) {
    const size = arenaSizeWithMargin({ planned: 0, variables: 0, structures: 0, total });
    assert.ok(size % 1024 === 0 && size >= total + 1024 && size < 1.1 * total + 2048 + 1);
  }
});

Deno.test({
  name:
    "[shared] estimateArena() equals tflite-micro's plan of official models, and their whole arena to 4 % from above",
  ignore: !existsSync(FIXTURES),
  fn() {
    let compared = 0;
    for (const [file, { arena }] of Object.entries(golden.models)) {
      const model = decodeTflite(Deno.readFileSync(`${FIXTURES}/${file}`), file);
      // Custom operators keep what only they know.
      if (arena === null || model.operators.some(({ operator }) => operator === "CUSTOM")) continue;
      const { planned, total } = estimateArena(model);
      assert.equal(planned, arena.planned, file);
      assert.ok(
        total >= arena.total && total <= MAX_EXCESS * arena.total,
        `${file}: ${total} for ${arena.total}`,
      );
      compared++;
    }
    assert.equal(compared, 13);
  },
});

Deno.test({
  name: "[shared] operatorMacs() gives the known figures of MLPerf Tiny's models",
  ignore: !existsSync(FIXTURES),
  fn() {
    // Banbury et al., MLPerf Tiny Benchmark, 2021: about 2.7, 12.5 and 0.26 million.
    const figures = {
      "kws_int8.tflite": 2_656_768,
      "resnet8_int8.tflite": 12_501_632,
      "ad01_int8.tflite": 264_192,
    };
    for (const [file, macs] of Object.entries(figures)) {
      assert.equal(totalMacs(decodeTflite(Deno.readFileSync(`${FIXTURES}/${file}`), file)), macs, file);
    }
  },
});
