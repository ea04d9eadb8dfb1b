import { isComment, isMissingCell, parseNumberCell, separatorByteOf, splitCells } from "./cells.ts";
import { parseDateTime, parseDateTimeCell } from "./date_time.ts";
import { type ByteCursor, parseDecimal } from "./decimal.ts";
import { type Layout, MAX_ROW_BYTES } from "./layout.ts";
import { quote, type Refuse } from "./refusal.ts";

const LINE_FEED = 10, RETURN = 13, BLANK = 32, TAB = 9, QUOTE = 34, COMMA = 44, POINT = 46;
const HASH = 35, PERCENT = 37, SLASH = 47;

/** Rows that were read and wait to be used: row-major, NaN where a value is missing. */
export interface RowTable {
  /** Values kept of each row, shape [capacity, slots]. */
  values: Float64Array;
  /** Line of the file that each row stands on. */
  lines: Float64Array;
  slots: number;
  capacity: number;
  rows: number;
}

export function createRowTable(slots: number, capacity = 4096): RowTable {
  return {
    values: new Float64Array(slots * capacity),
    lines: new Float64Array(capacity),
    slots,
    capacity,
    rows: 0,
  };
}

/** Lines that hold no samples, behind the first one that does. */
export interface SkippedLines {
  comments: number;
  empty: number;
  /** Headers that came again, where files were joined. */
  repeatedHeaders: number;
  /** 1 where the file ends inside a row. */
  cutOffRows: number;
}

/** Turns lines into rows of numbers. */
export interface RowParser {
  readonly skipped: Readonly<SkippedLines>;
  /** Rows read so far. */
  readonly rows: number;
  /** Empty lines behind the last of them. */
  readonly emptyLines: number;
  /**
   * Reads rows until the table is full or the lines end.
   *
   * @param bytes Whole lines, each with its line end.
   * @param position Where to begin.
   * @param table Rows are added to it.
   * @param lastLineIsOpen Whether the file ends with these bytes and had no line end there.
   * @returns The position behind what was read.
   * @throws FormatError with line and column, for a row that does not fit or a cell that is neither number nor missing.
   */
  parse(bytes: Uint8Array, position: number, table: RowTable, lastLineIsOpen: boolean): number;
  /** Counts the empty lines behind the last row. */
  finish(): void;
}

/** Which columns a {@linkcode createRowParser} keeps. */
export interface RowParserOptions {
  layout: Layout;
  /** Places of the columns to keep, counted from 0, in the order of the table's slots. */
  columns: readonly number[];
  refuse: Refuse;
  /** How messages call the only column, where it is a row of the file. */
  place?: string;
  /**
   * What empty lines are: nothing, as where a time column tells of missing rows, or rows of missing values; the latter between other
   * rows only, or from the first line on. Those behind the last row are only counted.
   */
  emptyLines: "nothing" | "rows between rows" | "rows";
}

const decoder = new TextDecoder();

/** How a column is read; 0 for one that is passed over. */
const NUMBER = 1, DATE_TIME = 2;

/**
 * Creates the reader of rows. Plain rows, of numbers without quotes and words between them, are read from their bytes; all
 * others are split as text.
 *
 * The lines before the samples, `layout.linesBeforeData` of them, must have been passed over.
 */
export function createRowParser(options: RowParserOptions): RowParser {
  const { layout, columns: kept } = options;
  const { columns, separator, decimalComma, trailingSeparator, doubledLineEnds } = layout;
  const width = columns.length, isBlank = separator === "blank";
  const separatorByte = separatorByteOf(separator);
  // An unquoted comma is a separator where commas separate, whatever quoted cells do.
  const decimalMark = decimalComma && separator !== "," ? COMMA : POINT,
    quotedMark = decimalComma ? COMMA : POINT,
    timeMark = separator === "," ? POINT : COMMA;
  const slotOf = new Int32Array(width).fill(-1), roleOf = new Uint8Array(width);
  kept.forEach((column, slot) => {
    slotOf[column] = slot;
    roleOf[column] = columns[column].isDateTime ? DATE_TIME : NUMBER;
  });
  // A repeated header is known by its text; cells are compared trimmed.
  const headers = layout.headerRows.map((cells) => cells.map((cell) => cell.trim()).join("\n"));
  const skipped = { comments: 0, empty: 0, repeatedHeaders: 0, cutOffRows: 0 };
  const cursor: ByteCursor = { position: 0 };
  let line = layout.linesBeforeData, rows = 0, emptyLines = 0;

  const refuse = (rule: string) => options.refuse(rule, line);

  // With one column, an empty cell is an empty line, which may mean nothing.
  const isEmptyCell = (byte: number): boolean =>
    !isBlank && width > 1 && (byte === separatorByte || byte === LINE_FEED || byte === RETURN);

  /** Reads a plain row; the answer is where the next line begins, or -1 when the row has to be read as text. */
  function parsePlain(bytes: Uint8Array, start: number, values: Float64Array, base: number): number {
    let position = start;
    // A comment, whose first cell is perhaps that of a column that is passed over.
    if (bytes[start] === HASH || bytes[start] === PERCENT || bytes[start] === SLASH) return -1;
    for (let column = 0; column < width; column++) {
      let byte = bytes[position];
      while (byte === BLANK || byte === TAB && isBlank) byte = bytes[++position];
      const role = roleOf[column];
      if (role === NUMBER) {
        const isQuoted = byte === QUOTE;
        cursor.position = isQuoted ? position + 1 : position;
        const value = parseDecimal(bytes, cursor, isQuoted ? quotedMark : decimalMark);
        // What is no number here is an empty cell, a word for a missing one, or an error.
        if (value - value !== 0 && !(isEmptyCell(byte) && value !== value)) return -1;
        if (isQuoted && bytes[cursor.position++] !== QUOTE) return -1;
        position = cursor.position;
        values[base + slotOf[column]] = value;
      } else if (byte === QUOTE) {
        return -1;
      } else if (role === DATE_TIME) {
        cursor.position = position;
        const value = parseDateTime(bytes, cursor, timeMark);
        if (value !== value || isBlank && holdsBlank(bytes, position, cursor.position)) return -1;
        position = cursor.position;
        values[base + slotOf[column]] = value;
      } else if (isBlank && (byte === LINE_FEED || byte === RETURN)) {
        // Where blanks separate, no cell is empty.
        return -1;
      } else {
        while (
          byte !== separatorByte && byte !== LINE_FEED && byte !== RETURN && !(isBlank && byte === TAB)
        ) byte = bytes[++position];
      }
      byte = bytes[position];
      if (column < width - 1 || trailingSeparator) {
        if (isBlank) {
          if (byte !== BLANK && byte !== TAB) return -1;
        } else {
          while (byte === BLANK) byte = bytes[++position];
          if (byte !== separatorByte) return -1;
        }
        position++;
      }
    }
    let byte = bytes[position];
    while (byte === BLANK || byte === TAB && separator !== "\t") byte = bytes[++position];
    if (byte === LINE_FEED) return position + 1;
    if (byte !== RETURN) return -1;
    return bytes[position + 1] === LINE_FEED ? position + 2 : position + 1;
  }

  /** Reads plain rows until another one comes, or the table is full. @returns Where the next line begins. */
  function parsePlainRows(bytes: Uint8Array, start: number, table: RowTable): number {
    const { values, lines, slots, capacity } = table, end = bytes.length, first = table.rows;
    let position = start, row = first, at = line;
    while (position < end && row < capacity) {
      const next = parsePlain(bytes, position, values, row * slots);
      // A row that is too long is looked at once more, to be refused.
      if (next < 0 || next - position > MAX_ROW_BYTES) break;
      lines[row++] = ++at;
      position = next;
    }
    table.rows = row;
    rows += row - first;
    line = at;
    return position;
  }

  function badCell(column: number, cell: string): Error {
    const { name, kind } = columns[column], isTime = kind === "time";
    const place = options.place ?? `${quote(name || `column ${column + 1}`)} (column ${column + 1})`;
    return refuse(
      `every cell of ${place} must be ` +
        `${isTime ? "a time" : "a finite number"} or missing, got ${quote(cell)}; correct the row, or ` +
        (isTime ? "give --samplingRate to pass over the time column" : "choose another column with --column"),
    );
  }

  /**
   * Reads a row as text.
   * @param isOpen Whether the file ends in it without a line end: such a row may be cut off.
   * @returns Whether it was one.
   */
  function parseText(text: string, isOpen: boolean, table: RowTable): boolean {
    if (isComment(text)) {
      skipped.comments++;
      return false;
    }
    if (text.trim() === "") {
      emptyLines++;
      return false;
    }
    const cells = splitCells(text, separator);
    if (cells === undefined) throw refuse("a quote must be closed on its own line, got one that is not");
    if (headers.includes(cells.map((cell) => cell.trim()).join("\n"))) {
      skipped.repeatedHeaders++;
      return false;
    }
    const isTrailing = trailingSeparator && cells.length > width && cells[cells.length - 1].trim() === "";
    const count = cells.length - (isTrailing ? 1 : 0);
    if (isOpen && rows > 0 && count < width) {
      skipped.cutOffRows++;
      return false;
    }
    if (count !== width) {
      throw refuse(
        `every row must have ${width} ${
          width === 1 ? "cell" : "cells"
        } as the first one does, got ${count}; ` +
          "correct the row, or cut the file there",
      );
    }
    const base = table.rows * table.slots;
    kept.forEach((column, slot) => {
      const cell = cells[column], { isDateTime } = columns[column];
      const value = isDateTime ? parseDateTimeCell(cell) : parseNumberCell(cell, decimalComma);
      if (isMissingCell(cell)) table.values[base + slot] = NaN;
      else if (!Number.isFinite(value)) throw badCell(column, cell);
      else table.values[base + slot] = value;
    });
    return true;
  }

  /**
   * Counts the empty lines before a row, or makes them rows of missing values; those at the end of a file mean nothing.
   * @returns Whether the table had room for all.
   */
  function takeEmptyLines(table: RowTable): boolean {
    const areRows = options.emptyLines === "rows" || options.emptyLines === "rows between rows" && rows > 0;
    if (!areRows || doubledLineEnds) {
      skipped.empty += emptyLines;
      emptyLines = 0;
    }
    for (; emptyLines > 0 && table.rows < table.capacity; emptyLines--, rows++) {
      table.values.fill(NaN, table.rows * table.slots, (table.rows + 1) * table.slots);
      table.lines[table.rows++] = line - emptyLines;
    }
    return table.rows < table.capacity;
  }

  return {
    skipped,
    get rows() {
      return rows;
    },
    get emptyLines() {
      return emptyLines;
    },
    parse(bytes, position, table, lastLineIsOpen) {
      const end = bytes.length, { lines, capacity } = table;
      while (position < end && table.rows < capacity) {
        if (emptyLines === 0) {
          position = parsePlainRows(bytes, position, table);
          if (position >= end || table.rows === capacity) break;
        }
        line++;
        const ends = endOfLine(bytes, position);
        if (ends.next - position > MAX_ROW_BYTES) {
          throw refuse(`a row must have at most ${MAX_ROW_BYTES} bytes, got more`);
        }
        const text = decoder.decode(bytes.subarray(position, ends.end));
        if (emptyLines > 0 && text.trim() !== "" && !isComment(text) && !takeEmptyLines(table)) {
          line--;
          break;
        }
        if (parseText(text, lastLineIsOpen && ends.next >= end, table)) {
          lines[table.rows++] = line;
          rows++;
        }
        position = ends.next;
      }
      return position;
    },
    finish() {
      skipped.empty += emptyLines;
      emptyLines = 0;
    },
  };
}

/** Whether a date goes on over a blank, which separates cells in some tables. */
function holdsBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] === BLANK) return true;
  return false;
}

/** Finds the end of a line and the start of the next one. */
export function endOfLine(bytes: Uint8Array, position: number): { end: number; next: number } {
  let end = position;
  while (end < bytes.length && bytes[end] !== LINE_FEED && bytes[end] !== RETURN) end++;
  return { end, next: bytes[end] === RETURN && bytes[end + 1] === LINE_FEED ? end + 2 : end + 1 };
}
