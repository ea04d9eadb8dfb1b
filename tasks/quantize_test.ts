import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeTflite } from "../pipeline/lib/formats/tflite/reader.ts";
import { inFolder, run, runOk, SMALL } from "./test_stages.ts";

const QUICK = ["--model", "cnn", "--calibrationWindows", "20", "--compareWindows", "30"];

/** The manifest that a run of quantize prints. */
async function quantize(cwd: string, ...flags: string[]) {
  const { stdout } = await runOk(cwd, "quantize", ...QUICK, "--json", ...flags);
  const [manifest] = JSON.parse(stdout);
  const folder = join(cwd, "data/06_quantize", manifest.key.slice(0, 16));
  return { manifest, read: (file: string) => Deno.readFileSync(join(folder, file)) };
}

Deno.test("quantize writes the forms asked for, calibrated on training windows, and compares them", () =>
  inFolder(async (cwd) => {
    await runOk(cwd, "ingest", ...SMALL);
    await runOk(cwd, "preprocess");
    await runOk(cwd, "window");
    await runOk(cwd, "train", "--model", "cnn", "--epochs", "2", "--batchSize", "16");
    await runOk(cwd, "convert", "--model", "cnn");

    const int8 = await quantize(cwd);
    const names = (manifest: { outputs: { path: string }[] }) =>
      manifest.outputs.map(({ path }) => path).sort();
    assert.deepEqual(names(int8.manifest), [
      "compare.json",
      "counts.json",
      "model_int8.tflite",
      "ranges.json",
    ]);
    const { calibration } = int8.manifest.counts;
    assert.deepEqual([calibration.method, calibration.windows], ["minmax", 20]);
    const graph = decodeTflite(int8.read("model_int8.tflite"));
    const told = graph.metadata.find(({ name }) => name === "ecg_quantization.json")!;
    assert.deepEqual(JSON.parse(new TextDecoder().decode(told.data)), {
      schemaVersion: 1,
      mode: "int8",
      calibration,
    });
    assert.equal(graph.tensors[graph.inputs[0]].type, "INT8");

    const all = await quantize(
      cwd,
      "--modes",
      "int8,int8-dynamic,float16",
      "--io",
      "float",
      "--compare",
      "True",
    );
    for (const form of ["int8", "int8_dynamic", "float16"]) {
      const { tensors, inputs } = decodeTflite(all.read(`model_${form}.tflite`));
      assert.equal(tensors[inputs[0]].type, "FLOAT32", form);
    }
    const { forms, comparedWindows } = JSON.parse(new TextDecoder().decode(all.read("compare.json")));
    assert.equal(comparedWindows, 30);
    assert.deepEqual(forms.map(({ form }: { form: string }) => form), [
      "float32",
      "int8",
      "int8-dynamic",
      "float16",
    ]);
    assert.ok(forms.every(({ agreement }: { agreement: number }) => agreement > 0.9));
    assert.deepEqual(
      Object.keys(all.manifest.measured.latencyMs),
      Object.keys(all.manifest.counts.formBytes),
    );

    await runOk(cwd, "export", "--model", "cnn", "--splits", "test");
    const card = JSON.parse(Deno.readTextFileSync(join(cwd, "models/inter-patient/cnn/model_card.json")));
    const formats = card.files.map(({ format }: { format: string }) => format);
    for (const format of ["tflite-float32", "tflite-int8", "tflite-int8-dynamic", "tflite-float16"]) {
      assert.ok(formats.includes(format), format);
    }
    await quantize(cwd, "--modes", "float16");
    assert.match(
      (await run(cwd, "export", "--model", "cnn")).stderr,
      /its int8 form must be there, got float16/,
    );

    // The same windows are drawn, other ranges follow from them.
    const percentile = await quantize(cwd, "--calibration", "percentile", "--percentile", "95");
    assert.equal(percentile.manifest.counts.calibration.sha256, calibration.sha256);
    assert.notDeepEqual(percentile.read("ranges.json"), int8.read("ranges.json"));
    const other = await quantize(cwd, "--seed", "2");
    assert.notEqual(other.manifest.counts.calibration.sha256, calibration.sha256);

    const debug = await runOk(cwd, "quantize", ...QUICK, "--debug", "True");
    assert.match(debug.stdout, /^tensor +operator +SQNR dB.*\n.*\ninput +INPUT /);
    assert.match(debug.stdout, /<- worst/);
    assert.match(debug.stdout, /\nform +accuracy %/);
    const cached = await run(cwd, "quantize", ...QUICK);
    assert.match(cached.stderr, /cached/);
  }));

Deno.test("quantize --qat tunes the model for int8, says what was taken, and gives the same bytes again", () =>
  inFolder(async (cwd) => {
    await runOk(cwd, "ingest", ...SMALL);
    await runOk(cwd, "preprocess");
    await runOk(cwd, "window");
    await runOk(cwd, "train", "--model", "cnn", "--epochs", "1", "--batchSize", "16");
    await runOk(cwd, "convert", "--model", "cnn");
    const plain = await quantize(cwd), tuned = await quantize(cwd, "--qat", "2", "--qatRate", "0.1");
    assert.equal(tuned.manifest.counts.tuning.epochs, 2);
    assert.equal(JSON.parse(new TextDecoder().decode(tuned.read("tuning.json"))).length, 2);
    assert.deepEqual(Object.keys(tuned.manifest.counts.formBytes), ["float32", "int8", "int8-qat"]);
    assert.deepEqual(tuned.manifest.counts.int8, plain.manifest.counts.int8);
    const [before, after] = [plain, tuned].map(({ read }) => decodeTflite(read("model_int8.tflite")));
    assert.notDeepEqual(after, before);
    assert.deepEqual(after.operators, before.operators);
    const told = after.metadata.find(({ name }) => name === "ecg_quantization.json")!;
    const { tuning } = JSON.parse(new TextDecoder().decode(told.data));
    assert.deepEqual(tuning, tuned.manifest.counts.tuning);
    assert.deepEqual(
      after.metadata.find(({ name }) => name !== told.name),
      before.metadata.find(({ name }) => name !== told.name),
    );
    const again = await quantize(cwd, "--qat", "2", "--qatRate", "0.1", "--force", "True");
    assert.deepEqual(again.read("model_int8.tflite"), tuned.read("model_int8.tflite"));
  }));
