import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { formatAnnotationText, formatSignalCsv } from "../pipeline/lib/formats/kaggle_csv/test_layout.ts";
import { decodeAnnotations } from "../pipeline/lib/formats/wfdb/annotations.ts";
import { parseHeader } from "../pipeline/lib/formats/wfdb/header.ts";
import { readSignals } from "../pipeline/lib/formats/wfdb/signal.ts";
import { finishedKeys, inFolder, run, runOk } from "./test_stages.ts";

const SHARED = resolve("../shared");
const hasShared = await Deno.stat(SHARED).then(() => true, () => false);

/** Folder of what a stage has made for a study. */
function outputOf(cwd: string, stage: string): string {
  const keys = finishedKeys(cwd, stage);
  assert.equal(keys.length, 1);
  return join(cwd, "data", stage, keys[0]);
}

/** Writes records of MIT-BIH as CSV with their annotations beside them. */
function writeMitdbCsv(folder: string, records: readonly string[]): void {
  const read = (name: string) => Deno.readFileSync(join(SHARED, "mitdb", name));
  Deno.mkdirSync(folder, { recursive: true });
  for (const record of records) {
    const header = parseHeader(new TextDecoder().decode(read(`${record}.hea`)), record);
    const signals = readSignals(header, new Map([[`${record}.dat`, read(`${record}.dat`)]]));
    const names = header.signals.map(({ description }) => description);
    Deno.writeTextFileSync(join(folder, `${record}.csv`), formatSignalCsv(names, signals));
    const annotations = decodeAnnotations(read(`${record}.atr`), record);
    Deno.writeTextFileSync(
      join(folder, `${record}annotations.txt`),
      formatAnnotationText(annotations, header.fs),
    );
  }
}

Deno.test({
  name: "[shared] MIT-BIH as CSV in data/mit_database gives the very windows of the WFDB files",
  ignore: !hasShared,
  fn: () =>
    inFolder(async (cwd) => {
      // 114 has its leads swapped.
      const records = ["114"], wfdb = join(cwd, "wfdb"), csv = join(cwd, "csv");
      Deno.mkdirSync(wfdb);
      writeMitdbCsv(join(csv, "data/mit_database"), records);
      await runOk(wfdb, "ingest", "--source", join(SHARED, "mitdb"), "--records", records.join(","));
      const { stderr } = await runOk(csv, "ingest");
      assert.match(stderr, /114\.csv: leads "V5", "MLII", 360 Hz .*1805\.6 s/);
      assert.match(stderr, /1 records, 1,300,000 samples, 1 with annotations/);
      for (const folder of [wfdb, csv]) {
        for (const task of ["preprocess", "window"]) await runOk(folder, task);
      }
      const outputs = [wfdb, csv].map((folder) => outputOf(folder, "03_window"));
      const names = [...Deno.readDirSync(outputs[0])].map(({ name }) => name).filter((name) =>
        name !== "manifest.json"
      );
      assert.ok(names.some((name) => name.endsWith(".npy")), names.join(" "));
      for (const name of names) {
        assert.deepEqual(
          Deno.readFileSync(join(outputs[1], name)),
          Deno.readFileSync(join(outputs[0], name)),
          name,
        );
      }
    }),
});

Deno.test("ingest refuses a CSV record without the annotations that others have, or takes it as unlabelled", () =>
  inFolder(async (cwd) => {
    const folder = join(cwd, "records");
    Deno.mkdirSync(folder);
    const signal = Array.from({ length: 7200 }, (_, i) => 1024 + Math.round(99 * Math.sin(i / 9)));
    for (const record of ["1", "2"]) {
      Deno.writeTextFileSync(join(folder, `${record}.csv`), formatSignalCsv(["MLII"], [signal]));
    }
    const beats = [360, 720, 7199].map((sample) => ({
      sample,
      symbol: "N",
      subtype: 0,
      channel: 0,
      num: 0,
      aux: "",
    }));
    Deno.writeTextFileSync(join(folder, "2annotations.txt"), formatAnnotationText(beats, 360));
    const refused = await run(cwd, "ingest", "--source", "records");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /has no 1annotations\.txt[\s\S]*hint: .*--missingAnnotations unlabelled/);
    const { stderr } = await runOk(
      cwd,
      ...[
        "ingest",
        "--source",
        "records",
        "--missingAnnotations",
        "unlabelled",
        "--samplingRate",
        "360",
      ] as const,
    );
    assert.match(stderr, /2 records, 14,400 samples, 1 with annotations/);
    const records = JSON.parse(Deno.readTextFileSync(join(outputOf(cwd, "01_ingest"), "records.json")));
    assert.deepEqual(records.map(({ labelled, leads }: Record<string, unknown>) => [labelled, leads]), [
      [false, [{
        name: "MLII",
        fs: 360,
        samples: 7200,
        gainAduPerMv: 1,
        baselineAdu: 0,
        missingAdu: -3.4028234663852886e38,
      }]],
      [true, [{
        name: "MLII",
        fs: 360,
        samples: 7200,
        gainAduPerMv: 200,
        baselineAdu: 1024,
        missingAdu: -3.4028234663852886e38,
      }]],
    ]);
    Deno.writeTextFileSync(join(folder, "1annotations.txt"), formatAnnotationText(beats, 360));
    Deno.writeTextFileSync(join(folder, "2.csv"), formatSignalCsv(["MLII"], [signal.slice(0, 7100)]));
    Deno.removeSync(join(cwd, "data/01_ingest"), { recursive: true });
    assert.match(
      (await runOk(cwd, "ingest", "--source", "records")).stderr,
      /2\.csv: 1 annotation lies behind the last sample/,
    );
    const { counts } = JSON.parse(Deno.readTextFileSync(join(outputOf(cwd, "01_ingest"), "manifest.json")));
    assert.deepEqual([counts.csvFiles[1].annotationsBehindEnd, counts.csvFiles[2].annotationsBehindEnd], [
      0,
      1,
    ]);
    const contradicted = await run(cwd, "ingest", "--source", "records", "--samplingRate", "250");
    assert.equal(contradicted.code, 1);
    assert.match(
      contradicted.stderr,
      /--samplingRate must be the 360 Hz that .*annotations\.txt tell, got 250/,
    );
    Deno.writeTextFileSync(join(folder, "1.csv"), "ECG\n" + "0.5\n".repeat(7200));
    const foreign = await run(cwd, "ingest", "--source", "records");
    assert.equal(foreign.code, 1);
    assert.match(foreign.stderr, /1\.csv: a table with annotations beside it/);
  }));

Deno.test("ingest counts in its manifest what it repaired in CSV files, with the lines, and preprocess goes on from there", () =>
  inFolder(async (cwd) => {
    Deno.mkdirSync(join(cwd, "holter"));
    const rows = Array.from({ length: 250 * 30 }, (_, i) => {
      const phase = i % 200 - 100, ecg = Math.exp(-phase * phase / 8) + 0.1 * Math.sin(i / 200);
      return `${(i / 250).toFixed(3)};${(i >= 3000 && i < 3100 ? "" : ecg.toFixed(4)).replace(".", ",")};${
        i % 3
      }`;
    });
    rows.splice(1000, 2);
    Deno.writeTextFileSync(join(cwd, "holter/a.csv"), ["time (s);ECG (mV);I", ...rows].join("\r\n"));
    const { stderr } = await runOk(cwd, "ingest", "--source", "holter", "--column", "ECG (mV),I");
    assert.match(stderr, /a\.csv: leads "ECG \(mV\)", "I", 250 Hz \(time column\), 30\.0 s/);
    assert.match(stderr, /a\.csv: 1 gap in "time \(s\)": 2 rows dropped \(line 1002\)/);
    const { counts } = JSON.parse(Deno.readTextFileSync(join(outputOf(cwd, "01_ingest"), "manifest.json")));
    const { leads, time } = counts.csvFiles.a;
    assert.deepEqual(time.gaps, { count: 1, samples: 2, lines: [1002] });
    assert.deepEqual(leads[0].interpolated, { count: 1, samples: 2, lines: [1002] });
    assert.deepEqual(leads[0].missing, { count: 1, samples: 100, lines: [3000] });
    assert.equal(leads[1].samples, 7500);
    await runOk(cwd, "preprocess", "--lead", "ecg (mv)");
    const prepared = JSON.parse(Deno.readTextFileSync(join(outputOf(cwd, "02_preprocess"), "records.json")));
    assert.deepEqual(
      prepared.map(({ lead, missingSamples }: Record<string, unknown>) => [lead, missingSamples]),
      [["ECG (mV)", 100]],
    );
  }));

Deno.test({
  name: "[shared] ingest reads all of the real text files",
  ignore: !hasShared,
  fn: () =>
    inFolder(async (cwd) => {
      const { stderr } = await runOk(
        cwd,
        "ingest",
        "--source",
        join(SHARED, "fixtures/csv"),
        "--samplingRate",
        "250",
      );
      assert.match(stderr, /7 records, 131,003 samples/);
      assert.match(stderr, /ecg\.txt: passed over: --samplingRate 250, because the header states 1000 Hz/);
    }),
});
