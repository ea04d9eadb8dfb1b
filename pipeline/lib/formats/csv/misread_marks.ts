import { isMissingCell } from "./cells.ts";
import type { Dialect } from "./dialect.ts";

/** A cell that is likely to be read wrong. */
export interface MisreadCell {
  /** Place among the rows, and of the column, counted from 0. */
  row: number;
  column: number;
  /** What the cells of the column must be, and what to do. */
  rule: string;
}

const SPLIT_DECIMALS =
  "cells between commas must have decimals with a point, got what looks like the two halves of one number: " +
  "write decimals with a point, or separate cells by semicolons";
const THOUSANDS = "numbers must be written without separators of thousands, take them out";

/**
 * Finds numbers that would be read wrong without a sign of it: decimals behind a comma that separates cells too ("0,012" as 0
 * and 12), and thousands set apart ("1,024" behind "998" as 1.024).
 *
 * Deviation: decimals of one or two digits of a lead that is never negative look like integers and are not found.
 *
 * @param rows Cells of the file's first rows, all of one width.
 */
export function findMisreadCell(
  rows: readonly string[][],
  { separator, decimalComma }: Dialect,
): MisreadCell | undefined {
  const width = rows[0]?.length ?? 0;
  for (let column = 0; column < width; column++) {
    const cells = rows.map((row) => row[column].trim());
    const before = separator === "," && column > 0 ? rows.map((row) => row[column - 1].trim()) : undefined;
    const split = before === undefined ? -1 : findSplitDecimals(before, cells);
    if (split >= 0) return { row: split, column, rule: SPLIT_DECIMALS };
    const thousand = findThousands(cells, ".");
    if (thousand >= 0) return { row: thousand, column, rule: THOUSANDS };
    const german = decimalComma ? findThousands(cells, ",") : -1;
    if (german >= 0) return { row: german, column, rule: THOUSANDS };
  }
  return undefined;
}

/** Where a column of digits holds "012", or stands behind "-0", as only the halves of a decimal number do. */
function findSplitDecimals(whole: readonly string[], decimals: readonly string[]): number {
  const areHalves = whole.every((cell) => isMissingCell(cell) || /^[+-]?(0|[1-9]\d*)$/.test(cell)) &&
    decimals.every((cell) => isMissingCell(cell) || /^\d+$/.test(cell));
  return areHalves ? decimals.findIndex((cell, i) => /^0\d\d/.test(cell) || whole[i] === "-0") : -1;
}

/** Where "1,024" stands in a column whose other numbers are whole and below a thousand, some of three digits. */
function findThousands(cells: readonly string[], mark: "." | ","): number {
  const grouped = mark === "." ? /^[+-]?[1-9]\d{0,2}\.\d{3}$/ : /^[+-]?[1-9]\d{0,2},\d{3}$/;
  let at = -1, hasHundreds = false;
  for (const [i, cell] of cells.entries()) {
    if (grouped.test(cell)) at = at < 0 ? i : at;
    else if (/^[+-]?\d{1,3}$/.test(cell)) hasHundreds ||= /\d{3}/.test(cell);
    else if (!isMissingCell(cell)) return -1;
  }
  return hasHundreds ? at : -1;
}
