import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Annotation, WfdbRecord } from "./record.ts";
import { decodeAnnotations, encodeAnnotations } from "./annotations.ts";
import { encodeRecord, readRecord } from "./wfdb.ts";

/** (sample, symbol, subtype, channel, num, aux) as wfdb-python read them. */
type Row = [number, string, number, number, number, string];

interface SignalGolden {
  fs: number;
  samples: number;
  names: string[];
  units: string[];
  gains: number[];
  baselines: number[];
  checksums: number[];
  sums: number[];
  first: number[][];
}

const TESTDATA = new URL("./testdata/", import.meta.url);
const SHARED = new URL("../../../../../shared/", import.meta.url);
const MITDB = new URL("mitdb/", SHARED);
const hasShared = exists(MITDB);

// Heartbeats of ANSI/AAMI EC57 classes, e and j counted as N, with the published counts of the two sets.
const CLASS_SYMBOLS: Record<string, string> = { N: "NLRej", S: "AaJS", V: "VE", F: "F", Q: "/fQ" };
const DS1 = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230";
const DS2 = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234";

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url).isDirectory;
  } catch {
    return false;
  }
}

const readText = (name: string, folder: URL) => Deno.readTextFileSync(new URL(name, folder));
const readBytes = (name: string, folder: URL) => Deno.readFileSync(new URL(name, folder));
const json = (name: string) => JSON.parse(readText(name, TESTDATA));

/** Reads a record from a folder, with the annotation file of the given suffix. */
function readFrom(folder: URL, record: string, suffix?: string): WfdbRecord {
  const text = readText(`${record}.hea`, folder);
  const names = new Set(text.split("\n").slice(1).map((line) => line.split(" ")[0]));
  const files = new Map(
    [...names].filter((name) => /\.(dat|mat|xyz)$/.test(name)).map((n) => [n, readBytes(n, folder)]),
  );
  const annotations = suffix === undefined ? undefined : readBytes(`${record}.${suffix}`, folder);
  return readRecord({ header: { name: `${record}.hea`, text }, files, annotations });
}

/** wfdb-python and rdann leave out the notes at sample 0 that define something and the code-0 annotations. */
function rowsOf(annotations: Annotation[]): Row[] {
  return annotations
    .filter(({ sample, symbol }) => symbol !== " " && !(sample === 0 && symbol === '"'))
    .map(({ sample, symbol, subtype, channel, num, aux }) => [sample, symbol, subtype, channel, num, aux]);
}

function rowsSha256(rows: Row[]): string {
  const text = rows.map((row) => row.join("\t") + "\n").join("");
  return createHash("sha256").update(text, "latin1").digest("hex");
}

function assertMatches({ header, signals }: WfdbRecord, golden: SignalGolden): void {
  assert.equal(header.fs, golden.fs);
  assert.equal(header.samples, golden.samples);
  assert.deepEqual(header.signals.map((s) => s.description), golden.names);
  assert.deepEqual(header.signals.map((s) => s.units), golden.units);
  assert.deepEqual(header.signals.map((s) => s.gainAduPerUnit), golden.gains);
  assert.deepEqual(header.signals.map((s) => s.baselineAdu), golden.baselines);
  assert.deepEqual(
    header.signals.map((s) => s.checksum! & 0xffff),
    golden.checksums.map((sum) => sum & 0xffff),
  );
  assert.deepEqual(signals.map((s) => Array.from(s).reduce((sum, x) => sum + x, 0)), golden.sums);
  assert.deepEqual(signals.map((s) => Array.from(s.subarray(0, golden.first[0].length))), golden.first);
}

Deno.test("readRecord() reads what wfdb-python wrote: formats 212 and 16, an odd count, two files", () => {
  const golden: Record<string, SignalGolden> = json("crafted.json").records;
  assert.deepEqual(Object.keys(golden), ["two212", "three212", "two16", "mixed"]);
  for (const [name, expected] of Object.entries(golden)) {
    const record = readFrom(TESTDATA, name);
    assertMatches(record, expected);
    assert.deepEqual(record.header.comments, ["61 F, crafted", "two lines, one # sign"]);
  }
});

Deno.test("readRecord() reads what wfdb-python wrote: formats 80, 24, 32 and 516 with 1 to 3 samples a frame", () => {
  const { header, signals } = readFrom(TESTDATA, "frames");
  assert.equal(header.samples, 40);
  assert.deepEqual(signals.map((signal) => Array.from(signal)), json("formats.json").frames);
});

Deno.test("encodeRecord() gives wfdb-python's signal files", () => {
  for (const name of ["two212", "three212", "two16", "mixed"]) {
    for (const [file, bytes] of encodeRecord(readFrom(TESTDATA, name))) {
      if (file.endsWith(".dat")) assert.deepEqual(bytes, readBytes(file, TESTDATA), file);
    }
  }
});

Deno.test("decodeAnnotations() reads what wfdb-python wrote: every symbol, every field, long intervals", () => {
  const golden: Record<string, Row[]> = json("crafted.json").annotations;
  assert.equal(golden.fields.length, 39);
  assert.deepEqual(golden.labels.map(([, symbol]) => symbol), ["X", "N", "c", "y"]);
  for (const [name, rows] of Object.entries(golden)) {
    const annotations = decodeAnnotations(readBytes(`${name}.atr`, TESTDATA));
    assert.deepEqual(rowsOf(annotations), rows);
    assert.deepEqual(decodeAnnotations(encodeAnnotations(annotations)), annotations);
  }
});

Deno.test({
  name: "[shared] readRecord() agrees with wfdb-python on all 48 records of the MIT-BIH database",
  ignore: !hasShared,
  fn() {
    const golden = json("mitdb.json");
    const names = readText("RECORDS", MITDB).trim().split(/\s+/);
    assert.equal(names.length, 48);
    const symbolsOf = new Map<string, string[]>();
    for (const name of names) {
      const record = readFrom(MITDB, name, "atr");
      const rows = rowsOf(record.annotations);
      assert.deepEqual({ count: rows.length, sha256: rowsSha256(rows) }, golden.annotations[name], name);
      if (golden.signals[name] !== undefined) assertMatches(record, golden.signals[name]);
      symbolsOf.set(name, record.annotations.map(({ symbol }) => symbol));

      const files = encodeRecord(record);
      const same = (file: string, bytes: Uint8Array) =>
        assert.equal(Buffer.compare(files.get(file)!, bytes), 0, file);
      same(`${name}.dat`, readBytes(`${name}.dat`, MITDB));
      same(`${name}.hea`, new TextEncoder().encode(readText(`${name}.hea`, MITDB).replaceAll("\r\n", "\n")));
      assert.deepEqual(decodeAnnotations(files.get(`${name}.atr`)!), record.annotations, name);
    }
    const counts = (set: string) =>
      Object.fromEntries(
        Object.entries(CLASS_SYMBOLS).map(([aami, symbols]) => [
          aami,
          set.split(" ").flatMap((name) => symbolsOf.get(name)!).filter((symbol) => symbols.includes(symbol))
            .length,
        ]),
      );
    assert.deepEqual(counts(DS1), { N: 45866, S: 944, V: 3788, F: 415, Q: 8 });
    assert.deepEqual(counts(DS2), { N: 44259, S: 1837, V: 3221, F: 388, Q: 7 });
  },
});
