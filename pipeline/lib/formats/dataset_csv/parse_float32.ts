const COMMA = 44, LINE_FEED = 10, CARRIAGE_RETURN = 13, MINUS = 45, POINT = 46, ZERO = 48;

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));

/** A mantissa below this takes one more digit without leaving 31 bits. */
const MANTISSA_LIMIT = 200_000_000;

const DECIMAL_NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

const decoder = new TextDecoder();

/**
 * Reads `count` numbers, each followed by a comma, the last by `terminator`.
 *
 * The result is `Math.fround(Number(text))` for every text. Short plain decimals, which are nearly all, are
 * read as an integer below 2^31 divided by a power of ten up to 10^22: both are exact, so the quotient is
 * rounded as `Number(text)` is. All other texts go through `Number`.
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
  for (let i = 0; i < count; i++) {
    const start = position;
    if (bytes[position] === MINUS) position++;
    const firstDigit = position;
    let mantissa = 0, digits = 0, decimals = 0;
    let digit = bytes[position] - ZERO;
    while (digit >= 0 && digit <= 9 && mantissa < MANTISSA_LIMIT) {
      mantissa = (mantissa * 10 + digit) | 0;
      digit = bytes[++position] - ZERO;
    }
    digits = position - firstDigit;
    if (bytes[position] === POINT) {
      const firstDecimal = ++position;
      digit = bytes[position] - ZERO;
      while (digit >= 0 && digit <= 9 && mantissa < MANTISSA_LIMIT) {
        mantissa = (mantissa * 10 + digit) | 0;
        digit = bytes[++position] - ZERO;
      }
      decimals = position - firstDecimal;
      digits += decimals;
    }
    const expected = i === count - 1 ? terminator : COMMA;
    if (bytes[position] === expected && digits > 0 && decimals < POWERS_OF_TEN.length) {
      const magnitude = mantissa / POWERS_OF_TEN[decimals];
      values[index + i] = firstDigit === start ? magnitude : -magnitude;
    } else {
      position = endOfField(bytes, start);
      const value = parseDecimalNumber(bytes, start, position);
      if (expected !== COMMA && bytes[position] === CARRIAGE_RETURN) position++;
      if (!Number.isFinite(value) || bytes[position] !== expected) return -1 - i;
      values[index + i] = value;
    }
    position++;
  }
  return position;
}

function endOfField(bytes: Uint8Array, position: number): number {
  while (position < bytes.length) {
    const byte = bytes[position];
    if (byte === COMMA || byte === LINE_FEED || byte === CARRIAGE_RETURN) break;
    position++;
  }
  return position;
}

/** @returns The nearest float32, or NaN where the text is no number or lies outside the range of float32. */
function parseDecimalNumber(bytes: Uint8Array, start: number, end: number): number {
  const text = decoder.decode(bytes.subarray(start, end));
  const value = DECIMAL_NUMBER.test(text) ? Math.fround(Number(text)) : NaN;
  return Number.isFinite(value) ? value : NaN;
}
