import assert from "node:assert/strict";
import type { RecordHeader, SignalSpec } from "../formats/wfdb/record.ts";
import { parseHeader } from "../formats/wfdb/header.ts";
import { listRecordFiles, listWfdbRecords, recordFiles, withoutSegments } from "./folder.ts";

const names = ["101.hea", "100.atr", "100.hea", "100.dat", "101.dat", "notes.txt", "102.dat"];

Deno.test("listWfdbRecords() takes every header, sorted, when there is no RECORDS", () => {
  assert.deepEqual(listWfdbRecords(names), [
    { record: "100", header: "100.hea", annotations: "100.atr" },
    { record: "101", header: "101.hea" },
  ]);
});

Deno.test("listWfdbRecords() follows RECORDS", () => {
  const listed = listWfdbRecords([...names, "RECORDS", "101.qrs"], "101\r\n100\n\n");
  assert.deepEqual(listed, [
    { record: "101", header: "101.hea" },
    { record: "100", header: "100.hea", annotations: "100.atr" },
  ]);
});

Deno.test("listWfdbRecords() says what to do about a folder without records", () => {
  const cases: [string[], string | undefined, RegExp][] = [
    [[], undefined, /got an empty folder/],
    [["a.txt", "b.csv"], undefined, /got 2 files, none of them a \.hea/],
    [["RECORDS", "100.hea"], "\n\n", /RECORDS must hold WFDB records, got an empty list/],
    [["RECORDS", "100.hea"], "100\n101\n", /Cannot read record 101: .* no 101\.hea/],
  ];
  for (const [files, records, message] of cases) {
    assert.throws(
      () => listWfdbRecords(files, records),
      (error: Error & { hint?: string }) => {
        assert.equal(error.name, "StageError");
        assert.match(error.message, message);
        assert.ok(error.hint);
        return true;
      },
    );
  }
});

Deno.test("listWfdbRecords() refuses record names that lead elsewhere or stand twice", () => {
  for (const text of ["../100\n", "a/100\n", "..\n", "C:100\n", "1\u000000\n", "100\n100\n"]) {
    assert.throws(() => listWfdbRecords(["100.hea"], text), { name: "FormatError" }, JSON.stringify(text));
  }
});

Deno.test("recordFiles() names each signal file once and keeps them in the folder", () => {
  const header = (...fileNames: string[]): RecordHeader => ({
    record: "100",
    fs: 360,
    signals: fileNames.map((fileName) => ({ fileName, format: 16 }) as SignalSpec),
    comments: [],
  });
  assert.deepEqual(recordFiles(header("100.dat", "100.dat", "100b.dat")), ["100.dat", "100b.dat"]);
  for (const name of ["../100.dat", "/etc/passwd", "a/b.dat", "", "..", "a\\b"]) {
    assert.throws(() => recordFiles(header("100.dat", name)), { name: "FormatError" }, name);
  }
});

/** Headers of a record of two segments that share a file, and of a record of its own. */
const HEADERS: Record<string, string> = {
  "r.hea": "r/4 1 100 9\nr_layout 0\nr_1 4\n~ 1\nr_2 4",
  "r_layout.hea": "r_layout 1 100 0\n~ 0 1/mV 12 0 0 0 0 II",
  "r_1.hea": "r_1 1 100 4\nr.mat 16+24 1/mV 12 0 0 0 0 II",
  "r_2.hea": "r_2 1 100 4\nr.mat 16+32 1/mV 12 0 0 0 0 II",
  "s.hea": "s 2 100 4\ns.d0 80\ns.xyz 16",
};
const headerOf = (name: string) => HEADERS[name] === undefined ? undefined : parseHeader(HEADERS[name], name);

Deno.test("withoutSegments() leaves out layouts and segments of other records", () => {
  const listed = listWfdbRecords(Object.keys(HEADERS));
  assert.deepEqual(listed.map(({ record }) => record), ["r", "r_1", "r_2", "r_layout", "s"]);
  const kept = withoutSegments(listed, ({ header }) => headerOf(header));
  assert.deepEqual(kept.map(({ record }) => record), ["r", "s"]);
  assert.deepEqual(withoutSegments(listed, () => undefined), listed);
});

Deno.test("listRecordFiles() names headers of segments, signal files of any name and annotations, each once", () => {
  assert.deepEqual(listRecordFiles({ record: "r", header: "r.hea", annotations: "r.atr" }, headerOf), [
    "r.hea",
    "r_layout.hea",
    "r_1.hea",
    "r_2.hea",
    "r.mat",
    "r.atr",
  ]);
  assert.deepEqual(listRecordFiles({ record: "s", header: "s.hea" }, headerOf), ["s.hea", "s.d0", "s.xyz"]);
  assert.deepEqual(listRecordFiles({ record: "t", header: "t.hea" }, headerOf), ["t.hea"]);
});
