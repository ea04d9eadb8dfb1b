import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { readSignalCsv, type SignalCsvOptions } from "./signal_csv.ts";

const FIXTURES = "../shared/fixtures/csv";
const hasShared = await Deno.stat(FIXTURES).then(() => true, () => false);

const read = (text: string, options: Partial<SignalCsvOptions> = { samplingRate: 250 }) =>
  readSignalCsv(text, { file: "signal.csv", ...options });
const samplesOf = async (
  text: string,
  options?: Partial<SignalCsvOptions>,
) => [...(await read(text, options)).samples];

/** Checks that reading fails with a FormatError of the file that holds all the words, on the line if one is given. */
async function refuses(text: string, words: string[], line?: number, options?: Partial<SignalCsvOptions>) {
  await assert.rejects(read(text, options), (error: unknown) => {
    assert.ok(error instanceof FormatError, String(error));
    for (const word of words) {
      assert.ok(error.message.includes(word), `"${word}" is not in: ${error.message}`);
    }
    assert.equal(error.line, line, error.message);
    assert.equal(error.file, "signal.csv");
    return true;
  });
}

Deno.test("readSignalCsv() reads a single column without a header", async () => {
  assert.deepEqual(await read("0.5\n-0.25\n1e-3\n+.5\n"), {
    columns: ["column 1"],
    column: "column 1",
    samples: Float32Array.of(0.5, -0.25, 1e-3, 0.5),
    units: undefined,
    fs: 250,
    fsSource: "option",
    skippedLines: { comments: 0, header: 0, empty: 0 },
  });
});

for (const [name, separator] of [["commas", ","], ["semicolons", ";"], ["tabs", "\t"], ["blanks", "  "]]) {
  Deno.test(`readSignalCsv() finds ${name} as the separator, with a header and without one`, async () => {
    const rows = [["1", "2.5"], ["3", "-4"], ["2", "7"]].map((row) => row.join(separator)).join("\n");
    assert.deepEqual(await samplesOf(rows, { samplingRate: 250, column: 2 }), [2.5, -4, 7]);
    const named = await read(`first${separator}second\n${rows}`, { samplingRate: 250, column: "second" });
    assert.deepEqual([named.columns, [...named.samples]], [["first", "second"], [2.5, -4, 7]]);
  });
}

Deno.test("readSignalCsv() takes BOM, CRLF, CR, mixed line ends, quotes, comments and empty lines around", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["\ufeff# made by hand", "", '"ECG, lead II"', '"1"', "2", "# pause", "3", "", ""].join(end);
    const { samples, column, skippedLines } = await read(text);
    assert.deepEqual([[...samples], column], [[1, 2, 3], "ECG, lead II"], JSON.stringify(end));
    assert.deepEqual(skippedLines, { comments: 2, header: 1, empty: 2 });
  }
  assert.deepEqual(await samplesOf("1\r\n2\n3\r4"), [1, 2, 3, 4]);
  assert.deepEqual(await samplesOf("5"), [5]);
});

Deno.test("readSignalCsv() reads decimal commas between semicolons only", async () => {
  assert.deepEqual(await samplesOf("a;b\n0,5;1,25\n-0,25;2\n"), [0.5, -0.25]);
  await refuses("a\tb\n0,5\t1\n0,25\t2\n", ['"0,5"'], 2);
});

Deno.test("readSignalCsv() chooses the column: given, else ECG by name, else the first that is no time", async () => {
  const text = "time (s),resp,ECG_II\n0,1,10\n0.01,2,20\n0.02,3,30\n";
  const column = async (wanted?: string | number) => (await read(text, { column: wanted })).column;
  assert.equal(await column(), "ECG_II");
  assert.equal(await column("resp"), "resp");
  assert.equal(await column("ecg_ii"), "ECG_II");
  assert.equal(await column(2), "resp");
  assert.equal(await column("2"), "resp");
  assert.equal((await read("sample #,V5,II\n0,1,2\n1,3,4\n2,5,6\n")).column, "V5");
  assert.equal((await read("0.00,5,2\n0.02,5,3\n0.04,5,1\n")).column, "column 2");
  assert.equal((await read("7,8\n7,9\n6,1\n")).column, "column 1");
  assert.equal((await read("2,1\n1,2\n5,1\n", { samplingRate: 250, column: "1" })).column, "column 1");
});

Deno.test("readSignalCsv() refuses a column that is not there and lists those that are", async () => {
  const text = "a,b\n1,2\n3,4\n";
  await refuses(text, ["--column", '"c"', '1 "a", 2 "b"'], undefined, { samplingRate: 250, column: "c" });
  for (const column of [0, 3, -1, 1.5, NaN, "", "3"]) {
    await refuses(text, ["from 1 to 2"], undefined, { samplingRate: 250, column });
  }
  await refuses("time,index\n0,0\n4,1\n8,2\n", ["neither times nor sample numbers"], undefined);
});

Deno.test("readSignalCsv() converts the units that a name or a row of units states to millivolts", async () => {
  for (
    const [name, value] of [["ECG (mV)", 2], ["MLII_uV", 0.002], ["ECG [\u00b5V]", 0.002], ["II (V)", 2000], [
      "ECG/mV",
      2,
    ]]
  ) {
    const { samples, units } = await read(`${name}\n2\n`);
    assert.deepEqual([[...samples], units], [[Math.fround(Number(value))], "mV"], String(name));
  }
  const twoRows = await read("'Elapsed time','MLII'\n'seconds','uV'\n0.000,500\n0.004,250\n", {});
  assert.deepEqual([[...twoRows.samples], twoRows.units, twoRows.fs], [[0.5, 0.25], "mV", 250]);
  for (const name of ["ECG", "lead V", "ECG (adc)", "adc_counts"]) {
    const { samples, units } = await read(`${name}\n2\n`);
    assert.deepEqual([[...samples], units], [[2], undefined], name);
  }
});

Deno.test("readSignalCsv() derives the sampling rate from a time column", async () => {
  const table = (name: string, unitsPerSecond: number, fs: number, decimals: number) =>
    [
      `${name},ECG`,
      ...Array.from({ length: 1000 }, (_, i) => `${(i * unitsPerSecond / fs).toFixed(decimals)},1`),
    ].join("\n");
  for (
    const [name, unitsPerSecond] of [["time (s)", 1], ["t_ms", 1e3], ["Time [us]", 1e6], ["seconds", 1], [
      "ms",
      1e3,
    ]] as const
  ) {
    const { fs, fsSource } = await read(table(name, unitsPerSecond, 360, 9), {});
    assert.deepEqual([fs, fsSource], [360, "time column"], name);
  }
  // Without a unit, only one of s, ms and us gives a rate of ECG recorders.
  for (const unitsPerSecond of [1, 1e3, 1e6]) {
    assert.equal((await read(table("timestamp", unitsPerSecond, 257, 6), {})).fs, 257);
  }
  // Times rounded to milliseconds, and a rate that is no integer.
  assert.equal((await read(table("time (s)", 1, 360, 3), {})).fs, 360);
  assert.ok(Math.abs((await read(table("time (s)", 1, 128.5, 9), {})).fs - 128.5) < 1e-6);
  assert.equal((await read("0.000,5\n0.002,6\n0.004,4\n", {})).fs, 500);
  const clock = await read(
    "'Elapsed time','II'\n'hh:mm:ss.mmm','mV'\n'59:59.996',1\n'1:00:00.000',2\n'1:00:00.004',3\n",
    {},
  );
  assert.equal(clock.fs, 250);
});

Deno.test("readSignalCsv() asks for --samplingRate where the file tells none", async () => {
  await refuses("ECG\n1\n2\n", ["--samplingRate"], undefined, {});
  await refuses("index,ECG\n0,1\n1,2\n2,3\n", ["--samplingRate"], undefined, {});
  await refuses("time,ECG\n0,1\n1,2\n2,3\n", ["--samplingRate"], undefined, {});
  await refuses("time (s),ECG\n0,1\n", ["--samplingRate"], undefined, {});
  await refuses("time,ECG\n0,1\n30,2\n60,3\n", ["unknown unit"], undefined, {});
  await assert.rejects(read("1\n", { samplingRate: 0 }), RangeError);
  await assert.rejects(read("1\n", { samplingRate: NaN }), RangeError);
});

Deno.test("readSignalCsv() refuses times that go back, leave a gap or are none, unless the rate is given", async () => {
  const rows = ["0,1", "4,1", "8,1", "12,1", "16,1", "20,1"];
  const table = (changed: string) => ["time (ms),ECG", ...rows.with(4, changed)].join("\n");
  await refuses(table("3,1"), ["must not go back", "got 3 after 12"], 6, {});
  await refuses(table("x,1"), ["must be a time", '"x"'], 6, {});
  await refuses(table(",1"), ["must be a time"], 6, {});
  const gap = [
    "time (ms),ECG",
    ...rows,
    "1000,1",
    ...Array.from({ length: 300 }, (_, i) => `${1004 + 4 * i},1`),
  ].join("\n");
  await refuses(gap, ["evenly spaced", "980"], 8, {});
  for (const text of [table("3,1"), table("x,1"), gap]) assert.equal((await read(text)).fs, 250);
});

Deno.test("readSignalCsv() names row, column and text of a cell that is no number", async () => {
  await refuses("ECG\n1\nabc\n2\n", ['"ECG"', "column 1", '"abc"', "--column"], 3);
  await refuses("# c\n\na,b\n1,2\n3,x y\n", ['"b"', "column 2", '"x y"'], 5, {
    samplingRate: 250,
    column: 2,
  });
  for (
    const text of ["nan", "NaN", "inf", "-Infinity", "0x10", "1 2", "1e999", "--5", "1.2.3", "null", "1_000"]
  ) {
    await refuses(`a,b\n1,2\n${text},3\n`, [JSON.stringify(text)], 3);
  }
  await refuses("a,b\n1,2\n,3\n", ["an empty cell"], 3);
  await refuses("nan\n1\n", ['"nan"'], 1);
  // Text in a column that nobody asked for does not matter.
  assert.deepEqual(await samplesOf("ECG,beat\n1,N\n2,V\n"), [1, 2]);
});

Deno.test("readSignalCsv() refuses rows that do not fit, gaps between samples and files without samples", async () => {
  await refuses("1,2\n3,4\n5\n", ["2 cells", "got 1"], 3);
  await refuses("1,2\n3,4\n5,6,7\n", ["2 cells", "got 3"], 3);
  await refuses("a,b,c\n3,4\n5,6\n", ["3 names"], undefined);
  await refuses("1\n2\n\n\n3\n", ["empty line"], 3);
  for (const text of ["", "\n\n", "ECG", "ECG\n", "# only\n# comments", "\ufeff"]) {
    await refuses(text, ["got none"]);
  }
  await refuses("1\n\0\0\n", ["binary"], undefined);
  await refuses('1\n"2\n3\n', ["Quote"], 3);
  assert.deepEqual(await samplesOf("1\t2\t\n3\t4\t\n", { samplingRate: 250, column: 2 }), [2, 4]);
});

Deno.test("readSignalCsv() reads OpenSignals and BioSPPy comment headers", async () => {
  const device = {
    sensor: ["EMG", "ECG"],
    label: ["A1", "A2"],
    column: ["nSeq", "A1", "A2"],
    "sampling rate": 1000,
  };
  const openSignals = `# OpenSignals Text File Format\n# ${
    JSON.stringify({ "00:11": device })
  }\n# EndOfHeader\n0\t5\t496\t\n1\t6\t497\t\n`;
  const first = await read(openSignals, {});
  assert.deepEqual([first.column, first.fs, first.fsSource, [...first.samples]], [
    "A2",
    1000,
    "comment header",
    [496, 497],
  ]);
  const second = await read(
    "# Simple Text Format\n# Sampling Rate (Hz):= 500.00\n# Labels:= ECG\n2044.0\n2045.0\n",
    {},
  );
  assert.deepEqual([second.column, second.fs, second.columns], ["ECG", 500, ["ECG"]]);
  for (
    const broken of [
      "{",
      "{}",
      "[]",
      '{"a": 1}',
      '{"a": {"sampling rate": "x", "column": [1]}}',
      "Sampling Rate (Hz):= -1",
    ]
  ) {
    await refuses(`# ${broken}\n1\n`, ["--samplingRate"], undefined, {});
  }
});

/** The text's bytes in chunks of the given sizes, over and over; notes whether it was closed. */
function chunked(text: string, sizes: number[]) {
  const bytes = new TextEncoder().encode(text);
  const state = { closed: false };
  async function* chunks() {
    try {
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length];
        yield await Promise.resolve(bytes.subarray(at, at + size));
        at += size;
      }
    } finally {
      state.closed = true;
    }
  }
  return { source: chunks(), state };
}

Deno.test("readSignalCsv() gives back what was written, in chunks of any size", async () => {
  const value = fc.float({ noNaN: true, noDefaultInfinity: true });
  const rows = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 30 });
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(rows, sizes, fc.constantFrom(",", ";", "\t", " "), async (table, parts, separator) => {
      const text = ["\u00e4 x", ...table].map((row) =>
        typeof row === "string" ? `a${separator}b\u00e4` : row.join(separator)
      ).join("\r\n");
      const { source, state } = chunked(text, parts);
      const { samples } = await readSignalCsv(source, { file: "t", samplingRate: 1, column: 2 });
      assert.deepEqual([...samples].map((x) => x + 0), table.map(([, x]) => x + 0));
      assert.ok(state.closed);
    }),
    { seed: 8, numRuns: 100 },
  );
});

Deno.test("readSignalCsv() closes its source when it refuses a file", async () => {
  for (const text of ["x\n".repeat(1000), "1\n".repeat(400_000) + "x\n" + "1\n".repeat(400_000)]) {
    const { source, state } = chunked(text, [65_536]);
    await assert.rejects(readSignalCsv(source, { file: "t", samplingRate: 1 }), FormatError);
    assert.ok(state.closed);
  }
});

Deno.test("readSignalCsv() reads a long file in chunks, header and layout from its start", async () => {
  const n = 200_000;
  const lines = Array.from({ length: n }, (_, i) => `${(i / 360).toFixed(4)},${(i % 1000) / 100}`);
  const { source } = chunked(`time (s),ECG (mV)\n${lines.join("\n")}\n`, [50_000]);
  const { samples, fs } = await readSignalCsv(source, { file: "t" });
  assert.equal(fs, 360);
  assert.equal(samples.length, n);
  assert.ok(samples.every((value, i) => value === Math.fround((i % 1000) / 100)));
});

Deno.test("readSignalCsv() answers long rows, names and digits at once", async () => {
  const long = 300_000;
  for (
    const text of [
      "_".repeat(long),
      "1".repeat(long),
      `${"1".repeat(long)}x`,
      ",".repeat(long),
      `1\n"${"2\n".repeat(long)}`,
      " ".repeat(long),
      "#".repeat(long),
      `# {${"[".repeat(long)}`,
    ]
  ) {
    await assert.rejects(read(`${text}\n1\n`, {}), FormatError);
  }
  await refuses(`ECG\n${"1".repeat(1000)}x\n`, ['"1111'], 2);
  assert.deepEqual(await samplesOf(`${"a ".repeat(5000)}(mV)\n1\n`), [1]);
});

Deno.test("readSignalCsv() answers damaged files with samples or a FormatError", async () => {
  const rng = createRng(21);
  const whole = '# Sampling Rate (Hz):= 250\ntime (s);"ECG (mV)";beat\n' +
    Array.from({ length: 40 }, (_, i) => `${(i / 250).toFixed(3)};${(i % 7) - 3},5;N\r\n`).join("");
  const bytes = new TextEncoder().encode(whole);
  for (let round = 0; round < 400; round++) {
    const damaged = bytes.slice(0, rng.integer(bytes.length) + 1);
    for (let k = rng.integer(6); k > 0; k--) damaged[rng.integer(damaged.length)] ^= 1 << rng.integer(8);
    try {
      const { samples, fs } = await readSignalCsv(ReadableStream.from([damaged]), { file: "t" });
      assert.ok(samples.length > 0 && samples.every(Number.isFinite) && fs > 0, `round ${round}`);
    } catch (error) {
      assert.ok(error instanceof FormatError, `round ${round}: ${error}`);
    }
  }
});

/** File, samples, sampling rate where the file tells one, column, first sample. */
const REAL_FILES: [string, number, number | undefined, string, number][] = [
  ["e0103.csv", 30_000, undefined, "column 1", 0.455],
  ["e0110.csv", 30_000, undefined, "column 1", 3.34],
  ["e0124.csv", 30_000, undefined, "column 1", -1.54],
  ["ecg.txt", 15_000, 1000, "ECG", 2044],
  ["ecg_data_1.csv", 2719, 256.3, "ecg_measurement", 1.59335289],
  ["ecg_data_2.csv", 934, 255, "ecg_measurement", 2.233626604],
  ["pyhrv_SampleECG.txt", 22_350, 1000, "A2", 496],
];
for (const [name, length, fs, column, first] of REAL_FILES) {
  Deno.test({
    name: `[shared] readSignalCsv() reads ${name}`,
    ignore: !hasShared,
    fn: async () => {
      const open = async (samplingRate?: number) =>
        await readSignalCsv((await Deno.open(`${FIXTURES}/${name}`)).readable, { file: name, samplingRate });
      if (fs === undefined) await assert.rejects(open(), /--samplingRate/);
      const signal = await open(fs === undefined ? 250 : undefined);
      assert.deepEqual([signal.samples.length, signal.column], [length, column]);
      assert.equal(signal.samples[0], Math.fround(first));
      assert.ok(Math.abs(signal.fs - (fs ?? 250)) < 0.5, `${signal.fs} Hz`);
    },
  });
}
