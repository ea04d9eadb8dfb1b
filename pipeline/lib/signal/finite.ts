/**
 * Refuses a signal with a sample that is not a finite number.
 *
 * @param x Samples.
 * @param action What cannot be done with it, for the message: "filter a signal".
 * @throws RangeError that names the first such sample.
 */
export function requireFinite(x: Float32Array | Float64Array, action: string): void {
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i])) {
      throw new RangeError(`Cannot ${action}: samples must be finite, got ${x[i]} at sample ${i}`);
    }
  }
}
