import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { encodeKerasModel, encodeKerasV3Model } from "../pipeline/lib/artefacts/keras_model.ts";
import { createRng } from "../pipeline/lib/core/rng.ts";
import { encodeKerasH5 } from "../pipeline/lib/formats/keras_h5/encode.ts";
import { smallModel } from "../pipeline/lib/formats/tflite/test_models.ts";
import { encodeTflite } from "../pipeline/lib/formats/tflite/writer.ts";
import { buildBilstm } from "../pipeline/lib/nn/architectures/bilstm.ts";
import { initializeWeights } from "../pipeline/lib/nn/initialize.ts";
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
    assert.match(stdout, /memory +tflite-micro takes about [\d.]+ kB: 64 bytes for/);
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

Deno.test("inspect tells no arena of a model that tflite-micro does not take", () =>
  inFolder(async (cwd) => {
    const file = new URL("../pipeline/lib/formats/tflite/testdata/dense_dynamic.tflite", import.meta.url);
    Deno.copyFileSync(file, join(cwd, "m.tflite"));
    const { stdout } = await run(cwd, "inspect", "m.tflite");
    assert.match(stdout, /memory +none to tell: tflite-micro does not take the model\n/);
    assert.match(stdout, /tflite-micro +no +\d FULLY_CONNECTED: no kernel for INT8 weights/);
    const { stdout: json } = await run(cwd, "inspect", "m.tflite", "--json");
    assert.ok(!("arena" in JSON.parse(json)));
  }));

Deno.test("inspect takes metadata of more nested JSON than anyone writes for text", () =>
  inFolder(async (cwd) => {
    const model = smallModel(), deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
    model.metadata.push({ name: "deep", data: new TextEncoder().encode(deep) });
    Deno.writeFileSync(join(cwd, "deep.tflite"), encodeTflite(model));
    const { code, stdout, stderr } = await run(cwd, "inspect", "deep.tflite");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /deep: "\{\\"a\\":/);
    const { stdout: json } = await run(cwd, "inspect", "deep.tflite", "--json");
    assert.equal(JSON.parse(json).metadata[1].value, deep);
  }));

Deno.test("inspect refuses a model that is larger than any, before it reads it", () =>
  inFolder(async (cwd) => {
    for (const file of ["a.tflite", "a.h5"]) {
      Deno.writeFileSync(join(cwd, file), new Uint8Array(0));
      Deno.truncateSync(join(cwd, file), 2 ** 33);
      const { code, stderr } = await run(cwd, "inspect", file);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^\[inspect\] error: Cannot read a\.\w+: it must have at most \d+ bytes, got 8589934592\n$/,
      );
    }
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

Deno.test("inspect shows what a Keras model holds, in either of its formats", () =>
  inFolder(async (cwd) => {
    const model = buildBilstm({ windowSamples: 20, channels: 1, classes: 3 });
    const weights = initializeWeights(model, createRng(1));
    Deno.writeFileSync(join(cwd, "m.h5"), await encodeKerasModel(model, weights));
    Deno.writeFileSync(join(cwd, "m.keras"), await encodeKerasV3Model(model, weights));
    const { code, stdout } = await run(cwd, "inspect", "m.h5");
    assert.equal(code, 0);
    assert.match(stdout, /^m\.h5: Keras model, .*\n +written by +Keras 2\.15\.0\n/);
    // Two directions of 4 gates, 64 units: 1 + 64 values and a bias each; every kernel value at each of 20 steps.
    assert.match(stdout, /bidirectional +Bidirectional +input +\[128\] +33,792 +665,600\n/);
    assert.match(stdout, /trains +yes\n +converts +yes\n$/);
    const facts = async (file: string) => JSON.parse((await run(cwd, "inspect", file, "--json")).stdout);
    const { file: _, ...h5 } = await facts("m.h5"), { file: __, ...v3 } = await facts("m.keras");
    assert.deepEqual(h5, v3);
    assert.equal(h5.macs, 665_600 + 128 * 3);
  }));

Deno.test("inspect says of each layer why a Keras model cannot be used", () =>
  inFolder(async (cwd) => {
    const layer = (class_name: string, config: Record<string, unknown>) => ({ class_name, config });
    const config = layer("Sequential", {
      name: "m",
      layers: [
        layer("InputLayer", { name: "input", batch_input_shape: [null, 8, 1] }),
        layer("Lambda", { name: "mine", function: "code" }),
        layer("Dense", { name: "dense", units: 2, activation: "mish" }),
      ],
    });
    const kernel = { name: "dense/kernel:0", shape: [1, 2], data: new Float32Array(2) };
    const bytes = await encodeKerasH5({
      config,
      layers: [{ name: "dense", weights: [kernel] }],
      kerasVersion: "2.15.0",
      backend: "tensorflow",
    });
    Deno.writeFileSync(join(cwd, "m.h5"), bytes);
    const { code, stdout } = await run(cwd, "inspect", "m.h5");
    assert.equal(code, 0);
    assert.match(stdout, /mine +Lambda +input +\? +\?\n +dense +Dense +mine +\? +2 +\?\n/);
    for (const use of ["trains", "converts"]) {
      assert.match(
        stdout,
        new RegExp(
          `${use} +no: Cannot read layer "mine": its class must be [^\n]*\n +Cannot read layer "dense": activation`,
        ),
      );
    }
    const { problems } = JSON.parse((await run(cwd, "inspect", "m.h5", "--json")).stdout);
    for (const use of ["train", "convert"]) {
      assert.deepEqual(problems[use].map((text: string) => /layer "\w+"/.exec(text)![0]), [
        'layer "mine"',
        'layer "dense"',
      ]);
    }
  }));

Deno.test("inspect says that gates of Keras 2.2's defaults train and do not convert", () =>
  inFolder(async (cwd) => {
    const file = new URL("../pipeline/lib/formats/keras_h5/testdata/keras22_defaults.h5", import.meta.url);
    Deno.copyFileSync(file, join(cwd, "m.h5"));
    const { code, stdout } = await run(cwd, "inspect", "m.h5");
    assert.equal(code, 0);
    assert.match(stdout, /written by +Keras 2\.2\.4\n/);
    assert.match(stdout, /trains +yes\n/);
    assert.match(
      stdout,
      /converts +no: .*got hard_sigmoid of layer "lstm_1": load it in Keras with sigmoid in place of that, fit it for some epochs and save it again\n/,
    );
    assert.match(stdout, /got hard_sigmoid of layer "bidirectional_1"/);
  }));

Deno.test("inspect refuses a damaged Keras model in one line", () =>
  inFolder(async (cwd) => {
    Deno.writeFileSync(join(cwd, "a.h5"), new Uint8Array(100));
    Deno.writeFileSync(join(cwd, "a.keras"), new TextEncoder().encode("PK\u0003\u0004 no zip"));
    for (const file of ["a.h5", "a.keras"]) {
      const { code, stdout, stderr } = await run(cwd, "inspect", file);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^\[inspect\] error: Cannot read [^\n]*\n$/);
    }
  }));

Deno.test({
  name: "[shared] inspect reads the official .h5, and counts what their .tflite counts",
  ignore: !existsSync(FIXTURES),
  fn: () =>
    inFolder(async (cwd) => {
      for (const [file, macs] of [["resnet8.h5", 12_501_632], ["str_ww.h5", 826_368]] as const) {
        const { code, stdout } = await run(cwd, "inspect", join(FIXTURES, file), "--json");
        assert.equal(code, 0, file);
        assert.equal(JSON.parse(stdout).macs, macs);
      }
    }),
});
