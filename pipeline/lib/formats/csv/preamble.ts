import { isMissingCell, parseNumberCell, type Separator, unquote } from "./cells.ts";
import { unitOf } from "./column_names.ts";
import type { Dialect } from "./dialect.ts";
import { quote, type Refuse } from "./refusal.ts";
import { checkRate, joinStatements, readStatement, type Statements } from "./statements.ts";

/** A line of the file's start that is no comment and not empty. */
export interface HeadLine {
  /** Counted from 1. */
  line: number;
  text: string;
  cells: string[];
}

/** What stands above a table. */
export interface Preamble {
  statements: Statements;
  /** Cells of the header and of the row of units under it, where there are such rows. */
  header?: string[];
  unitRow?: string[];
}

/** The table under a preamble. */
export interface TableShape extends Dialect {
  /** Cells of a row. */
  width: number;
  /** Whether the last cell of every row is empty. */
  isLastEmpty: boolean;
  /** Whether a column holds numbers. */
  isNumeric: (column: number) => boolean;
  /** Whether the first column counts the rows, as programs for statistics write it without a name for it. */
  countsRows: boolean;
  /** Line of the first row. */
  line: number;
}

/** Whether cells are words of a header: no number, nothing that stands for a missing value but nothing at all. */
const isText = (cells: readonly string[], decimalComma: boolean): boolean =>
  cells.some((cell) => cell.trim() !== "") &&
  !cells.some((cell) =>
    !Number.isNaN(parseNumberCell(cell, decimalComma)) || cell.trim() !== "" && isMissingCell(cell)
  );

/**
 * Reads the lines above a table: the header and its units at their end, statements such as "Sampling rate: 250" and words
 * that say nothing before it.
 *
 * @param above Lines above the table but comments and empty ones.
 * @param comments Comment lines without their marks.
 * @throws FormatError where a line looks like a row of the table that is damaged, or a header names other columns.
 */
export function readPreamble(
  above: readonly HeadLine[],
  comments: readonly string[],
  table: TableShape,
  refuse: Refuse,
): Preamble {
  const separator: Exclude<Separator, "blank"> | undefined = table.separator === "blank"
    ? undefined
    : table.separator;
  const read = above.map(({ text }) => readStatement(text, separator));
  const statements = joinStatements([...comments.map((text) => readStatement(text)), ...read]);
  checkRate(statements, refuse);
  const words = above.filter((_, i) => read[i] === undefined);
  const { width, isLastEmpty, decimalComma } = table;
  const fits = (line: HeadLine | undefined): line is HeadLine =>
    line !== undefined && isText(line.cells, decimalComma) && !/[:=]\s*$/.test(line.cells[0]) &&
    !(width === 1 && /^[^:=]+[:=]\s*\S/.test(line.text)) &&
    (line.cells.length === width || (isLastEmpty || table.countsRows) && line.cells.length === width - 1);
  const last = words.at(-1),
    hasUnits = last?.cells.some((cell) => unitOf(unquote(cell)) !== undefined) ?? false;
  const unitRow = hasUnits && fits(last) && fits(words.at(-2)) ? last : undefined;
  const header = words.at(unitRow === undefined ? -1 : -2);
  if (fits(header)) {
    const named = (cells: string[]) =>
      table.countsRows && !isLastEmpty && cells.length < width ? ["", ...cells] : cells;
    refuseRows(words.slice(0, words.indexOf(header)), { table, isAtTable: false, refuse });
    return { statements, header: named(header.cells), unitRow: unitRow && named(unitRow.cells) };
  }
  refuseRows(words, { table, isAtTable: true, refuse });
  // A table's own header stands right above it; what does not fit there is an error and no free text.
  if (
    width > 1 && last !== undefined && last.cells.length > 1 && last.line === table.line - 1 &&
    !/[:=]/.test(last.text)
  ) {
    throw refuse(
      `the header must name as many columns as the rows have, got ${last.cells.length} names for ${
        width - (isLastEmpty ? 1 : 0)
      } columns; separate cells the same way everywhere, and write decimals with a point where commas separate`,
      last.line,
    );
  }
  return { statements };
}

/** Refuses lines that may be rows of the table: none may be taken for words. */
function refuseRows(
  words: readonly HeadLine[],
  { table, isAtTable, refuse }: { table: TableShape; isAtTable: boolean; refuse: Refuse },
): void {
  const { width, decimalComma } = table;
  const isNumber = (cell: string) => !Number.isNaN(parseNumberCell(cell, decimalComma));
  for (const { cells, line, text } of words) {
    if (isText(cells, decimalComma) || !cells.some(isNumber)) continue;
    const at = cells.findIndex((cell) => !isMissingCell(cell) && !isNumber(cell));
    // Above a header, and with a key, words may have numbers beside them.
    if (isAtTable && cells.length === width && at >= 0 && table.isNumeric(at) && !/[:=]/.test(text)) {
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
}
