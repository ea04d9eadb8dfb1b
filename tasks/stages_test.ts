import assert from "node:assert/strict";
import { join } from "node:path";
import { readModelMetadata } from "../pipeline/lib/artefacts/model_metadata.ts";
import { isBeatSymbol } from "../pipeline/lib/beats/aami.ts";
import { decodeTflite } from "../pipeline/lib/formats/tflite/reader.ts";
import { encodeRecord, readRecord } from "../pipeline/lib/formats/wfdb/wfdb.ts";
import { sha256Hex } from "../pipeline/lib/stage/files.ts";
import { stageArguments } from "./stage_command.ts";
import { finishedKeys, inFolder, makeRecords, type Outcome, run, runOk, SMALL } from "./test_stages.ts";

const decoder = new TextDecoder();

/** One line that says what is wrong, a hint, the right exit code, nothing that could be taken for a result. */
function assertRefused(
  cwd: string,
  outcome: Outcome,
  options: { code: number; message: RegExp; hint?: RegExp },
): void {
  const { code, stderr } = outcome;
  assert.equal(code, options.code, stderr);
  assert.match(stderr, options.message);
  if (options.hint) assert.match(stderr, options.hint);
  assert.ok(!/^\s+at /m.test(stderr), `a stack trace: ${stderr}`);
  assert.deepEqual(finishedKeys(cwd, "01_ingest"), []);
}

Deno.test("ingest refuses a truncated signal file and says how many samples are missing", () =>
  inFolder(async (cwd) => {
    const folder = await makeRecords(cwd);
    Deno.truncateSync(join(folder, "s002.dat"), 1500);
    const outcome = await run(cwd, "ingest", "--source", "records");
    assertRefused(cwd, outcome, { code: 1, message: /10800 samples.*got 500 samples.*s002\.dat/ });
  }));

Deno.test("ingest refuses a signal file with a flipped bit: its checksum is wrong", () =>
  inFolder(async (cwd) => {
    const path = join(await makeRecords(cwd), "s003.dat"), bytes = Deno.readFileSync(path);
    bytes[900] ^= 1;
    Deno.writeFileSync(path, bytes);
    assertRefused(cwd, await run(cwd, "ingest", "--source", "records"), {
      code: 1,
      message: /s003.*checksum/s,
    });
  }));

Deno.test("ingest refuses a file that is not what SHA256SUMS.txt says", () =>
  inFolder(async (cwd) => {
    const folder = await makeRecords(cwd);
    Deno.writeTextFileSync(join(folder, "SHA256SUMS.txt"), `${"0".repeat(64)} s001.dat\n`);
    const outcome = await run(cwd, "ingest", "--source", "records");
    assertRefused(cwd, outcome, { code: 1, message: /s001\.dat.*SHA-256/, hint: /hint: .*fetch it again/ });
  }));

Deno.test("ingest refuses a record without annotations, or takes it as unlabelled when told to", () =>
  inFolder(async (cwd) => {
    const folder = await makeRecords(cwd);
    Deno.removeSync(join(folder, "s001.atr"));
    const outcome = await run(cwd, "ingest", "--source", "records");
    assertRefused(cwd, outcome, {
      code: 1,
      message: /no s001\.atr/,
      hint: /--missingAnnotations unlabelled/,
    });
    await runOk(cwd, "ingest", "--source", "records", "--missingAnnotations", "unlabelled");
    await runOk(cwd, "preprocess");
    const { stderr } = await runOk(cwd, "window");
    assert.match(stderr, /unlabelled [1-9]/);
  }));

Deno.test("window counts by record, whatever a record is called", () =>
  inFolder(async (cwd) => {
    const folder = await makeRecords(cwd);
    const header = Deno.readTextFileSync(join(folder, "s001.hea")).replaceAll("s001", "constructor");
    for (const name of ["s001.dat", "s001.atr"]) {
      Deno.renameSync(join(folder, name), join(folder, name.replace("s001", "constructor")));
    }
    Deno.writeTextFileSync(join(folder, "constructor.hea"), header);
    Deno.removeSync(join(folder, "s001.hea"));
    await runOk(cwd, "ingest", "--source", "records");
    await runOk(cwd, "preprocess");
    const { counts } = JSON.parse((await runOk(cwd, "window", "--minQuality", "1", "--json")).stdout);
    const records = ["constructor", "s002", "s003", "s004", "s005", "s006"];
    assert.deepEqual(Object.keys(counts.droppedForQuality), records);
    const all = Object.values(counts.droppedForQuality.constructor as Record<string, number>);
    assert.ok(all.reduce((sum, count) => sum + count, 0) > 10);
  }));

Deno.test("ingest refuses a missing signal file, an empty folder, a missing folder and an unknown record", () =>
  inFolder(async (cwd) => {
    const folder = await makeRecords(cwd);
    Deno.mkdirSync(join(cwd, "empty"));
    assertRefused(cwd, await run(cwd, "ingest", "--source", "empty"), {
      code: 1,
      message: /empty folder/,
      hint: /--source/,
    });
    assertRefused(cwd, await run(cwd, "ingest", "--source", "nowhere"), {
      code: 1,
      message: /no folder nowhere/,
      hint: /--source/,
    });
    const unknown = await run(cwd, "ingest", "--source", "records", "--records", "s001,x9");
    assertRefused(cwd, unknown, { code: 1, message: /x9/, hint: /s001/ });
    Deno.removeSync(join(folder, "s001.dat"));
    assertRefused(cwd, await run(cwd, "ingest", "--source", "records"), {
      code: 1,
      message: /no s001\.dat/,
      hint: /fetch it/,
    });
  }));

Deno.test("ingest refuses a CSV file with text among its numbers and names the line", () =>
  inFolder(async (cwd) => {
    Deno.mkdirSync(join(cwd, "csv"));
    const lines = Array.from({ length: 400 }, (_, i) => i === 250 ? "oops" : Math.sin(i / 9).toFixed(3));
    Deno.writeTextFileSync(join(cwd, "csv/holter.csv"), ["ECG (mV)", ...lines].join("\n"));
    const outcome = await run(cwd, "ingest", "--source", "csv", "--samplingRate", "250");
    assertRefused(cwd, outcome, { code: 1, message: /"oops".*line 252|line 252.*"oops"/s });
    const withoutRate = await run(cwd, "ingest", "--source", "csv");
    assertRefused(cwd, withoutRate, { code: 1, message: /samplingRate|oops/ });
  }));

Deno.test("wrong usage ends with 2 and names what was probably meant", () =>
  inFolder(async (cwd) => {
    const misspelt = await run(cwd, "ingest", "--sorce", "synthetic");
    assertRefused(cwd, misspelt, { code: 2, message: /--sorce; did you mean --source/ });
    assertRefused(cwd, await run(cwd, "all", "--studdy", "demo"), {
      code: 2,
      message: /did you mean --study/,
    });
    assertRefused(cwd, await run(cwd, "window", "--study", "demmo"), {
      code: 2,
      message: /did you mean "demo"/,
    });
    assertRefused(cwd, await run(cwd, "window", "--study", "../demo"), {
      code: 2,
      message: /Cannot use --study/,
    });
    for (const name of ["a/b", "..", "../x", "a..b", "a.", "", "a b"]) {
      const outcome = await run(cwd, "bench", "--computerType", name);
      assertRefused(cwd, outcome, { code: 2, message: /--computerType/ });
    }
  }));

Deno.test("a study file with a misspelt key ends with 2 in a single stage and in the chain", () =>
  inFolder(async (cwd) => {
    Deno.mkdirSync(join(cwd, "tasks/studies"), { recursive: true });
    Deno.writeTextFileSync(join(cwd, "tasks/studies/mine.json"), '{"doc": "", "train": {"epoch": 3}}');
    for (const task of ["ingest", "all"]) {
      const outcome = await run(cwd, task, "--study", "mine");
      assertRefused(cwd, outcome, { code: 2, message: /"epoch".*did you mean "epochs"/ });
    }
  }));

Deno.test("a stage without its input says which command makes it", () =>
  inFolder(async (cwd) => {
    const outcome = await run(cwd, "window");
    assertRefused(cwd, outcome, {
      code: 1,
      message: /no output of 02_preprocess/,
      hint: /deno task preprocess/,
    });
  }));

Deno.test("--help names every parameter of a stage", async () => {
  const { stdout } = await runOk(Deno.cwd(), "window", "--help");
  for (const name of ["windowSamples", "scheme", "study", "force", "dryRun", "json"]) {
    assert.match(stdout, new RegExp(`--${name}`));
  }
});

Deno.test("the same seed gives the same bytes, another seed gives others, a second run is cached", () =>
  inFolder(async (cwd) => {
    const outputs = async (folder: string, seed: string) => {
      Deno.mkdirSync(join(cwd, folder), { recursive: true });
      const args = ["--seed", seed, "--json"];
      const ingested = JSON.parse((await runOk(join(cwd, folder), "ingest", ...SMALL, ...args)).stdout);
      await runOk(join(cwd, folder), "preprocess");
      const windows = JSON.parse((await runOk(join(cwd, folder), "window", ...args)).stdout);
      assert.ok(windows.synthetic, "what comes from a generator must be marked");
      return JSON.stringify([ingested.outputs, windows.outputs]);
    };
    const first = await outputs("a", "5");
    assert.equal(await outputs("b", "5"), first);
    assert.notEqual(await outputs("c", "6"), first);
    assert.match((await runOk(join(cwd, "a"), "window", "--seed", "5")).stderr, /cached [0-9a-f]{16}/);
  }));

Deno.test("a full disk ends with 1 and says so; the next run with space succeeds", () =>
  inFolder(async (cwd) => {
    const args = stageArguments("ingest", [...SMALL, "--minutes", "3"], { cwd });
    // A file-size limit makes the kernel refuse a write as a full disk does; the signal it sends first is ignored.
    const script = `trap '' XFSZ; ulimit -f 64; exec "$@"`;
    const command = new Deno.Command("sh", {
      args: ["-c", script, "sh", Deno.execPath(), ...args],
      cwd,
      stdin: "null",
    });
    const { code, stderr } = await command.output();
    const outcome = { code, stdout: "", stderr: decoder.decode(stderr) };
    assertRefused(cwd, outcome, { code: 1, message: /Cannot write/, hint: /free some space/ });
    assert.deepEqual(
      [...Deno.readDirSync(join(cwd, "data/01_ingest"))],
      [],
      "a failed run must give its space back",
    );
    await runOk(cwd, "ingest", ...SMALL, "--minutes", "3");
    assert.equal(finishedKeys(cwd, "01_ingest").length, 1);
  }));

/** Serves a folder with PhysioNet's layout; each signal file fails once, then is cut off once, then comes whole. */
function servePoorly(folder: string): { url: string; server: Deno.HttpServer } {
  const attempts = new Map<string, number>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const name = new URL(request.url).pathname.slice(1), attempt = (attempts.get(name) ?? 0) + 1;
    attempts.set(name, attempt);
    const bytes = Deno.readFileSync(join(folder, name));
    if (!name.endsWith(".dat")) return new Response(bytes);
    if (attempt === 1) return new Response("busy", { status: 503 });
    return new Response(attempt === 2 ? bytes.subarray(0, bytes.length >> 1) : bytes);
  });
  return { url: `http://127.0.0.1:${server.addr.port}/`, server };
}

Deno.test("ingest fetches a database from a poor server, verified, and reads it again without a network", () =>
  inFolder(async (cwd) => {
    const folder = await makeRecords(cwd);
    const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
    Deno.writeTextFileSync(
      join(folder, "RECORDS"),
      names.filter((name) => name.endsWith(".hea")).map((name) => name.slice(0, -4)).join("\n"),
    );
    const sums = [...names, "RECORDS"].map((name) =>
      `${sha256Hex(Deno.readFileSync(join(folder, name)))} ${name}\n`
    );
    Deno.writeTextFileSync(join(folder, "SHA256SUMS.txt"), sums.join(""));
    const { url, server } = servePoorly(folder);
    try {
      const { stderr } = await runOk(cwd, "ingest", "--source", "physionet", "--mirror", url);
      assert.match(stderr, /trying again/);
      assert.match(stderr, /6 .*records/);
    } finally {
      await server.shutdown();
    }
    for (const name of names) {
      assert.deepEqual(
        Deno.readFileSync(join(cwd, "data/mit_database", name)),
        Deno.readFileSync(join(folder, name)),
      );
    }
    await runOk(cwd, "ingest", "--source", "auto");
  }));

Deno.test("a stage cannot reach what its task does not grant", () =>
  inFolder(async (cwd) => {
    const outcome = await run(cwd, "ingest", "--source", "physionet", "--mirror", "http://192.0.2.1/");
    assertRefused(cwd, outcome, { code: 1, message: /192\.0\.2\.1|net/, hint: /hint: / });
  }));

Deno.test("a damaged manifest or pointer costs a new run and nothing else", () =>
  inFolder(async (cwd) => {
    await runOk(cwd, "ingest", ...SMALL);
    await runOk(cwd, "preprocess");
    const manifest = join(cwd, "data/02_preprocess", finishedKeys(cwd, "02_preprocess")[0], "manifest.json");
    const before = JSON.parse(Deno.readTextFileSync(manifest));
    Deno.writeTextFileSync(manifest, "{");
    await runOk(cwd, "preprocess");
    assert.deepEqual(JSON.parse(Deno.readTextFileSync(manifest)).outputs, before.outputs);
    for (const garbage of ["garbage", "null", '{"key":5}']) {
      Deno.writeTextFileSync(join(cwd, "data/02_preprocess/current/inter-patient.json"), garbage);
      const { code, stderr } = await run(cwd, "window");
      assert.equal(code, 1);
      assert.match(stderr, /no output of 02_preprocess/);
    }
    assert.match((await runOk(cwd, "preprocess")).stderr, /cached/);
    await runOk(cwd, "window");
  }));

Deno.test("preprocess leaves out beats that are annotated beyond the record's end, and counts them", () =>
  inFolder(async (cwd) => {
    const folder = await makeRecords(cwd);
    const read = (name: string) => Deno.readFileSync(join(folder, name));
    const { header, signals, annotations } = readRecord({
      header: { name: "s001.hea", text: decoder.decode(read("s001.hea")) },
      files: new Map([["s001.dat", read("s001.dat")]]),
      annotations: read("s001.atr"),
    });
    const half = signals[0].length >> 1;
    const cut = { header, annotations, signals: signals.map((signal) => signal.subarray(0, half)) };
    for (const [name, bytes] of encodeRecord(cut)) Deno.writeFileSync(join(folder, name), bytes);
    await runOk(cwd, "ingest", "--source", "records", "--records", "s001");
    const { counts } = JSON.parse((await runOk(cwd, "preprocess", "--json")).stdout);
    const inside = annotations.filter(({ sample, symbol }) => sample < half && isBeatSymbol(symbol)).length;
    assert.equal(counts.beats, inside);
    assert.equal(counts.annotationsLeftOut, annotations.length - inside);
  }));

Deno.test("flags that cannot have an effect are refused", () =>
  inFolder(async (cwd) => {
    const idle = await run(cwd, "all", "--from", "train", "--windowSamples", "100");
    assertRefused(cwd, idle, { code: 2, message: /--windowSamples.*window/ });
    const otherStudy = await run(cwd, "all", "--scheme", "intra-patient");
    assertRefused(cwd, otherStudy, { code: 2, message: /inter-patient is about inter-patient.*--study/ });
    const address = await run(cwd, "all", "--mirror", "http://[");
    assertRefused(cwd, address, { code: 2, message: /--mirror/ });
    const unknown = await run(cwd, "ingest", ...SMALL, "--records", "s001,s900");
    assertRefused(cwd, unknown, { code: 1, message: /s900/ });
  }));

Deno.test("a dry run tells what --force would do, in words and as JSON", () =>
  inFolder(async (cwd) => {
    await runOk(cwd, "ingest", ...SMALL);
    assert.match((await runOk(cwd, "ingest", ...SMALL, "--dryRun")).stderr, /cached/);
    assert.match((await runOk(cwd, "ingest", ...SMALL, "--dryRun", "--force")).stderr, /would run: forced/);
    const { stdout } = await runOk(cwd, "all", ...SMALL, "--dryRun", "--json");
    const rows = JSON.parse(stdout) as { stage: string; cachedKey?: string; why?: string }[];
    assert.ok(rows.find(({ stage }) => stage === "01_ingest")?.cachedKey);
    assert.match(rows.find(({ stage }) => stage === "03_window")!.why!, /02_preprocess would run/);
  }));

Deno.test("train makes gru and bilstm; convert holds them against the reference in every form", () =>
  inFolder(async (cwd) => {
    const models = ["--model", "bilstm,gru"];
    await runOk(
      cwd,
      "all",
      ...SMALL,
      ...models,
      "--to",
      "train",
      "--epochs",
      "1",
      "--windowSamples",
      "32",
      "--rPeakOffset",
      "12",
    );
    const { stdout } = await runOk(cwd, "train", ...models, "--epochs", "1", "--json");
    const [bilstm, gru] = JSON.parse(stdout);
    assert.deepEqual([bilstm.counts.parameters, gru.counts.parameters], [34_437, 13_189]);
    const converted = await runOk(cwd, "convert", ...models, "--json");
    for (const { counts } of JSON.parse(converted.stdout)) assert.ok(counts.maxError < 1e-5, counts.maxError);
    const current = Deno.readTextFileSync(join(cwd, "data/05_convert/current/inter-patient.bilstm.json"));

    const forms = ["--model", "bilstm", "--bidirectional", "two-inputs"],
      batched = [...forms, "--batch", "3"];
    const { stdout: passes } = await runOk(cwd, "convert", ...batched, "--dumpPasses");
    assert.match(
      passes,
      /^lowered: \d+ operators\ninputs {3}input FLOAT32 \[3,32,1\], input_reversed FLOAT32 \[3,32,1\]\n/,
    );
    assert.match(passes, /\nshareMovements: /);
    // Alone on stdout, the manifest stays JSON.
    const told = await runOk(cwd, "convert", ...batched, "--dumpPasses", "--json");
    assert.equal(JSON.parse(told.stdout)[0].stage, "05_convert");
    // A batch of 3 is for use elsewhere.
    assert.equal(
      Deno.readTextFileSync(join(cwd, "data/05_convert/current/inter-patient.bilstm.json")),
      current,
    );

    const [{ key }] = JSON.parse((await runOk(cwd, "convert", ...forms, "--json")).stdout);
    const file = join(cwd, "data/05_convert", key.slice(0, 16), "model.tflite");
    const graph = decodeTflite(Deno.readFileSync(file));
    const metadata = readModelMetadata(graph, file)!;
    assert.deepEqual(metadata.inputs.map(({ content }) => content), ["window", "reversed"]);
    assert.deepEqual([metadata.model, metadata.beats!.study, metadata.beats!.synthetic], [
      "bilstm",
      "inter-patient",
      true,
    ]);
    assert.deepEqual(metadata.beats!.labels, ["N", "S", "V", "F", "Q"]);
    assert.deepEqual([metadata.beats!.signal.windowSamples, metadata.beats!.signal.rPeakOffset], [32, 12]);

    const dynamic = await run(cwd, "convert", "--model", "bilstm", "--batch", "dynamic");
    assert.equal(dynamic.code, 1);
    assert.match(
      dynamic.stderr,
      /^\[05_convert\] error: Cannot convert for a dynamic batch: .*hidden_state"\n.*hint: .*LSTM/,
    );
    const [gruDynamic] = JSON.parse(
      (await runOk(cwd, "convert", "--model", "gru", "--batch", "dynamic", "--json")).stdout,
    );
    assert.ok(gruDynamic.counts.maxError < 1e-5);
  }));
