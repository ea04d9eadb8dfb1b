import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { chunked, collect, grid, NONE, read, refuses, samplesOf } from "./test_reading.ts";

const FIXTURES = "../shared/fixtures/csv";
const hasShared = await Deno.stat(FIXTURES).then(() => true, () => false);

Deno.test("readSignalCsv() reads a single column without a header", async () => {
  const { samples, all: _all, lead, names: _names, ...rest } = await read("0.5\n-0.25\n1e-3\n+.5\n");
  assert.deepEqual(samples, [0.5, -0.25, Math.fround(1e-3), 0.5]);
  assert.deepEqual(lead, {
    name: "column 1",
    index: 0,
    unit: undefined,
    gainAduPerMv: 1,
    baselineAdu: 0,
    samples: 4,
    min: -0.25,
    max: 0.5,
    interpolated: NONE,
    missing: NONE,
    flat: NONE,
    saturatedSamples: 0,
  });
  assert.deepEqual(rest, {
    leads: [lead],
    rows: 4,
    fs: 250,
    fsSource: "option",
    passedOver: [],
    time: undefined,
    skippedLines: { beforeData: 0, comments: 0, empty: 0, repeatedHeaders: 0, cutOffRows: 0 },
  });
});

Deno.test("readSignalCsv() takes BOM, CRLF, CR, mixed line ends, quotes, comments and empty lines around", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["\ufeff# made by hand", "", '"ECG, lead II"', '"1"', "2", "# pause", "% more", "3", "", ""]
      .join(end);
    const { samples, names, skippedLines } = await read(text);
    assert.deepEqual([samples, names], [[1, 2, 3], ["ECG, lead II"]], JSON.stringify(end));
    assert.deepEqual(skippedLines, {
      beforeData: 3,
      comments: 2,
      empty: 1,
      repeatedHeaders: 0,
      cutOffRows: 0,
    });
  }
  assert.deepEqual(await samplesOf("1\r\n2\n3\r4"), [1, 2, 3, 4]);
  assert.deepEqual(await samplesOf("5"), [5]);
  assert.deepEqual(await samplesOf(" 1 ; 2 \n 3 ; 4 \n", { samplingRate: 1, columns: [2] }), [2, 4]);
  assert.deepEqual(await samplesOf('"1","a ""b"", c"\n"2","d"\n'), [1, 2]);
});

Deno.test("readSignalCsv() reads UTF-16 with a byte order mark", async () => {
  const text = "time;ecg (\u00b5V)\n0,004;1\n0,008;2\n0,012;3\n";
  for (const little of [true, false]) {
    const bytes = new Uint8Array(2 + 2 * text.length), view = new DataView(bytes.buffer);
    [...`\ufeff${text}`].forEach((character, i) => view.setUint16(2 * i, character.charCodeAt(0), little));
    for (const size of [1, 7, 1000]) {
      const { samples, fs, lead } = await read(chunked(bytes, [size]).source, {});
      assert.deepEqual([samples.map((x) => Math.round(x * 1e6)), fs, lead.unit?.symbol], [
        [1000, 2000, 3000],
        250,
        "uV",
      ]);
    }
  }
});

Deno.test("readSignalCsv() names row, column and text of a cell that is neither number nor missing", async () => {
  await refuses("ECG\n1\nabc\n2\n", ['"ECG"', "column 1", '"abc"', "--column"], 3);
  await refuses("# c\n\na,b\n1,2\n3,x y\n", ['"b"', "column 2", '"x y"'], 5);
  for (const text of ["0x10", "1 2", "1e999", "--5", "1.2.3", "1_000", "1e", "+", "1e39", "\u0661"]) {
    await refuses(`a,b\n1,2\n${text},3\n`, [text === "1e39" ? "float32" : JSON.stringify(text)], 3);
  }
  // Text in a column that nobody asked for does not matter.
  assert.deepEqual(await samplesOf("ECG,beat\n1,N\n2,V\n"), [1, 2]);
});

Deno.test("readSignalCsv() leaves out a last row that is cut off, headers that come again and doubled line ends", async () => {
  const cut = await read("a,b\n1,2\n3,4\n5");
  assert.deepEqual([cut.all, cut.skippedLines.cutOffRows], [[[1, 3], [2, 4]], 1]);
  const joined = await read("a,b\n1,2\n3,4\na,b\n2,6\n");
  assert.deepEqual([joined.all, joined.skippedLines.repeatedHeaders], [[[1, 3, 2], [2, 4, 6]], 1]);
  const doubled = await read(["a", ..."12345678"].join("\r\r\n") + "\r\r\n");
  assert.deepEqual([doubled.samples, doubled.lead.interpolated], [[1, 2, 3, 4, 5, 6, 7, 8], NONE]);
  const between = await read("t (ms),a\n0,1\n4,2\n\n8,3\n", {});
  assert.deepEqual([between.samples, between.skippedLines.empty], [[1, 2, 3], 1]);
});

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
      const { all } = await collect(source, { file: "t", samplingRate: 1, columns: [1, 2] });
      for (const i of [0, 1]) assert.deepEqual(all[i].map((x) => x + 0), table.map((row) => row[i] + 0));
      assert.ok(state.closed);
    }),
    { seed: 8, numRuns: 100 },
  );
});

Deno.test("readSignalCsv() closes its source when it refuses a file", async () => {
  for (const text of ["x\n".repeat(1000), "1\n".repeat(400_000) + "x\n" + "1\n".repeat(400_000)]) {
    const { source, state } = chunked(text, [65_536]);
    await assert.rejects(read(source, { samplingRate: 1 }), FormatError);
    assert.ok(state.closed);
  }
});

Deno.test("readSignalCsv() reads a long file in chunks, header and layout from its start", async () => {
  const n = 200_000;
  const lines = Array.from({ length: n }, (_, i) => `${(i / 360).toFixed(4)},${(i % 1000) / 100}`);
  const { source } = chunked(`time (s),ECG (mV)\n${lines.join("\n")}\n`, [50_000]);
  const { samples, fs } = await read(source, {});
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
  await refuses(`ECG\n1\n${"1".repeat(1000)}x\n2\n`, ['"1111'], 3);
  assert.deepEqual(await samplesOf(`${"a ".repeat(5000)}(mV)\n1\n`), [1]);
});

/** A file with some of everything. */
const MIXED = '\ufeff# Sampling Rate (Hz):= 250\nmade by hand\ntime (s);"ECG (mV)";beat;II\n' +
  grid(
    60,
    (i) =>
      `${i === 20 ? "" : (i / 250).toFixed(3)};${i % 7 - 3},${i * 7919 % 1000};${i === 9 ? '"N;1"' : "N"};${
        i % 13 === 4 ? "NA" : i
      }\r\n${i === 30 ? "# pause\n\n" : ""}`,
  ).join("");

Deno.test("readSignalCsv() reads the same from any chunks", async () => {
  const whole = await read(MIXED, { columns: [2, 4] });
  assert.deepEqual([
    whole.samples.length,
    whole.leads[1].interpolated.samples,
    whole.time?.missingTimes.count,
  ], [60, 5, 1]);
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), async (parts, cutAt) => {
      const text = new TextEncoder().encode(MIXED),
        part = text.subarray(0, text.length - cutAt % text.length);
      const outcome = (source: AsyncIterable<Uint8Array>) =>
        read(source, { columns: [2, 4] }).catch((error: Error) => error.message);
      assert.deepEqual(
        await outcome(chunked(part, parts).source),
        await outcome(chunked(part, [1e6]).source),
      );
    }),
    { seed: 9, numRuns: 100 },
  );
});

Deno.test("readSignalCsv() answers damaged files with samples or a FormatError", async () => {
  const rng = createRng(21), bytes = [...new TextEncoder().encode(MIXED)];
  const letters = [...new TextEncoder().encode('0123456789.,;:-+eE"\n\r \t#NA')];
  let good = 0;
  for (let round = 0; round < 1500; round++) {
    const damaged = bytes.slice(0, rng.integer(4) === 0 ? rng.integer(bytes.length) + 1 : bytes.length);
    for (let k = rng.integer(4); k > 0 && damaged.length > 0; k--) {
      const at = rng.integer(damaged.length);
      if (round % 3 === 0) damaged[at] ^= 1 << rng.integer(8);
      else if (round % 3 === 1) damaged.splice(at, rng.integer(3));
      else damaged.splice(at, 0, letters[rng.integer(letters.length)]);
    }
    try {
      const { all, fs } = await read(chunked(Uint8Array.from(damaged), [4096]).source, {});
      assert.ok(
        fs > 0 && all.every((samples) => samples.length > 0 && samples.every(Number.isFinite)),
        `round ${round}`,
      );
      good++;
    } catch (error) {
      assert.ok(error instanceof FormatError, `round ${round}: ${(error as Error).stack}`);
    }
  }
  assert.ok(good > 100 && good < 1400, `${good} of 1500 were read`);
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
        await collect((await Deno.open(`${FIXTURES}/${name}`)).readable, { file: name, samplingRate });
      if (fs === undefined) await assert.rejects(open(), /--samplingRate/);
      const signal = await open(fs === undefined ? 250 : undefined);
      assert.deepEqual([signal.samples.length, signal.names], [length, [column]]);
      assert.equal(signal.samples[0], Math.fround(first));
      assert.ok(Math.abs(signal.fs - (fs ?? 250)) < 0.5, `${signal.fs} Hz`);
    },
  });
}
