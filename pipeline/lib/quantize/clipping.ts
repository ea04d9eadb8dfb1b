import { binCenter, type Histogram } from "./histogram.ts";
import type { Range } from "./ranges.ts";

/** Steps between the whole range and none at which the search for the least error looks. */
const SEARCH_STEPS = 128;
/** Steps of an int8 quantization. */
const LEVELS = 255;

/**
 * Finds the range outside which a given part of the values lies at each end.
 *
 * @param percent Part inside each end, in (50, 100].
 * @returns The range to a bin's width, within the histogram's own and never shorter than to 0.
 */
export function percentileRange(histogram: Histogram, percent: number): Range {
  const { counts, zeros, binWidth, range } = histogram;
  const total = counts.reduce((sum, count) => sum + count, zeros);
  const outside = total * (1 - percent / 100);
  const end = (bins: Iterable<number>, edge: number): number => {
    let seen = 0;
    for (const bin of bins) {
      seen += counts[bin];
      if (seen > outside) return binCenter(histogram, bin) + edge * binWidth / 2;
    }
    return 0;
  };
  const up = Array.from(counts.keys()), down = up.toReversed();
  // Where values of one sign are fewer than what may lie outside, the range ends at 0, which it must hold anyway.
  return {
    min: Math.max(range!.min, Math.min(end(up.filter((bin) => binCenter(histogram, bin) < 0), -1), 0)),
    max: Math.min(range!.max, Math.max(end(down.filter((bin) => binCenter(histogram, bin) > 0), 1), 0)),
  };
}

/**
 * Finds the range that gives int8 values the least mean square error: a narrower one has finer steps, and cuts more.
 *
 * It shortens both ends together and then each by itself. Inside, the error of a value other than 0 is counted as that of
 * uniform rounding, step^2 / 12.
 *
 * Source: Nagel et al., "A white paper on neural network quantization", 2021, section 3.1, range setting by MSE.
 */
export function leastErrorRange(histogram: Histogram): Range {
  const { range } = histogram, error = errorOf(histogram);
  const whole = { min: Math.min(range!.min, 0), max: Math.max(range!.max, 0) };
  if (histogram.binWidth === 0) return whole;
  const shorter = (from: Range, ends: { min: boolean; max: boolean }): Range => {
    let best = from, least = error(from);
    for (let step = 1; step < SEARCH_STEPS; step++) {
      const part = 1 - step / SEARCH_STEPS;
      const candidate = {
        min: ends.min ? part * from.min : from.min,
        max: ends.max ? part * from.max : from.max,
      };
      const its = error(candidate);
      if (its < least) [best, least] = [candidate, its];
    }
    return best;
  };
  const both = shorter(whole, { min: true, max: true });
  return shorter(shorter(both, { min: false, max: true }), { min: true, max: false });
}

/** @returns The sum of square errors of all values in a range. */
function errorOf(histogram: Histogram): (range: Range) => number {
  const { counts, binWidth } = histogram, bins = counts.length;
  // Sums over the bins before each: of counts, of values and of their squares.
  const count = new Float64Array(bins + 1),
    first = new Float64Array(bins + 1),
    second = new Float64Array(bins + 1);
  for (let bin = 0; bin < bins; bin++) {
    const value = binCenter(histogram, bin);
    count[bin + 1] = count[bin] + counts[bin];
    first[bin + 1] = first[bin] + counts[bin] * value;
    second[bin + 1] = second[bin] + counts[bin] * value * value;
  }
  const squares = (from: number, to: number, around: number) =>
    second[to] - second[from] - 2 * around * (first[to] - first[from]) +
    around * around * (count[to] - count[from]);
  return ({ min, max }) => {
    const low = Math.round(min / binWidth) + bins / 2, high = Math.round(max / binWidth) + bins / 2;
    const step = (max - min) / LEVELS;
    return squares(0, low, min) + squares(high, bins, max) + (count[high] - count[low]) * step * step / 12;
  };
}
