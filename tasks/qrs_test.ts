import assert from "node:assert/strict";
import { join } from "node:path";
import { encodeRecord } from "../pipeline/lib/formats/wfdb/wfdb.ts";
import { generateSyntheticRecord } from "../pipeline/lib/sources/synthetic.ts";
import { PROJECT } from "../pipeline/lib/stage/workspace.ts";
import { stageArguments } from "./stage_command.ts";

const MITDB = join(PROJECT, "../shared/mitdb");
const hasShared = await Deno.stat(join(MITDB, "100.atr")).then(() => true, () => false);

async function qrs(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: stageArguments("qrs", args, { cwd: PROJECT }),
    cwd: PROJECT,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A folder with two records of beats that no detector misses, and one record without annotations. */
function makeFolder(): string {
  const folder = Deno.makeTempDirSync();
  for (const patient of [0, 1, 2]) {
    const record = generateSyntheticRecord({ patient, seed: 5, minutes: 320 / 60, fs: 250 });
    for (const [name, bytes] of encodeRecord(patient === 2 ? { ...record, annotations: [] } : record)) {
      Deno.writeFileSync(join(folder, name), bytes);
    }
  }
  return folder;
}

Deno.test("qrs --json prints gross and average figures and each record's counts, in percent", async () => {
  const folder = makeFolder();
  const { code, stdout, stderr } = await qrs("--source", folder, "--detector", "pan_tompkins", "--json");
  assert.equal(code, 0, stderr);
  const { detectors, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, {});
  assert.equal(detectors.length, 1);
  const [detector] = detectors;
  assert.equal(detector.name, "pan_tompkins");
  assert.equal(detector.records.length, 2);
  const sum = (key: string) =>
    detector.records.reduce((total: number, record: Record<string, number>) => total + record[key], 0);
  const close = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-3);
  close(detector.gross.se, 100 * sum("tp") / (sum("tp") + sum("fn")));
  close(detector.gross.ppv, 100 * sum("tp") / (sum("tp") + sum("fp")));
  close(detector.average.se, sum("se") / 2);
  assert.ok(detector.gross.se > 95 && detector.timingErrorMs <= 8 && detector.seconds > 0);
  const [record] = detector.records;
  assert.ok(record.withLearningPeriod.tp > 10 * record.tp, "the learning period holds 300 of 320 seconds");
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("qrs resamples with --fs, includes the learning period where asked, and prints a table", async () => {
  const folder = makeFolder();
  const { code, stdout, stderr } = await qrs("--source", folder, "--fs", "500", "--learning", "include");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^record +lead +beats +.*pan_tompkins/m);
  const beats = Number(/^s001 +\S+ +(\d+)/m.exec(stdout)![1]);
  assert.ok(beats > 250 && beats < 800, `${beats} beats`);
  assert.match(stdout, /^detector +Se +\+P/m);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("qrs ends with 2 for wrong usage and with 1 for a folder that holds nothing to score", async () => {
  const usage = await qrs("--detector", "pan_tomkins");
  assert.equal(usage.code, 2);
  assert.match(usage.stderr, /did you mean "pan_tompkins"/);
  assert.equal((await qrs("--fs", "50")).code, 2);
  const nowhere = await qrs("--source", "pipeline");
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /none of them a \.hea/);
  const folder = Deno.makeTempDirSync(), fast = { patient: 0, seed: 1, minutes: 0.2, fs: 2000 };
  for (const [name, bytes] of encodeRecord(generateSyntheticRecord(fast))) {
    Deno.writeFileSync(join(folder, name), bytes);
  }
  const tooFast = await qrs("--source", folder, "--detector", "pan_tompkins");
  assert.equal(tooFast.code, 1);
  assert.match(tooFast.stderr, /must lie in 100 to 1000 Hz, got 2000\n.*hint: --fs 360/);
  const missing = await qrs("--source", folder, "--records", "s9");
  assert.match(missing.stderr, /record s9: .* has none of that name.*\n.*hint: it has s001\n/);
  const leadless = await qrs("--source", folder, "--lead", "V9");
  assert.equal(leadless.code, 1);
  assert.match(leadless.stderr, /s001: left out.*\n.*no record has a lead named V9/);
  Deno.removeSync(join(folder, "s001.atr"));
  const unlabelled = await qrs("--source", folder);
  assert.equal(unlabelled.code, 1);
  assert.match(
    unlabelled.stderr,
    /error: Cannot read records: one of .* must have annotations \(\.atr\), got none\n/,
  );
  Deno.removeSync(folder, { recursive: true });
  const help = await qrs("--help");
  assert.equal(help.code, 0);
  assert.match(help.stdout, /--learning/);
});

Deno.test({
  name: "[shared] qrs scores record 100 by lead name",
  ignore: !hasShared,
  fn: async () => {
    const args = [
      "--source",
      MITDB,
      "--records",
      "100",
      "--detector",
      "pan_tompkins",
      "--lead",
      "V5",
      "--json",
    ];
    const { code, stdout, stderr } = await qrs(...args);
    assert.equal(code, 0, stderr);
    const [{ lead, tp, fn }] = JSON.parse(stdout).detectors[0].records;
    assert.deepEqual([lead, tp + fn], ["V5", 1902]);
  },
});
