import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { annotationDefinitions } from "./annotation_definitions.ts";
import { decodeAnnotations, encodeAnnotations } from "./annotations.ts";
import { parseHeader } from "./header.ts";
import { type LeadPlan, type LeadSamples, planRecord, readLead, segmentHeaders } from "./multi_segment.ts";
import type { Annotation, RecordHeader } from "./record.ts";
import { fileInMemory } from "./signal.ts";

const SHARED = new URL("../../../../../shared/", import.meta.url);
const MITDB = new URL("mitdb/", SHARED);
const SAMPLES = new URL("fixtures/wfdb/sample-data/", SHARED);
const TARGETS = new URL("fixtures/wfdb/target-output/", SHARED);
const ignore = !exists(MITDB) || !exists(SAMPLES);

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url) !== undefined;
  } catch {
    return false;
  }
}

interface Lead extends LeadPlan {
  samples: LeadSamples;
}

/** Reads all leads of a record, of one segment or of many; files that the fixtures share with MIT-BIH come from there. */
function readLeads(path: string, text?: string): { header: RecordHeader; leads: Lead[] } {
  const folder = new URL(path.includes("/") ? path.replace(/[^/]*$/, "") : "./", SAMPLES);
  const url = (name: string) => exists(new URL(name, folder)) ? new URL(name, folder) : new URL(name, MITDB);
  const load = (name: string) => Deno.readTextFileSync(url(name));
  const header = parseHeader(text ?? load(`${path.replace(/^.*\//, "")}.hea`), path);
  const segments = segmentHeaders(header).map((name) => [name, parseHeader(load(name), name)] as const);
  const plan = planRecord(header, new Map(segments));
  const fileOf = ({ signals }: RecordHeader, index: number) =>
    fileInMemory(Deno.readFileSync(url(signals[index].fileName)));
  return {
    header: plan.header,
    leads: plan.leads.map((lead, index) => ({ ...lead, samples: readLead(plan, index, fileOf) })),
  };
}

/** The numbers that a tool printed, one row a line; "-" for a missing physical value. */
function readTarget(name: string): Float64Array[] {
  const bytes = Deno.readFileSync(new URL(name, TARGETS));
  const text = new TextDecoder().decode(name.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  return text.trimEnd().split("\n").map((line) =>
    Float64Array.from(line.trim().split(/\s+/), (field) => field === "-" ? NaN : Number(field))
  );
}

/** rdsamp without -H prints one number a frame: the average of its samples, cut off towards 0. */
function averageFrames({ samples, spec: { samplesPerFrame: count } }: Lead): LeadSamples {
  if (count === 1) return samples;
  return Float32Array.from({ length: samples.length / count }, (_, frame) => {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += samples[frame * count + k];
    return Math.trunc(sum / count);
  });
}

interface Case {
  record: string;
  target: string;
  /** Leads, in the order in which they were printed; all without it. */
  leads?: number[];
  /** Frames [from, to) that were printed. */
  from?: number;
  to?: number;
  /** -P: physical units. */
  physical?: true;
  /** -H: each frame as many times as the fastest lead has samples in it. */
  highResolution?: true;
  /** Rows at the end that rdsamp leaves out, because skew leaves them without some signals. */
  leftOut?: number;
  /** The record's header where the fixtures lack some of its segments. */
  text?: string;
}

// Made with rdsamp of the WFDB software package 10.5.24, as tests/test_record.py of wfdb-python says case by case.
const CASES: Case[] = [
  { record: "test01_00s", target: "record-1a" },
  { record: "a103l", target: "record-1b", leads: [2, 0], from: 12500, to: 40000, physical: true },
  { record: "a103l", target: "record-1c", leads: [0, 1], from: 20000 },
  { record: "3000003_0003", target: "record-1d", leads: [1], from: 125, to: 1000, physical: true },
  { record: "binformats", target: "record-1f.gz" },
  { record: "100", target: "record-2b", leads: [1], from: 1, to: 10800 },
  { record: "100_3chan", target: "record-2c", physical: true },
  { record: "310derive", target: "record-2d", from: 2 },
  { record: "311derive", target: "record-2e", from: 1, to: 978, physical: true },
  { record: "s0010_re", target: "record-3b", leads: [13, 0, 4, 8, 3], from: 5000, to: 38000, physical: true },
  { record: "test01_00s_skewframe", target: "record-4a", leftOut: 3 },
  { record: "03700181", target: "record-4b", leftOut: 4 },
  { record: "03700181", target: "record-4c", leads: [0, 2], from: 1000, to: 16000, physical: true },
  {
    record: "test01_00s_skewframe",
    target: "record-4d",
    physical: true,
    highResolution: true,
    leftOut: 6,
  },
  { record: "flacformats", target: "record-flac.gz" },
  {
    record: "multi-segment/fixed1/v102s",
    target: "record-multi-fixed-c",
    leads: [1, 0, 3],
    from: 70000,
    to: 80000,
    physical: true,
  },
  {
    record: "multi-segment/041s/041s",
    target: "record-multi-fixed-d.gz",
    leads: [3, 2, 1],
    highResolution: true,
  },
  {
    // Its header names 36 segments, of which the fixtures hold the first two; the tool read no further either.
    record: "multi-segment/p000878/p000878-2137-10-26-16-57",
    target: "record-multi-variable-d",
    leads: [0, 1],
    from: 3550,
    to: 7500,
    text: "p000878-2137-10-26-16-57/4 4 125 7500 16:57:09.000 26/10/2137\r\n3269321_layout 0\r\n~ 3750\r\n" +
      "3269321_0001 2000\r\n3269321_0002 1750\r\n",
  },
];

for (const { record, target, leads, from = 0, to, physical, highResolution, leftOut = 0, text } of CASES) {
  Deno.test({
    name: `[shared] readLead() gives what rdsamp printed of ${record} in ${target}`,
    ignore,
    fn() {
      const all = readLeads(record, text).leads, wanted = (leads ?? [...all.keys()]).map((i) => all[i]);
      const perFrame = highResolution ? Math.max(...all.map(({ spec }) => spec.samplesPerFrame)) : 1;
      const columns = wanted.map((lead) => {
        const { spec, missing } = lead, repeats = perFrame / spec.samplesPerFrame;
        const printed = highResolution ? lead.samples : averageFrames(lead);
        const { gainAduPerUnit: gain, baselineAdu: baseline } = spec;
        return (row: number): number => {
          const value = printed[highResolution ? Math.floor(row / repeats) : row];
          if (!physical) return value;
          return value === missing ? NaN : (value - baseline) / gain;
        };
      });
      const rows = readTarget(target);
      const last = to ?? wanted[0].samples.length / wanted[0].spec.samplesPerFrame * perFrame - leftOut;
      assert.equal(rows.length, last - from);
      rows.forEach((row, i) => {
        assert.equal(row.length, columns.length);
        row.forEach((expected, column) => {
          const got = columns[column](from + i);
          const isSame = physical && !Number.isNaN(expected)
            ? Math.abs(got - expected) <= 0.5000001e-8
            : Object.is(got + 0, expected + 0);
          assert.ok(isSame, `row ${i}, column ${column}: ${got} instead of ${expected}`);
        });
      });
    },
  });
}

/** Records that no tool's output is there for, and the samples of their leads. */
const VERIFIED: Record<string, string> = {
  "100-no-len": "650000 650000",
  "100skew": "650000 650000",
  "310derive_2": "1020",
  "310derive_3": "1018",
  "311derive_2": "1020",
  "311derive_3": "1019",
  "311derive_4": "1018",
  "a103l-no-len": "82500 82500 82500",
  "flac_3_constant": "5600000 5600000 5600000",
  "mixedsignals": "57600 57600 57600 28800 28800 14400",
  "test01_00s_frame": "4000 8000 4000",
  "test01_00s_skew": "4000 4000 4000 4000",
  "v102s": "75000 75000 75000 75000",
};

/** Records whose signal files the fixtures do not have. */
const WITHOUT_FILES = ["1003", "12726", "drive02", "drive02-no-len", "n16"];

Deno.test({
  name: "[shared] readLead() verifies the checksums of the records that no tool's output is there for",
  ignore,
  fn() {
    const shapes = Object.keys(VERIFIED).map((record) => {
      const { leads } = readLeads(record);
      if (record === "flac_3_constant") {
        leads.forEach(({ samples }, i) => assert.ok(samples.every((value) => value === 25 * (i + 1))));
      }
      return [record, leads.map(({ samples }) => samples.length).join(" ")];
    });
    assert.deepEqual(Object.fromEntries(shapes), VERIFIED);
  },
});

Deno.test({
  name: "[shared] every record of the conformance suite is tested or has no signal file there",
  ignore,
  fn() {
    const headers = [...Deno.readDirSync(SAMPLES)].map(({ name }) => name).filter((name) =>
      name.endsWith(".hea")
    );
    const tested = new Set([...CASES.map(({ record }) => record), ...Object.keys(VERIFIED)]);
    const untested = headers.map((name) => name.slice(0, -4)).filter((name) => !tested.has(name));
    assert.deepEqual(untested.sort(), WITHOUT_FILES);
    for (const name of untested) {
      const { signals } = parseHeader(Deno.readTextFileSync(new URL(`${name}.hea`, SAMPLES)));
      assert.ok(signals.every(({ fileName }) => !exists(new URL(fileName, SAMPLES))), name);
    }
    const targets = [...Deno.readDirSync(TARGETS)].map(({ name }) => name);
    const compared = [...CASES.map(({ target }) => target), "ann-1", "ann-2", "ann-3"];
    assert.deepEqual(targets.sort(), [...new Set(compared)].sort());
  },
});

/** rdann leaves out what defines something and the annotations of code 0. */
function printedRows(annotations: Annotation[]): unknown[][] {
  return annotations
    .filter(({ sample, symbol }) => symbol !== " " && !(sample === 0 && symbol === '"'))
    .map(({ sample, symbol, subtype, channel, num, aux }) => [
      sample,
      symbol,
      subtype,
      channel,
      num,
      aux.trimEnd(),
    ]);
}

Deno.test({
  name: "[shared] decodeAnnotations() gives the lines that the WFDB C tool rdann prints",
  ignore,
  fn() {
    const files: [string, URL, string][] = [
      ["100.atr", MITDB, "ann-1"],
      ["12726.anI", SAMPLES, "ann-2"],
      ["1003.atr", SAMPLES, "ann-3"],
    ];
    for (const [name, folder, target] of files) {
      const lines = Deno.readTextFileSync(new URL(target, TARGETS)).trimEnd().split("\n");
      const printed = lines.map((line) => {
        const [, sample, symbol, subtype, channel, num, aux] =
          /^\s*\S+\s+(-?\d+)\s+(\S+)\s+(-?\d+)\s+(\d+)\s+(-?\d+)(?:\t(.*))?$/.exec(line)!;
        return [Number(sample), symbol, Number(subtype), Number(channel), Number(num), (aux ?? "").trimEnd()];
      });
      const annotations = decodeAnnotations(Deno.readFileSync(new URL(name, folder)));
      assert.deepEqual(printedRows(annotations), printed, name);
      assert.deepEqual(decodeAnnotations(encodeAnnotations(annotations)), annotations, name);
    }
  },
});

Deno.test({
  name: "[shared] decodeAnnotations() reads a time of ten thousand million and a file's own mnemonics",
  ignore,
  fn() {
    const bytes = Deno.readFileSync(new URL("huge.qrs", SAMPLES)), annotations = decodeAnnotations(bytes);
    assert.deepEqual(annotations.map(({ sample, symbol }) => [sample, symbol]), [[10_000_000_000, "N"]]);
    assert.deepEqual(encodeAnnotations(annotations), bytes);
    const own = annotationDefinitions(decodeAnnotations(Deno.readFileSync(new URL("1003.atr", SAMPLES))));
    assert.deepEqual(own.map(({ code, symbol }) => `${code} ${symbol}`), [
      "15 c",
      "17 #",
      "20 x",
      "21 w",
      "23 *",
      "24 z",
    ]);
    assert.equal(own[0].description, "calibration pulse");
  },
});
