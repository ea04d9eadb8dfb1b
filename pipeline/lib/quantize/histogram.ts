import type { Range } from "./ranges.ts";

/** Bins of a histogram: 16 steps of an int8 quantization each, or 8 where the values fill little more than a half. */
const BINS = 4096, HALF = BINS / 2;

/** Counts of values in bins of one width, in memory that does not grow with their number. */
export interface Histogram {
  /** Of values other than 0, by bin; bin `i` holds values from (i - 2048) binWidth. Up to 2^32 - 1 a bin. */
  readonly counts: Uint32Array;
  /** Of values that are exactly 0, which every quantization holds exactly. */
  readonly zeros: number;
  readonly binWidth: number;
  /** Exact; undefined before the first value. */
  readonly range: Range | undefined;
}

/** A histogram that values can be added to. */
export interface GrowingHistogram extends Histogram {
  /** @param values Finite. @param range Of the values. */
  add(values: Float32Array, range: Range): void;
}

/**
 * Makes an empty histogram of values whose range is not known before: where one lies outside, bins are joined in pairs,
 * so that every value is counted in a bin of the final width.
 */
export function createHistogram(): GrowingHistogram {
  const counts = new Uint32Array(BINS);
  let zeros = 0, binWidth = 0, range: Range | undefined;
  const widen = () => {
    for (let i = 0; i < HALF / 2; i++) {
      // From the middle outwards, so that no count is overwritten before it has moved.
      const above = HALF + 2 * i, below = HALF - 1 - 2 * i;
      counts[HALF + i] = counts[above] + counts[above + 1];
      counts[HALF - 1 - i] = counts[below] + counts[below - 1];
    }
    counts.fill(0, 0, HALF / 2);
    counts.fill(0, HALF + HALF / 2);
    binWidth *= 2;
  };
  return {
    counts,
    get zeros() {
      return zeros;
    },
    get binWidth() {
      return binWidth;
    },
    get range() {
      return range;
    },
    add(values, { min, max }) {
      range = range === undefined
        ? { min, max }
        : { min: Math.min(range.min, min), max: Math.max(range.max, max) };
      const magnitude = Math.max(Math.abs(min), Math.abs(max));
      if (magnitude > 0 && binWidth === 0) binWidth = 2 ** Math.ceil(Math.log2(magnitude)) / HALF;
      while (binWidth * HALF < magnitude) widen();
      const binsPerUnit = 1 / binWidth;
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        if (value === 0) {
          zeros++;
        } else {
          const bin = HALF + Math.floor(value * binsPerUnit);
          // The greatest value may be the upper edge of the last bin.
          counts[bin < BINS ? bin : BINS - 1]++;
        }
      }
    },
  };
}

/** @returns Middle of a bin. */
export const binCenter = ({ binWidth }: Histogram, bin: number): number => (bin - HALF + 0.5) * binWidth;
