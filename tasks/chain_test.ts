import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { sha256Hex } from "../pipeline/lib/stage/files.ts";
import { STAGE_CHAIN } from "../pipeline/lib/stage/catalogue.ts";
import { stageArguments } from "./stage_command.ts";
import { run as runAnyStudy } from "./test_stages.ts";

/** A study that is through in seconds: few patients, short records, a few epochs of small batches. */
const STUDY = {
  doc: "for tests",
  ingest: { source: "synthetic", patients: 6, minutes: 0.5 },
  train: { epochs: 8, batchSize: 16 },
  convert: { checkWindows: 4 },
  quantize: { calibrationWindows: 8, compareWindows: 20 },
  bench: { maxWindows: 8, latencyWindows: 8, warmUp: 1, computerType: "test" },
};
const TASKS = STAGE_CHAIN.map((stage) => stage.task);

function makeFolder(): string {
  const cwd = Deno.makeTempDirSync({ prefix: "ecg-chain-" });
  Deno.mkdirSync(join(cwd, "tasks/studies"), { recursive: true });
  Deno.writeTextFileSync(join(cwd, "tasks/studies/tiny.json"), JSON.stringify(STUDY));
  Deno.writeTextFileSync(join(cwd, "tasks/studies/inter-patient.json"), '{"doc": "the default"}');
  return cwd;
}

/** Runs a task in the tests' study, unless the arguments name another. */
const run = (cwd: string, task: string, ...args: string[]) =>
  runAnyStudy(cwd, task, ...(args.includes("--study") ? [] : ["--study", "tiny"]), ...args);

async function runOk(cwd: string, task: string, ...args: string[]): Promise<string> {
  const { code, stderr } = await run(cwd, task, ...args);
  assert.equal(code, 0, stderr);
  return stderr;
}

/** SHA-256 of every file below a folder, by path. */
function hashTree(root: string, folder: string): Record<string, string> {
  const hashes: Record<string, string> = {};
  const visit = (path: string) => {
    for (const entry of Deno.readDirSync(join(root, path))) {
      const inner = `${path}/${entry.name}`;
      if (entry.isDirectory) visit(inner);
      else {
        hashes[inner] = createHash("sha256").update(Deno.readFileSync(join(root, inner))).digest("hex");
      }
    }
  };
  visit(folder);
  return hashes;
}

/** Waits until a stage works, kills it as the out-of-memory killer would, and leaves what it leaves. */
async function killInTheMiddle(cwd: string, stage: { name: string; task: string }): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: stageArguments(stage.task, ["--study", "tiny"], { cwd }),
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const folder = join(cwd, "data", stage.name);
  const isWorking = () => {
    try {
      const work = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".partial"));
      // Training is killed after its first checkpoint, so that the next run has something to go on from.
      return work !== undefined &&
        (stage.task !== "train" || Deno.statSync(join(folder, work.name, "checkpoint")).isFile);
    } catch {
      return false;
    }
  };
  let ended = false;
  const status = child.status.finally(() => ended = true);
  while (!ended && !isWorking()) await new Promise((resolve) => setTimeout(resolve, 1));
  if (!ended) child.kill("SIGKILL");
  return !(await status).success;
}

Deno.test("the chain survives kill -9 in every stage and ends with the bytes of an undisturbed run", async () => {
  const calm = makeFolder(), disturbed = makeFolder();
  try {
    await runOk(calm, "all");
    const killed: string[] = [];
    for (const stage of STAGE_CHAIN) {
      if (await killInTheMiddle(disturbed, stage)) killed.push(stage.task);
      const said = await runOk(disturbed, stage.task);
      if (stage.task === "train") assert.match(said, /goes on after epoch [1-7]/);
    }
    assert.ok(killed.length >= 6, `only ${killed} were killed before they ended`);
    for (const folder of ["models", "Datasets"]) {
      const made = hashTree(disturbed, folder);
      assert.ok(Object.keys(made).length > 0);
      assert.deepEqual(made, hashTree(calm, folder));
    }
    const left = [...Deno.readDirSync(join(disturbed, "data"))].filter((entry) => entry.isDirectory).flatMap((
      entry,
    ) => [...Deno.readDirSync(join(disturbed, "data", entry.name))].map(({ name }) => name));
    assert.deepEqual(left.filter((name) => name.includes("partial")), []);
  } finally {
    Deno.removeSync(calm, { recursive: true });
    Deno.removeSync(disturbed, { recursive: true });
  }
});

Deno.test("the chain runs once, is cached, says what would run, keeps old reports and refuses damaged models", async () => {
  const cwd = makeFolder();
  try {
    const planned = await runOk(cwd, "all", "--dry-run");
    for (const task of TASKS) {
      const { name } = STAGE_CHAIN.find((stage) => stage.task === task)!;
      assert.match(planned, new RegExp(`\\[${name}\\] (cnn: )?would run`));
    }
    assert.throws(
      () => Deno.statSync(join(cwd, "data/01_ingest")),
      Deno.errors.NotFound,
      "a dry run must write nothing",
    );

    await runOk(cwd, "all");
    const reports = () =>
      [...Deno.readDirSync(join(cwd, "Reports"))].filter((entry) => entry.isFile).map(({ name }) => name)
        .sort();
    const date = /\d{4}-\d{2}-\d{2}/;
    assert.deepEqual(
      reports().map((name) => name.replace(date, "DATE")),
      ["cnn", "cnn-int8", "lstm", "lstm-int8"].map((model) => `summary-test-tiny-${model}-DATE.json`).sort(),
    );
    for (const name of reports()) {
      const summary = JSON.parse(Deno.readTextFileSync(join(cwd, "Reports", name)));
      assert.equal(summary.synthetic, true);
      assert.equal(summary.datasets.length, 3);
      const test = summary.datasets.find((result: { dataset: string }) => result.dataset === "tiny-test");
      assert.equal(test.recordsSeenInTraining.length, 0, "test patients must not have been seen in training");
      assert.equal(
        test.confusionMatrix.flat().reduce((sum: number, count: number) => sum + count, 0),
        test.windowsRun,
      );
    }
    const micro = ["model_data.h", "model_data.cc", "example.cc"];
    const modelFiles = [
      ...[
        "model.h5",
        "history.json",
        "model.tflite",
        "model_int8.tflite",
        "model_card.json",
        "model_card.md",
      ],
      ...["float32", "int8"].flatMap((form) => micro.map((file) => `tflite-micro/${form}/${file}`)),
    ].sort();
    for (const model of ["cnn", "lstm"]) {
      const read = (file: string) => Deno.readFileSync(join(cwd, "models/tiny", model, file));
      const text = (file: string) => new TextDecoder().decode(read(file));
      const sums = text("SHA256SUMS").trimEnd().split("\n").map((line) => line.split("  "));
      assert.deepEqual(sums.map(([, file]) => file).sort(), modelFiles);
      for (const [sum, file] of sums) assert.equal(sum, sha256Hex(read(file)), file);
      assert.match(
        text("model_card.md"),
        /Not a medical device\. Trained on synthetic signals[\s\S]*edgetpu_compiler: it was not run/,
      );
      assert.match(
        text("tflite-micro/int8/model_data.h"),
        /kWindowSamples = 216;[\s\S]*\{"N", "S", "V", "F", "Q"\}/,
      );
      const { devices } = JSON.parse(text("model_card.json"));
      assert.deepEqual(devices.map(({ file }: { file: string }) => file), [
        "model.tflite",
        "model_int8.tflite",
      ]);
    }

    const again = await runOk(cwd, "all");
    assert.equal(again.match(/cached [0-9a-f]{16}/g)?.length, 11, again);
    const changed = await runOk(cwd, "all", "--epochs", "9", "--dry-run");
    assert.match(changed, /\[03_window\] cached/);
    assert.match(changed, /\[04_train\] cnn: would run: epochs 8 -> 9/);
    assert.match(changed, /\[08_benchmark\] would run/);
    const { stdout: graph } = await run(cwd, "all", "--graph");
    assert.match(graph, /04_train\s+<- 03_window/);

    await runOk(cwd, "bench", "--quantizedOnly", "True", "--models", "tiny-cnn-int8");
    const history = [...Deno.readDirSync(join(cwd, "Reports/history"))].map(({ name }) => name);
    assert.equal(history.length, 1);
    assert.match(history[0], /^summary-test-tiny-cnn-int8-/);

    const unknown = await run(cwd, "bench", "--models", "tiny-cn-int8");
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /did you mean tiny-cnn-int8/);
    const model = join(cwd, "models/tiny/cnn/model.tflite"), bytes = Deno.readFileSync(model);
    bytes[bytes.length >> 1] ^= 1;
    Deno.writeFileSync(model, bytes);
    const damaged = await run(cwd, "bench");
    assert.equal(damaged.code, 1);
    assert.match(damaged.stderr, /SHA-256 is not the one in its model card/);
  } finally {
    Deno.removeSync(cwd, { recursive: true });
  }
});

Deno.test("unlabelled CSV files go from ingest to a dataset without labels", async () => {
  const cwd = makeFolder();
  try {
    Deno.mkdirSync(join(cwd, "holter"));
    // A spike of 1 mV every 0.8 s at 250 Hz on a slow wave.
    const ecg = Array.from({ length: 250 * 40 }, (_, i) => {
      const phase = (i % 200) - 100;
      return (Math.exp(-(phase * phase) / 8) + 0.1 * Math.sin(i / 200)).toFixed(4);
    });
    Deno.writeTextFileSync(
      join(cwd, "holter/patient 7.csv"),
      ["time (s);ECG (mV)", ...ecg.map((v, i) => `${i / 250};${v}`)].join("\n"),
    );
    await runOk(cwd, "all", "--source", "holter", "--model", "none");
    const lines = Deno.readTextFileSync(join(cwd, "Datasets/tiny-unlabelled.csv")).trim().split("\n");
    assert.ok(lines.length - 1 >= 47 && lines.length - 1 <= 51, `${lines.length - 1} beats`);
    const columns = lines[0].split(","), first = lines[2].split(",");
    assert.deepEqual(first.slice(0, 4).filter((_, i) => i !== 1), ["patient_7", "", ""]);
    assert.equal(columns.indexOf("x0") + 216, columns.length);
    const peak = columns.indexOf("x90"), values = first.slice(columns.indexOf("x0")).map(Number);
    assert.ok(Math.abs(values.indexOf(Math.max(...values)) - 90) <= 2, "the R peak must be at x90");
    assert.ok(Number(first[peak]) > 0.9);
    const { code, stderr } = await run(cwd, "train");
    assert.equal(code, 1);
    assert.match(stderr, /holds no window/);
  } finally {
    Deno.removeSync(cwd, { recursive: true });
  }
});

Deno.test("export publishes what the study has now, also when it had that before, and says what it left", async () => {
  const cwd = makeFolder();
  try {
    const exportWith = (...args: string[]) => runOk(cwd, "all", "--to", "export", "--epochs", "1", ...args);
    await exportWith("--model", "cnn", "--learningRate", "0.001");
    const first = hashTree(cwd, "models/tiny/cnn");
    await exportWith("--learningRate", "0.004");
    assert.notDeepEqual(hashTree(cwd, "models/tiny/cnn"), first);
    const said = await exportWith("--model", "cnn", "--learningRate", "0.001");
    assert.deepEqual(hashTree(cwd, "models/tiny/cnn"), first);
    assert.match(said, /left as they are, from an earlier run: models\/tiny\/lstm \(\d+ files\)\n/);
    assert.ok(Deno.statSync(join(cwd, "models/tiny/lstm/model.h5")).isFile, "what was not asked about stays");

    const path = join(cwd, "Datasets/tiny-test.csv"), csv = Deno.readFileSync(path);
    const damaged = csv.slice();
    damaged[damaged.length >> 1] ^= 1;
    Deno.writeFileSync(path, damaged);
    await exportWith("--model", "cnn", "--learningRate", "0.001");
    assert.deepEqual(Deno.readFileSync(path), csv);

    Deno.writeTextFileSync(join(cwd, "tasks/studies/twin.json"), JSON.stringify(STUDY));
    await runOk(
      cwd,
      "all",
      "--study",
      "twin",
      "--to",
      "export",
      "--epochs",
      "1",
      "--model",
      "cnn",
      "--learningRate",
      "0.001",
    );
    assert.ok(
      Deno.statSync(join(cwd, "Datasets/twin-test.csv")).isFile,
      "another study with equal parameters has files of its own",
    );
    assert.ok(Deno.statSync(join(cwd, "Datasets/tiny-test.csv")).isFile);
  } finally {
    Deno.removeSync(cwd, { recursive: true });
  }
});

Deno.test("bench says when a dataset does not fit a model and does not run it", async () => {
  const cwd = makeFolder();
  try {
    await runOk(cwd, "all", "--to", "export", "--epochs", "1", "--model", "cnn");
    Deno.writeTextFileSync(
      join(cwd, "tasks/studies/other.json"),
      JSON.stringify({ ...STUDY, window: { windowScale: "none" } }),
    );
    await runOk(cwd, "all", "--study", "other", "--to", "export", "--epochs", "1", "--model", "none");
    const few = ["--maxWindows", "8", "--latencyWindows", "8"];
    const bench = (...args: string[]) => runAnyStudy(cwd, "bench", ...few, ...args);
    const { counts } = JSON.parse((await bench("--json", "--quantizedOnly", "True")).stdout);
    const [summary] = counts.summaries;
    const { stdout: table } = await bench("--quantizedOnly", "True", "--datasets", "tiny-test");
    assert.match(table, / acc % +macro-F1 NSVFQ % +macro-F1 NSVF % +Se N /);
    const other = summary.datasets.find(({ dataset }: { dataset: string }) => dataset === "other-test");
    assert.equal(other.status, "skipped");
    assert.match(other.reason, /windowScale is none, the model's window/);
    const alone = await bench("--datasets", "other-test");
    assert.equal(alone.code, 1);
    assert.match(alone.stderr, /no dataset in Datasets\/ fits/);

    const ofStudy = JSON.parse((await bench("--json", "--study", "tiny", "--quantizedOnly", "True")).stdout);
    const named = ofStudy.counts.summaries[0].datasets.map(({ dataset }: { dataset: string }) => dataset);
    assert.deepEqual(named, ["tiny-test", "tiny-train", "tiny-validation"]);

    const csv = Deno.readTextFileSync(join(cwd, "Datasets/tiny-test.csv")).replace(/,[^,\n]*$/gm, "");
    Deno.writeTextFileSync(join(cwd, "Datasets/tiny-short.csv"), csv);
    Deno.writeTextFileSync(
      join(cwd, "Datasets/tiny-short.json"),
      JSON.stringify({
        ...JSON.parse(Deno.readTextFileSync(join(cwd, "Datasets/tiny-test.json"))),
        sha256: sha256Hex(csv),
      }),
    );
    const short = await bench("--datasets", "tiny-short");
    assert.equal(short.code, 1);
    assert.match(
      short.stderr,
      /tiny-short does not fit it: its windows have 215 samples, the model takes 216\n/,
    );

    const path = join(cwd, "models/tiny/cnn/model_card.json"), card = JSON.parse(Deno.readTextFileSync(path));
    Deno.writeTextFileSync(path, JSON.stringify({ ...card, classes: ["V", "N", "S", "F", "Q"] }));
    const swapped = await bench();
    assert.equal(swapped.code, 1);
    assert.match(swapped.stderr, /model card's classes must be N,S,V,F,Q/);
  } finally {
    Deno.removeSync(cwd, { recursive: true });
  }
});
