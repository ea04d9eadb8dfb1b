import { parse } from "csv-parse";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { FormatError } from "../../core/errors.ts";
import { parseNumberCell, parseTimeCell } from "./cells.ts";
import { namesEcg } from "./column_names.ts";
import { asFormatError, cellsOfRow, type Column, csvOptions, findLayout, type Layout } from "./layout.ts";
import { createTimeAxis, type TimeAxis } from "./time_axis.ts";

/** Bytes from the start of a file in which its layout is looked for. */
const HEAD_BYTES = 2 ** 18;

/** What the reader of a signal file has to be told. */
export interface SignalCsvOptions {
  /** Name of the file for messages. */
  file: string;
  /**
   * Column of the signal: its name, or its place counted from 1 as a spreadsheet does (a number, or digits that
   * no column is named by). Default: the column that the comment header calls an ECG, else the first one with ECG or EKG
   * in its name, else the first one that holds neither times nor sample numbers.
   */
  column?: string | number;
  /**
   * Sampling rate in Hz, > 0, for a file whose comments state none. A time column is then not read: its times may be
   * broken or be dates.
   */
  samplingRate?: number;
}

/** A signal out of a text file. */
export interface SignalCsv {
  /** Names of all columns in order; "column 2" where the file has no name for one. */
  columns: string[];
  /** Name of the column that was read, as in `columns`. */
  column: string;
  /** Samples in `units`. */
  samples: Float32Array<ArrayBuffer>;
  /** "mV" where the file states a voltage unit (V, mV, uV, nV; converted), else undefined: mV or ADC units. */
  units?: "mV";
  /** Sampling rate in Hz. */
  fs: number;
  /** Where the rate is from. */
  fsSource: "option" | "comment header" | "time column";
  /** Lines that hold no samples, all in all: comments, names and units, empty lines before and after the samples. */
  skippedLines: { comments: number; header: number; empty: number };
}

type ByteSource = Iterator<Uint8Array> | AsyncIterator<Uint8Array>;

/** Text of the file as it appears in messages. */
const quote = (text: string): string => JSON.stringify(text.slice(0, 40));

const columnName = (columns: Column[], i: number): string => columns[i].name || `column ${i + 1}`;

function chooseColumn(
  { columns, comments }: Layout,
  wanted: string | number | undefined,
  file: string,
): number {
  const names = columns.map(({ name }) => name);
  const text = String(wanted).trim();
  let index: number;
  if (wanted === undefined) {
    const candidates = [
      comments.ecgColumn === undefined ? -1 : names.indexOf(comments.ecgColumn),
      columns.findIndex(({ kind, name }) => kind === "signal" && namesEcg(name)),
      columns.findIndex(({ kind }) => kind === "signal"),
    ];
    index = candidates.find((candidate) => candidate >= 0) ?? -1;
  } else {
    index = typeof wanted === "number" ? -1 : names.indexOf(text);
    if (index < 0 && typeof wanted === "string") {
      index = names.findIndex((name) => name.toLowerCase() === text.toLowerCase());
    }
    if (index < 0 && /^\d+$/.test(text) && Number(text) <= columns.length) index = Number(text) - 1;
  }
  if (index >= 0) return index;
  const listed = columns.slice(0, 20).map((_, i) => `${i + 1} ${quote(names[i])}`).join(", ");
  throw new FormatError(
    wanted === undefined
      ? `Cannot read a signal: one column must hold neither times nor sample numbers, got ${listed}; name one with --column`
      : `Cannot read a signal: --column must be a column's name or its place from 1 to ${columns.length}, got ` +
        `${quote(text)}; the file has ${listed}`,
    { file },
  );
}

function chooseTimeAxis(layout: Layout, signal: number, options: SignalCsvOptions): TimeAxis | undefined {
  const { file, samplingRate } = options;
  if (samplingRate !== undefined || layout.comments.fs !== undefined) return undefined;
  const index = layout.columns.findIndex(({ kind }, i) => kind === "time" && i !== signal);
  if (index < 0) {
    throw new FormatError(
      "Cannot read a signal: the sampling rate must be given by --samplingRate where the file has no time column, got none",
      { file },
    );
  }
  const { unit } = layout.columns[index];
  return createTimeAxis({
    index,
    name: columnName(layout.columns, index),
    secondsPerUnit: unit?.quantity === "time" ? unit.factor : undefined,
    file,
  });
}

/** Takes chunks until they hold the file's start. */
async function takeHead(source: ByteSource): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let bytes = 0; bytes < HEAD_BYTES;) {
    const { done, value } = await source.next();
    if (done) break;
    chunks.push(value);
    bytes += value.length;
  }
  return chunks;
}

/** Text of the file's start up to the end of a line. */
function decodeHead(chunks: Uint8Array[]): string {
  const head = new Uint8Array(Math.min(HEAD_BYTES, chunks.reduce((sum, chunk) => sum + chunk.length, 0)));
  let filled = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(0, head.length - filled);
    head.set(part, filled);
    filled += part.length;
  }
  const text = new TextDecoder().decode(head);
  const lineEnd = Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r"));
  return head.length < HEAD_BYTES || lineEnd < 0 ? text : text.slice(0, lineEnd);
}

async function* joinBytes(head: Uint8Array[], source: ByteSource): AsyncGenerator<Uint8Array> {
  yield* head;
  for (;;) {
    const { done, value } = await source.next();
    if (done) return;
    yield value;
  }
}

/** Creates what turns rows into samples; `index` is the column of the signal, counted from 0. */
function createRowReader(layout: Layout, index: number, timeAxis: TimeAxis | undefined, file: string) {
  const { columns, separator, decimalComma, headerRows, trailingSeparator } = layout;
  const { unit } = columns[index];
  const factor = unit?.quantity === "voltage" ? unit.factor : 1;
  let samples = new Float32Array(2 ** 14);
  let length = 0, rows = 0, emptyLines = 0, emptySince = 0;

  const refuse = (rule: string, line: number) =>
    new FormatError(`Cannot read a signal: ${rule}`, { file, line });
  return {
    /** @param line Line of the file on which the row ends. */
    take(row: string[], line: number): void {
      const cells = cellsOfRow(row, separator);
      if (cells.length === 0 || (cells.length === 1 && cells[0].trim() === "")) {
        emptyLines++;
        emptySince ||= line;
        return;
      }
      if (emptySince > 0 && length > 0) {
        throw refuse(
          "every line between the first and the last sample must hold one, got an empty line; " +
            "fill the gap or cut the file there",
          emptySince,
        );
      }
      emptySince = 0;
      if (rows++ < headerRows) return;
      const width = cells.length - (trailingSeparator && cells[cells.length - 1].trim() === "" ? 1 : 0);
      if (width !== columns.length) {
        throw refuse(`every row must have ${columns.length} cells as the first one does, got ${width}`, line);
      }
      const value = Math.fround(parseNumberCell(cells[index], decimalComma) * factor);
      if (!Number.isFinite(value)) {
        throw refuse(
          `every cell of ${quote(columnName(columns, index))} (column ${
            index + 1
          }) must be a finite number, got ` +
            `${
              cells[index].trim() === "" ? "an empty cell" : quote(cells[index].trim())
            }; correct the row or choose ` +
            "another column with --column",
          line,
        );
      }
      timeAxis?.add(parseTimeCell(cells[timeAxis.index], decimalComma), cells[timeAxis.index], line);
      if (length === samples.length) {
        const grown = new Float32Array(2 * length);
        grown.set(samples);
        samples = grown;
      }
      samples[length++] = value;
    },
    /** @throws FormatError if there was no sample. */
    finish(): { samples: Float32Array<ArrayBuffer>; emptyLines: number } {
      if (length === 0) {
        throw new FormatError("Cannot read a signal: the file must hold at least one sample, got none", {
          file,
        });
      }
      return { samples: samples.slice(0, length), emptyLines };
    },
  };
}

/**
 * Reads one signal out of a text file: CSV with commas or semicolons, tabs or blanks, with a header or without one.
 *
 * Lines that start with "#" are comments; those of OpenSignals and BioSPPy are understood. The header is the first row if it
 * holds text and no number; a second such row with units ("seconds", "mV") belongs to it. The sampling rate is the
 * comment header's, else the option's, else the time column's. A time column is one named so, or a first
 * column that counts up evenly; its unit is the one it names, else the only one of s, ms and us that gives 50 to
 * 20,000 Hz. Decimal commas are read where semicolons separate the cells. The memory needed is that of the samples.
 *
 * Not supported: UTF-16, quoted cells that span lines, dates in the time column (give the sampling rate instead).
 *
 * @param source The text, or its bytes in UTF-8 in chunks of any size.
 * @returns The signal; every row of the file is one sample.
 * @throws FormatError with the line if a row does not fit, a cell that counts is not a finite number or empty, an
 * empty line stands between samples, a column or the sampling rate cannot be told, or there are no samples.
 * @throws RangeError if the sampling rate given is not a positive number.
 */
export async function readSignalCsv(
  source: string | AsyncIterable<Uint8Array>,
  options: SignalCsvOptions,
): Promise<SignalCsv> {
  const { file, samplingRate } = options;
  if (samplingRate !== undefined && !(samplingRate > 0 && samplingRate < Infinity)) {
    throw new RangeError(`Cannot read a signal: the sampling rate must be positive Hz, got ${samplingRate}`);
  }
  const bytes: ByteSource = typeof source === "string"
    ? [new TextEncoder().encode(source)].values()
    : source[Symbol.asyncIterator]();
  try {
    const head = await takeHead(bytes);
    const layout = findLayout(decodeHead(head), file);
    const { columns } = layout;
    const index = chooseColumn(layout, options.column, file);
    const timeAxis = chooseTimeAxis(layout, index, options);
    const reader = createRowReader(layout, index, timeAxis, file);
    const parser = parse({
      ...csvOptions(layout.separator),
      on_record: (row: string[], { lines }) => {
        reader.take(row, lines);
        return null;
      },
    });
    // Nothing comes out of the parser, but its end is only announced to somebody who listens.
    parser.resume();
    await pipeline(Readable.from(joinBytes(head, bytes), { objectMode: false }), parser);
    const { samples, emptyLines } = reader.finish();
    return {
      columns: columns.map((_, i) => columnName(columns, i)),
      column: columnName(columns, index),
      samples,
      units: columns[index].unit?.quantity === "voltage" ? "mV" : undefined,
      fs: layout.comments.fs ?? samplingRate ?? timeAxis!.samplingRate(),
      fsSource: layout.comments.fs !== undefined ? "comment header" : timeAxis ? "time column" : "option",
      skippedLines: { comments: parser.info.comment_lines, header: layout.headerRows, empty: emptyLines },
    };
  } catch (error) {
    throw asFormatError(error, file);
  } finally {
    await bytes.return?.();
  }
}
