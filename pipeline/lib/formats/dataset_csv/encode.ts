import { FLOAT32_TEXT_BYTES, writeFloat32 } from "./float32_text.ts";
import { BEAT_COLUMNS, type DatasetTable, windowColumn } from "./table.ts";

const COMMA = 44, LINE_FEED = 10;
const MAX_SAMPLE_DIGITS = 10;
const encoder = new TextEncoder();

/**
 * Writes the header line of a dataset: `record,sample,symbol,label`, the RR features, `x0` to the window's
 * last sample.
 *
 * @param windowSamples Length of a window, >= 1.
 * @param rrNames Names of the RR features, none of them the name of another column.
 * @returns One line with its line feed.
 * @throws {RangeError} if there is no window column, two columns have one name, or a name holds a line break.
 */
export function datasetCsvHeader(windowSamples: number, rrNames: readonly string[]): string {
  if (!Number.isInteger(windowSamples) || windowSamples < 1) {
    throw new RangeError(
      `Cannot write a dataset: windowSamples must be an integer >= 1, got ${windowSamples}`,
    );
  }
  const windowColumns = Array.from({ length: windowSamples }, (_, i) => windowColumn(i));
  const columns = [...BEAT_COLUMNS, ...rrNames, ...windowColumns];
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new RangeError(`Cannot write a dataset: columns must differ, got ${twice} twice`);
  }
  return columns.map(csvField).join(",") + "\n";
}

/** Quotes a text where RFC 4180 asks for it. Line breaks are not supported: one line is one beat. */
function csvField(text: string): string {
  if (/[\r\n]/.test(text)) {
    throw new RangeError(
      `Cannot write a dataset: texts must have no line break, got ${JSON.stringify(text)}`,
    );
  }
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The texts of a table as CSV bytes, each made once. */
interface EncodedTexts {
  records: Uint8Array[];
  symbols: Map<string, Uint8Array>;
  labels: Uint8Array[];
}

function encodeTexts(table: DatasetTable): EncodedTexts {
  const encode = (text: string) => encoder.encode(csvField(text));
  return {
    records: table.records.map(encode),
    symbols: new Map([...new Set(table.symbols)].map((symbol) => [symbol, encode(symbol)])),
    labels: table.classNames.map(encode),
  };
}

/**
 * Writes a dataset as CSV, piece by piece.
 *
 * @param table The beats.
 * @param options.rows Indices of the beats to write, in their order. Default: all.
 * @param options.chunkBytes Size of a piece; a piece holds whole lines, at least one. Default: 1 MiB.
 * @returns Pieces in order, the header in the first. All share one buffer: each is valid until the next is
 *   asked for.
 * @throws {RangeError} if arrays do not fit one another, an index is out of range, a value is not finite, or
 *   a text holds a line break.
 */
export function* encodeDatasetCsv(
  table: DatasetTable,
  options: { rows?: Uint32Array; chunkBytes?: number } = {},
): Generator<Uint8Array> {
  const { rows, chunkBytes = 1 << 20 } = options;
  checkLengths(table);
  const texts = encodeTexts(table);
  const header = encoder.encode(datasetCsvHeader(table.windowSamples, table.rrNames));
  const longest = (list: Iterable<Uint8Array>) => Math.max(0, ...[...list].map((bytes) => bytes.length));
  const lineBytes = longest(texts.records) + longest(texts.symbols.values()) + longest(texts.labels) +
    MAX_SAMPLE_DIGITS + BEAT_COLUMNS.length +
    (table.rrNames.length + table.windowSamples) * (FLOAT32_TEXT_BYTES + 1);
  const chunk = new Uint8Array(Math.max(chunkBytes, header.length, lineBytes));
  chunk.set(header);
  let position = header.length;

  const beats = rows?.length ?? table.samples.length;
  for (let i = 0; i < beats; i++) {
    const beat = rows === undefined ? i : rows[i];
    if (beat >= table.samples.length) {
      throw new RangeError(
        `Cannot write a dataset: rows must be beats in [0, ${table.samples.length}), got ${beat}`,
      );
    }
    if (position + lineBytes > chunk.length) {
      yield chunk.subarray(0, position);
      position = 0;
    }
    position = writeLine(table, texts, beat, chunk, position);
  }
  yield chunk.subarray(0, position);
}

function checkLengths(table: DatasetTable): void {
  const beats = table.samples.length;
  const lengths: [string, number, number][] = [
    ["recordIndex", table.recordIndex.length, beats],
    ["symbols", table.symbols.length, beats],
    ["labels", table.labels.length, beats],
    ["rr", table.rr.length, beats * table.rrNames.length],
    ["windows", table.windows.length, beats * table.windowSamples],
  ];
  for (const [name, actual, expected] of lengths) {
    if (actual !== expected) {
      throw new RangeError(`Cannot write a dataset: ${name} must have ${expected} values, got ${actual}`);
    }
  }
}

function writeLine(
  table: DatasetTable,
  texts: EncodedTexts,
  beat: number,
  bytes: Uint8Array,
  position: number,
): number {
  const record = texts.records[table.recordIndex[beat]], label = texts.labels[table.labels[beat]];
  if (record === undefined || label === undefined) {
    throw new RangeError(
      `Cannot write a dataset: record and class of beat ${beat} must be in the table's lists, ` +
        `got indices ${table.recordIndex[beat]} and ${table.labels[beat]}`,
    );
  }
  position = writeText(record, bytes, position);
  position = writeText(encoder.encode(String(table.samples[beat])), bytes, position);
  position = writeText(texts.symbols.get(table.symbols[beat])!, bytes, position);
  position = writeText(label, bytes, position);
  position = writeValues(table.rr, beat * table.rrNames.length, table.rrNames.length, bytes, position);
  position = writeValues(table.windows, beat * table.windowSamples, table.windowSamples, bytes, position);
  bytes[position - 1] = LINE_FEED;
  return position;
}

function writeText(text: Uint8Array, bytes: Uint8Array, position: number): number {
  bytes.set(text, position);
  bytes[position + text.length] = COMMA;
  return position + text.length + 1;
}

function writeValues(
  values: Float32Array,
  start: number,
  count: number,
  bytes: Uint8Array,
  position: number,
): number {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = start; i < start + count; i++) {
    position = writeFloat32(values, bits, i, bytes, position);
    if (position < 0) {
      throw new RangeError(`Cannot write a dataset: values must be finite, got ${values[i]} at index ${i}`);
    }
    bytes[position++] = COMMA;
  }
  return position;
}
