import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeRecord } from "../../pipeline/lib/formats/wfdb/wfdb.ts";
import { DETECTORS } from "../../pipeline/lib/signal/qrs/detectors.ts";
import { generateSyntheticRecord } from "../../pipeline/lib/sources/synthetic.ts";
import { WORKLOAD_NAMES } from "./train_workload.ts";

async function perf(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", "--allow-run", "tasks/perf/perf.ts", ...args],
    cwd: new URL("../../", import.meta.url),
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test("perf train --json prints one entry for each engine and number of workers", async () => {
  const { code, stdout, stderr } = await perf(
    ..."train --json --noTfjs --model cnn --seconds 0.01".split(" "),
  );
  assert.equal(code, 0, stderr);
  const figures: Record<string, unknown>[] = JSON.parse(stdout);
  const workers = [...new Set([1, navigator.hardwareConcurrency])];
  assert.deepEqual(
    figures.map(({ engine, workers }) => [engine, workers]),
    ["wasm", "wasm-fused"].flatMap((engine) => workers.map((count) => [engine, count])),
  );
  for (const entry of figures) {
    assert.deepEqual(Object.keys(entry), [
      "model",
      "engine",
      "workers",
      "windowsPerSecond",
      "ratioToTfjsWasm",
      "ratioToTfjsWasmShipped",
      "peakRssMb",
    ]);
    assert.equal(entry.model, "cnn");
    assert.equal(entry.ratioToTfjsWasm, null);
    assert.ok((entry.windowsPerSecond as number) > 0 && (entry.peakRssMb as number) > 0);
  }
});

Deno.test("perf kernels --json prints the peak, each matrix product and each function, without OpenBLAS too", async () => {
  const { code, stdout, stderr } = await perf(..."kernels --json --milliseconds 2".split(" "));
  assert.equal(code, 0, stderr);
  const figures: Record<string, unknown>[] = JSON.parse(stdout);
  assert.deepEqual([...new Set(figures.map(({ part }) => part))], ["peak", "product", "function"]);
  const products = figures.filter(({ part }) => part === "product");
  for (const entry of products) {
    assert.deepEqual(Object.keys(entry), [
      ...[
        "part",
        "models",
        "layer",
        "form",
        "m",
        "k",
        "plain",
        "fused",
        "plainShareOfPeak",
        "fusedShareOfPeak",
      ],
      ...["openBlas", "plainShareOfOpenBlas", "fusedShareOfOpenBlas"],
    ]);
    assert.ok((entry.plain as number) > 0 && (entry.fused as number) > 0, entry.layer as string);
    assert.equal(entry.openBlas === null, entry.plainShareOfOpenBlas === null);
  }
  assert.deepEqual(
    new Set(products.flatMap(({ models }) => (models as string).split(", "))),
    new Set(WORKLOAD_NAMES),
  );
  const wrong = await perf("kernels", "--openblas", "README.md");
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /Cannot measure the kernels: .*README\.md/);
});

Deno.test("perf signals --json prints one entry for each part, every detector among them", async () => {
  const folder = Deno.makeTempDirSync();
  const record = generateSyntheticRecord({ patient: 0, seed: 1, minutes: 0.5 });
  for (const [name, bytes] of encodeRecord(record)) Deno.writeFileSync(join(folder, name), bytes);
  const { code, stdout, stderr } = await perf("signals", "--json", "--source", folder, "--passes", "1");
  assert.equal(code, 0, stderr);
  const figures: Record<string, unknown>[] = JSON.parse(stdout);
  assert.deepEqual(
    figures.filter(({ part }) => part === "detector").map(({ name }) => name),
    Object.keys(DETECTORS),
  );
  assert.equal(new Set(figures.map(({ part }) => part)).size, 4);
  for (const { name, samples, nsPerSample, peers } of figures) {
    assert.ok((samples as number) >= 10_800 && (nsPerSample as number) > 0, name as string);
    assert.deepEqual(peers, []);
  }
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("perf csv --json prints one entry for each text and reader, and the streamed recording", async () => {
  const { code, stdout, stderr } = await perf(
    ..."csv --json --text mitdb --rows 5000 --passes 1 --hours 0.002".split(" "),
  );
  assert.equal(code, 0, stderr);
  const figures: Record<string, unknown>[] = JSON.parse(stdout);
  assert.deepEqual(figures.map(({ text, reader }) => [text, reader]), [
    ["mitdb", "own"],
    ["mitdb", "csv-parse"],
    ["time", "own, streaming, text made on the way"],
  ]);
  for (const { megabytesPerSecond, ratioToPandas, peakRssMb } of figures) {
    assert.ok((megabytesPerSecond as number) > 0 && (peakRssMb as number) > 0);
    assert.equal(ratioToPandas, null);
  }
  assert.equal(figures[1].ratioToCsvParse, 1);
});

Deno.test("perf evaluate --json prints a float and an int8 entry for each model", async () => {
  const { code, stdout, stderr } = await perf(..."evaluate --json --model cnn --windows 3".split(" "));
  assert.equal(code, 0, stderr);
  const figures: Record<string, unknown>[] = JSON.parse(stdout);
  assert.deepEqual(figures.map(({ model, form }) => [model, form]), [["cnn", "float"], ["cnn", "int8"]]);
  for (const { msPerWindow, nativeMsPerWindow, operators } of figures) {
    assert.ok((msPerWindow as number) > 0 && (nativeMsPerWindow as number) > 0 && operators === 7);
  }
});

Deno.test("perf refuses an unknown topic or option with exit code 2, and explains itself", async () => {
  const topic = await perf("trian");
  assert.equal(topic.code, 2);
  assert.match(topic.stderr, /topic must be one of csv, evaluate, kernels, signals, train, got trian/);
  const option = await perf("train", "--model", "mlp");
  assert.equal(option.code, 2);
  assert.match(option.stderr, /--model must be one of lstm, cnn, .*, got mlp/);
  const seconds = await perf("train", "--seconds", "many");
  assert.equal(seconds.code, 2);
  const detector = await perf("signals", "--detector", "pan_tomkins");
  assert.equal(detector.code, 2);
  assert.equal((await perf("signals", "--source", "nowhere")).code, 1);
  assert.equal((await perf("csv", "--rows", "many")).code, 2);
  assert.equal((await perf("kernels", "--milliseconds", "many")).code, 2);
  assert.equal((await perf("evaluate", "--windows", "0")).code, 2);
  const help = await perf("--help");
  assert.equal(help.code, 0);
  assert.match(help.stdout, /train: training speed/);
});
