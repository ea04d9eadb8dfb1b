import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRng } from "../core/rng.ts";
import { elementCount, type TfliteModel, type TfliteOperator } from "../formats/tflite/graph.ts";
import { decodeTflite } from "../formats/tflite/reader.ts";
import { runNative } from "../runtime/test_runs.ts";
import type { TensorArray } from "../runtime/tflite_ffi.ts";
import { createEvaluator } from "./evaluator.ts";
import { FLOAT_GRAPHS, HYBRID_GRAPHS, lstm, unary } from "./test_float_graphs.ts";
import { integers, operatorGraph, randomInputs, type TestOperator } from "./test_graphs.ts";
import type { TensorValues } from "./tensor_values.ts";

/** What float32 kernels, which sum in another order and precision, may differ by: of the largest value. */
const FLOAT_TOLERANCE = 1e-5;

const FIXTURES = "../shared/fixtures/tflite";
const hasShared = existsSync(FIXTURES);

const rng = createRng(1);

function assertClose(got: TensorValues, expected: TensorArray): void {
  assert.equal(got.length, expected.length);
  const largest = Math.max(
    ...Array.from<number | bigint, number>(expected, (x) => Math.abs(Number(x))),
    1e-30,
  );
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(Number(got[i]) - Number(expected[i])) / largest;
    assert.ok(error <= FLOAT_TOLERANCE, `${got[i]} is not ${expected[i]} at ${i}`);
  }
}

function checkFloat(model: TfliteModel, rounds = 3): void {
  const evaluator = createEvaluator(model);
  for (let round = 0; round < rounds; round++) {
    const inputs = randomInputs(model, rng);
    const expected = runNative(model, inputs as TensorArray[]);
    evaluator.run(inputs).forEach((values, i) => assertClose(values, expected[i]));
  }
}

for (const [name, test] of Object.entries(FLOAT_GRAPHS)) {
  Deno.test(`createEvaluator() computes ${name} as the native library`, () =>
    checkFloat(operatorGraph(test)));
}

for (const [name, test] of Object.entries(HYBRID_GRAPHS)) {
  Deno.test(`createEvaluator() computes ${name} with int8 weights as the native library`, () =>
    checkFloat(operatorGraph(test)));
}

/** Operators that the verifier does not let through to the native library, with what they must give. */
const MOVED_GRAPHS: Record<string, { test: TestOperator; expected: number[][] }> = {
  "SLICE": {
    test: {
      operator: "SLICE",
      inputs: [{ shape: [3, 4] }, integers(1, 1), integers(2, -1)],
      outputs: [{ shape: [2, 3] }],
    },
    expected: [[5, 6, 7, 9, 10, 11]],
  },
  "SPLIT_V": {
    test: {
      operator: "SPLIT_V",
      inputs: [{ shape: [2, 4] }, integers(3, 1), integers(1)],
      outputs: [{ shape: [2, 3] }, { shape: [2, 1] }],
      options: { numSplits: 2 },
    },
    expected: [[0, 1, 2, 4, 5, 6], [3, 7]],
  },
  "UNPACK": {
    test: {
      operator: "UNPACK",
      inputs: [{ shape: [2, 3] }],
      outputs: [{ shape: [2] }, { shape: [2] }, { shape: [2] }],
      options: { num: 3, axis: 1 },
    },
    expected: [[0, 3], [1, 4], [2, 5]],
  },
  "PACK": {
    test: {
      operator: "PACK",
      inputs: [{ shape: [3] }, { shape: [3], values: Float32Array.of(7, 8, 9) }],
      outputs: [{ shape: [3, 2] }],
      options: { valuesCount: 2, axis: -1 },
    },
    expected: [[0, 7, 1, 8, 2, 9]],
  },
  "PADV2": {
    test: {
      operator: "PADV2",
      inputs: [{ shape: [2] }, { type: "INT32", shape: [1, 2], values: Int32Array.of(1, 2) }, {
        shape: [],
        values: Float32Array.of(-5),
      }],
      outputs: [{ shape: [5] }],
    },
    expected: [[-5, 0, 1, -5, -5]],
  },
  "DEQUANTIZE of halves": {
    test: {
      operator: "DEQUANTIZE",
      inputs: [{
        type: "FLOAT16",
        shape: [6],
        values: Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x7c00, 0),
      }],
      outputs: [{ shape: [6] }],
    },
    expected: [[1, -2, 0.333251953125, 2 ** -24, Infinity, 0]],
  },
};

for (const [name, { test, expected }] of Object.entries(MOVED_GRAPHS)) {
  Deno.test(`createEvaluator() computes ${name}`, () => {
    const model = operatorGraph(test);
    const inputs = model.inputs.map((index) =>
      Float32Array.from({ length: elementCount(model.tensors[index].shape) }, (_, i) => i)
    );
    const outputs = createEvaluator(model).run(inputs);
    assert.deepEqual(outputs.map((values) => Array.from<number | bigint, number>(values, Number)), expected);
  });
}

Deno.test("run() shows every tensor in the order of execution, and cells after each step", () => {
  const model = operatorGraph(lstm({ steps: 3, channels: 1, units: 2 }));
  const seen: [string, number[]][] = [];
  const [output] = createEvaluator(model).run([Float32Array.of(1, -1, 2)], (tensor, values) => {
    seen.push([model.tensors[tensor].name, [...values as Float32Array]]);
  });
  assert.deepEqual(seen.map(([name]) => name), ["input19", "input19", "input19", "output0"]);
  assert.notDeepEqual(seen[0][1], seen[1][1]);
  assert.deepEqual(seen[3][1], [...output as Float32Array]);
});

Deno.test("run() starts from zero states and gives copies", () => {
  const model = operatorGraph(lstm({ steps: 4, channels: 2, units: 3 }));
  const evaluator = createEvaluator(model), inputs = randomInputs(model, rng);
  const [first] = evaluator.run(inputs), kept = first.slice();
  evaluator.run(randomInputs(model, rng));
  assert.deepEqual(first, kept);
  assert.deepEqual(evaluator.run(inputs), [kept]);
});

Deno.test("createEvaluator() names operators and forms that have no kernel", () => {
  const model = operatorGraph(unary("TANH"));
  const evaluate = (changes: Partial<TfliteOperator>) => () =>
    createEvaluator({ ...model, operators: [{ ...model.operators[0], ...changes }] });
  assert.throws(evaluate({ operator: "WHILE", version: 2 }), /operator 0: .*ADD.*, got WHILE version 2/);
  assert.throws(evaluate({ operator: "CUSTOM", customCode: "FlexTanh" }), /got FlexTanh/);
  const timeMajor = operatorGraph(lstm({ steps: 3, channels: 1, units: 2 }));
  timeMajor.operators[0].options!.timeMajor = true;
  assert.throws(
    () => createEvaluator(timeMajor),
    /operator 0 \(UNIDIRECTIONAL_SEQUENCE_LSTM\): .*batch first/,
  );
});

Deno.test("run() refuses inputs of another number, type or length", () => {
  const evaluator = createEvaluator(operatorGraph(unary("TANH")));
  assert.throws(() => evaluator.run([]), /must get 1 inputs, got 0/);
  assert.throws(() => evaluator.run([new Int8Array(10)]), /10 values of FLOAT32, got 10 in a Int8Array/);
  assert.throws(() => evaluator.run([new Float32Array(9)]), /10 values of FLOAT32, got 9/);
});

for (const file of ["hello_world_float", "kws_float", "resnet8_float", "toycar_dynrange", "trained_lstm"]) {
  Deno.test({
    name: `[shared] createEvaluator() computes ${file} as the native library`,
    ignore: !hasShared,
    fn: () => checkFloat(decodeTflite(Deno.readFileSync(`${FIXTURES}/${file}.tflite`), file)),
  });
}
