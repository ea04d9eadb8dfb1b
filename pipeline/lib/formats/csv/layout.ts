import {
  isComment,
  isMissingCell,
  parseNumberCell,
  type Separator,
  splitCells,
  unquote,
  withoutMark,
} from "./cells.ts";
import { certainUnitOf, columnKind, namesEcg, splitUnit, type Unit } from "./column_names.ts";
import { parseDateTimeCell } from "./date_time.ts";
import { findDialect } from "./dialect.ts";
import { evenSteps, findCounter } from "./even_steps.ts";
import { findMisreadCell } from "./misread_marks.ts";
import { readPreamble } from "./preamble.ts";
import { quote, refuseIn } from "./refusal.ts";
import type { Statements } from "./statements.ts";

/** Longest row, in bytes: what is longer is no table of samples. */
export const MAX_ROW_BYTES = 2 ** 18;
/** Rows of the file's start that decide on the layout. */
const MAX_HEAD_ROWS = 5000;

/** More than an electrode shows, drift of the baseline included. */
const MAX_ECG_VOLTS = 0.1;
/** Rows after which a column that rises evenly holds times, wherever it stands: a lead may rise for a while. */
const MIN_ROWS_OF_TIMES = 50;

/** One column of a text file. */
export interface Column {
  /** Name in the header, "" where the file gives none. */
  name: string;
  unit?: Unit;
  /** "empty" where the file's start has no value in it, "text" where it has words. */
  kind: "time" | "counter" | "signal" | "text" | "empty";
  /** True for a time column of dates or clocks instead of numbers. */
  isDateTime: boolean;
}

/** How a text file is laid out, as its first rows show it. */
export interface Layout {
  separator: Separator;
  /** Whether "0,25" is a number. */
  decimalComma: boolean;
  columns: Column[];
  /** Lines in front of the first row of samples, comments and empty ones among them. */
  linesBeforeData: number;
  /** The header's cells and those of the row of units, which may come again where files were joined. */
  headerRows: string[][];
  /** Whether rows end in a separator with nothing behind it. */
  trailingSeparator: boolean;
  /** Whether each row has an empty line behind it, as after a wrong conversion of line ends. */
  doubledLineEnds: boolean;
  statements: Statements;
  /** Rows of samples in the file's start: text of the cells. */
  headRows: string[][];
}

/** The commonest number of cells; the first one seen where two are as common. */
function commonWidth(rows: readonly string[][]): number {
  const counts = new Map<number, number>();
  for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1);
  let width = 0;
  for (const [candidate, count] of counts) if (count > (counts.get(width) ?? 0)) width = candidate;
  return width;
}

/** Whether most cells of a column hold what `holds` says. */
const mostly = (cells: readonly string[], holds: (cell: string) => boolean): boolean => {
  const there = cells.filter((cell) => !isMissingCell(cell));
  return there.length > 0 && there.filter(holds).length * 2 >= there.length;
};

/** What the cells of a column are. */
type Holding = "number" | "dateTime" | "empty" | "text";

const isDateTime = (cell: string): boolean => !Number.isNaN(parseDateTimeCell(cell));

/** What each column holds, by most of its cells. */
function findHoldings(
  rows: readonly string[][],
  width: number,
  isNumber: (cell: string) => boolean,
): Holding[] {
  return Array.from({ length: width }, (_, i) => {
    const cells = rows.map((row) => row[i]);
    if (cells.every(isMissingCell)) return "empty";
    return mostly(cells, isNumber) ? "number" : mostly(cells, isDateTime) ? "dateTime" : "text";
  });
}

const isWholeOrMissing = (value: number): boolean => Number.isNaN(value) || Number.isInteger(value);

interface ColumnClues {
  name: string;
  unit?: Unit;
  holding: Holding;
  /** Values of the file's first rows, NaN where there is no number. */
  numbers: number[];
  isFirst: boolean;
  isOnly: boolean;
}

/** Decides what a column is: by what it holds, then by its values, then by its name. */
function describeColumn({ name, unit, holding, numbers, isFirst, isOnly }: ColumnClues): Column {
  if (holding === "dateTime") return { name, unit, kind: "time", isDateTime: true };
  const of = (kind: Column["kind"], kept = unit): Column => ({ name, unit: kept, kind, isDateTime: false });
  if (holding !== "number") return of(holding);
  if (isOnly) return of("signal");
  if (unit?.quantity === "time") return of("time");
  const counter = findCounter(numbers), named = columnKind(name);
  // A first column "time" that counts 0, 1, 2 holds sample numbers, whatever it is called.
  const mayBeTimes = isFirst || name === "" && numbers.length >= MIN_ROWS_OF_TIMES;
  if (mayBeTimes && unit === undefined && !namesEcg(name)) {
    const steps = evenSteps(numbers);
    // Numbers of every tenth sample are no times: they know no unit.
    const isThinnedOut = steps === "time" && named === "counter" && numbers.every(isWholeOrMissing);
    if (steps !== "signal") return of(isThinnedOut ? "counter" : steps);
    if (isFirst && name === "" && counter?.cycle !== undefined) return of("counter");
  }
  // "I" is a lead more often than a number of samples: the values tell.
  return of(named === "counter" && counter === undefined ? "signal" : named);
}

/**
 * Finds out how a text file is laid out: separator, header, columns, from its first lines.
 *
 * What the rows of the second half of the head have in common, their number of cells and which of them are numbers, tells
 * the first row of samples; all before it is header.
 *
 * @param head The file's start up to the end of a line.
 * @param file Name of the file for messages.
 * @throws FormatError if the start holds no row of numbers, is no text, or its header does not fit.
 */
export function findLayout(head: string, file: string): Layout {
  const refuse = refuseIn(file);
  if (head.includes("\0")) throw refuse("the file must be text, got binary data");
  const allLines = head.split(/\r\n|\n|\r/);
  const numbered = allLines.map((text, i) => ({ line: i + 1, text }));
  const lines = numbered.filter(({ text }) => text.trim() !== "" && !isComment(text)).slice(0, MAX_HEAD_ROWS);
  const texts = lines.map(({ text }) => text), half = lines.length >> 1;
  const dialect = findDialect(texts, texts.slice(half)), { separator, decimalComma } = dialect;
  const rows = lines.map(({ text, line }): string[] => {
    const cells = splitCells(text, separator);
    if (cells === undefined) {
      throw refuse("a quote must be closed on its own line, got one that is not", line);
    }
    return cells;
  });
  const isNumber = (cell: string) => !Number.isNaN(parseNumberCell(cell, decimalComma));

  const fullWidth = commonWidth(rows.slice(half));
  const body = rows.slice(half).filter((cells) => cells.length === fullWidth);
  const holdings = findHoldings(body, fullWidth, isNumber);
  const isData = (cells: string[]) =>
    cells.length === fullWidth && cells.some((cell, i) => holdings[i] !== "text" && cell.trim() !== "") &&
    cells.every((cell, i) =>
      holdings[i] === "text" || isMissingCell(cell) ||
      (holdings[i] === "dateTime" ? isDateTime(cell) : holdings[i] === "number" && isNumber(cell))
    );
  const first = holdings.includes("number") ? rows.findIndex(isData) : -1;
  if (first < 0) {
    throw refuse(
      `the file must hold at least one row of numbers between commas, semicolons, tabs or blanks, got none${
        texts.length === 0 ? "" : `, but ${quote(texts.at(-1)!)}`
      }`,
    );
  }
  const dataLine = lines[first].line;
  const headRows = rows.slice(first).filter(isData);
  const misread = findMisreadCell(headRows, dialect);
  if (misread !== undefined) {
    const { row, column, rule } = misread,
      { line } = lines.slice(first).filter((_, i) => isData(rows[first + i]))[row];
    throw refuse(`${rule}; got ${quote(headRows[row][column])} in column ${column + 1}`, line);
  }
  const numbersOf = (i: number) => headRows.map((cells) => parseNumberCell(cells[i], decimalComma));

  const isLastEmpty = fullWidth > 1 && body.every((cells) => cells[fullWidth - 1].trim() === "");
  const comments = allLines.filter(isComment).map(withoutMark);
  const preamble = readPreamble(
    lines.slice(0, first).map((line, i) => ({ ...line, cells: rows[i] })),
    comments,
    {
      ...dialect,
      width: fullWidth,
      isLastEmpty,
      isNumeric: (column) => holdings[column] === "number",
      countsRows: fullWidth > 1 && findCounter(numbersOf(0)) !== undefined,
      line: dataLine,
    },
    refuse,
  );
  const { statements, header, unitRow } = preamble;
  const trailingSeparator = isLastEmpty &&
    (header === undefined || header.length < fullWidth || header.at(-1)!.trim() === "");
  const width = fullWidth - (trailingSeparator ? 1 : 0);
  const names = header?.map(unquote) ?? namesFrom(statements, width);
  const columns = Array.from({ length: width }, (_, i): Column => {
    const name = names[i] ?? "", holding = holdings[i];
    const ofName = namesLeadV(name, holdings, numbersOf(i)) ? undefined : splitUnit(name).unit;
    const unit = ofName ?? certainUnitOf(unquote(unitRow?.[i] ?? ""));
    const column = describeColumn({
      name,
      unit,
      holding,
      numbers: numbersOf(i),
      isFirst: i === 0,
      isOnly: width === 1,
    });
    return column.kind === "signal" ? { ...column, unit: column.unit ?? statements.unit } : column;
  });
  return {
    separator,
    decimalComma,
    columns,
    linesBeforeData: dataLine - 1,
    headerRows: [header, unitRow].filter((cells) => cells !== undefined),
    trailingSeparator,
    doubledLineEnds: hasDoubledLineEnds(allLines.slice(dataLine - 1)),
    statements,
    headRows,
  };
}

/**
 * Whether "V" is the chest lead V and not the unit volt: beside other leads, or where the values span more than an ECG does.
 */
function namesLeadV(name: string, holdings: readonly Holding[], numbers: readonly number[]): boolean {
  if (name.trim() !== "V") return false;
  const there = numbers.filter(Number.isFinite);
  const span = there.reduce((a, b) => Math.max(a, b), -Infinity) -
    there.reduce((a, b) => Math.min(a, b), Infinity);
  return span > MAX_ECG_VOLTS || holdings.filter((holding) => holding === "number").length > 2;
}

/** Names that a comment or an entry of the header gives; those of signals alone leave the first column to the times. */
function namesFrom({ columns = [], lead }: Statements, width: number): string[] {
  if (columns.length === width) return columns;
  if (columns.length > 0 && columns.length === width - 1) return ["", ...columns];
  return width === 1 && lead !== undefined ? [lead] : [];
}

/** Whether every row of the file's start has one empty line behind it. */
function hasDoubledLineEnds(lines: readonly string[]): boolean {
  const whole = lines.slice(0, lines.length - lines.length % 2);
  return whole.length >= 6 && whole.every((line, i) => (line.trim() === "") === (i % 2 === 1));
}
