import assert from "node:assert/strict";
import { readSignalCsv, type SignalCsv, type SignalCsvOptions } from "../formats/csv/signal_csv.ts";
import { csvFindings, describeCsv } from "./csv_findings.ts";

const read = (text: string, options: Partial<SignalCsvOptions> = {}): Promise<SignalCsv> =>
  readSignalCsv(text, { file: "a.csv", ...options }, () => () => {});

Deno.test("describeCsv() names leads, rate with its source, and length", async () => {
  const rows = Array.from({ length: 500 }, (_, i) => `${4 * i},${i % 7},${i % 5}`).join("\n");
  assert.equal(
    describeCsv(await read(`t (ms),II,V5\n${rows}\n`)),
    'leads "II", "V5", 250 Hz (time column), 2.0 s',
  );
  assert.equal(
    describeCsv(await read(`t (ms),II,V5\n${rows}\n`, { samplingRate: 500, columns: ["V5"] })),
    'lead "V5", 500 Hz (--samplingRate), 1.0 s',
  );
});

Deno.test("csvFindings() puts into words, with lines, what was repaired and what was noticed", async () => {
  const rows = Array.from({ length: 2000 }, (_, i) => {
    const time = i === 50 ? "" : i === 60 ? 8 : i === 65 ? 1e5 : i === 70 ? 4 * 69 : 4 * i;
    const ecg = i >= 100 && i < 103 || i === 900 ? "NA" : i >= 1000 && i < 1300 ? 3 : i % 7;
    return `${time},${ecg},5,${Math.max(0, i % 100 - 50)}`;
  });
  rows.splice(1500, 10);
  rows.splice(700, 1);
  const text = [
    "t (ms),II,off,V5",
    ...rows.slice(0, 400),
    "t (ms),II,off,V5",
    "# pause",
    ...rows.slice(400),
    "8000",
  ].join("\n");
  assert.deepEqual(csvFindings(await read(text)), [
    { kind: "repaired", text: '2 gaps in "t (ms)": 11 rows dropped (lines 704, 1503)' },
    { kind: "repaired", text: "1 time goes back and is passed over (line 62)" },
    { kind: "repaired", text: "1 time runs ahead and is passed over (line 67)" },
    { kind: "repaired", text: "1 time missing (line 52)" },
    { kind: "repaired", text: "1 time repeated (line 72)" },
    { kind: "repaired", text: '"II": 5 samples filled by straight lines (lines 102, 704, 903)' },
    { kind: "repaired", text: '"II": 10 samples (0.04 s) passed on as missing (line 1503)' },
    { kind: "noticed", text: '"II": 1 flat stretch, 1.2 s (line 1003)' },
    { kind: "repaired", text: '"V5": 1 sample filled by straight lines (line 704)' },
    { kind: "repaired", text: '"V5": 10 samples (0.04 s) passed on as missing (line 1503)' },
    { kind: "noticed", text: '"V5": 4.04 s at its limits: saturated' },
    { kind: "repaired", text: '"off": 1 sample filled by straight lines (line 704)' },
    { kind: "repaired", text: '"off": 10 samples (0.04 s) passed on as missing (line 1503)' },
    { kind: "noticed", text: '"off": flat for all but 0.004 s: lead off' },
    { kind: "repaired", text: "left out: 1 header that came again" },
    { kind: "repaired", text: "left out: 1 last row that is cut off" },
    { kind: "repaired", text: "left out: 1 comment line between the rows" },
  ]);
  const header = await read("fs: 500\n" + "1\n2\n".repeat(300), { samplingRate: 250 });
  assert.deepEqual(csvFindings(header), [
    { kind: "noticed", text: "passed over: --samplingRate 250, because the header states 500 Hz" },
  ]);
});

Deno.test("csvFindings() notices numbers that stand for missing samples", async () => {
  const rows = Array.from({ length: 500 }, (_, i) => `${4 * i},${i % 50 === 9 ? -9999 : i % 7}`).join("\n");
  for (const name of ["ECG", "ECG (uV)"]) {
    const [{ kind, text }, ...rest] = csvFindings(await read(`t (ms),${name}\n${rows}\n`));
    assert.deepEqual([kind, rest], ["noticed", []]);
    assert.match(text, /holds -9999, which may stand for missing samples/);
  }
});
