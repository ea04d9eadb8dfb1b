import { printable } from "../core/printable.ts";

/**
 * Sets rows of text as columns for a terminal; columns whose body holds numbers only stand to the right.
 *
 * @param header Names of the columns.
 * @param rows As long as the header, each.
 * @returns Lines joined by line feeds, without one at the end.
 */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i].length)));
  const isNumeric = header.map((_, i) => rows.every((row) => /^[-+]?[\d.,]+ ?%?$|^-?$/.test(row[i])));
  const line = (cells: readonly string[]) =>
    cells.map(printable)
      .map((cell, i) => isNumeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join("  ")
      .trimEnd();
  return [line(header), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
