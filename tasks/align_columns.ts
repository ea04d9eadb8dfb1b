import { printable } from "../pipeline/lib/core/printable.ts";

/**
 * Lays out a table for people.
 *
 * @param rows The first one holds the headings; all of one length.
 * @param leftAligned How many of the first columns are words; the others are figures.
 */
export function alignColumns(rows: readonly (readonly string[])[], leftAligned: number): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const pad = (cell: string, column: number) =>
    column < leftAligned ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return rows.map((row) => row.map(printable).map(pad).join("  ").trimEnd()).join("\n");
}
