import type { Rng } from "../../pipeline/lib/core/rng.ts";
import { estimateArena } from "../../pipeline/lib/devices/arena.ts";
import { operatorMacs } from "../../pipeline/lib/devices/multiply_accumulates.ts";
import { findingTexts, judgeTargets } from "../../pipeline/lib/devices/targets/targets.ts";
import { tensorByteSize, type TfliteModel } from "../../pipeline/lib/formats/tflite/graph.ts";
import { decodeTflite } from "../../pipeline/lib/formats/tflite/reader.ts";
import { changeGraph } from "../../pipeline/lib/formats/tflite/test_changes.ts";
import { verifyTflite } from "../../pipeline/lib/formats/tflite/verify.ts";
import { encodeTflite } from "../../pipeline/lib/formats/tflite/writer.ts";
import { createNativeRunner } from "./native_runner.ts";
import { damageBytes, type FuzzTarget } from "./target.ts";

const FOLDER = new URL("../../pipeline/lib/formats/tflite/testdata/", import.meta.url);
/** Convolutions, LSTMs in one and both directions, dense layers with rounded weights; made by tflite_seeds.ts. */
const FILES = [
  "conv_float32",
  "conv_int8",
  "lstm_float32",
  "lstm_int8",
  "bilstm_float32",
  "bilstm_int8",
  "dense_dynamic",
];
/** Models that demand more are sound, but running thousands of them would take too long. */
const MAX_RUN_BYTES = 2 ** 24;
/** Values of offsets, sizes and indices at the edge of what is right. */
const WORDS = [0, 1, 2, 4, 255, 65535, 2 ** 31 - 1, -(2 ** 31), -1];

const native = createNativeRunner("tasks/fuzz/tflite_native.ts");

/** Changes aligned words, as most fields are stored, to such at the edge or from elsewhere in the file. */
function damageWords(file: Uint8Array, rng: Rng): Uint8Array {
  const bytes = file.slice(), view = new DataView(bytes.buffer), words = bytes.length >> 2;
  for (let changes = 1 + rng.integer(3); changes > 0; changes--) {
    const at = 4 * rng.integer(words), old = view.getInt32(at, true);
    const values = [
      WORDS[rng.integer(WORDS.length)],
      view.getInt32(4 * rng.integer(words), true),
      old + 4,
      old - 1,
    ];
    view.setInt32(at, values[rng.integer(values.length)], true);
  }
  return bytes;
}

/** Changes shapes, types, options, indices or constants of the graph and writes it anew. */
function damageGraph(file: Uint8Array, rng: Rng): Uint8Array {
  const model = decodeTflite(file);
  for (let changes = 1 + rng.integer(2); changes > 0; changes--) changeGraph(model, rng);
  return encodeTflite(model);
}

/** What `deno task inspect` computes on graphs that are not verified. */
function describe(model: TfliteModel): void {
  estimateArena(model);
  judgeTargets(model).forEach(({ findings }) => findingTexts(findings, model));
  model.operators.forEach((operator) => operatorMacs(operator, model));
}

/** TFLite models; those that pass verification are run by the native library, which must survive it. */
export const tfliteTarget: FuzzTarget = {
  doc: "TFLite models; what passes verification is run in the native library, in a process of its own",
  load: () => Promise.all(FILES.map((name) => Deno.readFile(new URL(`${name}.tflite`, FOLDER)))),
  damage(file, rng) {
    const damages = [damageBytes, damageWords, damageGraph];
    return damages[rng.integer(damages.length)](file, rng);
  },
  async read(bytes) {
    describe(decodeTflite(bytes, "model.tflite"));
    const { tensors } = verifyTflite(bytes, "model.tflite");
    const size = tensors.reduce((sum, tensor) => sum + tensorByteSize(tensor), 0);
    if (size <= MAX_RUN_BYTES) await native.run(bytes);
  },
  close: native.close,
};
