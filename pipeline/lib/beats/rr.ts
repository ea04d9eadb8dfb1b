/** Columns of {@linkcode rrFeatures}, in their order. */
export const RR_FEATURE_NAMES = [
  "preRr",
  "postRr",
  "lnPreOverPost",
  "lnPreOverMean10",
  "lnPreOverMean250",
  "rrVariability",
] as const;

const COLUMNS = RR_FEATURE_NAMES.length;
const MEDIAN_INTERVALS = 20;
const LN_LIMIT = 1.5;
const VARIABILITY_LIMIT = 2;

/** The latest values of a series in ascending order, for a running median. */
class RunningMedian {
  readonly #sorted = new Float64Array(MEDIAN_INTERVALS);
  readonly #latest = new Float64Array(MEDIAN_INTERVALS);
  #count = 0;
  #oldest = 0;

  push(value: number): void {
    const sorted = this.#sorted;
    let end = this.#count;
    if (end === MEDIAN_INTERVALS) {
      end--;
      let i = 0;
      while (sorted[i] !== this.#latest[this.#oldest]) i++;
      for (; i < end; i++) sorted[i] = sorted[i + 1];
    } else this.#count++;
    let i = end;
    for (; i > 0 && sorted[i - 1] > value; i--) sorted[i] = sorted[i - 1];
    sorted[i] = value;
    this.#latest[this.#oldest] = value;
    this.#oldest = (this.#oldest + 1) % MEDIAN_INTERVALS;
  }

  /** 0 where nothing was pushed; the mean of the two middle values where their number is even. */
  get median(): number {
    const middle = this.#count >> 1;
    if (this.#count % 2 === 1) return this.#sorted[middle];
    return this.#count === 0 ? 0 : (this.#sorted[middle - 1] + this.#sorted[middle]) / 2;
  }
}

/** Natural logarithm of a ratio of two intervals >= 0, clipped to [-1.5, 1.5]; 0 where both are 0. */
function clippedLn(numerator: number, denominator: number): number {
  if (numerator === denominator) return 0;
  return Math.min(LN_LIMIT, Math.max(-LN_LIMIT, Math.log(numerator / denominator)));
}

/**
 * Computes rhythm features of each beat from the R peaks of all beats of its record.
 *
 * With RR(i) the interval that ends at beat i, "the latest n" being RR(i-n+1) .. RR(i), or as many as there
 * are:
 * - `preRr` RR(i), seconds; the first beat, which has none, takes RR of the second beat
 * - `postRr` RR(i+1), seconds, known one beat later; the last beat, which has none, takes its own `preRr`
 * - `lnPreOverPost` ln(pre / post), so 0 for the first and the last beat
 * - `lnPreOverMean10` ln(pre / mean of the latest 10)
 * - `lnPreOverMean250` ln(pre / mean of the latest 250)
 * - `rrVariability` 5 x median of the latest 20 |RR(i) - RR(i-1)| / median of the latest 20 RR, at most 2; 0
 *   for the first two beats, which have no difference of intervals
 *
 * The logarithms are clipped to [-1.5, 1.5]; the first beat counts its borrowed interval as its only one. A
 * record of one beat has no interval: all its features are 0. The references are means, not medians: on
 * MIT-BIH medians lose a patient whose dominant rhythm is ectopic. Intervals that span unannotated stretches
 * (flutter, noise) are taken as they are.
 *
 * Source: after de Chazal, O'Dwyer and Reilly, IEEE TBME 51(7), 2004 (pre, post, local and record average).
 * Deviations: causal references of 10 and 250 intervals, logarithms of ratios, the variability.
 *
 * @param rPeaks Sample indices of all beats of one record, shape [beats], not falling.
 * @param fs Sampling rate in Hz, > 0.
 * @returns Shape [beats, 6], columns as in {@linkcode RR_FEATURE_NAMES}.
 * @throws {RangeError} if `fs` is not positive or an R peak comes before its predecessor.
 */
export function rrFeatures(rPeaks: Uint32Array | Int32Array, fs: number): Float32Array<ArrayBuffer> {
  if (!(fs > 0 && fs < Infinity)) {
    throw new RangeError(`Cannot compute RR features: fs must be a number of Hz > 0, got ${fs}`);
  }
  const beats = rPeaks.length;
  const features = new Float32Array(beats * COLUMNS);
  if (beats < 2) return features;
  const intervals = new RunningMedian(), differences = new RunningMedian();
  for (let beat = 0; beat < beats; beat++) {
    const isFirst = beat === 0, isLast = beat === beats - 1;
    // The first beat borrows the interval that follows it.
    const end = isFirst ? 1 : beat;
    const pre = rPeaks[end] - rPeaks[end - 1];
    if (pre < 0) {
      throw new RangeError(
        `Cannot compute RR features: R peaks must not fall, got ${rPeaks[end]} after ${rPeaks[end - 1]}`,
      );
    }
    const post = isLast ? pre : rPeaks[beat + 1] - rPeaks[beat];
    if (!isFirst) intervals.push(pre);
    if (beat > 1) differences.push(Math.abs(pre - (rPeaks[beat - 1] - rPeaks[beat - 2])));
    const count10 = Math.min(10, end), count250 = Math.min(250, end);
    const at = beat * COLUMNS;
    features[at] = pre / fs;
    features[at + 1] = post / fs;
    features[at + 2] = clippedLn(pre, post);
    features[at + 3] = clippedLn(pre, (rPeaks[end] - rPeaks[end - count10]) / count10);
    features[at + 4] = clippedLn(pre, (rPeaks[end] - rPeaks[end - count250]) / count250);
    const spread = 5 * differences.median;
    features[at + 5] = spread === 0 ? 0 : Math.min(VARIABILITY_LIMIT, spread / intervals.median);
  }
  return features;
}
