const MINUS = 45, PLUS = 43, POINT = 46, ZERO = 48, UPPER_E = 69, LOWER_E = 101;

/** Powers of ten that a double holds exactly. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));

/** An integer below this takes one more digit without leaving 31 bits. */
const INT_LIMIT = 200_000_000;
/** An integer below this takes one more digit and stays exact as a double: 10 x 9e14 + 9 < 2^53. */
const EXACT_LIMIT = 900_000_000_000_000;

/** Largest power of ten that a double holds exactly. */
const MAX_POWER = 22;
const MAX_LOW_DIGITS = 4;
/** Half of 53 bits, and Veltkamp's constant to split a double there. */
const SPLIT = 2 ** 27, VELTKAMP = 2 ** 27 + 1;
/** Bound of what `scaleLong` may be wrong by, relative. */
const DOUBT = 2 ** -96;

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
  let digits = position - firstDigit, firstDecimal = 0, decimals = 0;
  if (byte === POINT || byte === decimalMark) {
    firstDecimal = ++position;
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
  if (!isPlain) return parseRest(bytes, cursor, decimalMark, position, integer, firstDigit, firstDecimal);
  cursor.position = position;
  const magnitude = integer / POWERS_OF_TEN[decimals];
  return bytes[start] === MINUS ? -magnitude : magnitude;
}

/**
 * Goes on with a number of more than nine digits or with an exponent, or of which there is none.
 *
 * @param position Behind the digits that were read.
 * @param high Their value.
 * @param firstDigit Where they begin.
 * @param firstDecimal Where the decimals begin, 0 before a decimal mark.
 */
function parseRest(
  bytes: Uint8Array,
  cursor: ByteCursor,
  decimalMark: number,
  position: number,
  high: number,
  firstDigit: number,
  firstDecimal: number,
): number {
  const start = cursor.position;
  // Up to 16 digits make one exact integer, up to 4 more another.
  let low = 0, lowDigits = 0, isTooLong = false;
  for (;; position++) {
    const byte = bytes[position], digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (high < EXACT_LIMIT) high = high * 10 + digit;
      else if (lowDigits < MAX_LOW_DIGITS) {
        low = low * 10 + digit;
        lowDigits++;
      } else isTooLong = true;
    } else if (firstDecimal === 0 && (byte === POINT || byte === decimalMark)) firstDecimal = position + 1;
    else break;
  }
  const digits = position - firstDigit - (firstDecimal === 0 ? 0 : 1);
  const decimals = firstDecimal === 0 ? 0 : position - firstDecimal;
  if (digits === 0) return NaN;
  const behindDigits = position;
  position += exponentLength(bytes, position);
  cursor.position = position;
  const power = (position === behindDigits ? 0 : exponentAt(bytes, behindDigits + 1)) - decimals;
  let magnitude = NaN;
  if (!isTooLong && power >= -MAX_POWER && power <= MAX_POWER) {
    magnitude = lowDigits > 0
      ? scaleLong(high, low, lowDigits, power)
      : power < 0
      ? high / POWERS_OF_TEN[-power]
      : high * POWERS_OF_TEN[power];
  }
  if (magnitude === magnitude) return bytes[start] === MINUS ? -magnitude : magnitude;
  const text = decoder.decode(bytes.subarray(start, position));
  return Number(decimalMark === POINT ? text : text.replace(String.fromCharCode(decimalMark), "."));
}

/**
 * (high 10^lowDigits + low) 10^power, rounded once, or NaN where the double next to it cannot be told.
 *
 * Works with a sum of two doubles, whose products are exact by Dekker's splitting, to some 100 bits; what lies so close to the middle
 * between two doubles that an error of 2^-96 would matter is left to `Number`.
 * Source: T. J. Dekker, A floating-point technique for extending the available precision, Numer. Math. 18, 1971.
 */
function scaleLong(high: number, low: number, lowDigits: number, power: number): number {
  const shift = POWERS_OF_TEN[lowDigits], product = high * shift;
  // high < 2^53 is split into halves of 26 and 27 bits; shift has 14 bits, so that their products are exact.
  const top = Math.floor(high / SPLIT) * SPLIT, rest = high - top;
  const tail = top * shift - product + rest * shift + low;
  const sum = product + tail, sumTail = tail - (sum - product);
  const scale = POWERS_OF_TEN[Math.abs(power)];
  let main = sum * scale, error = productError(sum, scale, main) + sumTail * scale;
  if (power < 0) {
    main = sum / scale;
    const back = main * scale;
    error = (sum - back - productError(main, scale, back) + sumTail) / scale;
  }
  const doubt = main * DOUBT, value = main + (error - doubt);
  return value === main + (error + doubt) ? value : NaN;
}

/** What a product a b has lost by rounding to `product`: exact. */
function productError(a: number, b: number, product: number): number {
  const aScaled = VELTKAMP * a, aTop = aScaled - (aScaled - a), aRest = a - aTop;
  const bScaled = VELTKAMP * b, bTop = bScaled - (bScaled - b), bRest = b - bTop;
  return aTop * bTop - product + aTop * bRest + aRest * bTop + aRest * bRest;
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

/** Value of an exponent behind its "e"; far beyond any double where it is long. */
function exponentAt(bytes: Uint8Array, position: number): number {
  const sign = bytes[position];
  let value = 0;
  if (sign === MINUS || sign === PLUS) position++;
  for (; bytes[position] >= ZERO && bytes[position] <= ZERO + 9; position++) {
    value = Math.min(value * 10 + bytes[position] - ZERO, 1e6);
  }
  return sign === MINUS ? -value : value;
}
