import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "csv-parse/sync";
import { FormatError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { DatasetCsvDecoder, decodeDatasetCsv } from "./decode.ts";
import { datasetCsvHeader, encodeDatasetCsv } from "./encode.ts";
import type { DatasetTable } from "./table.ts";

const classNames = ["N", "S", "V", "F", "Q"];

function makeTable(beats: number, overrides: Partial<DatasetTable> = {}): DatasetTable {
  const rng = createRng(beats + 1);
  const symbols = ["N", '"', ",", "/", "|", "+", "'", "é"];
  const windowSamples = overrides.windowSamples ?? 5, rrNames = overrides.rrNames ?? ["preRr", "postRr"];
  return {
    records: ["100", "a, b", 'c "d"', "Zoë"],
    recordIndex: Uint16Array.from({ length: beats }, (_, i) => Math.min(3, i >> 1)),
    samples: Uint32Array.from({ length: beats }, () => rng.integer(2 ** 32)),
    symbols: Array.from({ length: beats }, (_, i) => symbols[i % symbols.length]),
    labels: Uint8Array.from({ length: beats }, () => rng.integer(classNames.length)),
    classNames,
    rrNames,
    rr: Float32Array.from({ length: beats * rrNames.length }, () => rng.normal()),
    windowSamples,
    windows: Float32Array.from({ length: beats * windowSamples }, () => rng.uniform()),
    ...overrides,
  };
}

type EncodeOptions = Parameters<typeof encodeDatasetCsv>[1];

/** The pieces share one buffer, so each is copied. */
const piecesOf = (table: DatasetTable, options?: EncodeOptions) =>
  Array.from(encodeDatasetCsv(table, options), (piece) => piece.slice());
const textOf = (table: DatasetTable, options?: EncodeOptions) =>
  piecesOf(table, options).map((piece) => new TextDecoder().decode(piece)).join("");
const read = (text: string) =>
  decodeDatasetCsv([new TextEncoder().encode(text)], { classNames, file: "x.csv" });

/** What a dataset says of each beat, without regard to the order of the list of records. */
function beatsOf(table: DatasetTable, rows = Uint32Array.from(table.samples.keys())) {
  const bitsOf = (
    values: Float32Array,
    beat: number,
    count: number,
  ) => [...new Int32Array(values.slice(beat * count, (beat + 1) * count).buffer)];
  return Array.from(rows, (beat) => ({
    record: table.records[table.recordIndex[beat]],
    sample: table.samples[beat],
    symbol: table.symbols[beat],
    label: table.labels[beat],
    rr: bitsOf(table.rr, beat, table.rrNames.length),
    window: bitsOf(table.windows, beat, table.windowSamples),
  }));
}

Deno.test("datasetCsvHeader() names the columns in their order", () => {
  assert.equal(
    datasetCsvHeader(3, ["preRr", "postRr"]),
    "record,sample,symbol,label,preRr,postRr,x0,x1,x2\n",
  );
  assert.equal(datasetCsvHeader(1, ['a "b", c']), 'record,sample,symbol,label,"a ""b"", c",x0\n');
  assert.throws(() => datasetCsvHeader(3, ["x1"]), /columns must differ, got x1 twice/);
  assert.throws(() => datasetCsvHeader(3, ["a\nb"]), /no line break/);
  assert.throws(() => datasetCsvHeader(0, []), RangeError);
});

Deno.test("encodeDatasetCsv() writes what a general CSV reader reads", () => {
  const table = makeTable(40);
  const [header, ...lines] = parse(textOf(table)) as string[][];
  assert.deepEqual(header, [
    "record",
    "sample",
    "symbol",
    "label",
    "preRr",
    "postRr",
    "x0",
    "x1",
    "x2",
    "x3",
    "x4",
  ]);
  const expected = Array.from({ length: 40 }, (_, beat) => [
    table.records[table.recordIndex[beat]],
    String(table.samples[beat]),
    table.symbols[beat],
    classNames[table.labels[beat]],
  ]);
  assert.deepEqual(lines.map((line) => line.slice(0, 4)), expected);
  assert.deepEqual(lines.flatMap((line) => line.slice(6).map((x) => Math.fround(Number(x)))), [
    ...table.windows,
  ]);
});

Deno.test("encodeDatasetCsv() writes whole lines of the chosen beats, in pieces of any size", () => {
  const table = makeTable(50);
  const rows = Uint32Array.of(49, 0, 7, 7, 3);
  const whole = textOf(table, { rows });
  for (const chunkBytes of [1, 400, 1000]) {
    const pieces = piecesOf(table, { rows, chunkBytes });
    assert.equal(pieces.map((piece) => new TextDecoder().decode(piece)).join(""), whole);
    for (const piece of pieces) assert.equal(piece[piece.length - 1], "\n".charCodeAt(0));
  }
  assert.ok(piecesOf(table, { chunkBytes: 400 }).length > 5);
});

Deno.test("decodeDatasetCsv() gives back the written beats bit by bit, for pieces of any size", async () => {
  for (
    const [beats, rrNames, windowSamples] of [[0, ["a"], 3], [1, [], 1], [60, ["a", "b", "c"], 216]] as const
  ) {
    const table = makeTable(beats, { rrNames, windowSamples });
    const bytes = new TextEncoder().encode(textOf(table));
    for (const size of [1, 7, 1000, bytes.length]) {
      const pieces = function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      };
      const back = await decodeDatasetCsv(pieces(), { classNames });
      assert.deepEqual(beatsOf(back), beatsOf(table));
      assert.deepEqual([back.rrNames, back.windowSamples], [rrNames, windowSamples]);
    }
  }
});

Deno.test("decodeDatasetCsv() gives back any finite float32 and any texts without line breaks", async () => {
  const beats = fc.array(
    fc.record({
      record: fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, "")),
      symbol: fc.constantFrom("N", '"', ",", "/", "", '""', ' ",'),
      values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 4, maxLength: 4 }),
    }),
    { maxLength: 8 },
  );
  await fc.assert(fc.asyncProperty(beats, async (list) => {
    const records = [...new Set(list.map(({ record }) => record))];
    const table = makeTable(list.length, {
      records,
      recordIndex: Uint16Array.from(list, ({ record }) => records.indexOf(record)),
      symbols: list.map(({ symbol }) => symbol),
      rrNames: [],
      windowSamples: 4,
      windows: Float32Array.from(list.flatMap(({ values }) => values)),
    });
    assert.deepEqual(beatsOf(await read(textOf(table))), beatsOf(table));
  }));
});

Deno.test("decodeDatasetCsv() takes CR LF, a byte order mark and a missing last line end", async () => {
  const table = makeTable(9);
  const text = textOf(table);
  for (const variant of [text.replaceAll("\n", "\r\n"), `\ufeff${text}`, text.slice(0, -1)]) {
    assert.deepEqual(beatsOf(await read(variant)), beatsOf(table));
  }
});

Deno.test("decodeDatasetCsv() names line and column of what it refuses", async () => {
  const header = "record,sample,symbol,label,rr,x0,x1\n", good = "100,5,N,N,1,0.5,1\n";
  const refused: [string, RegExp][] = [
    ["", /must have a header line, got an empty file \(x\.csv, line 1\)/],
    ["record,sample,label\n", /column 3 must be named symbol, got "label" \(x\.csv, line 1\)/],
    ["record,sample,symbol,label,rr\n", /there must be a column x0, got none/],
    ["record,sample,symbol,label,x0,x2\n", /column 6 must be named x1, got "x2"/],
    ["record,sample,symbol,label,x0,rr\n", /column 6 must be named x1, got "rr"/],
    [header + good + "100,5,N,N,1,0.5\n", /must have 7 columns, got 6 \(x\.csv, line 3\)/],
    [header + "100,5,N,N,1,0.5,1,2\n", /must have 7 columns, got 8/],
    [header + good + "\n" + good, /must have 7 columns, got 1 \(x\.csv, line 3\)/],
    [header + "100,5,N,N\n" + good, /must have 7 columns, got 4 \(x\.csv, line 2\)/],
    [header + "100,5\n" + good, /must have 7 columns, got 2 \(x\.csv, line 2\)/],
    [
      header + good + "100,5,N,N,1,abc,1\n",
      /column x0 must hold a finite float32 number, got "abc" \(x\.csv, line 3\)/,
    ],
    [header + "100,5,N,N,,0,1\n", /column rr must hold a finite float32 number, got ""/],
    [header + "100,5,N,N,1,0,NaN\n", /column x1 must hold a finite float32 number, got "NaN"/],
    [header + '100,5,N,N,1,"0",1\n', /column x0 must hold a finite float32 number, got "\\"0\\""/],
    [header + "100,5,N,N,1,0,1e39\n", /column x1 must hold/],
    [header + "100,-5,N,N,1,0,1\n", /column sample must hold an integer in \[0, 2\^32\), got "-5"/],
    [header + "100,4294967296,N,N,1,0,1\n", /column sample must hold/],
    [header + "100,,N,N,1,0,1\n", /column sample must hold an integer in \[0, 2\^32\), got ""/],
    [header + "100,5,N,X,1,0,1\n", /column label must be one of N S V F Q, got "X"/],
    [header + '100,5,",N,1,0,1\n', /column symbol must be UTF-8 text, quoted as a whole or not at all/],
    [header + '"1"00,5,N,N,1,0,1\n', /column record must be UTF-8 text/],
    [header + '1"00,5,N,N,1,0,1\n', /column record must be UTF-8 text/],
  ];
  for (const [text, message] of refused) {
    await assert.rejects(read(text), (error) => {
      assert.ok(error instanceof FormatError, `${JSON.stringify(text)}: ${error}`);
      assert.match(error.message, message);
      return true;
    });
  }
  const latin1 = Uint8Array.from(`${header}Zo\xeb,5,N,N,1,0,1\n`, (letter) => letter.charCodeAt(0));
  await assert.rejects(decodeDatasetCsv([latin1], { classNames }), /column record must be UTF-8 text/);
});

Deno.test("DatasetCsvDecoder refuses an endless line and reserves no memory on a header's word", async () => {
  const decoder = new DatasetCsvDecoder({ classNames });
  const piece = new Uint8Array(1 << 20).fill("1".charCodeAt(0));
  assert.throws(() => {
    for (let i = 0; i < 100; i++) decoder.push(piece);
  }, /a line must have at most 16777216 bytes, got more \(line 1\)/);
  const wide = datasetCsvHeader(10_000, []);
  assert.equal((await read(wide)).windows.buffer.byteLength, 0);
  const table = makeTable(1, { rrNames: [], windowSamples: 10_000 });
  assert.ok((await read(textOf(table))).windows.buffer.byteLength < 1 << 20);
});

Deno.test("decodeDatasetCsv() answers damaged files with beats or a FormatError", async () => {
  const bytes = new TextEncoder().encode(textOf(makeTable(12)));
  const rng = createRng(77);
  let refused = 0;
  for (let run = 0; run < 3000; run++) {
    const damaged = bytes.slice(0, run % 3 === 0 ? rng.integer(bytes.length + 1) : bytes.length);
    for (let flips = rng.integer(4); flips > 0 && damaged.length > 0; flips--) {
      damaged[rng.integer(damaged.length)] ^= 1 << rng.integer(8);
    }
    try {
      const { windows, rr, samples } = await decodeDatasetCsv([damaged], { classNames });
      assert.ok(windows.every(Number.isFinite) && rr.every(Number.isFinite));
      assert.equal(windows.length, samples.length * 5);
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 1000, `${refused} refused`);
});

Deno.test("encodeDatasetCsv() refuses what a reader could not read back", () => {
  const write = (overrides: Partial<DatasetTable>) => () => textOf({ ...makeTable(4), ...overrides });
  assert.throws(write({ rr: new Float32Array(7) }), /rr must have 8 values, got 7/);
  assert.throws(
    write({ windows: new Float32Array(20).fill(NaN) }),
    /values must be finite, got NaN at index 0/,
  );
  assert.throws(write({ symbols: ["N", "N", "a\nb", "N"] }), /no line break, got "a\\nb"/);
  assert.throws(write({ labels: Uint8Array.of(0, 1, 2, 5) }), /class of beat 3 must be in the table's lists/);
  assert.throws(write({ recordIndex: Uint16Array.of(0, 0, 0, 4) }), /record and class of beat 3/);
  assert.throws(() => textOf(makeTable(4), { rows: Uint32Array.of(4) }), /must be beats in \[0, 4\), got 4/);
});
