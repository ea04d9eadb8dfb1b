import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { formatAnnotationText, formatSignalCsv } from "../pipeline/lib/formats/kaggle_csv/test_layout.ts";
import { lengthText } from "./inspect/inspection.ts";
import { inFolder, makeRecords, run } from "./test_stages.ts";

const FIXTURES = resolve("../shared/fixtures/csv");
const hasShared = await Deno.stat(FIXTURES).then(() => true, () => false);

/** Inspects a file; facts come from --json, the report for people is looked at beside. */
async function inspect(cwd: string, ...args: string[]) {
  const { code, stdout, stderr } = await run(cwd, "inspect", ...args, "--json");
  const { stdout: report } = await run(cwd, "inspect", ...args);
  return { code, stderr, report, facts: stdout === "" ? undefined : JSON.parse(stdout) };
}

Deno.test("lengthText() carries over to minutes and hours", () => {
  assert.equal(lengthText(650_000, 360), "650,000 samples, 1805.6 s (30:05.6)");
  assert.equal(lengthText(1, 1000), "1 sample, 0.0 s");
  assert.equal(lengthText(5997, 100), "5,997 samples, 60.0 s (1:00.0)");
  assert.equal(lengthText(11_997, 100), "11,997 samples, 120.0 s (2:00.0)");
  assert.equal(lengthText(359_999, 100), "359,999 samples, 3600.0 s (1:00:00.0)");
});

Deno.test("inspect says how a text file would be read, and the command that ingest takes then works", () =>
  inFolder(async (cwd) => {
    Deno.mkdirSync(join(cwd, "my files"));
    const rows = Array.from(
      { length: 5000 },
      (_, i) =>
        `${(i / 250).toFixed(3)};${(Math.sin(i / 9) / 2).toFixed(3).replace(".", ",")};;${
          i % 100 === 7 ? "NA" : i % 5
        };N`,
    );
    rows.splice(1000, 3);
    const text = ["Recorder: X", "time (s);ECG (mV);V5;resp;label", ...rows].join("\r\n");
    Deno.writeTextFileSync(join(cwd, "my files/a b.csv"), `\ufeff${text}\r\n`);
    const { code, facts, report } = await inspect(cwd, "my files/a b.csv");
    assert.equal(code, 0);
    assert.equal(
      report,
      `a b.csv: text, 95 kB
  layout   UTF-8 with BOM, cells between semicolons, decimal comma, with a header, samples from line 3
  columns  column  name      kind    unit  smallest  largest  missing
           1       time (s)  time    s            0   19.996        0
           2       ECG (mV)  lead    mV        -0.5      0.5        0
           3       V5        empty   -            -        -     4997
           4       resp      signal  -            0        4       50
           5       label     text    -            -        -        0
  leads    "ECG (mV)": its name says ECG
  rate     250 Hz, from the times in "time (s)" (s; jitter 0 ms, at most 0 ms)
  length   5,000 samples, 20.0 s
  found    repaired: 1 gap in "time (s)": 3 rows dropped (line 1003)
           repaired: "ECG (mV)": 3 samples filled by straight lines (line 1003)
  ingest   deno task ingest --source 'my files' --records a_b
`,
    );
    assert.deepEqual(
      [
        facts.kind,
        facts.separator,
        facts.decimal,
        facts.fs,
        facts.samples,
        facts.columns.length,
        facts.refusal,
      ],
      ["csv", ";", ",", 250, 5000, 5, undefined],
    );
    assert.equal(facts.ingest, "deno task ingest --source 'my files' --records a_b");
    const other = await inspect(cwd, "--column", "resp", "my files/a b.csv");
    assert.deepEqual(other.facts.leads.map(({ name }: { name: string }) => name), ["resp"]);
    assert.match(other.facts.ingest, /--column resp$/);
    const ingested = await run(cwd, "ingest", "--source", "my files", "--records", "a_b");
    assert.equal(ingested.code, 0, ingested.stderr);
  }));

Deno.test("inspect shows a refusal as ingest gives it, with what it understood, and ends with 1", () =>
  inFolder(async (cwd) => {
    Deno.writeTextFileSync(join(cwd, "a.csv"), `ECG\n${"0.5\n".repeat(500)}oops\n${"0.5\n".repeat(600)}`);
    const noRate = await inspect(cwd, "a.csv");
    assert.equal(noRate.code, 1);
    assert.match(noRate.report, /rate +not told: give --samplingRate/);
    assert.match(noRate.report, /--records a --samplingRate '<Hz>'/);
    assert.match(
      noRate.stderr,
      /\[inspect\] error: Cannot read a signal: the sampling rate must be given by --samplingRate/,
    );
    assert.match(noRate.facts.refusal.message, /--samplingRate/);
    const bad = await inspect(cwd, "a.csv", "--samplingRate", "250");
    assert.equal(bad.code, 1);
    assert.match(bad.facts.refusal.message, /"oops".*line 502/);
    const ingested = await run(cwd, "ingest", "--source", ".", "--samplingRate", "250");
    assert.ok(
      ingested.stderr.replaceAll(`${resolve(cwd)}/`, "").includes(bad.facts.refusal.message),
      ingested.stderr,
    );
    Deno.writeTextFileSync(join(cwd, "b.txt"), "no numbers\n");
    const none = await inspect(cwd, "b.txt");
    assert.deepEqual([none.code, none.report], [1, "b.txt: text, 11 bytes\n"]);
    assert.match(none.facts.refusal.message, /row of numbers/);
  }));

Deno.test("inspect sums up WFDB records by any of their files, and MIT-BIH as CSV with its labels", () =>
  inFolder(async (cwd) => {
    const folder = await makeRecords(cwd);
    for (const file of ["s001.hea", "s001.dat", "s001.atr"]) {
      const { code, facts, report } = await inspect(cwd, join("records", file));
      assert.equal(code, 0);
      assert.deepEqual([facts.kind, facts.record, facts.fs, facts.samples, facts.leads.length], [
        "wfdb",
        "s001",
        360,
        10_800,
        2,
      ]);
      assert.match(
        report,
        /^s001\.hea: WFDB record s001, [\s\S]*\d+ annotations: N \d+[\s\S]*found +all samples are there/,
      );
    }
    Deno.writeTextFileSync(join(folder, "x.csv"), "1\n2\n");
    assert.match((await inspect(cwd, "records/x.csv", "--samplingRate=9")).report, /pass this file over/);
    Deno.truncateSync(join(folder, "s002.dat"), 3000);
    const cut = await inspect(cwd, "records/s002.hea");
    assert.equal(cut.code, 1);
    assert.match(cut.stderr, /\[inspect\] error: .*s002\.dat/);
    assert.match(cut.report, /labels +\d+ annotations: N \d+/);
    assert.ok(cut.facts.annotations.N > 0);
    Deno.truncateSync(join(folder, "s003.atr"), 3);
    assert.match(
      (await inspect(cwd, "records/s003.hea")).report,
      /labels +none that can be read in s003\.atr\n/,
    );

    Deno.mkdirSync(join(cwd, "kaggle"));
    const signal = Array.from({ length: 7200 }, (_, i) => 1024 + Math.round(99 * Math.sin(i / 9)));
    Deno.writeTextFileSync(join(cwd, "kaggle/100.csv"), formatSignalCsv(["MLII", "V5"], [signal, signal]));
    const beats = [360, 7199].map((sample) => ({
      sample,
      symbol: "N",
      subtype: 0,
      channel: 0,
      num: 0,
      aux: "",
    }));
    Deno.writeTextFileSync(join(cwd, "kaggle/100annotations.txt"), formatAnnotationText(beats, 360));
    const { facts, report } = await inspect(cwd, "kaggle/100.csv");
    assert.deepEqual([facts.mitdb, facts.fs, facts.annotations, facts.leads[1].gainAduPerMv], [
      true,
      360,
      2,
      200,
    ]);
    assert.match(report, /^100\.csv: MIT-BIH as CSV[\s\S]*2 annotations in 100annotations\.txt/);
    assert.match(report, /360 Hz, told by times and sample numbers of the annotations/);
    assert.doesNotMatch(report, /no unit is stated/);
    assert.equal((await inspect(cwd, "kaggle/100annotations.txt")).report, report);
  }));

Deno.test("inspect, qrs and stages show no control character that a file holds", () =>
  inFolder(async (cwd) => {
    const path = join(await makeRecords(cwd), "s001.hea"), hostile = "\u001b[2J\u009b2J";
    const header = Deno.readTextFileSync(path).replace("MLII", `ML${hostile}`).replace("V1", `V${hostile}`);
    Deno.writeTextFileSync(path, `${header}# ${hostile}\n`);
    const rows = Array.from(
      { length: 2000 },
      (_, i) => `${(i / 250).toFixed(3)},${Math.sin(i / 9).toFixed(3)}`,
    );
    Deno.writeTextFileSync(join(cwd, "a.csv"), [`time (s),"ECG${hostile}"`, ...rows].join("\n"));
    for (
      const args of [
        ["inspect", "records/s001.hea"],
        ["inspect", "a.csv"],
        ["qrs", "--source", "records", "--detector", "best"],
        ["ingest", "--source", "records"],
        ["preprocess"],
      ] as const
    ) {
      const [task, ...flags] = args, { code, stdout, stderr } = await run(cwd, task, ...flags);
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stdout + stderr, /(?!\n)\p{Cc}/u, args.join(" "));
    }
    assert.match((await run(cwd, "inspect", "records/s001.hea")).stdout, /ML\?\[2J\?2J/);
  }));

Deno.test("inspect ends with 2 for wrong usage and with 1 for what it cannot look at", () =>
  inFolder(async (cwd) => {
    Deno.writeTextFileSync(join(cwd, "x.pdf"), "");
    const cases: [number, RegExp, string[]][] = [
      [2, /one file must be named, got 0/, []],
      [2, /one file must be named, got 2/, ["a.csv", "b.csv"]],
      [2, /did you mean --column/, ["a.csv", "--colum", "2"]],
      [2, /--samplingRate: must be a number/, ["a.csv", "--samplingRate", "fast"]],
      [1, /nothing of that name/, ["a.csv"]],
      [1, /got a folder/, ["."]],
      [1, /must be one of .*\.csv/, ["x.pdf"]],
    ];
    for (const [code, message, args] of cases) {
      const outcome = await run(cwd, "inspect", ...args);
      assert.equal(outcome.code, code, args.join(" "));
      assert.match(outcome.stderr, message);
      assert.equal(outcome.stdout, "");
    }
    assert.match((await run(cwd, "inspect", "--help")).stdout, /deno task inspect FILE[\s\S]*--samplingRate/);
  }));

/** File, exit code, what the report says. */
const REAL_FILES: [string, number, RegExp][] = [
  ["e0103.csv", 1, /one column[\s\S]*not told: give --samplingRate/],
  ["e0110.csv", 1, /one column[\s\S]*not told: give --samplingRate/],
  ["e0124.csv", 1, /one column[\s\S]*not told: give --samplingRate/],
  [
    "ecg.txt",
    0,
    /"ECG"[\s\S]*1000 Hz, stated by the header[\s\S]*15,000 samples, 15\.0 s[\s\S]*steps of a converter/,
  ],
  [
    "ecg_data_1.csv",
    0,
    /"ecg_measurement"[\s\S]*256\.309 Hz, from the times in "timestamp" \(us; jitter 0\.052 ms/,
  ],
  ["ecg_data_2.csv", 0, /"ecg_measurement"[\s\S]*255 Hz, from the times in "timestamp" \(us/],
  ["pyhrv_SampleECG.txt", 0, /"A2": the comment header calls it an ECG[\s\S]*1000 Hz[\s\S]*22,350 samples/],
];
Deno.test({
  name: "[shared] inspect reads the real text files",
  ignore: !hasShared,
  fn: () =>
    inFolder(async (cwd) => {
      for (const [file, code, report] of REAL_FILES) {
        const outcome = await run(cwd, "inspect", join(FIXTURES, file));
        assert.equal(outcome.code, code, file);
        assert.match(outcome.stdout, report, file);
      }
    }),
});
