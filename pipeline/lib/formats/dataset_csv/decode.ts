import { FormatError } from "../../core/errors.ts";
import { FieldReader } from "./fields.ts";
import { parseFloat32s } from "./parse_float32.ts";
import { BEAT_COLUMNS, type DatasetTable, windowColumn } from "./table.ts";

const COMMA = 44, LINE_FEED = 10;
const MAX_LINE_BYTES = 1 << 24;
const MAX_RECORDS = 1 << 16;
const FIRST_CAPACITY_VALUES = 1 << 16;
const SHOWN_CHARACTERS = 40;
const SAMPLE_COLUMN = BEAT_COLUMNS.indexOf("sample");
const TEXT_COLUMNS = BEAT_COLUMNS.flatMap((_, i) => i === SAMPLE_COLUMN ? [] : [i]);

/** Options of {@linkcode DatasetCsvDecoder}. */
export interface DatasetCsvOptions {
  /** Class names, at most 256; a beat's label becomes its index in this list. */
  classNames: readonly string[];
  /** Name of the file for error messages. */
  file?: string;
}

/**
 * Reads a dataset CSV from pieces of any size: `push` each, then `finish`.
 *
 * Strict: the header decides the columns, and each line must hold them all. Line ends may be LF or CR LF, the
 * last one may be missing, a byte order mark is skipped; line breaks inside a field are not supported.
 *
 * Written for this one layout, where 98 of 100 fields are numbers, because a general parser makes a string of
 * each: with csv-parse and `Number` the same text takes 12 times as long.
 */
export class DatasetCsvDecoder {
  readonly #classNames: readonly string[];
  readonly #file?: string;
  readonly #indexOfRecord = new Map<string, number>();
  readonly #symbols: string[] = [];
  #columns: string[] | undefined;
  #rrCount = 0;
  #windowSamples = 0;
  #line = 0;
  #beats = 0;
  #capacity = 0;
  #recordIndex = new Uint16Array(0);
  #samples = new Uint32Array(0);
  #labels = new Uint8Array(0);
  #rr = new Float32Array(0);
  #windows = new Float32Array(0);
  /** The pieces of a line whose end has not come yet. */
  #unfinished: Uint8Array[] = [];
  #unfinishedBytes = 0;

  constructor(options: DatasetCsvOptions) {
    this.#classNames = options.classNames;
    this.#file = options.file;
  }

  /**
   * Reads the next bytes of the file. The array may be reused by the caller afterwards.
   *
   * @throws {FormatError} with the line and the column's name, if a line does not hold what the header
   *   promises.
   */
  push(chunk: Uint8Array): void {
    const firstEnd = chunk.indexOf(LINE_FEED) + 1;
    if (firstEnd === 0) {
      this.#keep(chunk);
      return;
    }
    let position = 0;
    if (this.#unfinishedBytes > 0) {
      this.#keep(chunk.subarray(0, firstEnd));
      this.#readLine(this.#takeUnfinished(), 0);
      position = firstEnd;
    }
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    while (position < end) position = this.#readLine(chunk, position);
    this.#keep(chunk.subarray(end));
  }

  /**
   * Ends the file.
   *
   * @returns The beats read. The arrays may lie in longer buffers.
   * @throws {FormatError} as `push`, or if there was no header.
   */
  finish(): DatasetTable {
    if (this.#unfinishedBytes > 0) {
      this.#keep(Uint8Array.of(LINE_FEED));
      this.#readLine(this.#takeUnfinished(), 0);
    }
    if (this.#columns === undefined) throw this.#error("the file must have a header line, got an empty file");
    return {
      records: [...this.#indexOfRecord.keys()],
      recordIndex: this.#recordIndex.subarray(0, this.#beats),
      samples: this.#samples.subarray(0, this.#beats),
      symbols: this.#symbols,
      labels: this.#labels.subarray(0, this.#beats),
      classNames: this.#classNames,
      rrNames: this.#columns.slice(BEAT_COLUMNS.length, BEAT_COLUMNS.length + this.#rrCount),
      rr: this.#rr.subarray(0, this.#beats * this.#rrCount),
      windowSamples: this.#windowSamples,
      windows: this.#windows.subarray(0, this.#beats * this.#windowSamples),
    };
  }

  #error(what: string): FormatError {
    return new FormatError(`Cannot read dataset: ${what}`, {
      file: this.#file,
      line: Math.max(1, this.#line),
    });
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#unfinishedBytes += bytes.length;
    if (this.#unfinishedBytes > MAX_LINE_BYTES) {
      this.#line++;
      throw this.#error(`a line must have at most ${MAX_LINE_BYTES} bytes, got more`);
    }
    this.#unfinished.push(bytes.slice());
  }

  #takeUnfinished(): Uint8Array {
    const line = new Uint8Array(this.#unfinishedBytes);
    let position = 0;
    for (const piece of this.#unfinished) {
      line.set(piece, position);
      position += piece.length;
    }
    this.#unfinished = [];
    this.#unfinishedBytes = 0;
    return line;
  }

  /** Reads the line that begins at `start` and ends with a line feed; returns where the next one begins. */
  #readLine(bytes: Uint8Array, start: number): number {
    this.#line++;
    if (this.#columns === undefined) return this.#readHeader(bytes, start);
    this.#grow();
    const beat = this.#beats;
    const fields = new FieldReader(bytes, start);
    const record = fields.text(), sample = fields.unsigned(), symbol = fields.text(), label = fields.text();
    if (
      record === undefined || sample === undefined || symbol === undefined || label === undefined ||
      fields.isAtEnd
    ) {
      throw this.#lineError(bytes, start);
    }
    const labelIndex = this.#classNames.indexOf(label);
    if (labelIndex < 0) {
      throw this.#error(
        `column label must be one of ${this.#classNames.join(" ")}, got ${JSON.stringify(label)}`,
      );
    }
    // A comma came last, so the numbers' parser begins in this line, and it stops at line feeds.
    const rrEnd = parseFloat32s(bytes, fields.position, this.#rrCount, this.#rr, beat * this.#rrCount, COMMA);
    const end = rrEnd < 0 ? rrEnd : parseFloat32s(
      bytes,
      rrEnd,
      this.#windowSamples,
      this.#windows,
      beat * this.#windowSamples,
      LINE_FEED,
    );
    if (end < 0) throw this.#lineError(bytes, start);
    this.#recordIndex[beat] = this.#indexRecord(record);
    this.#samples[beat] = sample;
    this.#symbols.push(symbol);
    this.#labels[beat] = labelIndex;
    this.#beats++;
    return end;
  }

  #indexRecord(record: string): number {
    let index = this.#indexOfRecord.get(record);
    if (index === undefined) {
      index = this.#indexOfRecord.size;
      if (index === MAX_RECORDS) throw this.#error(`there must be at most ${MAX_RECORDS} records, got more`);
      this.#indexOfRecord.set(record, index);
    }
    return index;
  }

  #readHeader(bytes: Uint8Array, start: number): number {
    const end = bytes.indexOf(LINE_FEED, start);
    const hasByteOrderMark = bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
    const columns = this.#splitLine(bytes, hasByteOrderMark ? start + 3 : start);
    BEAT_COLUMNS.forEach((name, i) => {
      if (columns[i] !== name) {
        throw this.#error(`column ${i + 1} must be named ${name}, got ${JSON.stringify(columns[i] ?? "")}`);
      }
    });
    const firstWindowColumn = columns.indexOf(windowColumn(0));
    if (firstWindowColumn < 0) throw this.#error(`there must be a column ${windowColumn(0)}, got none`);
    columns.slice(firstWindowColumn).forEach((name, i) => {
      if (name !== windowColumn(i)) {
        throw this.#error(
          `column ${firstWindowColumn + i + 1} must be named ${windowColumn(i)}, got ${JSON.stringify(name)}`,
        );
      }
    });
    this.#columns = columns;
    this.#rrCount = firstWindowColumn - BEAT_COLUMNS.length;
    this.#windowSamples = columns.length - firstWindowColumn;
    return end + 1;
  }

  /** All fields of a line, those of numbers as they stand. */
  #splitLine(bytes: Uint8Array, start: number): string[] {
    const columns: string[] = [];
    const fields = new FieldReader(bytes, start);
    while (!fields.isAtEnd) {
      const isNumber = this.#columns !== undefined && !TEXT_COLUMNS.includes(columns.length);
      const text = isNumber ? fields.rawText() : fields.text();
      if (text === undefined) {
        const name = this.#columns?.[columns.length] ?? columns.length + 1;
        throw this.#error(
          `column ${name} must be UTF-8 text, quoted as a whole or not at all, got something else`,
        );
      }
      columns.push(text);
    }
    return columns;
  }

  /** Finds out what is wrong with a line that could not be read. */
  #lineError(bytes: Uint8Array, start: number): FormatError {
    const columns = this.#columns!;
    const fields = this.#splitLine(bytes, start);
    if (fields.length !== columns.length) {
      return this.#error(`a line must have ${columns.length} columns, got ${fields.length}`);
    }
    const column = fields.findIndex((text, i) => {
      if (TEXT_COLUMNS.includes(i)) return false;
      const field = new TextEncoder().encode(`${text},\n`);
      if (i === SAMPLE_COLUMN) return new FieldReader(field, 0).unsigned() === undefined;
      return parseFloat32s(field, 0, 1, new Float32Array(1), 0, COMMA) < 0;
    });
    const expected = column === SAMPLE_COLUMN ? "an integer in [0, 2^32)" : "a finite float32 number";
    const text = JSON.stringify(fields[column].slice(0, SHOWN_CHARACTERS));
    return this.#error(`column ${columns[column]} must hold ${expected}, got ${text}`);
  }

  #grow(): void {
    if (this.#beats < this.#capacity) return;
    const valuesPerBeat = this.#rrCount + this.#windowSamples;
    // By what was read, never by what a header promises: a wide header alone reserves one line.
    const capacity = Math.max(
      Math.ceil(FIRST_CAPACITY_VALUES / valuesPerBeat),
      Math.ceil(this.#capacity * 1.5),
    );
    this.#recordIndex = new Uint16Array(this.#recordIndex.buffer.transfer(capacity * 2));
    this.#samples = new Uint32Array(this.#samples.buffer.transfer(capacity * 4));
    this.#labels = new Uint8Array(this.#labels.buffer.transfer(capacity));
    this.#rr = new Float32Array(this.#rr.buffer.transfer(capacity * this.#rrCount * 4));
    this.#windows = new Float32Array(this.#windows.buffer.transfer(capacity * this.#windowSamples * 4));
    this.#capacity = capacity;
  }
}

/**
 * Reads a whole dataset CSV.
 *
 * @param chunks The file's bytes in pieces of any size, for example a `ReadableStream` of a file.
 * @returns The beats read. The arrays may lie in longer buffers.
 * @throws {FormatError} with the line and the column's name, if the text is no dataset CSV.
 */
export async function decodeDatasetCsv(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: DatasetCsvOptions,
): Promise<DatasetTable> {
  const decoder = new DatasetCsvDecoder(options);
  for await (const chunk of chunks) decoder.push(chunk);
  return decoder.finish();
}
