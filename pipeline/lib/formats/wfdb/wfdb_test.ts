import assert from "node:assert/strict";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { encodeAnnotations } from "./annotations.ts";
import { parseHeader } from "./header.ts";
import type { WfdbRecord } from "./record.ts";
import { encodeRecord, readRecord } from "./wfdb.ts";

const EMPTY = { subtype: 0, channel: 0, num: 0, aux: "" };

function sampleRecord(): WfdbRecord {
  return {
    header: parseHeader(
      "s1 3 360 4\ns1.dat 212 200 11 1024 1 -5 0 MLII\ns1.dat 212 200 11 1024 0 9 0 V1\ns1_2.dat 16 100(5)/mmHg\n# x",
    ),
    signals: [
      Int16Array.of(1, -2, -3, -1),
      Int16Array.of(0, 2, 3, 4),
      Int16Array.of(1000, -1000, 32767, -32768),
    ],
    annotations: [{ ...EMPTY, sample: 0, symbol: "+", aux: "(N" }, { ...EMPTY, sample: 2, symbol: "V" }],
  };
}

/** Reads what `encodeRecord` gave, as a stage does from a folder. */
function readBack(encoded: Map<string, Uint8Array>, folder = ""): WfdbRecord {
  const [[name, header], ...rest] = encoded;
  const files = new Map(rest.filter(([file]) => !file.endsWith(".atr")));
  const annotations = rest.find(([file]) => file.endsWith(".atr"))?.[1];
  return readRecord({
    header: { name: folder + name, text: new TextDecoder().decode(header) },
    files,
    annotations,
  });
}

Deno.test("encodeRecord() names the files and fills in samples, initial values and checksums", () => {
  const { header, ...rest } = sampleRecord();
  delete header.samples;
  const files = encodeRecord({ header, ...rest });
  assert.deepEqual([...files.keys()], ["s1.hea", "s1.dat", "s1_2.dat", "s1.atr"]);
  assert.equal(
    new TextDecoder().decode(files.get("s1.hea")),
    "s1 3 360 4\ns1.dat 212 200 11 1024 1 -5 0 MLII\ns1.dat 212 200 11 1024 0 9 0 V1\ns1_2.dat 16 100(5)/mmHg 12 0 1000 -1\n# x\n",
  );
});

Deno.test("readRecord() is the inverse of encodeRecord()", () => {
  const record = sampleRecord();
  const again = readBack(encodeRecord(record), "some/folder/");
  assert.deepEqual(again.signals, record.signals);
  assert.deepEqual(again.annotations, record.annotations);
  assert.deepEqual(again.header, {
    ...record.header,
    signals: [...record.header.signals.slice(0, 2), {
      ...record.header.signals[2],
      initialValueAdu: 1000,
      checksum: -1,
    }],
  });
  assert.deepEqual(readBack(encodeRecord(again)), again);
});

Deno.test("readRecord() is the inverse of encodeRecord() without annotations, without samples, without signals", () => {
  const { header, signals } = sampleRecord();
  const bare = encodeRecord({ header, signals, annotations: [] });
  assert.ok(!bare.has("s1.atr"));
  assert.deepEqual(readBack(bare).annotations, []);
  const empty = { header, signals: signals.map(() => new Int16Array(0)), annotations: [] };
  assert.deepEqual(readBack(encodeRecord(empty)).signals, empty.signals);
  const none = { header: { ...header, samples: 650000, signals: [] }, signals: [], annotations: [] };
  assert.deepEqual(readBack(encodeRecord(none)), none);
});

Deno.test("readRecord() fills in the number of samples that the header does not know", () => {
  const bytes = new Uint8Array(12);
  const record = readRecord({
    header: { name: "r.hea", text: "r 1\nr.dat 16" },
    files: new Map([["r.dat", bytes]]),
  });
  assert.equal(record.header.samples, 6);
});

Deno.test("readRecord() refuses a header of another record and one of many segments", () => {
  const text = "r 0 360 100";
  assert.throws(
    () => readRecord({ header: { name: "data/100.hea", text }, files: new Map() }),
    /header must be of the record "100" that its file is named after, got "r" \(data\/100\.hea\)/,
  );
  assert.throws(
    () => readRecord({ header: { name: "r.hea", text: "r/1 1 360\ns 5" }, files: new Map() }),
    /Cannot read record r at once: it must be of one segment, got 1 \(r\.hea\)/,
  );
});

Deno.test("readRecord() has annotations count in frames where they have a time resolution of their own", () => {
  const header = { name: "r.hea", text: "r 0 360 100" };
  const read = (resolution: string, ...samples: number[]) => {
    const note = { ...EMPTY, sample: 0, symbol: '"', aux: `## time resolution: ${resolution}` };
    const beats = samples.map((sample) => ({ ...EMPTY, sample, symbol: "N" }));
    return readRecord({ header, files: new Map(), annotations: encodeAnnotations([note, ...beats]) })
      .annotations;
  };
  assert.deepEqual(read("250", 0, 25, 26, 27).map(({ sample }) => sample), [0, 36, 37, 39]);
  assert.deepEqual(read("1000", 1000, 1001, 1002, -1000).map(({ sample }) => sample), [360, 360, 361, -360]);
  assert.equal(read("360", 7).length, 2, "a definition that says nothing new stays");
  assert.throws(() => read("1e-300", 7), /annotations must count in ticks like its 360 Hz, got .* 1e-300 Hz/);
});

Deno.test("encodeRecord() refuses what does not fit together", () => {
  const record = sampleRecord();
  const { header, signals } = record;
  const [first, ...others] = header.signals;
  assert.throws(() => encodeRecord({ ...record, signals: signals.slice(1) }), /3 descriptions of 2 signals/);
  assert.throws(
    () => encodeRecord({ ...record, signals: [new Int16Array(3), ...signals.slice(1)] }),
    /one length, got 3 and 4/,
  );
  assert.throws(
    () => encodeRecord({ ...record, signals: [Int16Array.of(1, 2, 3, 4000), ...signals.slice(1)] }),
    /must lie in -2048..2047, got 4000 at sample 3 of signal 0/,
  );
  const renamed = (fileName: string) => ({
    ...record,
    header: { ...header, signals: [{ ...first, fileName }, ...others] },
  });
  assert.throws(() => encodeRecord(renamed("s1.hea")), /file names must differ, got "s1\.hea" twice/);
  assert.throws(() => encodeRecord(renamed("s1.atr")), RangeError);
  assert.throws(() => encodeRecord(renamed("../s1.dat")), RangeError);
});

Deno.test("readRecord() answers damaged files with a record or a FormatError", () => {
  const rng = createRng(13);
  const encoded = [...encodeRecord(sampleRecord())];
  for (let run = 0; run < 3000; run++) {
    const victim = rng.integer(encoded.length);
    const damaged = new Map(encoded.map(([name, bytes], i) => {
      const copy = bytes.slice(
        0,
        i === victim && rng.integer(3) === 0 ? rng.integer(bytes.length + 1) : bytes.length,
      );
      if (i === victim && copy.length > 0) copy[rng.integer(copy.length)] ^= 1 << rng.integer(8);
      return [name, copy];
    }));
    try {
      const { header, signals } = readBack(damaged);
      for (const signal of signals) assert.equal(signal.length, header.samples ?? 0);
    } catch (error) {
      assert.ok(error instanceof FormatError, `run ${run}: ${error}`);
    }
  }
});
