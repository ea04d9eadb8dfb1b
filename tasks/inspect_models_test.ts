import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { smallModel } from "../pipeline/lib/formats/tflite/test_models.ts";
import { encodeTflite } from "../pipeline/lib/formats/tflite/writer.ts";
import { inFolder, run } from "./test_stages.ts";

const FIXTURES = resolve("../shared/fixtures/tflite");

Deno.test("inspect shows what a .tflite holds, what it takes to run and who runs it", () =>
  inFolder(async (cwd) => {
    const model = smallModel();
    model.tensors[3].name = "conv\u001b[2J";
    model.metadata.push({
      name: "ecg",
      data: new TextEncoder().encode(JSON.stringify({ fs: 360, labels: ["N", "S"] })),
    });
    Deno.writeFileSync(join(cwd, "small.tflite"), encodeTflite(model));
    const { code, stdout } = await run(cwd, "inspect", "small.tflite");
    assert.equal(code, 0);
    assert.match(stdout, /inputs +input: FLOAT32 \[1, 1, 4, 1\] \(may be \[-1, 1, 4, 1\]\)/);
    assert.match(stdout, /0 +CONV_2D +1 +RELU +0 1 2 +3 \[1, 1, 4, 2\] +24/);
    assert.match(stdout, /3 operators, 32 multiply-accumulates/);
    assert.match(stdout, /3 +conv\?\[2J +FLOAT32/);
    assert.match(stdout, /ecg:\n +fs: 360\n +labels: \["N","S"\]/);
    assert.match(stdout, /tflite-micro +yes\n +Edge TPU +no +fixed shapes only/);
    assert.match(stdout, /no compiler was run/);
    const { stdout: json } = await run(cwd, "inspect", "small.tflite", "--json");
    const facts = JSON.parse(json);
    assert.equal(facts.kind, "tflite");
    assert.equal(facts.macs, 32);
    assert.equal(facts.operators[0].options.fusedActivationFunction, 1);
    assert.deepEqual(facts.metadata[1].value, { fs: 360, labels: ["N", "S"] });
    assert.deepEqual(facts.targets.map(({ accepts }: { accepts: string }) => accepts), [
      "yes",
      "yes",
      "no",
      "no",
    ]);
  }));

Deno.test("inspect refuses a damaged .tflite in one line", () =>
  inFolder(async (cwd) => {
    Deno.writeFileSync(join(cwd, "cut.tflite"), encodeTflite(smallModel()).slice(0, 300));
    const { code, stdout, stderr } = await run(cwd, "inspect", "cut.tflite");
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^\[inspect\] error: Cannot read TFLite model: .*cut\.tflite.*\n$/);
  }));

/** Of each official model: who takes it (TFLite 2.9, tflite-micro, Edge TPU, Vela). */
const TFLITE_FILES: Record<string, string[]> = {
  "ad01_int8.tflite": ["yes", "yes", "no", "yes"],
  "audio_preprocessor_int8.tflite": ["no", "no", "no", "partly"],
  "hello_world_float.tflite": ["yes", "yes", "no", "no"],
  "hello_world_int8.tflite": ["yes", "yes", "no", "yes"],
  "kws_float.tflite": ["yes", "no", "no", "no"],
  "kws_int8.tflite": ["yes", "yes", "no", "yes"],
  "micro_speech_lstm.tflite": ["no", "yes", "yes", "yes"],
  "micro_speech_quantized.tflite": ["yes", "yes", "yes", "yes"],
  "person_detect.tflite": ["no", "yes", "yes", "yes"],
  "resnet8_float.tflite": ["yes", "yes", "no", "no"],
  "resnet8_int8.tflite": ["yes", "yes", "no", "yes"],
  "str_ww_int8.tflite": ["yes", "yes", "no", "yes"],
  "toycar_dynrange.tflite": ["yes", "no", "no", "no"],
  "toycar_fullint_floatio.tflite": ["yes", "yes", "no", "partly"],
  "trained_lstm.tflite": ["yes", "yes", "no", "no"],
  "trained_lstm_int8.tflite": ["yes", "yes", "yes", "yes"],
};
Deno.test({
  name: "[shared] inspect reads every official .tflite",
  ignore: !existsSync(FIXTURES),
  fn: () =>
    inFolder(async (cwd) => {
      const files = [...Deno.readDirSync(FIXTURES)].map(({ name }) => name).filter((name) =>
        name.endsWith(".tflite")
      );
      assert.deepEqual(files.sort(), Object.keys(TFLITE_FILES));
      for (const [file, accepts] of Object.entries(TFLITE_FILES)) {
        const { code, stdout } = await run(cwd, "inspect", join(FIXTURES, file), "--json");
        assert.equal(code, 0, file);
        assert.deepEqual(
          JSON.parse(stdout).targets.map((target: { accepts: string }) => target.accepts),
          accepts,
          file,
        );
      }
    }),
});
