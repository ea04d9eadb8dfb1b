/** What becomes of every model file that others made: it converts, it runs, or it is refused and why. */
import assert from "node:assert/strict";
import { decodeKerasModel } from "../pipeline/lib/artefacts/keras_model.ts";
import { convertToTflite } from "../pipeline/lib/convert/convert.ts";
import { FormatError } from "../pipeline/lib/core/errors.ts";
import { createRng } from "../pipeline/lib/core/rng.ts";
import type { TfliteModel } from "../pipeline/lib/formats/tflite/graph.ts";
import { decodeTflite } from "../pipeline/lib/formats/tflite/reader.ts";
import { verifyTflite } from "../pipeline/lib/formats/tflite/verify.ts";
import { encodeTflite } from "../pipeline/lib/formats/tflite/writer.ts";
import { forward } from "../pipeline/lib/nn/forward.ts";
import { outputShapes, valueCount } from "../pipeline/lib/nn/shapes.ts";
import { createEvaluator } from "../pipeline/lib/reference/evaluator.ts";
import { createValues, type TensorValues } from "../pipeline/lib/reference/tensor_values.ts";
import { openTfliteLibrary } from "../pipeline/lib/runtime/tflite_ffi.ts";

const FIXTURES = new URL("../../shared/fixtures/tflite/", import.meta.url);
const ignore = !await Deno.stat(FIXTURES).then(() => true, () => false);
const FLOAT_TOLERANCE = 1e-5;
const read = (file: string) => Deno.readFile(new URL(file, FIXTURES));

/** Operators in their order, a run of the same ones counted. */
const KERAS_FILES: Record<string, string> = {
  "resnet8.h5":
    "3 CONV_2D, ADD, 3 CONV_2D, ADD, 3 CONV_2D, ADD, AVERAGE_POOL_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX",
  "str_ww.h5": "DEPTHWISE_CONV_2D, CONV_2D, DEPTHWISE_CONV_2D, CONV_2D, DEPTHWISE_CONV_2D, CONV_2D, " +
    "DEPTHWISE_CONV_2D, CONV_2D, RESHAPE, FULLY_CONNECTED, SOFTMAX",
};

interface TfliteOutcome {
  /** Number of operators that are read. */
  operators: number;
  /** Why it does not reach TFLite's library; absent: it runs there. */
  refused?: RegExp;
  /** Why the interpreter in lib/reference does not run it; absent: it does. */
  notEvaluated?: RegExp;
}

const TFLITE_FILES: Record<string, TfliteOutcome> = {
  "ad01_int8.tflite": { operators: 10 },
  "audio_preprocessor_int8.tflite": {
    operators: 22,
    refused: /operator 0 \(SignalWindow\): it must be a builtin operator, got a custom one/,
    notEvaluated: /tensor "signal_filter_bank": its type must be .*, got UINT64/,
  },
  "hello_world_float.tflite": { operators: 3 },
  "hello_world_int8.tflite": { operators: 3 },
  "kws_float.tflite": { operators: 13 },
  "kws_int8.tflite": { operators: 13 },
  "micro_speech_lstm.tflite": {
    operators: 4,
    refused:
      /hidden state must have the zero point 0, because TFLite 2.9 subtracts it where later releases add it/,
  },
  "micro_speech_quantized.tflite": { operators: 4 },
  // Its biases, which have one axis, say that they are quantized along axis 3.
  "person_detect.tflite": { operators: 31, refused: /it must have 1 scale or one an index of axis 3, got 8/ },
  "resnet8_float.tflite": { operators: 16 },
  "resnet8_int8.tflite": { operators: 16 },
  "str_ww_int8.tflite": { operators: 11 },
  "toycar_dynrange.tflite": { operators: 10 },
  "toycar_fullint_floatio.tflite": { operators: 12 },
  "trained_lstm.tflite": { operators: 4 },
  "trained_lstm_int8.tflite": { operators: 4 },
};

Deno.test({
  name: "[shared] every model file has its line in the tables",
  ignore,
  fn: () => {
    const files = [...Deno.readDirSync(FIXTURES)].map(({ name }) => name).filter((name) =>
      /\.(h5|tflite)$/.test(name)
    );
    const listed = [...Object.keys(KERAS_FILES), ...Object.keys(TFLITE_FILES)];
    assert.deepEqual(files.sort(), listed.sort());
  },
});

const counted = ({ operators }: TfliteModel): string => {
  const runs: { name: string; count: number }[] = [];
  for (const { operator: name } of operators) {
    const last = runs[runs.length - 1];
    if (last?.name === name) last.count++;
    else runs.push({ name, count: 1 });
  }
  return runs.map(({ name, count }) => count === 1 ? name : `${count} ${name}`).join(", ");
};

function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) assert.ok(Math.abs(actual[i] - expected[i]) < FLOAT_TOLERANCE);
}

for (const [file, operators] of Object.entries(KERAS_FILES)) {
  Deno.test({
    name: `[shared] ${file} converts, and library and interpreter give the reference's values`,
    ignore,
    fn: async () => {
      const { model, weights } = await decodeKerasModel(await read(file), file), rng = createRng(1);
      const graph = convertToTflite(model, weights), evaluator = createEvaluator(graph);
      assert.equal(counted(graph), operators);
      using interpreter = openTfliteLibrary().createInterpreter(encodeTflite(graph), { file });
      const values = valueCount(outputShapes(model).values().next().value!);
      for (let i = 0; i < 3; i++) {
        const input = Float32Array.from({ length: values }, () => 0.3 * rng.normal());
        const expected = forward(model, weights, input, 1);
        assertNear(interpreter.run(input), expected);
        assertNear(evaluator.run([input])[0] as Float32Array, expected);
      }
    },
  });
}

Deno.test({
  name: "[shared] resnet8.h5 converts to what Google's converter made of it, and no larger",
  ignore,
  fn: async () => {
    const { model, weights } = await decodeKerasModel(await read("resnet8.h5"), "resnet8.h5");
    const theirBytes = await read("resnet8_float.tflite"),
      ourBytes = encodeTflite(convertToTflite(model, weights));
    assert.ok(ourBytes.length <= theirBytes.length, `${ourBytes.length} of ${theirBytes.length} bytes`);
    using ours = openTfliteLibrary().createInterpreter(ourBytes, { file: "ours" });
    using theirs = openTfliteLibrary().createInterpreter(theirBytes, { file: "theirs" });
    const rng = createRng(2);
    for (let i = 0; i < 5; i++) {
      const image = Float32Array.from({ length: 32 * 32 * 3 }, rng.uniform);
      assertNear(ours.run(image), theirs.run(image));
    }
  },
});

/** Random values of a tensor's type. */
function draw(values: TensorValues): TensorValues {
  const rng = createRng(3);
  for (let i = 0; i < values.length; i++) {
    if (values instanceof Float32Array) values[i] = rng.normal();
    else if (values instanceof Int8Array) values[i] = rng.integer(256) - 128;
  }
  return values;
}

/** @returns Whether it went well; a reason that was given must have been the one that stopped it. */
function outcome(
  run: () => void,
  reason: RegExp | undefined,
  kind: ErrorConstructor | typeof FormatError,
): boolean {
  if (reason === undefined) {
    run();
    return true;
  }
  assert.throws(run, (error) => error instanceof kind && reason.test(error.message));
  return false;
}

for (const [file, { operators, refused, notEvaluated }] of Object.entries(TFLITE_FILES)) {
  const verb = refused ? "is read and refused" : "runs in library and interpreter";
  Deno.test({
    name: `[shared] ${file} ${verb}`,
    ignore,
    fn: async () => {
      const bytes = await read(file), model = decodeTflite(bytes, file);
      assert.equal(model.operators.length, operators);
      const inputs = model.inputs.map((input) => draw(createValues(model.tensors[input])));
      const outputs: TensorValues[] = [];
      outcome(() => verifyTflite(bytes, file), refused, FormatError);
      outcome(
        () => {
          using interpreter = openTfliteLibrary().createInterpreter(bytes, { file });
          inputs.forEach((values, i) => interpreter.setInput(i, values as Float32Array));
          interpreter.invoke();
          outputs.push(interpreter.output(0));
        },
        refused,
        FormatError,
      );
      outcome(
        () => void outputs.push(createEvaluator(model, { build: "native" }).run(inputs)[0]),
        notEvaluated,
        RangeError,
      );
      if (outputs.length < 2) return;
      const [library, interpreter] = outputs;
      assert.equal(library.constructor, interpreter.constructor);
      // Each processor's integer kernels round in their own way; lib/reference has the one that it was compared with.
      if (model.tensors.some(({ type }) => type === "INT8") && Deno.build.arch !== "x86_64") return;
      const limit = library instanceof Float32Array
        ? FLOAT_TOLERANCE * Math.max(1, ...library.map(Math.abs))
        : 0;
      for (let i = 0; i < library.length; i++) {
        const difference = Math.abs(Number(library[i]) - Number(interpreter[i]));
        assert.ok(difference <= limit, `${library[i]} ${interpreter[i]}`);
      }
    },
  });
}
