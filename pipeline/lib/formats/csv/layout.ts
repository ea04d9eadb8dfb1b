import { isMissingCell, parseNumberCell, type Separator, splitCells, unquote } from "./cells.ts";
import { columnKind, namesEcg, splitUnit, type Unit, unitOf } from "./column_names.ts";
import { parseDateTimeCell } from "./date_time.ts";
import { evenSteps, findCounter } from "./even_steps.ts";
import { quote, refuseIn } from "./refusal.ts";
import { joinStatements, readStatement, type Statements } from "./statements.ts";

/** Longest row, in bytes: what is longer is no table of samples. */
export const MAX_ROW_BYTES = 2 ** 18;
/** Rows of the file's start that decide on the layout. */
const MAX_HEAD_ROWS = 5000;

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

/** A comment begins with "#", "%" or "//". */
export const isComment = (line: string): boolean => /^(#|%|\/\/)/.test(line);

/** The byte that separates cells; a blank stands for tabs too where blanks do. */
export const separatorByteOf = (separator: Separator): number =>
  separator === "blank" ? 32 : separator.charCodeAt(0);

const DECIMAL_COMMA = /^\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*$/i;

const DECIMAL_POINT = /^\s*[+-]?\d*\.\d+(e[+-]?\d+)?\s*$/i;

interface HeadLine {
  /** Counted from 1. */
  line: number;
  text: string;
}

/** The first separator in order of trust that most lines hold. */
export function findSeparator(lines: readonly string[]): Separator {
  const patterns = { ";": /;/, "\t": /\S\t/, ",": /,/, blank: /\S\s+\S/ } as const;
  for (const [separator, pattern] of Object.entries(patterns)) {
    const holding = lines.filter((line) =>
      // Long lines are all the same, and the replacement takes time that grows with the square of their length.
      pattern.test(line.slice(0, 500).replace(/"[^"]*"|'[^']*'|\[[^\]]*\]/g, "x"))
    ).length;
    if (holding > lines.length / 2) return separator as Separator;
  }
  return ",";
}

/** Whether the only commas of a file are those of decimals: one a line, under a name without one, or with a leading zero behind it. */
function isOneDecimalColumn(lines: readonly HeadLine[], body: readonly string[]): boolean {
  if (!body.every((line) => DECIMAL_COMMA.test(line))) return false;
  const above = lines.findLast(({ text }) => !DECIMAL_COMMA.test(text))?.text;
  const isNamed = above !== undefined && !above.includes(",") && /[a-z]/i.test(above) && !isComment(above) &&
    readStatement(above) === undefined;
  return isNamed || body.some((line) => /,0\d/.test(line));
}

/** "0,5  1,5": more than one number, and commas behind which no number could begin anew. */
function isDecimalsBetweenBlanks(line: string): boolean {
  const cells = line.trim().split(/\s+/);
  return cells.length > 1 && cells.every((cell) => /^[+-]?\d+(,\d+)?$/.test(cell)) &&
    cells.some((cell) => cell.includes(","));
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

/** Whether cells are words of a header: no number, nothing that stands for a missing value but nothing at all. */
const isText = (cells: readonly string[], decimalComma: boolean): boolean =>
  cells.some((cell) => cell.trim() !== "") &&
  !cells.some((cell) =>
    !Number.isNaN(parseNumberCell(cell, decimalComma)) || cell.trim() !== "" && isMissingCell(cell)
  );

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
  const numbered = allLines.map((text, i): HeadLine => ({ line: i + 1, text }));
  const lines = numbered.filter(({ text }) => text.trim() !== "" && !isComment(text)).slice(0, MAX_HEAD_ROWS);
  const body = lines.slice(lines.length >> 1).map(({ text }) => text);

  let separator = findSeparator(body);
  let decimalComma = separator === ";";
  if (separator === "," && isOneDecimalColumn(lines, body)) [separator, decimalComma] = [";", true];
  else if (separator === "," && body.every(isDecimalsBetweenBlanks)) {
    [separator, decimalComma] = ["blank", true];
  }
  const split = ({ text, line }: HeadLine): string[] => {
    const cells = splitCells(text, separator);
    if (cells === undefined) {
      throw refuse("a quote must be closed on its own line, got one that is not", line);
    }
    return cells;
  };
  const rows = lines.map(split), bodyRows = rows.slice(lines.length >> 1);
  // Where decimals have points, "1,234" would be a thousand; quotes keep a decimal comma apart from a separating one.
  const bodyHolds = (pattern: RegExp) => bodyRows.some((cells) => cells.some((cell) => pattern.test(cell)));
  decimalComma ||= bodyHolds(DECIMAL_COMMA) && !bodyHolds(DECIMAL_POINT);
  const isNumber = (cell: string) => !Number.isNaN(parseNumberCell(cell, decimalComma));
  const isDateTime = (cell: string) => !Number.isNaN(parseDateTimeCell(cell));

  const fullWidth = commonWidth(bodyRows), fullRows = bodyRows.filter((cells) => cells.length === fullWidth);
  const columnCells = (i: number) => fullRows.map((cells) => cells[i]);
  const holdings = Array.from({ length: fullWidth }, (_, i): "number" | "dateTime" | "empty" | "text" => {
    const cells = columnCells(i);
    if (cells.every(isMissingCell)) return "empty";
    return mostly(cells, isNumber) ? "number" : mostly(cells, isDateTime) ? "dateTime" : "text";
  });
  const isData = (cells: string[]) =>
    cells.length === fullWidth && cells.some((cell, i) => holdings[i] !== "text" && cell.trim() !== "") &&
    cells.every((cell, i) =>
      holdings[i] === "text" || isMissingCell(cell) ||
      (holdings[i] === "dateTime" ? isDateTime(cell) : holdings[i] === "number" && isNumber(cell))
    );
  const first = holdings.includes("number") ? rows.findIndex(isData) : -1;
  if (first < 0) throw refuse("the file must hold at least one row of numbers, got none");

  const comments = numbered.filter(({ text }) => isComment(text)).map(({ text }) =>
    text.replace(/^(#+|%+|\/\/)/, "")
  );
  const separatorText = separator === "blank" ? undefined : separator;
  const above = lines.slice(0, first).map((line, i) => ({
    ...line,
    cells: rows[i],
    statement: readStatement(line.text, separatorText),
  }));
  const statements = joinStatements([
    ...comments.map((text) => readStatement(text)),
    ...above.map(({ statement }) => statement),
  ]);
  if (statements.otherFs !== undefined) {
    throw refuse(
      `the header must state one sampling rate, got ${statements.fs} and ${statements.otherFs} Hz; take the wrong one out`,
    );
  }

  const isLastEmpty = fullWidth > 1 && columnCells(fullWidth - 1).every((cell) => cell.trim() === "");
  const words = above.filter(({ statement }) => statement === undefined);
  const fits = (cells: readonly string[]) =>
    isText(cells, decimalComma) &&
    (cells.length === fullWidth || isLastEmpty && cells.length === fullWidth - 1);
  const last = words.at(-1);
  const hasUnitRow = words.length > 1 && fits(words.at(-1)!.cells) && fits(words.at(-2)!.cells) &&
    last!.cells.some((cell) => unitOf(unquote(cell)) !== undefined);
  const header = last !== undefined && fits(last.cells) ? words.at(hasUnitRow ? -2 : -1) : undefined;
  const unitRow = hasUnitRow ? last!.cells.map(unquote) : undefined;
  const trailingSeparator = isLastEmpty &&
    (header === undefined || header.cells.length < fullWidth || header.cells.at(-1)!.trim() === "");
  const width = fullWidth - (trailingSeparator ? 1 : 0);
  const dataLine = lines[first].line;
  // No row of numbers may be taken for words of a header.
  for (const { cells, line } of words) {
    if (isText(cells, decimalComma) || !cells.some(isNumber)) continue;
    const at = cells.findIndex((cell) => !isMissingCell(cell) && !isNumber(cell));
    if (cells.length === fullWidth && at >= 0 && holdings[at] === "number") {
      throw refuse(
        `every cell of column ${at + 1} must be a number, got ${
          quote(cells[at])
        }; correct the row or take it out`,
        line,
      );
    }
    if (cells.length > 1 ? cells.every((cell) => isNumber(cell) || isMissingCell(cell)) : width > 1) {
      throw refuse(`every row must have ${width} cells as later ones do, got ${cells.length}`, line);
    }
  }
  if (last !== undefined && header === undefined) {
    // A table's own header stands right above it; what does not fit there is an error and no free text.
    if (width > 1 && last.cells.length > 1 && last.line === dataLine - 1 && !/[:=]/.test(last.text)) {
      throw refuse(
        `the header must name as many columns as the rows have, got ${last.cells.length} names for ${width} columns; ` +
          "separate cells the same way everywhere, and write decimals with a point where commas separate",
        last.line,
      );
    }
  }

  const names = header?.cells.map(unquote) ??
    (statements.columns?.length === width ? statements.columns : undefined);
  const headRows = rows.slice(first).filter((cells) => cells.length === fullWidth);
  const numbersOf = (i: number) => headRows.map((cells) => parseNumberCell(cells[i], decimalComma));
  const columns = Array.from({ length: width }, (_, i): Column => {
    const name = names?.[i] ?? (width === 1 && statements.lead !== undefined ? statements.lead : "");
    const unit = splitUnit(name).unit ?? (unitRow && unitOf(unitRow[i] ?? ""));
    const holding = holdings[i], isTimeText = holding === "dateTime";
    // "I" is a lead more often than a number of samples: the values tell.
    const named = columnKind(name) === "counter" && findCounter(numbersOf(i)) === undefined
      ? "signal"
      : columnKind(name);
    const kind = isTimeText ? "time" : holding === "text" || holding === "empty" ? holding : named;
    return {
      name,
      unit: unit ?? (kind === "signal" ? statements.unit : undefined),
      kind,
      isDateTime: isTimeText,
    };
  });
  const [one] = columns;
  if (width === 1) one.kind = one.kind === "empty" ? "empty" : "signal";
  // A column "time" that counts 0, 1, 2 holds sample numbers, whatever it is called.
  else if (
    holdings[0] === "number" && (one.unit === undefined || one.unit === statements.unit) &&
    !namesEcg(one.name)
  ) {
    const steps = evenSteps(numbersOf(0));
    if (steps !== "signal") {
      one.kind = steps;
      one.unit = undefined;
    }
  }
  return {
    separator,
    decimalComma,
    columns,
    linesBeforeData: dataLine - 1,
    headerRows: [header?.cells, hasUnitRow ? last!.cells : undefined].filter((cells) => cells !== undefined),
    trailingSeparator,
    doubledLineEnds: hasDoubledLineEnds(allLines.slice(dataLine - 1)),
    statements,
    headRows,
  };
}

/** Whether every row of the file's start has one empty line behind it. */
function hasDoubledLineEnds(lines: readonly string[]): boolean {
  const whole = lines.slice(0, lines.length - lines.length % 2);
  return whole.length >= 6 && whole.every((line, i) => (line.trim() === "") === (i % 2 === 1));
}
