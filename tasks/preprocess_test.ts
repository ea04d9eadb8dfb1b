import assert from "node:assert/strict";
import { join } from "node:path";
import type { DefectColumns, PreparedRecord } from "../pipeline/lib/artefacts/records.ts";
import { decodeNpyAs } from "../pipeline/lib/formats/npy/npy.ts";
import type { Samples, WfdbRecord } from "../pipeline/lib/formats/wfdb/record.ts";
import { signalChecksum } from "../pipeline/lib/formats/wfdb/signal.ts";
import { sampleTraits } from "../pipeline/lib/formats/wfdb/storage_formats.ts";
import { encodeRecord } from "../pipeline/lib/formats/wfdb/wfdb.ts";
import { BLOCK_SAMPLES } from "../pipeline/lib/signal/blocks.ts";
import { butterworthBandpass } from "../pipeline/lib/signal/butterworth.ts";
import { sosFiltFilt } from "../pipeline/lib/signal/filters.ts";
import { createPolyphaseResampler } from "../pipeline/lib/signal/polyphase.ts";
import { best } from "../pipeline/lib/signal/qrs/best.ts";
import { detectBeats } from "../pipeline/lib/signal/qrs/detector.ts";
import { generateSyntheticRecord } from "../pipeline/lib/sources/synthetic.ts";
import { finishedKeys, inFolder, runOk } from "./test_stages.ts";

/** Marks a missing sample in the synthetic records, which are of format 212. */
const MISSING = sampleTraits(212).missing;

/** Writes synthetic records whose first lead was changed. @returns What was stored of these leads. */
function writeRecords(
  folder: string,
  changes: ((lead: Samples) => void)[],
  { fs = 360, minutes = 0.5 } = {},
): Samples[] {
  Deno.mkdirSync(folder);
  return changes.map((change, patient) => {
    const made = generateSyntheticRecord({ seed: 1, patient, minutes, fs });
    change(made.signals[0]);
    const signals = made.header.signals.map((spec, i) => ({
      ...spec,
      initialValueAdu: made.signals[i][0],
      checksum: signalChecksum(made.signals[i]),
    }));
    const record: WfdbRecord = { ...made, header: { ...made.header, signals } };
    for (const [name, bytes] of encodeRecord(record)) Deno.writeFileSync(join(folder, name), bytes);
    return made.signals[0];
  });
}

/** Runs preprocess; returns its counts and how to read what it left. */
async function preprocess(cwd: string, ...args: string[]) {
  const { counts, key } = JSON.parse((await runOk(cwd, "preprocess", "--json", ...args)).stdout);
  const folder = join(cwd, "data/02_preprocess", key.slice(0, 16));
  const json = (name: string) => JSON.parse(Deno.readTextFileSync(join(folder, name)));
  return {
    counts,
    records: json("records.json") as PreparedRecord[],
    defects: (record: string): DefectColumns => json(`${record}.defects.json`),
    beats: (record: string): number[] => json(`${record}.beats.json`).sample,
    signal: (record: string) => {
      const file = `${record}.signal.npy`;
      return decodeNpyAs(Deno.readFileSync(join(folder, file)), { dtype: "<f4", file }).data;
    },
  };
}

Deno.test("preprocess fills short gaps, marks long ones and dead leads, finds no beats there, and counts by record", () =>
  inFolder(async (cwd) => {
    writeRecords(join(cwd, "records"), [
      (lead) => {
        lead.fill(MISSING, 500, 510);
        lead.fill(MISSING, 2000, 3000);
      },
      (lead) => lead.fill(1024, 4000, 6000),
      () => {},
    ]);
    for (const name of ["s001.atr", "s002.atr", "s003.atr"]) Deno.removeSync(join(cwd, "records", name));
    await runOk(cwd, "ingest", "--source", "records", "--missingAnnotations", "unlabelled");
    const { counts, defects, beats, signal } = await preprocess(cwd);
    assert.deepEqual(counts.missingSamplesFilled, { s001: 1010 });
    assert.deepEqual(counts.gaps, { s001: 1 });
    assert.deepEqual(defects("s001"), { from: [2000], to: [3000], reason: ["missing"] });
    assert.deepEqual(defects("s003"), { from: [], to: [], reason: [] });
    const off = defects("s002");
    assert.deepEqual(off.reason, ["lead off"]);
    // The samples to both sides may have had the value by chance.
    assert.ok(off.from[0] <= 4000 && off.from[0] > 3990 && off.to[0] >= 6000 && off.to[0] < 6010);
    for (const [record, from, to] of [["s001", 2000, 3000], ["s002", off.from[0], off.to[0]]] as const) {
      const found = beats(record);
      assert.ok(found.length > 15 && found.every((beat) => beat < from || beat >= to), `beats of ${record}`);
      assert.ok(signal(record).every((value) => value >= 0 && value <= 1));
    }
  }));

Deno.test("preprocess reports inverted leads, and flips them when asked to", () =>
  inFolder(async (cwd) => {
    const invert = (lead: Samples) => lead.forEach((value, i) => lead[i] = 2048 - value);
    writeRecords(join(cwd, "records"), [invert, () => {}]);
    await runOk(cwd, "ingest", "--source", "records");
    const reported = await preprocess(cwd), flipped = await preprocess(cwd, "--polarity", "flip");
    assert.deepEqual(Object.keys(reported.counts.inverted), ["s001"]);
    assert.deepEqual([reported.counts.flipped, flipped.counts.flipped], [[], ["s001"]]);
    assert.deepEqual(reported.records.map(({ polarity }) => polarity.verdict), ["inverted", "upright"]);
    const [before, after] = [reported.signal("s001"), flipped.signal("s001")];
    assert.ok(
      after.every((value, i) => Math.abs(value - (1 - before[i])) < 1e-6),
      "turned upside down within 0..1",
    );
    assert.deepEqual(flipped.signal("s002"), reported.signal("s002"));
    const [{ rangeMv: range }] = reported.records, [{ rangeMv: turned }] = flipped.records;
    assert.deepEqual(turned, { min: -range!.max, max: -range!.min });
  }));

Deno.test("preprocess finds the hum, and resamples by the method chosen: both give the same places and nearly the same signal", () =>
  inFolder(async (cwd) => {
    const hum = (lead: Samples) =>
      lead.forEach((value, i) => lead[i] = value + Math.round(20 * Math.sin(2 * Math.PI * 50 * i / 250)));
    writeRecords(join(cwd, "records"), [hum], { fs: 250 });
    await runOk(cwd, "ingest", "--source", "records");
    const fft = await preprocess(cwd, "--scale", "none", "--notch", "50"),
      polyphase = await preprocess(cwd, "--scale", "none", "--resample", "polyphase", "--notch", "auto");
    assert.deepEqual(fft.counts.resampled, { s001: "fft to 360 Hz" });
    assert.deepEqual(polyphase.counts.resampled, { s001: "polyphase to 360 Hz" });
    assert.deepEqual([fft.counts.notchHz, polyphase.counts.notchHz], [{ s001: 50 }, { s001: 50 }]);
    assert.deepEqual(polyphase.beats("s001"), fft.beats("s001"));
    const [a, b] = [fft.signal("s001"), polyphase.signal("s001")];
    assert.equal(a.length, b.length);
    assert.ok(a.every((value, i) => i < 360 || i > a.length - 360 || Math.abs(value - b[i]) < 0.02));
    assert.equal(finishedKeys(cwd, "02_preprocess").length, 2);
  }));

Deno.test("preprocess gives a record of more than one block as if it had been filtered, resampled and searched in one piece", () =>
  inFolder(async (cwd) => {
    const fs = 1000, [stored] = writeRecords(join(cwd, "records"), [() => {}], { fs, minutes: 20 });
    assert.ok(stored.length > BLOCK_SAMPLES);
    Deno.removeSync(join(cwd, "records", "s001.atr"));
    await runOk(cwd, "ingest", "--source", "records", "--missingAnnotations", "unlabelled");
    const { records: [{ samples, resampled }], beats, signal } = await preprocess(cwd, "--scale", "none");
    const millivolts = Float64Array.from(stored, (value) => (value - 1024) / 200);
    const filtered = sosFiltFilt(butterworthBandpass({ order: 2, lowHz: 0.5, highHz: 40, fs }), millivolts);
    const whole = Float32Array.from(createPolyphaseResampler({ up: 9, down: 25 }).resample(filtered));
    assert.deepEqual([resampled, samples], ["polyphase", whole.length]);
    const written = signal("s001");
    assert.ok(whole.every((value, i) => Math.abs(value - written[i]) < 1e-6));
    assert.deepEqual(beats("s001"), Array.from(detectBeats(best, whole, 360)));
  }));
