/** Windows that are read a few at a time, wherever they lie: in memory, in a file, or in several of both. */
export interface WindowRows {
  /** Number of windows. */
  readonly count: number;
  /** Values of one window. */
  readonly values: number;
  /**
   * Reads windows `first` to `first + target.length / values`.
   *
   * @param target A multiple of `values` long, within the rows; written.
   */
  read(first: number, target: Float32Array): void;
}

/** An array of which parts can be read without holding the whole, as `ArrayReader` of an open file. */
export interface PartReader {
  /** Reads elements from `from` on until `target` is full. */
  readInto(from: number, target: Float32Array): void;
}

/** Reads of windows in memory: [count, values]. */
export function rowsInMemory(windows: Float32Array, count: number): WindowRows {
  const values = windows.length / count;
  return {
    count,
    values,
    read: (first, target) => target.set(windows.subarray(first * values, first * values + target.length)),
  };
}

/** Reads of windows in an open file whose elements are [count, values]. */
export function rowsInFile(
  file: PartReader,
  { count, values }: Pick<WindowRows, "count" | "values">,
): WindowRows {
  return { count, values, read: (first, target) => file.readInto(first * values, target) };
}

/**
 * Chooses windows of several sources, whose windows have one size; nothing is copied before it is read.
 *
 * @param chosen The windows of each source, in the order of the sources; they become one row after the other.
 */
export function chooseRows(sources: readonly WindowRows[], chosen: readonly Uint32Array[]): WindowRows {
  const { values } = sources[0], count = chosen.reduce((sum, { length }) => sum + length, 0);
  const ends = chosen.map((_, s) => chosen.slice(0, s + 1).reduce((sum, { length }) => sum + length, 0));
  return {
    count,
    values,
    read(first, target) {
      for (let at = 0, row = first; at < target.length; at += values, row++) {
        const source = ends.findIndex((end) => row < end), begin = source === 0 ? 0 : ends[source - 1];
        sources[source].read(chosen[source][row - begin], target.subarray(at, at + values));
      }
    },
  };
}

/** Windows that together take no more than this are worth their memory: 70,000 of 216 samples take 61 MB. */
const RESIDENT_BYTES = 64 * 2 ** 20;

/**
 * Reads the windows into memory where they are few enough. To read single ones from a file takes about 5 µs each, a tenth
 * of what the smallest models need to train on one.
 *
 * @param limit In bytes.
 */
export function keepInMemory(rows: WindowRows, limit: number = RESIDENT_BYTES): WindowRows {
  const { count, values } = rows;
  if (count === 0 || 4 * count * values > limit) return rows;
  const windows = new Float32Array(count * values);
  rows.read(0, windows);
  return rowsInMemory(windows, count);
}
