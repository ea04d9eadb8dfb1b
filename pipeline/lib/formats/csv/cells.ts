const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const CLOCK = /^(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)$/;

/**
 * Reads a cell as a decimal number.
 *
 * @param cell Text of the cell; blanks around the number are allowed.
 * @param decimalComma Whether "0,25" is a number too.
 * @returns The number, or NaN where the cell holds anything else: text, nothing, "nan", "inf", "0x1f", "1 000".
 */
export function parseNumberCell(cell: string, decimalComma: boolean): number {
  let text = cell.trim();
  if (decimalComma && !text.includes(".")) text = text.replace(",", ".");
  return NUMBER.test(text) ? Number(text) : NaN;
}

/**
 * Reads a cell of a time column: a number, or a clock "h:mm:ss.mmm" or "m:ss.mmm" in quotes or not, which
 * counts in seconds. Dates are not read.
 *
 * @returns The time in the column's unit, or NaN where the cell holds no time.
 */
export function parseTimeCell(cell: string, decimalComma: boolean): number {
  const number = parseNumberCell(cell, decimalComma);
  if (!Number.isNaN(number)) return number;
  const clock = CLOCK.exec(unquote(cell));
  return clock === null ? NaN : Number(clock[1] ?? 0) * 3600 + Number(clock[2]) * 60 + Number(clock[3]);
}

/** Text of a cell without blanks and apostrophes around it, with which WFDB tools quote names. */
export function unquote(cell: string): string {
  return cell.trim().replace(/^'(.*)'$/, "$1").trim();
}
