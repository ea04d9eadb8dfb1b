/** Upper limit of the bytes that {@linkcode writeFloat32} writes: a sign and the 21 digits of 10^20. */
export const FLOAT32_TEXT_BYTES = 22;

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));

/**
 * Decimals to begin with, by biased exponent; -1 where plain decimals do not fit. As many that their step is
 * between 1 and 10 times the spacing of float32 values there: fewer decimals can do only as trailing zeros of
 * these, and two more always do.
 */
const DECIMALS_OF_EXPONENT = Int8Array.from({ length: 256 }, (_, exponent) => {
  // From 2^24 on not every integer is a float32; below 2^-20 there would be ever more zeros to write.
  if (exponent < 127 - 20 || exponent >= 127 + 24) return -1;
  return Math.max(0, Math.floor((150 - exponent) * Math.log10(2)));
});

/** The digits of 0 to 99, two bytes each. */
const DIGIT_PAIRS = Uint8Array.from(
  { length: 200 },
  (_, i) => 48 + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10),
);

const ZERO = 48, MINUS = 45, POINT = 46;

/**
 * Writes float32 values as decimal text that reads back to the same bits.
 *
 * The text is the shortest that does so: plain decimals in [2^-20, 2^24), outside JavaScript's notation of
 * the value rounded to nine digits ("1e-7").
 *
 * @param values Source array.
 * @param bits The same memory as 32-bit integers.
 * @param index Which value.
 * @param bytes Target; must have room for {@linkcode FLOAT32_TEXT_BYTES} at `position`.
 * @returns The position behind the text, or -1 if the value is not finite.
 */
export function writeFloat32(
  values: Float32Array,
  bits: Int32Array,
  index: number,
  bytes: Uint8Array,
  position: number,
): number {
  const pattern = bits[index];
  const value = values[index];
  let magnitude = value;
  if (pattern < 0) {
    bytes[position++] = MINUS;
    magnitude = -value;
  }
  if ((pattern & 0x7fffffff) === 0) {
    bytes[position] = ZERO;
    return position + 1;
  }
  let decimals = DECIMALS_OF_EXPONENT[(pattern >>> 23) & 255];
  if (decimals < 0) return writeRare(magnitude, bytes, position);
  let digits = 0;
  for (;; decimals++) {
    digits = (magnitude * POWERS_OF_TEN[decimals] + 0.5) | 0;
    if (Math.fround(digits / POWERS_OF_TEN[decimals]) === magnitude) break;
  }
  for (let tenth = (digits / 10) | 0; decimals > 0 && tenth * 10 === digits; tenth = (digits / 10) | 0) {
    digits = tenth;
    decimals--;
  }
  return writeDecimal(digits, decimals, bytes, position);
}

/** Writes `digits` / 10^`decimals`; digits in [0, 2^31). */
function writeDecimal(digits: number, decimals: number, bytes: Uint8Array, position: number): number {
  let whole = digits;
  if (decimals > 0) {
    whole = 0;
    if (decimals < 10) {
      whole = (digits / POWERS_OF_TEN[decimals]) | 0;
      digits -= whole * POWERS_OF_TEN[decimals];
    }
  }
  if (whole < 10) bytes[position++] = ZERO + whole;
  else {
    let length = 2;
    while (length < 10 && whole >= POWERS_OF_TEN[length]) length++;
    writeDigits(whole, length, bytes, position);
    position += length;
  }
  if (decimals === 0) return position;
  bytes[position++] = POINT;
  writeDigits(digits, decimals, bytes, position);
  return position + decimals;
}

/** Writes exactly `length` digits, with leading zeros. */
function writeDigits(digits: number, length: number, bytes: Uint8Array, position: number): void {
  let at = position + length;
  while (at - 2 >= position) {
    const rest = (digits / 100) | 0;
    const pair = (digits - rest * 100) << 1;
    at -= 2;
    bytes[at] = DIGIT_PAIRS[pair];
    bytes[at + 1] = DIGIT_PAIRS[pair + 1];
    digits = rest;
  }
  if (at > position) bytes[position] = ZERO + digits;
}

function writeRare(magnitude: number, bytes: Uint8Array, position: number): number {
  if (!(magnitude < Infinity)) return -1;
  const text = String(Number(magnitude.toPrecision(9)));
  for (let i = 0; i < text.length; i++) bytes[position++] = text.charCodeAt(i);
  return position;
}
