import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { FormatError, StageError } from "../core/errors.ts";
import { bytesOf, elementCount, type TfliteModel } from "../formats/tflite/graph.ts";
import { BUILTIN_OPERATORS } from "../formats/tflite/operators.ts";
import { smallModel } from "../formats/tflite/test_models.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { ErrorReporter } from "./error_reporter.ts";
import { loadTfliteLibrary, tfliteLibraryPath } from "./native_library.ts";
import { openTfliteLibrary } from "./tflite_ffi.ts";

const FIXTURES = "../shared/fixtures/tflite";
const hasShared = existsSync(FIXTURES);
const WINDOW = Float32Array.of(1, 2, -3, 4);
// conv: relu([1 2 3] * x + 0.5), relu([-1 0 1] * x - 0.5) with one zero on each side; then the sum of all.
const EXPECTED = [8.5, 0, 8.5, 5.5].reduce((sum, value) => sum + value) +
  [1.5, 0, 1.5, 2.5].reduce((a, b) => a + b);

function interpreterOf(model: TfliteModel, options = {}) {
  return openTfliteLibrary().createInterpreter(encodeTflite(model), options);
}

Deno.test("createInterpreter() describes inputs and outputs", () => {
  using interpreter = interpreterOf(smallModel());
  assert.deepEqual(interpreter.inputs, [{
    name: "input",
    type: "FLOAT32",
    shape: [1, 1, 4, 1],
    scale: 0,
    zeroPoint: 0,
  }]);
  assert.deepEqual(interpreter.outputs.map(({ name, shape }) => [name, shape]), [["output", [1, 1]]]);
});

Deno.test("run(), runAsync() and the low-level calls give the same, with XNNPACK and threads too", async () => {
  for (const options of [{}, { xnnpack: true }, { threads: 2 }]) {
    using interpreter = interpreterOf(smallModel(), options);
    assert.deepEqual([...interpreter.run(WINDOW)], [EXPECTED]);
    assert.deepEqual([...await interpreter.runAsync(WINDOW)], [EXPECTED]);
    interpreter.setInput(0, WINDOW);
    interpreter.invoke();
    assert.deepEqual(interpreter.output(0), Float32Array.of(EXPECTED));
  }
});

Deno.test("several interpreters run at the same time", async () => {
  const interpreters = Array.from({ length: 4 }, () => interpreterOf(smallModel()));
  const results = await Promise.all(interpreters.map((interpreter) => interpreter.runAsync(WINDOW)));
  for (const result of results) assert.deepEqual([...result], [EXPECTED]);
  interpreters.forEach((interpreter) => interpreter.close());
});

Deno.test("run() quantizes the input and dequantizes the output of an integer model", () => {
  const model = smallModel();
  const quantized = (scale: number, zeroPoint: number) => ({
    type: "INT8" as const,
    quantization: { scale: [scale], zeroPoint: [zeroPoint], quantizedDimension: 0 },
  });
  model.tensors = [
    { name: "input", shape: [1, 4], ...quantized(0.1, -10) },
    { name: "output", shape: [1, 4], ...quantized(1 / 256, -128) },
  ];
  model.operators = [{ operator: "LOGISTIC", version: 2, inputs: [0], outputs: [1] }];
  model.outputs = [1];
  model.signatures = [];
  using interpreter = interpreterOf(model);
  assert.deepEqual(interpreter.inputs[0].zeroPoint, -10);
  interpreter.run(WINDOW).forEach((value, i) => {
    assert.ok(Math.abs(value - 1 / (1 + Math.exp(-WINDOW[i]))) <= 1 / 256, `${value}`);
  });
});

Deno.test("createInterpreter() refuses hostile bytes before the native library sees them", () => {
  const { createInterpreter } = openTfliteLibrary();
  assert.throws(() => createInterpreter(new Uint8Array(100), { file: "m.tflite" }), FormatError);
  const model = smallModel();
  model.operators[0].options!.strideW = 0;
  assert.throws(() => interpreterOf(model), /strides and dilations must be positive/);
});

Deno.test("createInterpreter() reports what the native library says", () => {
  const model = smallModel();
  const shape = [1, 1, 1, 1, 1, 4];
  const list = (name: string, value: number) => ({
    name,
    type: "INT32" as const,
    shape: [6],
    data: bytesOf(new Int32Array(6).fill(value)),
  });
  model.tensors = [
    { name: "input", type: "FLOAT32", shape },
    list("begin", 0),
    list("end", 4),
    list("strides", 1),
    { name: "output", type: "FLOAT32", shape },
  ];
  model.operators = [{
    operator: "STRIDED_SLICE",
    version: 1,
    inputs: [0, 1, 2, 3],
    outputs: [4],
    optionsType: "StridedSliceOptions",
  }];
  model.outputs = [4];
  model.signatures = [];
  assert.throws(
    () => interpreterOf(model),
    (error) =>
      error instanceof StageError && /native library says: .*supports 1D-5D input/.test(error.message),
  );
});

Deno.test("invoke() and invokeAsync() report a failure of a kernel", async () => {
  const model = smallModel();
  model.tensors = [
    { name: "input", type: "INT32", shape: [1] },
    { name: "output", type: "UINT16", shape: [1] },
  ];
  model.operators = [{ operator: "CAST", version: 1, inputs: [0], outputs: [1] }];
  model.outputs = [1];
  model.signatures = [];
  using interpreter = interpreterOf(model);
  interpreter.setInput(0, Int32Array.of(2));
  assert.throws(() => interpreter.invoke(), /Cannot run TFLite model.*CAST/);
  await assert.rejects(() => interpreter.invokeAsync(), /Cannot run TFLite model.*CAST/);
  assert.throws(() => interpreter.run(WINDOW), /"input" must be FLOAT32 or a quantized integer, got INT32/);
});

Deno.test("an interpreter refuses wrong inputs, use while it runs and use after close", async () => {
  const interpreter = interpreterOf(smallModel());
  assert.throws(() => interpreter.run(new Float32Array(3)), /values must be 4 of FLOAT32, got 3/);
  assert.throws(() => interpreter.setInput(0, new Int32Array(4)), /got 4 in a Int32Array/);
  assert.throws(() => interpreter.setInput(1, WINDOW), RangeError);
  assert.throws(() => interpreterOf(smallModel(), { threads: 0 }), RangeError);
  const running = interpreter.invokeAsync();
  assert.throws(() => interpreter.invoke(), /must not be running/);
  assert.throws(() => interpreter.close(), /must not be running/);
  await running;
  interpreter.close();
  interpreter.close();
  assert.throws(() => interpreter.invoke(), /must be open/);
});

Deno.test("run() starts every window from zero state; setInput() and invoke() go on from the last", () => {
  const model = lstmModel();
  using interpreter = interpreterOf(model);
  const window = Float32Array.of(0.5);
  const first = interpreter.run(window)[0];
  assert.equal(interpreter.run(window)[0], first);
  interpreter.setInput(0, window);
  interpreter.invoke();
  assert.notEqual((interpreter.output(0) as Float32Array)[0], first);
  interpreter.resetState();
  interpreter.invoke();
  assert.equal((interpreter.output(0) as Float32Array)[0], first);
});

Deno.test("BUILTIN_OPERATORS holds the versions that the library knows", () => {
  const library = loadTfliteLibrary(), { symbols } = library;
  const reporter = new ErrorReporter(library);
  // The library looks every operator code up, also those that no operator uses.
  for (const { name, minVersion, maxVersion } of BUILTIN_OPERATORS) {
    if (minVersion === 0) continue;
    for (
      const [version, isKnown] of [[minVersion, true], [maxVersion, true], [maxVersion + 1, false]] as const
    ) {
      const model = smallModel();
      model.operators = [{ operator: name, version, inputs: [], outputs: [] }];
      const bytes = encodeTflite(model) as Uint8Array<ArrayBuffer>;
      emptyOperatorsVector(bytes);
      const native = symbols.TfLiteModelCreate(bytes, BigInt(bytes.length));
      const options = symbols.TfLiteInterpreterOptionsCreate();
      reporter.register(options);
      const interpreter = symbols.TfLiteInterpreterCreate(native, options);
      assert.equal(interpreter !== null, isKnown, `${name} ${version}`);
      if (interpreter !== null) symbols.TfLiteInterpreterDelete(interpreter);
      symbols.TfLiteInterpreterOptionsDelete(options);
      symbols.TfLiteModelDelete(native);
    }
  }
  reporter.close();
});

Deno.test("tfliteLibraryPath() names the library of each platform and refuses others", () => {
  assert.match(tfliteLibraryPath("linux aarch64"), /cc_deps.linux_arm64.libtensorflowlite_c\.so$/);
  assert.match(tfliteLibraryPath("darwin aarch64"), /cc_deps.darwin_arm64.libtensorflowlite_c\.dylib$/);
  assert.match(tfliteLibraryPath("windows x86_64"), /cc_deps.windows_amd64.tensorflowlite_c\.dll$/);
  assert.throws(() => tfliteLibraryPath("darwin x86_64"), /must be one of linux x86_64.*got darwin x86_64/);
});

Deno.test("openTfliteLibrary() needs FFI permission for node_modules and nothing else, and says so", async () => {
  const ffi = new URL("./tflite_ffi.ts", import.meta.url).href;
  const testModels = new URL("../formats/tflite/test_models.ts", import.meta.url).href;
  const writer = new URL("../formats/tflite/writer.ts", import.meta.url).href;
  const program = `import { openTfliteLibrary } from "${ffi}"; import { smallModel } from "${testModels}";
    import { encodeTflite } from "${writer}";
    try {
      using it = openTfliteLibrary().createInterpreter(encodeTflite(smallModel()));
      console.log(it.run(Float32Array.of(1, 2, -3, 4))[0]);
    } catch (error) { console.log(error.name, error.message, error.hint); }`;
  const folder = await Deno.makeTempDir();
  const file = `${folder}/program.ts`;
  await Deno.writeTextFile(file, program);
  const run = async (permissions: string[]) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--config", "deno.json", ...permissions, file],
    }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  const [denied, granted] = await Promise.all([run([]), run(["--allow-ffi=node_modules"])]);
  assert.match(
    denied,
    /^StageError Cannot load the TFLite library: FFI permission.*--allow-ffi=node_modules/s,
  );
  assert.equal(granted, `${EXPECTED}`);
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "[shared] run() computes official models, and XNNPACK the same",
  ignore: !hasShared,
  fn() {
    for (
      const [file, tolerance] of [
        ["kws_float.tflite", 1e-5],
        ["kws_int8.tflite", 2 / 256],
        ["resnet8_float.tflite", 1e-5],
        ["str_ww_int8.tflite", 2 / 256],
        ["trained_lstm_int8.tflite", 0],
        ["micro_speech_quantized.tflite", 2 / 256],
        ["toycar_dynrange.tflite", 1e-3],
      ] as const
    ) {
      const bytes = Deno.readFileSync(`${FIXTURES}/${file}`);
      using plain = openTfliteLibrary().createInterpreter(bytes, { file });
      using fast = openTfliteLibrary().createInterpreter(bytes, { file, xnnpack: true });
      const window = Float32Array.from(
        { length: elementCount(plain.inputs[0].shape) },
        (_, i) => Math.sin(i),
      );
      const expected = plain.run(window), got = fast.run(window);
      assert.ok(expected.every(Number.isFinite), file);
      expected.forEach((value, i) =>
        assert.ok(Math.abs(value - got[i]) <= tolerance, `${file} ${value} ${got[i]}`)
      );
    }
  },
});

Deno.test({
  name: "[shared] run() gives nearly the same for the official LSTM and its official int8 twin",
  ignore: !hasShared,
  fn() {
    const open = (file: string) =>
      openTfliteLibrary().createInterpreter(Deno.readFileSync(`${FIXTURES}/${file}`), { file });
    using float = open("trained_lstm.tflite");
    using int8 = open("trained_lstm_int8.tflite");
    for (let shift = 0; shift < 5; shift++) {
      const window = Float32Array.from({ length: 28 * 28 }, (_, i) => Math.sin(i / 9 + shift) > 0.6 ? 1 : 0);
      const a = float.run(window), b = int8.run(window);
      a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < 0.15, `${value} ${b[i]}`));
    }
  },
});

/** An LSTM with one unit, all weights 1, over one step. */
function lstmModel(): TfliteModel {
  const ones = (name: string, shape: number[]) => ({
    name,
    type: "FLOAT32" as const,
    shape,
    data: bytesOf(Float32Array.of(1)),
  });
  const state = (name: string) => ({ name, type: "FLOAT32" as const, shape: [1, 1], isVariable: true });
  return {
    ...smallModel(),
    tensors: [
      { name: "input", type: "FLOAT32", shape: [1, 1, 1] },
      ...Array.from({ length: 8 }, (_, i) => ones(`matrix${i}`, [1, 1])),
      ...Array.from({ length: 4 }, (_, i) => ones(`bias${i}`, [1])),
      state("hidden"),
      state("cell"),
      { name: "output", type: "FLOAT32", shape: [1, 1, 1] },
    ],
    operators: [{
      operator: "UNIDIRECTIONAL_SEQUENCE_LSTM",
      version: 1,
      inputs: [0, 1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1, 9, 10, 11, 12, -1, -1, 13, 14, -1, -1, -1, -1],
      outputs: [15],
      optionsType: "UnidirectionalSequenceLSTMOptions",
      options: { fusedActivationFunction: 4 },
    }],
    outputs: [15],
    signatures: [],
  };
}

/** Sets the length of the subgraph's only operator vector to 0, so that only the operator codes are looked up. */
function emptyOperatorsVector(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const field = (table: number, id: number) =>
    table + view.getUint16(table - view.getInt32(table, true) + 4 + 2 * id, true);
  const follow = (at: number) => at + view.getUint32(at, true);
  const subgraphs = follow(field(view.getUint32(0, true), 2));
  view.setUint32(follow(field(follow(subgraphs + 4), 3)), 0, true);
}

Deno.test("openTfliteLibrary() tells the version of the native library", () => {
  assert.equal(openTfliteLibrary().version, "2.9.0");
});
