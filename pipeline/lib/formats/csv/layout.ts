import { CsvError, type Options } from "csv-parse";
import { parse } from "csv-parse/sync";
import { FormatError } from "../../core/errors.ts";
import { parseNumberCell, unquote } from "./cells.ts";
import { columnKind, namesEcg, splitUnit, type Unit, unitOf } from "./column_names.ts";
import { type CommentHeader, readCommentHeader } from "./comment_header.ts";

/** Longest row, in bytes: what is longer is no table of samples. */
export const MAX_ROW_BYTES = 2 ** 18;

/** How tools write a sample that they do not have: such a row is no header. */
const MISSING_VALUE = /^[+-]?(nan|inf|infinity|null|none|na|n\/a|-+|\?)$/i;

/** One column of a text file. */
export interface Column {
  /** Name in the header, "" where the file gives none. */
  name: string;
  unit?: Unit;
  kind: "time" | "counter" | "signal";
}

/** How a text file is laid out, as its first rows show it. */
export interface Layout {
  /** Separator of the cells; "blank" stands for a run of blanks and tabs. */
  separator: ";" | "\t" | "," | "blank";
  columns: Column[];
  /** Rows of names and units before the first row of numbers. */
  headerRows: number;
  /** Whether rows end in a separator with nothing behind it. */
  trailingSeparator: boolean;
  /** Whether "0,25" is a number: only where semicolons separate the cells. */
  decimalComma: boolean;
  comments: CommentHeader;
}

/** Splits a row that csv-parse gave into the cells that count. */
export function cellsOfRow(row: string[], separator: Layout["separator"]): string[] {
  return separator === "blank" ? row.filter((cell) => cell !== "") : row;
}

/** Settings of csv-parse for a file with the given separator. */
export function csvOptions(separator: Layout["separator"]): Options {
  return {
    bom: true,
    comment: "#",
    comment_no_infix: true,
    delimiter: separator === "blank" ? [" ", "\t"] : separator,
    max_record_size: MAX_ROW_BYTES,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    relax_quotes: true,
  };
}

/** Turns what csv-parse refuses into a FormatError with its line. */
export function asFormatError(error: unknown, file: string): unknown {
  if (!(error instanceof CsvError)) return error;
  const line = typeof error.lines === "number" ? error.lines : undefined;
  return new FormatError(`Cannot read a signal: rows must be separated values, got: ${error.message}`, {
    file,
    line,
  });
}

/** The first separator in order of trust that most lines hold. */
function findSeparator(lines: string[]): Layout["separator"] {
  const patterns = { ";": /;/, "\t": /\S\t/, ",": /,/, blank: /\S\s+\S/ } as const;
  for (const [separator, pattern] of Object.entries(patterns)) {
    const holding = lines.filter((line) => pattern.test(line.replace(/"[^"]*"/g, "x"))).length;
    if (holding > lines.length / 2) return separator as Layout["separator"];
  }
  return ",";
}

/** Whether a column counts up evenly: sample numbers where the step is exactly 1, else times. */
function evenSteps(values: number[]): "time" | "counter" | "signal" {
  const steps = values.slice(1).map((value, i) => value - values[i]);
  if (steps.length < 2 || !steps.every((step) => step > 0)) return "signal";
  if (steps.every((step) => step === 1) && Number.isInteger(values[0])) return "counter";
  // Printed times are rounded: 0.003, 0.006, 0.008 at 360 Hz.
  return Math.max(...steps) <= 2 * Math.min(...steps) ? "time" : "signal";
}

/**
 * Finds out how a text file is laid out: separator, header, columns, from its first lines.
 *
 * @param head The file's start up to the end of a line.
 * @param file Name of the file for messages.
 * @throws FormatError if the start holds no row of numbers or is no text.
 * @throws CsvError if a quote is not closed.
 */
export function findLayout(head: string, file: string): Layout {
  if (head.includes("\0")) {
    throw new FormatError("Cannot read a signal: the file must be text (UTF-8), got binary data", { file });
  }
  const lines = head.split(/\r\n|\n|\r/);
  const comments = readCommentHeader(
    lines.filter((line) => line.startsWith("#")).map((line) => line.slice(1)),
  );
  const rowLines = lines.filter((line) => !line.startsWith("#") && line.trim() !== "").slice(0, 200);
  const separator = findSeparator(rowLines);
  const decimalComma = separator === ";";
  const rows = (parse(rowLines.join("\n"), csvOptions(separator)) as unknown as string[][])
    .map((row) => cellsOfRow(row, separator));

  const isNumber = (cell: string) => !Number.isNaN(parseNumberCell(cell, decimalComma));
  const isText = (row: string[] | undefined) =>
    row !== undefined && row.some((cell) => cell.trim() !== "") &&
    !row.some((cell) => isNumber(cell) || MISSING_VALUE.test(cell.trim()));
  const header = isText(rows[0]) ? rows[0].map(unquote) : undefined;
  const unitRow =
    header !== undefined && isText(rows[1]) && rows[1].some((cell) => unitOf(unquote(cell)) !== undefined)
      ? rows[1].map(unquote)
      : undefined;
  const headerRows = (header === undefined ? 0 : 1) + (unitRow === undefined ? 0 : 1);
  const dataRows = rows.slice(headerRows);
  if (dataRows.length === 0) {
    throw new FormatError("Cannot read a signal: the file must hold at least one row of numbers, got none", {
      file,
    });
  }

  const first = dataRows[0];
  const trailingSeparator = first.length > 1 && first[first.length - 1].trim() === "" &&
    (header === undefined || header.length < first.length || header[header.length - 1] === "");
  const width = first.length - (trailingSeparator ? 1 : 0);
  if (header !== undefined && header.length - (trailingSeparator && header.at(-1) === "" ? 1 : 0) !== width) {
    throw new FormatError(
      `Cannot read a signal: the header must name as many columns as the rows have, got ${header.length} names ` +
        `for ${width} columns; separate cells the same way everywhere and write decimals with a point`,
      { file },
    );
  }
  const names = header ?? (comments.columns?.length === width ? comments.columns : undefined);
  const columns = Array.from({ length: width }, (_, i): Column => {
    const name = names?.[i] ?? "";
    const { unit } = splitUnit(name);
    return { name, unit: unit ?? (unitRow && unitOf(unitRow[i] ?? "")), kind: columnKind(name) };
  });
  const steps = evenSteps(dataRows.map((row) => parseNumberCell(row[0], decimalComma)));
  const mayBeTime = columns[0].unit === undefined && !namesEcg(columns[0].name);
  if (width === 1) columns[0].kind = "signal";
  // A column "time" that counts 0, 1, 2 holds sample numbers, whatever it is called.
  else if (mayBeTime && steps !== "signal") columns[0].kind = steps;
  return { separator, columns, headerRows, trailingSeparator, decimalComma, comments };
}
