import { isComment, type Separator, splitCells } from "./cells.ts";
import { readStatement } from "./statements.ts";

/** Numbers with a comma for the point, and with a point. */
const DECIMAL_COMMA = /^\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*$/i;

const DECIMAL_POINT = /^\s*[+-]?\d*\.\d+(e[+-]?\d+)?\s*$/i;

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
function isOneDecimalColumn(lines: readonly string[], body: readonly string[]): boolean {
  if (!body.every((line) => DECIMAL_COMMA.test(line))) return false;
  const above = lines.findLast((text) => !DECIMAL_COMMA.test(text));
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

/** How cells and decimals are told apart. */
export interface Dialect {
  separator: Separator;
  /** Whether "0,25" is a number. */
  decimalComma: boolean;
}

/**
 * Finds the separator and the decimal mark of a table.
 *
 * @param lines All lines of the file's start but comments and empty ones.
 * @param body Those of them that are rows of the table.
 */
export function findDialect(lines: readonly string[], body: readonly string[]): Dialect {
  const separator = findSeparator(body);
  // Commas that separate nothing leave one column, or one between blanks.
  if (separator === "," && isOneDecimalColumn(lines, body)) return { separator: ";", decimalComma: true };
  if (separator === "," && body.every(isDecimalsBetweenBlanks)) {
    return { separator: "blank", decimalComma: true };
  }
  // Where decimals have points, "1,234" would be a thousand; quotes keep a decimal comma apart from a separating one.
  const cells = body.flatMap((line) => splitCells(line, separator) ?? []);
  const hasCommas = cells.some((cell) => DECIMAL_COMMA.test(cell));
  const hasPoints = cells.some((cell) => DECIMAL_POINT.test(cell));
  // Semicolons are for tables with decimal commas, which may have numbers without decimals, or times with points.
  const decimalComma = separator === ";" ? hasCommas || !hasPoints : hasCommas && !hasPoints;
  return { separator, decimalComma };
}
