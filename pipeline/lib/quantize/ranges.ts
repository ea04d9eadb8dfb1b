/** Least and greatest value of a tensor. */
export interface Range {
  min: number;
  max: number;
}

/** Ranges by tensor name. */
export type Ranges = Map<string, Range>;

/** @returns The range of a list of values; [0, 0] of none. */
export function rangeOfValues(values: ArrayLike<number>): Range {
  let min = Infinity, max = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < min) min = values[i];
    if (values[i] > max) max = values[i];
  }
  return values.length === 0 ? { min: 0, max: 0 } : { min, max };
}

/** @returns The least range that holds both; undefined is no range. */
export function unionOf(a: Range | undefined, b: Range | undefined): Range | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

/**
 * Looks a tensor's range up.
 *
 * @throws RangeError A tensor without range, or one whose range is not finite.
 */
export function rangeOf(ranges: Ranges, name: string): Range {
  const range = ranges.get(name);
  if (range === undefined) {
    throw new RangeError(`Cannot quantize tensor "${name}": calibration must give its range, got none`);
  }
  if (!(range.min <= range.max && Number.isFinite(range.max - range.min))) {
    throw new RangeError(
      `Cannot quantize tensor "${name}": its range must be finite, got [${range.min}, ${range.max}]`,
    );
  }
  return range;
}
