import { Builder } from "flatbuffers";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import type { TfliteModel } from "./graph.ts";
import { decodeTflite } from "./reader.ts";
import { BUFFER, MODEL, OPERATOR, OPERATOR_CODE, SUBGRAPH, TENSOR } from "./schema.ts";
import { smallModel } from "./test_models.ts";
import { verifyTflite } from "./verify.ts";
import { encodeTflite } from "./writer.ts";

const FIXTURES = "../shared/fixtures/tflite";
const hasShared = existsSync(FIXTURES);
/** Tensors and operators by TensorFlow's own schema classes (Python package tflite 2.10.0). */
const COUNTS: Record<string, [number, number]> = {
  "ad01_int8.tflite": [31, 10],
  "audio_preprocessor_int8.tflite": [43, 22],
  "hello_world_float.tflite": [10, 3],
  "hello_world_int8.tflite": [10, 3],
  "kws_float.tflite": [35, 13],
  "kws_int8.tflite": [35, 13],
  "micro_speech_lstm.tflite": [27, 4],
  "micro_speech_quantized.tflite": [10, 4],
  "person_detect.tflite": [89, 31],
  "resnet8_float.tflite": [38, 16],
  "resnet8_int8.tflite": [38, 16],
  "str_ww_int8.tflite": [31, 11],
  "toycar_dynrange.tflite": [31, 10],
  "toycar_fullint_floatio.tflite": [33, 12],
  "trained_lstm.tflite": [22, 4],
  "trained_lstm_int8.tflite": [27, 4],
};

Deno.test("decodeTflite() gives back what encodeTflite() wrote", () => {
  const model = smallModel();
  assert.deepEqual(decodeTflite(encodeTflite(model)), model);
});

Deno.test("decodeTflite() keeps quantization, states, custom operators and intermediates", () => {
  const model = smallModel();
  model.tensors[1] = {
    name: "q",
    type: "INT8",
    shape: [2, 1, 3, 1],
    data: Uint8Array.of(1, 2, 3, 253, 254, 255),
    quantization: { scale: [0.5, 0.25], zeroPoint: [0, 0], quantizedDimension: 0, min: [-1], max: [1] },
  };
  model.tensors.push({ name: "state", type: "INT16", shape: [1, 2], isVariable: true });
  model.operators.push({
    operator: "CUSTOM",
    customCode: "Mine",
    customOptions: Uint8Array.of(7, 8),
    version: 2,
    inputs: [0],
    outputs: [3],
    intermediates: [8],
  });
  model.operators.push({
    operator: "SQUEEZE",
    version: 2,
    inputs: [0],
    outputs: [3],
    optionsType: "SqueezeOptions",
    options: { squeezeDims: [1, -1] },
  });
  assert.deepEqual(decodeTflite(encodeTflite(model)), model);
});

Deno.test("decodeTflite() fills in the schema's defaults", () => {
  const model = smallModel();
  model.operators[0].options = { strideW: 2 };
  const { options } = decodeTflite(encodeTflite(model)).operators[0];
  assert.equal(options!.strideW, 2);
  assert.equal(options!.strideH, 0);
  assert.equal(options!.dilationWFactor, 1);
});

Deno.test("decodeTflite() says what a file lacks", () => {
  const bytes = encodeTflite(smallModel());
  const message = (change: (copy: Uint8Array) => Uint8Array | void) => {
    const copy = bytes.slice();
    const changed = change(copy) ?? copy;
    try {
      decodeTflite(changed, "m.tflite");
    } catch (error) {
      assert.ok(error instanceof FormatError);
      return error.message;
    }
    return "no error";
  };
  assert.match(message(() => new Uint8Array(3)), /header must lie inside the file.*m\.tflite/);
  assert.match(message((copy) => copy.set([0x58], 4)), /identifier must be "TFL3", got "XFL3"/);
  assert.match(message((copy) => copy.set([255, 255, 255, 127], 0)), /the model must lie inside the file/);
});

/** A file made field by field, for what the writer does not write: one tensor, one operator. */
function crafted(
  {
    version = 3,
    subgraphs = 1,
    sparse = false,
    variant = false,
    outside = false,
    code = 0,
    optionsType = 0,
    copies = 1,
  } = {},
): Uint8Array {
  const builder = new Builder(256);
  const table = (fields: [id: number, write: (id: number) => void][]): number => {
    builder.startObject(12);
    for (const [id, write] of fields) write(id);
    return builder.endObject();
  };
  const list = (offsets: number[]): number => {
    builder.startVector(4, offsets.length, 4);
    for (const offset of offsets.toReversed()) builder.addOffset(offset);
    return builder.endVector();
  };
  const offset = (to: number) => (id: number) => builder.addFieldOffset(id, to, 0);
  const empty = table([]);
  const buffers = list([
    table(outside ? [[BUFFER.offset, (id) => builder.addFieldInt64(id, 4096n, 0n)]] : []),
  ]);
  const tensors = list(new Array(copies).fill(table([
    ...(sparse ? [[TENSOR.sparsity, offset(empty)] as [number, (id: number) => void]] : []),
    ...(variant ? [[TENSOR.variantTensors, offset(list([]))] as [number, (id: number) => void]] : []),
  ])));
  const operators = list([table(
    optionsType === 0 ? [] : [
      [OPERATOR.builtinOptionsType, (id) => builder.addFieldInt8(id, optionsType, 0)],
      [OPERATOR.builtinOptions, offset(empty)],
    ],
  )]);
  const codes = list([table([[OPERATOR_CODE.builtinCode, (id) => builder.addFieldInt32(id, code, 0)]])]);
  const graphs = list(Array.from(
    { length: subgraphs },
    () => table([[SUBGRAPH.tensors, offset(tensors)], [SUBGRAPH.operators, offset(operators)]]),
  ));
  builder.finish(
    table([
      [MODEL.version, (id) => builder.addFieldInt32(id, version, 0)],
      [MODEL.operatorCodes, offset(codes)],
      [MODEL.subgraphs, offset(graphs)],
      [MODEL.buffers, offset(buffers)],
    ]),
    "TFL3",
  );
  return builder.asUint8Array();
}

Deno.test("decodeTflite() refuses by name what it does not read", () => {
  assert.equal(decodeTflite(crafted()).operators[0].operator, "ADD");
  const message = (options: Parameters<typeof crafted>[0]) => {
    try {
      decodeTflite(crafted(options), "m.tflite");
    } catch (error) {
      assert.ok(error instanceof FormatError);
      return error.message;
    }
    return "no error";
  };
  assert.match(message({ version: 4 }), /its version must be 3, got 4/);
  assert.match(message({ subgraphs: 2 }), /must have 1 subgraph \(control flow is not supported\), got 2/);
  assert.match(message({ subgraphs: 0 }), /must have 1 subgraph.*got 0/);
  assert.match(message({ sparse: true }), /tensor 0 must be dense, got a sparse one/);
  assert.match(message({ variant: true }), /tensor 0 must not be a variant/);
  assert.match(message({ outside: true }), /buffer 0 must lie inside the FlatBuffers part/);
  assert.match(message({ copies: 32769 }), /must have at most 32768 tensors, got 32769/);
  assert.match(message({ code: 400 }), /operator codes must be at most 151, got 400/);
  // WhileOptions and IfOptions of the schema.
  assert.match(
    message({ code: 119, optionsType: 93 }),
    /options of operator 0 \(WHILE\) must be of a supported type/,
  );
  assert.match(
    message({ code: 118, optionsType: 92 }),
    /options of operator 0 \(IF\) must be of a supported type/,
  );
});

Deno.test("decodeTflite() refuses indices outside their lists", () => {
  const message = (change: (model: TfliteModel) => void) => {
    const model = smallModel();
    change(model);
    try {
      decodeTflite(encodeTflite(model), "m.tflite");
    } catch (error) {
      assert.ok(error instanceof FormatError);
      return error.message;
    }
    return "no error";
  };
  assert.match(
    message((m) => m.operators[1].inputs = [99, 4]),
    /inputs of operator 1 must be in \[-1, 7\], got 99/,
  );
  assert.match(
    message((m) => m.operators[1].outputs = [-1]),
    /outputs of operator 1 must be in \[0, 7\], got -1/,
  );
  assert.match(message((m) => m.operators[1].intermediates = [8]), /intermediates of operator 1 must be/);
  assert.match(message((m) => m.inputs = [-2]), /the model's inputs must be in \[0, 7\], got -2/);
  assert.match(message((m) => m.signatures[0].outputs[0].tensor = 8), /signature output 0 must be/);
});

Deno.test("decodeTflite() refuses parts that share bytes many times over", () => {
  // 20,000 offsets to one table with a vtable of 64 bytes: small in the file, large to read.
  const entries = 20_000, modelAt = 32, vector = 64, sharedVtable = vector + 4 + 4 * entries;
  const sharedTable = sharedVtable + 64;
  const bytes = new Uint8Array(sharedTable + 4);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("TFL3"), 4);
  view.setUint32(0, modelAt, true);
  // The model's vtable: its size, the table's size, then the offsets of version, operator codes and
  // subgraphs.
  [10, 16, 4, 8, 12].forEach((value, i) => view.setUint16(8 + 2 * i, value, true));
  view.setInt32(modelAt, modelAt - 8, true);
  view.setUint32(modelAt + 4, 3, true);
  view.setUint32(modelAt + 12, vector - modelAt - 12, true);
  view.setUint32(vector, entries, true);
  for (let at = vector + 4; at < sharedVtable; at += 4) view.setUint32(at, sharedTable - at, true);
  view.setUint16(sharedVtable, 64, true);
  view.setUint16(sharedVtable + 2, 4, true);
  view.setInt32(sharedTable, 64, true);
  assert.throws(() => decodeTflite(bytes), /must not share bytes many times over, at .*subgraph/);
});

Deno.test("decodeTflite() and verifyTflite() survive truncated and flipped bytes", () => {
  const bytes = encodeTflite(smallModel());
  for (let length = 0; length < bytes.length; length++) expectAnswer(bytes.slice(0, length));
  const rng = createRng(20);
  for (let round = 0; round < 3000; round++) {
    const copy = bytes.slice();
    for (let flips = 1 + rng.integer(3); flips > 0; flips--) {
      copy[rng.integer(copy.length)] = rng.integer(256);
    }
    expectAnswer(copy);
  }
});

Deno.test({
  name: "[shared] decodeTflite() reads official models, and encodeTflite() writes them again",
  ignore: !hasShared,
  fn() {
    for (const [file, [tensors, operators]] of Object.entries(COUNTS)) {
      const model = decodeTflite(Deno.readFileSync(`${FIXTURES}/${file}`), file);
      assert.deepEqual([model.tensors.length, model.operators.length], [tensors, operators], file);
      assert.deepEqual(decodeTflite(encodeTflite(model)), model, file);
    }
  },
});

Deno.test({
  name: "[shared] decodeTflite() survives flipped bytes in official models",
  ignore: !hasShared,
  fn() {
    const rng = createRng(21);
    for (const file of ["trained_lstm_int8.tflite", "kws_int8.tflite", "micro_speech_quantized.tflite"]) {
      const bytes = Deno.readFileSync(`${FIXTURES}/${file}`);
      for (let round = 0; round < 300; round++) {
        const copy = bytes.slice(0, rng.integer(4) === 0 ? rng.integer(bytes.length) : bytes.length);
        for (let flips = 1 + rng.integer(8); flips > 0; flips--) {
          copy[rng.integer(copy.length)] ^= 1 << rng.integer(8);
        }
        expectAnswer(copy);
      }
    }
  },
});

function expectAnswer(bytes: Uint8Array): void {
  try {
    verifyTflite(bytes);
  } catch (error) {
    assert.ok(error instanceof FormatError, `${error}`);
  }
}
