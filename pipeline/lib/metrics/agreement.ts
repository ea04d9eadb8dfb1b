/**
 * Computes which part of two label arrays is equal, for example of a float and an int8 model's answers.
 *
 * @param a Labels, shape [beats].
 * @param b Labels, shape [beats].
 * @returns Equal labels / labels, in [0, 1]; 1 for empty arrays.
 * @throws {RangeError} if the lengths differ.
 */
export function fractionEqual(a: Uint8Array, b: Uint8Array): number {
  checkLengths(a, b);
  let equal = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) equal++;
  return a.length === 0 ? 1 : equal / a.length;
}

/**
 * Computes the largest |a - b| over two arrays.
 *
 * @param a Values, shape [n].
 * @param b Values, shape [n].
 * @returns The largest difference; 0 for empty arrays, NaN if any difference is NaN, so that no limit is
 * met by it.
 * @throws {RangeError} if the lengths differ.
 */
export function maxAbsDifference(a: Float32Array | Float64Array, b: Float32Array | Float64Array): number {
  checkLengths(a, b);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (Number.isNaN(difference)) return NaN;
    if (difference > largest) largest = difference;
  }
  return largest;
}

function checkLengths(a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length) {
    throw new RangeError(`Cannot compare: both arrays must have one length, got ${a.length} and ${b.length}`);
  }
}
