const MINUS = 45, PLUS = 43, POINT = 46, ZERO = 48, UPPER_E = 69, LOWER_E = 101;

/** Powers of ten that a double holds exactly. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));

/** An integer below this takes one more digit without leaving 31 bits. */
const INT_LIMIT = 200_000_000;
/** An integer below this takes one more digit and stays exact as a double: 10 x 9e14 + 9 < 2^53. */
const EXACT_LIMIT = 900_000_000_000_000;

const DECIMAL_NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const decoder = new TextDecoder();

/** Where a number begins, and after {@linkcode parseDecimal} where it ended. */
export interface ByteCursor {
  position: number;
}

/**
 * Reads a decimal number from bytes: `Number(text)` of the longest run of digits, signs, decimal marks and exponent.
 *
 * Up to 15 digits without an exponent, nearly all that recorders write, are read as an integer divided by a power of ten: both are
 * exact doubles, so that the quotient is rounded once, as `Number` does. All else goes through `Number`.
 * Source: W. D. Clinger, How to read floating point numbers accurately, PLDI 1990 (the fast path).
 *
 * @param bytes Must hold a byte that belongs to no number at or behind the number's end.
 * @param cursor Where the number begins; moved behind it, or left where it is when there is none.
 * @param decimalMark Byte that stands for the decimal point beside the point itself: a comma, or the point again.
 * @returns The number, infinite where it is too large for a double; NaN where the bytes are no number.
 */
export function parseDecimal(bytes: Uint8Array, cursor: ByteCursor, decimalMark: number): number {
  const start = cursor.position;
  let position = start, integer = 0, digit = 0;
  let byte = bytes[position];
  if (byte === MINUS || byte === PLUS) byte = bytes[++position];
  const firstDigit = position;
  while ((digit = byte - ZERO) >= 0 && digit <= 9 && integer < INT_LIMIT) {
    integer = (integer * 10 + digit) | 0;
    byte = bytes[++position];
  }
  let digits = position - firstDigit, decimals = 0;
  if (byte === POINT || byte === decimalMark) {
    const firstDecimal = ++position;
    byte = bytes[position];
    while ((digit = byte - ZERO) >= 0 && digit <= 9 && integer < INT_LIMIT) {
      integer = (integer * 10 + digit) | 0;
      byte = bytes[++position];
    }
    decimals = position - firstDecimal;
    digits += decimals;
  }
  const isPlain = !(digit >= 0 && digit <= 9) && byte !== LOWER_E && byte !== UPPER_E && byte !== POINT &&
    byte !== decimalMark && decimals < POWERS_OF_TEN.length && digits > 0;
  if (!isPlain) return parseLongDecimal(bytes, cursor, decimalMark);
  cursor.position = position;
  const magnitude = integer / POWERS_OF_TEN[decimals];
  return bytes[start] === MINUS ? -magnitude : magnitude;
}

/** As {@linkcode parseDecimal}, for numbers of more than nine digits, with exponents, or none. */
function parseLongDecimal(bytes: Uint8Array, cursor: ByteCursor, decimalMark: number): number {
  const start = cursor.position;
  let position = start, integer = 0, digits = 0, decimals = 0, isExact = true;
  if (bytes[position] === MINUS || bytes[position] === PLUS) position++;
  for (let isBehindMark = false;; position++) {
    const byte = bytes[position], digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (integer >= EXACT_LIMIT) isExact = false;
      else integer = integer * 10 + digit;
      digits++;
      if (isBehindMark) decimals++;
    } else if (!isBehindMark && (byte === POINT || byte === decimalMark)) isBehindMark = true;
    else break;
  }
  if (digits === 0) return NaN;
  const exponentDigits = exponentLength(bytes, position);
  position += exponentDigits;
  cursor.position = position;
  if (isExact && exponentDigits === 0 && decimals < POWERS_OF_TEN.length) {
    const magnitude = integer / POWERS_OF_TEN[decimals];
    return bytes[start] === MINUS ? -magnitude : magnitude;
  }
  const text = decoder.decode(bytes.subarray(start, position));
  return toNumber(decimalMark === POINT ? text : text.replace(String.fromCharCode(decimalMark), "."));
}

/** Bytes of an exponent such as "e-12" at a position; 0 where there is none. */
function exponentLength(bytes: Uint8Array, position: number): number {
  if (bytes[position] !== LOWER_E && bytes[position] !== UPPER_E) return 0;
  const sign = bytes[position + 1];
  let end = position + (sign === MINUS || sign === PLUS ? 2 : 1);
  const firstDigit = end;
  while (bytes[end] >= ZERO && bytes[end] <= ZERO + 9) end++;
  return end === firstDigit ? 0 : end - position;
}

function toNumber(text: string): number {
  return DECIMAL_NUMBER.test(text) ? Number(text) : NaN;
}
