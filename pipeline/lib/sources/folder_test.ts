import assert from "node:assert/strict";
import type { RecordHeader, SignalSpec } from "../formats/wfdb/record.ts";
import { listWfdbRecords, recordFiles } from "./folder.ts";

const names = ["101.hea", "100.atr", "100.hea", "100.dat", "101.dat", "notes.txt", "102.dat"];

Deno.test("listWfdbRecords() takes every header, sorted, when there is no RECORDS", () => {
  assert.deepEqual(listWfdbRecords(names), [
    { record: "100", header: "100.hea", annotations: "100.atr" },
    { record: "101", header: "101.hea" },
  ]);
});

Deno.test("listWfdbRecords() follows RECORDS and the annotator's name", () => {
  const listed = listWfdbRecords([...names, "RECORDS", "101.qrs"], "101\r\n100\n\n", "qrs");
  assert.deepEqual(listed, [
    { record: "101", header: "101.hea", annotations: "101.qrs" },
    { record: "100", header: "100.hea" },
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
    signals: fileNames.map((fileName) => ({ fileName }) as SignalSpec),
    comments: [],
  });
  assert.deepEqual(recordFiles(header("100.dat", "100.dat", "100b.dat")), ["100.dat", "100b.dat"]);
  for (const name of ["../100.dat", "/etc/passwd", "a/b.dat", "", "..", "a\\b"]) {
    assert.throws(() => recordFiles(header("100.dat", name)), { name: "FormatError" }, name);
  }
});
