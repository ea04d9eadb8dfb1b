/** Summary of measured latencies, all in milliseconds but for `count`. */
export interface LatencyStatistics {
  count: number;
  mean: number;
  median: number;
  p90: number;
  p99: number;
  min: number;
  max: number;
  /** Of the measured values themselves (divided by n, as numpy's default), 0 for one value. */
  standardDeviation: number;
}

/**
 * Summarises measured latencies.
 *
 * Percentiles interpolate linearly between order statistics: the p-th of n values lies at rank p / 100 x (n -
 * 1).
 *
 * Source: Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50(4), 1996,
 * definition 7, numpy's default.
 *
 * @param samplesMs Latencies in milliseconds, at least one, finite, in any order; not changed.
 * @throws {RangeError} if there is no value or one is not finite.
 */
export function latencyStatistics(samplesMs: Float64Array): LatencyStatistics {
  const count = samplesMs.length;
  if (count === 0) throw new RangeError("Cannot summarise latencies: there must be at least one, got none");
  const sorted = samplesMs.slice().sort();
  let sum = 0;
  for (const value of sorted) sum += value;
  if (!Number.isFinite(sum)) {
    const value = samplesMs.find((x) => !Number.isFinite(x)) ?? sum;
    throw new RangeError(`Cannot summarise latencies: values must be finite, got ${value}`);
  }
  const mean = sum / count;
  let squares = 0;
  for (const value of sorted) squares += (value - mean) ** 2;
  return {
    count,
    mean,
    median: percentile(sorted, 50),
    p90: percentile(sorted, 90),
    p99: percentile(sorted, 99),
    min: sorted[0],
    max: sorted[count - 1],
    standardDeviation: Math.sqrt(squares / count),
  };
}

function percentile(sorted: Float64Array, percent: number): number {
  const rank = percent / 100 * (sorted.length - 1);
  const below = Math.floor(rank);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
}
