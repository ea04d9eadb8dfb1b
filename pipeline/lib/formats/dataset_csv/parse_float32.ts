import { type ByteCursor, parseDecimal } from "../csv/decimal.ts";

const COMMA = 44, LINE_FEED = 10, CARRIAGE_RETURN = 13, POINT = 46;

/** One cursor for all numbers: the parser is called for each of them. */
const cursor: ByteCursor = { position: 0 };

/**
 * Reads `count` numbers, each followed by a comma, the last by `terminator`.
 *
 * The result is `Math.fround(Number(text))` for every text.
 *
 * @param bytes Must hold a byte that belongs to no number at or behind the last number.
 * @param position Where the first number begins.
 * @param values Target, written from `index` on.
 * @param terminator Comma or line feed; a carriage return before it is skipped.
 * @returns The position behind the terminator, or -1 - i if the i-th field is no finite float32 or ends
 *   otherwise.
 */
export function parseFloat32s(
  bytes: Uint8Array,
  position: number,
  count: number,
  values: Float32Array,
  index: number,
  terminator: number,
): number {
  cursor.position = position;
  for (let i = 0; i < count; i++) {
    const expected = i === count - 1 ? terminator : COMMA,
      value = Math.fround(parseDecimal(bytes, cursor, POINT));
    if (value - value !== 0) return -1 - i;
    if (bytes[cursor.position] === CARRIAGE_RETURN && expected === LINE_FEED) cursor.position++;
    if (bytes[cursor.position] !== expected) return -1 - i;
    values[index + i] = value;
    cursor.position++;
  }
  return cursor.position;
}
