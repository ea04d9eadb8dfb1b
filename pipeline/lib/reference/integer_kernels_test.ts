import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRng } from "../core/rng.ts";
import type { TfliteModel } from "../formats/tflite/graph.ts";
import { decodeTflite } from "../formats/tflite/reader.ts";
import { runNative } from "../runtime/test_runs.ts";
import type { TensorArray } from "../runtime/tflite_ffi.ts";
import { createEvaluator } from "./evaluator.ts";
import { operatorGraph, randomInputs } from "./test_graphs.ts";
import { INT8_GRAPHS } from "./test_int8_graphs.ts";

/** Steps of one operator's output that the reference kernels and the native library may differ by. */
const OPERATOR_TOLERANCE_STEPS = 1;
/** Share of an operator's outputs that must be the same: halves that are rounded otherwise are rare. */
const LEAST_EXACT_SHARE = 0.99;
const ROUNDS = 10;
/** The native library has other kernels on other processors. */
const IS_COMPARED_BUILD = Deno.build.arch === "x86_64";

const FIXTURES = "../shared/fixtures/tflite";
const hasShared = existsSync(FIXTURES);
const rng = createRng(2);

/** How far two ways to compute a graph are apart. */
interface Agreement {
  exact: number;
  total: number;
  largest: number;
}

function compare(model: TfliteModel, build: "reference" | "native", rounds: number): Agreement {
  const evaluator = createEvaluator(model, { build });
  const agreement = { exact: 0, total: 0, largest: 0 };
  for (let round = 0; round < rounds; round++) {
    const inputs = randomInputs(model, rng), expected = runNative(model, inputs as TensorArray[]);
    evaluator.run(inputs).forEach((values, output) =>
      values.forEach((value: number | bigint, i: number) => {
        const error = Math.abs(Number(value) - Number(expected[output][i]));
        agreement.total++;
        if (error === 0) agreement.exact++;
        agreement.largest = Math.max(agreement.largest, error);
      })
    );
  }
  return agreement;
}

for (const [name, test] of Object.entries(INT8_GRAPHS)) {
  Deno.test(`createEvaluator() computes ${name} in int8 as the native library`, () => {
    const model = operatorGraph(test);
    const reference = compare(model, "reference", ROUNDS);
    assert.ok(reference.largest <= OPERATOR_TOLERANCE_STEPS, JSON.stringify(reference));
    assert.ok(reference.exact >= LEAST_EXACT_SHARE * reference.total, JSON.stringify(reference));
    if (!IS_COMPARED_BUILD) return;
    const native = compare(model, "native", ROUNDS);
    assert.equal(native.exact, native.total, JSON.stringify(native));
  });
}

/** Least share of a whole network's outputs that the reference kernels give exactly, on 4 random inputs. */
const INT8_FIXTURES: Record<string, number> = {
  ad01_int8: 0.995,
  hello_world_int8: 1,
  kws_int8: 1,
  micro_speech_quantized: 1,
  person_detect: 1,
  // Two thousand ties in its convolutions without relu become steps in what follows.
  resnet8_int8: 0.5,
  str_ww_int8: 1,
  toycar_fullint_floatio: 0.99,
  trained_lstm_int8: 1,
};

for (const [file, leastExactShare] of Object.entries(INT8_FIXTURES)) {
  Deno.test({
    name: `[shared] createEvaluator() computes ${file} as the native library`,
    ignore: !hasShared || !IS_COMPARED_BUILD,
    fn() {
      const model = decodeTflite(Deno.readFileSync(`${FIXTURES}/${file}.tflite`), file);
      // The biases of person_detect name an axis that they do not have.
      for (const { shape, quantization } of model.tensors) {
        if (shape.length === 1 && quantization !== undefined) quantization.quantizedDimension = 0;
      }
      const native = compare(model, "native", 4);
      assert.equal(native.exact, native.total, JSON.stringify(native));
      const reference = compare(model, "reference", 4);
      assert.ok(reference.exact >= leastExactShare * reference.total, JSON.stringify(reference));
    },
  });
}
