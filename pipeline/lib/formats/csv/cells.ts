const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
/** How tools write a sample that they do not have. */
const MISSING = /^([+-]?(nan|inf|infinity)(\([a-z0-9]*\))?|null|nil|none|#?n\/?a!?|-+|\?|\.|)$/i;

/** Separator of the cells of a row; "blank" stands for a run of blanks and tabs. */
export type Separator = ";" | "\t" | "," | "blank";

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

/** Whether a cell stands for a value that is missing: empty, "NA", "nan", "inf", "-", "null" and the like. */
export const isMissingCell = (cell: string): boolean => MISSING.test(cell.trim());

/** Text of a cell without blanks and apostrophes around it, with which WFDB tools quote names. */
export function unquote(cell: string): string {
  return cell.trim().replace(/^'(.*)'$/, "$1").trim();
}

/**
 * Splits a line into its cells. A cell in double quotes may hold the separator, and its quotes doubled.
 *
 * Source: RFC 4180, but for line breaks in quotes, which are not supported; a quote inside an unquoted cell stands for itself.
 *
 * @param line Without its line end.
 * @returns Undefined where a quote is not closed.
 */
export function splitCells(line: string, separator: Separator): string[] | undefined {
  const isBlank = separator === "blank";
  if (!line.includes('"')) {
    if (!isBlank) return line.split(separator);
    const trimmed = line.trim();
    return trimmed === "" ? [] : trimmed.split(/[ \t]+/);
  }
  const isSeparator = (character: string) =>
    isBlank ? character === " " || character === "\t" : character === separator;
  const cells: string[] = [];
  let position = 0;
  for (;;) {
    while (position < line.length && (line[position] === " " || line[position] === "\t" && isBlank)) {
      position++;
    }
    if (isBlank && position === line.length) return cells;
    if (line[position] === '"') {
      let text = "";
      for (position++;; position++) {
        const close = line.indexOf('"', position);
        if (close < 0) return undefined;
        text += line.slice(position, close);
        position = close + 1;
        if (line[position] !== '"') break;
        text += '"';
      }
      while (position < line.length && !isSeparator(line[position])) text += line[position++];
      cells.push(text);
    } else {
      const start = position;
      while (position < line.length && !isSeparator(line[position])) position++;
      cells.push(line.slice(start, position));
    }
    if (position >= line.length) return cells;
    position++;
  }
}

/** The byte that separates cells; a blank stands for tabs too where blanks do. */
export const separatorByteOf = (separator: Separator): number =>
  separator === "blank" ? 32 : separator.charCodeAt(0);

/** A comment begins with "#", "%" or "//". */
export const isComment = (line: string): boolean => /^(#|%|\/\/)/.test(line);

/** What a comment says. */
export const withoutMark = (comment: string): string => comment.replace(/^(#+|%+|\/\/)/, "");
