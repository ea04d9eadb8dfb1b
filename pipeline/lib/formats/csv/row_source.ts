import { type Separator, separatorByteOf } from "./cells.ts";
import { endOfLine } from "./row_parser.ts";

const LINE_FEED = 10, RETURN = 13, TAB = 9, BLANK = 32;

/** Takes off what {@linkcode RowSource.row} leaves out in front of a row. */
export const withoutPadding = (line: string, separator: Separator): string =>
  line.replace(separator === "blank" ? /^[ \t]+/ : /^ +/, "");

/** Rows that are read one after the other, of any length. */
export interface RowSource {
  /** @returns False at the end of the file. */
  hasMore(): Promise<boolean>;
  /**
   * The bytes of one row without the blanks in front of it, a line feed for each separator: to be read to their end before the next
   * row is begun. A row of blanks alone is empty.
   */
  row(): AsyncGenerator<Uint8Array>;
}

/** Makes rows out of chunks. */
export function createRowSource(chunks: AsyncGenerator<Uint8Array>, separator: Separator): RowSource {
  const separatorByte = separatorByteOf(separator);
  let rest = new Uint8Array(0), isAtEnd = false, feedMayFollow = false;

  async function fill(): Promise<boolean> {
    while (rest.length === 0) {
      const { done, value } = await chunks.next();
      if (done) {
        isAtEnd = true;
        return false;
      }
      // Rows are cut in place, in memory of their own.
      rest = new Uint8Array(value);
      if (feedMayFollow && rest[0] === LINE_FEED) rest = rest.subarray(1);
      feedMayFollow &&= value.length === 0;
    }
    return true;
  }

  async function skipBlanks(): Promise<void> {
    while (await fill()) {
      const first = rest.findIndex((byte) => byte !== BLANK && !(separator === "blank" && byte === TAB));
      rest = rest.subarray(first < 0 ? rest.length : first);
      if (first >= 0) return;
    }
  }

  return {
    hasMore: () => isAtEnd ? Promise.resolve(false) : fill(),
    async *row(): AsyncGenerator<Uint8Array> {
      await skipBlanks();
      while (await fill()) {
        const { end, next } = endOfLine(rest, 0);
        const cells = rest.subarray(0, end);
        for (let i = 0; i < cells.length; i++) {
          if (cells[i] === separatorByte || separator === "blank" && cells[i] === TAB) cells[i] = LINE_FEED;
        }
        const isRowEnd = end < rest.length;
        feedMayFollow = isRowEnd && rest[end] === RETURN && next === rest.length;
        rest = rest.subarray(Math.min(next, rest.length));
        if (cells.length > 0) yield cells;
        if (isRowEnd) return;
      }
    },
  };
}
