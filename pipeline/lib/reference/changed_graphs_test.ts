import assert from "node:assert/strict";
import { FormatError, StageError } from "../core/errors.ts";
import { createRng, type Rng } from "../core/rng.ts";
import { tensorByteSize, type TfliteModel } from "../formats/tflite/graph.ts";
import { changeGraph } from "../formats/tflite/test_changes.ts";
import { verifyTflite } from "../formats/tflite/verify.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { runNative } from "../runtime/test_runs.ts";
import type { TensorArray } from "../runtime/tflite_ffi.ts";
import { createEvaluator } from "./evaluator.ts";
import { FLOAT_GRAPHS, HYBRID_GRAPHS } from "./test_float_graphs.ts";
import { operatorGraph, randomInputs } from "./test_graphs.ts";
import { INT8_GRAPHS } from "./test_int8_graphs.ts";

const ROUNDS = 1200;
const MOST_BYTES = 2 ** 18;
/** Part of the largest output that floats may differ by. */
const FLOAT_TOLERANCE = 1e-5;
/** The native library has other integer kernels on other processors. */
const INTEGER_TOLERANCE_STEPS = Deno.build.arch === "x86_64" ? 0 : 1;

const SEEDS = Object.values({ ...FLOAT_GRAPHS, ...HYBRID_GRAPHS, ...INT8_GRAPHS });

/** @returns A changed graph that the verifier lets through, undefined where it did not. */
function drawGraph(rng: Rng): TfliteModel | undefined {
  const model = operatorGraph(structuredClone(SEEDS[rng.integer(SEEDS.length)]));
  for (let changes = 1 + rng.integer(2); changes > 0; changes--) changeGraph(model, rng);
  try {
    const verified = verifyTflite(encodeTflite(model));
    const bytes = verified.tensors.reduce((sum, tensor) => sum + tensorByteSize(tensor), 0);
    return bytes <= MOST_BYTES && hasPlainScales(verified) ? verified : undefined;
  } catch (error) {
    assert.ok(error instanceof FormatError || error instanceof RangeError, `${error}`);
    return undefined;
  }
}

/** Beyond these the native kernels convert floats that no integer holds, which C++ leaves undefined. */
function hasPlainScales({ tensors }: TfliteModel): boolean {
  return tensors.every(({ quantization }) => quantization?.scale.every((s) => s > 1e-10 && s < 1e10) ?? true);
}

/** What the native library computes; undefined where it refuses the graph. */
function nativeOutputs(model: TfliteModel, inputs: TensorArray[]): TensorArray[] | undefined {
  try {
    return runNative(model, inputs);
  } catch (error) {
    assert.ok(error instanceof StageError, `${error}`);
    return undefined;
  }
}

Deno.test("createEvaluator() computes changed graphs as the native library, or says why not", () => {
  const rng = createRng(40), seen = { computed: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const model = drawGraph(rng);
    if (model === undefined || model.inputs.some((input) => model.tensors[input].type === "INT64")) continue;
    const inputs = randomInputs(model, rng), expected = nativeOutputs(model, inputs as TensorArray[]);
    if (expected === undefined) continue;
    let outputs;
    try {
      outputs = createEvaluator(model, { build: "native" }).run(inputs);
    } catch (error) {
      assert.ok(error instanceof RangeError, `round ${round}: ${error}`);
      seen.refused++;
      continue;
    }
    seen.computed++;
    outputs.forEach((values, output) => {
      const native = Array.from<number | bigint, number>(expected[output], Number);
      const largest = Math.max(...native.map(Math.abs).filter(Number.isFinite), 1e-30);
      const tolerance = values instanceof Float32Array ? FLOAT_TOLERANCE * largest : INTEGER_TOLERANCE_STEPS;
      Array.from<number | bigint, number>(values, Number).forEach((value, i) => {
        const isSame = Object.is(value, native[i]) || Math.abs(value - native[i]) <= tolerance;
        assert.ok(
          isSame,
          `round ${round}, ${model.operators[0].operator}: ${value} is not ${native[i]} at ${i}`,
        );
      });
    });
  }
  assert.ok(seen.computed > ROUNDS / 10 && seen.refused < seen.computed / 10, JSON.stringify(seen));
});

Deno.test("verifyTflite() refuses an LSTM whose weights are of two types", () => {
  const model = operatorGraph(structuredClone(HYBRID_GRAPHS["UNIDIRECTIONAL_SEQUENCE_LSTM"]));
  verifyTflite(encodeTflite(model));
  const weights = model.tensors[model.operators[0].inputs[8]];
  Object.assign(weights, { type: "FLOAT32", data: new Uint8Array(4 * weights.data!.length) });
  assert.throws(
    () => verifyTflite(encodeTflite(model)),
    /its weights must have one type, because the kernel looks at one only, got INT8 and FLOAT32/,
  );
});

Deno.test("verifyTflite() refuses an int8 LSTM whose hidden state, output and intermediate differ in scale", () => {
  for (const name of ["input18", "output0", "intermediate4"]) {
    const model = operatorGraph(structuredClone(INT8_GRAPHS["UNIDIRECTIONAL_SEQUENCE_LSTM"]));
    verifyTflite(encodeTflite(model));
    const tensor = model.tensors.find((tensor) => tensor.name === name)!;
    tensor.quantization = { ...tensor.quantization!, scale: [0.5] };
    assert.throws(
      () => verifyTflite(encodeTflite(model)),
      /must have one quantization, got scales .*0\.5/,
      name,
    );
  }
});
