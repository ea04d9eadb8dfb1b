import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { zipSync } from "fflate";
import { encodeKerasModel, encodeKerasV3Model } from "../pipeline/lib/artefacts/keras_model.ts";
import { readModelMetadata } from "../pipeline/lib/artefacts/model_metadata.ts";
import { createRng } from "../pipeline/lib/core/rng.ts";
import { encodeKerasH5 } from "../pipeline/lib/formats/keras_h5/encode.ts";
import { decodeTflite } from "../pipeline/lib/formats/tflite/reader.ts";
import { buildBilstm } from "../pipeline/lib/nn/architectures/bilstm.ts";
import { initializeWeights } from "../pipeline/lib/nn/initialize.ts";
import { modelToH5Parts } from "../pipeline/lib/nn/keras_weights.ts";
import type { Model } from "../pipeline/lib/nn/model.ts";
import { inFolder, run, runOk } from "./test_stages.ts";

const FIXTURES = resolve("../shared/fixtures/tflite");

const SMALL: Model = {
  name: "small",
  layers: [
    { kind: "InputLayer", name: "image", inputs: [], shape: [6, 5, 2] },
    { kind: "InputLayer", name: "rr", inputs: [], shape: [4] },
    {
      ...{ kind: "Conv2D", name: "conv", inputs: ["image"], filters: 3, kernelSize: [2, 3], strides: [2, 2] },
      ...{ padding: "same", dilation: [1, 1], useBias: false, activation: "relu" },
    } as Model["layers"][number],
    { kind: "Flatten", name: "flat", inputs: ["conv"] },
    { kind: "Concatenate", name: "both", inputs: ["flat", "rr"], axis: -1 },
    { kind: "Dense", name: "dense", inputs: ["both"], units: 3, activation: "softmax" },
  ],
  output: "dense",
};
const weightsOf = (model: Model) => initializeWeights(model, createRng(1));

Deno.test("convert FILE writes a .tflite that tells where it comes from, of .h5 and .keras, in any batch", () =>
  inFolder(async (cwd) => {
    Deno.writeFileSync(join(cwd, "small.h5"), await encodeKerasModel(SMALL, weightsOf(SMALL)));
    Deno.writeFileSync(join(cwd, "small.keras"), await encodeKerasV3Model(SMALL, weightsOf(SMALL)));
    const { stdout } = await runOk(cwd, "convert", "small.h5");
    assert.match(stdout, /^models\/converted\/small.tflite: \d+ bytes, 5 operators, float32, batch 1\n/);
    assert.match(stdout, /from 6 layers with 132 parameters/);
    assert.match(
      stdout,
      /within \S+e-\d+ of the largest output from the reference on 16 random inputs, run by TFLite/,
    );
    const graph = decodeTflite(Deno.readFileSync(join(cwd, "models/converted/small.tflite")));
    const { model, source, beats } = readModelMetadata(graph, "small")!;
    assert.deepEqual([model, source.file, beats], ["small", "small.h5", undefined]);

    const { stdout: passes } = await runOk(
      cwd,
      "convert",
      ...["small.keras", "--output", "three", "--batch", "3", "--dumpPasses", "True"],
    );
    assert.match(
      passes,
      /^lowered: \d+ operators\n[^]*models\/converted\/three.tflite: .* batch 3\n[^]*on 18 random/,
    );
    const three = decodeTflite(Deno.readFileSync(join(cwd, "models/converted/three.tflite")));
    assert.deepEqual(three.inputs.map((input) => three.tensors[input].shape), [[3, 6, 5, 2], [3, 4]]);

    const bilstm = buildBilstm({ windowSamples: 9, channels: 2, classes: 3 });
    Deno.writeFileSync(join(cwd, "bilstm.h5"), await encodeKerasModel(bilstm, weightsOf(bilstm)));
    await runOk(cwd, "convert", "bilstm.h5", "--bidirectional", "two-inputs");
    const two = decodeTflite(Deno.readFileSync(join(cwd, "models/converted/bilstm.tflite")));
    assert.deepEqual(two.inputs.map((input) => two.tensors[input].name), ["input", "input_reversed"]);
    const open = await run(cwd, "convert", "bilstm.h5", "--batch", "dynamic");
    assert.equal(open.code, 1);
    assert.match(
      open.stderr,
      /^\[05_convert\] error: Cannot convert .*\n.*hint: a model with an LSTM keeps a state/,
    );
    assert.deepEqual([...Deno.readDirSync(join(cwd, "models/converted"))].map(({ name }) => name).sort(), [
      "bilstm.tflite",
      "small.tflite",
      "three.tflite",
    ]);
  }));

Deno.test("convert FILE refuses what it cannot convert in one line and writes nothing", () =>
  inFolder(async (cwd) => {
    const parts = modelToH5Parts(SMALL, weightsOf(SMALL));
    // deno-lint-ignore no-explicit-any
    const config = structuredClone(parts.config) as any;
    config.config.layers[2].class_name = "Lambda";
    const burst = weightsOf(SMALL);
    burst.get("dense/kernel")!.data.fill(3e38);
    const files: [name: string, bytes: Uint8Array, message: RegExp][] = [
      [
        "lambda.h5",
        await encodeKerasH5({ ...parts, config }),
        /layer "conv": .*got "Lambda", .*\(lambda.h5\)/,
      ],
      [
        "text.h5",
        new TextEncoder().encode("time,lead\n1,2\n"),
        /text\.h5: it must be a Keras model .*, got text\n.*hint: Keras writes one/,
      ],
      [
        "other.zip",
        zipSync({ "a.txt": new Uint8Array(3) }),
        /must hold config.json.*\(other.zip\)|metadata.json/,
      ],
      [
        "burst.h5",
        await encodeKerasModel(SMALL, burst),
        /must agree with the reference within 0.00001.*, got NaN/,
      ],
    ];
    for (const [name, bytes, message] of files) {
      Deno.writeFileSync(join(cwd, name), bytes);
      const { code, stdout, stderr } = await run(cwd, "convert", name);
      assert.deepEqual([code, stdout], [1, ""], name);
      assert.match(stderr, message);
      assert.match(stderr, /^\[05_convert\] error: [^\n]*\n(\[05_convert\] hint: [^\n]*\n)?$/);
    }
    assert.ok(!existsSync(join(cwd, "models")));
  }));

Deno.test("convert FILE ends with 2 for wrong usage", () =>
  inFolder(async (cwd) => {
    Deno.writeFileSync(join(cwd, "small.h5"), await encodeKerasModel(SMALL, weightsOf(SMALL)));
    const cases: [string[], RegExp][] = [
      [["small.h5", "other.h5"], /one file must be named at a time, got 2/],
      [["small.h5", "--output", "../../out"], /Cannot use --output: it must be letters, digits/],
      [["small.h5", "--study", "demo"], /Unknown flag --study/],
      [["small.h5", "--batch", "0"], /Cannot use --batch/],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await run(cwd, "convert", ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
    const missing = await run(cwd, "convert", "absent.h5");
    assert.equal(missing.code, 1);
    assert.match(
      missing.stderr,
      /^\[05_convert\] error: Cannot read absent.h5: it must be a file, got nothing of that name\n.*hint: check the path\n$/,
    );
    const { stdout } = await runOk(cwd, "convert", "--help");
    assert.match(stdout, /deno task convert \[flags\][^]*deno task convert FILE.h5\|FILE.keras \[flags\]/);
    assert.equal((await runOk(cwd, "convert", "small.h5", "--help")).stdout, stdout);
    assert.ok(!existsSync(join(cwd, "models")));
  }));

Deno.test({
  name: "[shared] convert FILE converts the models of MLPerf Tiny",
  ignore: !existsSync(FIXTURES),
  fn: () =>
    inFolder(async (cwd) => {
      for (const name of ["resnet8", "str_ww"]) {
        const { stdout } = await runOk(cwd, "convert", join(FIXTURES, `${name}.h5`));
        assert.match(stdout, new RegExp(`^models/converted/${name}.tflite: .*[^]*on 16 random inputs`));
      }
    }),
});
