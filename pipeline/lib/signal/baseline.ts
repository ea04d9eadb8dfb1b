import { requireFinite } from "./finite.ts";

/** Windows of the two medians in seconds: the first removes P waves and QRS complexes, the second T waves. */
const BASELINE_WINDOWS_SECONDS = [0.2, 0.6];

/** What stands in for the samples beyond the ends of a signal: the nearest one, or 0. */
export type MedianEdges = "nearest" | "zero";

/**
 * Holds the values of a sliding window and gives their median.
 *
 * Two heaps that share one array hold the window, the median between them: a step costs O(log window).
 * Source: Haerdle and Steiger, "Algorithm AS 296: Optimal median smoothing", Applied Statistics 44(2), 1995.
 *
 * @param windowSamples Odd length of the window, >= 1.
 * @param level What fills the window at first.
 * @returns A function that puts a value in the place of the oldest one and returns the median.
 */
function createRunningMedian(windowSamples: number, level: number): (value: number) => number {
  const half = windowSamples >> 1;
  // heap[half] is the median; heap[half + k], k = 1..half, a min-heap of what lies above it, rooted at k = 1, and
  // heap[half - k] a max-heap of what lies below. Entries are slots of the ring `values`; place[] is the inverse.
  const values = new Float64Array(windowSamples).fill(level);
  const heap = Int32Array.from(values.keys()), place = heap.slice();
  let slot = 0;

  const swap = (p: number, q: number) => {
    const kept = heap[p];
    heap[p] = heap[q];
    heap[q] = kept;
    place[heap[p]] = p;
    place[heap[q]] = q;
  };
  /** Moves an entry away from the median as long as a child lies nearer to it; side is 1 above and -1 below. */
  const sink = (k: number, side: number) => {
    for (let child = 2 * k; child <= half; child = 2 * k) {
      const left = half + side * child;
      if (child < half && side * (values[heap[left + side]] - values[heap[left]]) < 0) child++;
      const p = half + side * k, q = half + side * child;
      if (side * (values[heap[q]] - values[heap[p]]) >= 0) return;
      swap(p, q);
      k = child;
    }
  };
  /** Moves an entry towards the median; true if it became the median. */
  const rise = (k: number, side: number): boolean => {
    while (k > 0) {
      const parent = k >> 1;
      const p = half + side * k, q = half + side * parent;
      if (side * (values[heap[p]] - values[heap[q]]) >= 0) return false;
      swap(p, q);
      k = parent;
    }
    return true;
  };
  /** Gives the median's place to a heap's root that lies on its wrong side, and the old median to that heap. */
  const settleMedian = (side: number) => {
    if (half > 0 && side * (values[heap[half + side]] - values[heap[half]]) < 0) {
      swap(half, half + side);
      sink(1, side);
    }
  };

  return (value) => {
    values[slot] = value;
    const offset = place[slot] - half;
    const side = offset < 0 ? -1 : 1;
    if (offset === 0) {
      settleMedian(1);
      settleMedian(-1);
    } else if (rise(side * offset, side)) settleMedian(-side);
    else sink(side * (place[slot] - half), side);
    slot = slot + 1 === windowSamples ? 0 : slot + 1;
    return values[heap[half]];
  };
}

/**
 * Filters a signal by the median of a sliding centred window.
 *
 * @param x Finite samples.
 * @param windowSamples Odd window length, >= 1.
 * @param edges `nearest` as `scipy.ndimage.median_filter(x, windowSamples, mode="nearest")`, `zero` as
 * `scipy.signal.medfilt(x, windowSamples)`; equal to both.
 * @returns Medians, same length.
 * @throws RangeError if the window is not odd or a sample is not finite.
 */
export function medianFilter(
  x: Float32Array | Float64Array,
  windowSamples: number,
  edges: MedianEdges = "nearest",
): Float64Array<ArrayBuffer> {
  if (!Number.isInteger(windowSamples) || windowSamples < 1 || windowSamples % 2 === 0) {
    throw new RangeError(
      `Cannot filter by medians: the window must be an odd number of samples, got ${windowSamples}`,
    );
  }
  requireFinite(x, "filter by medians");
  const n = x.length;
  const out = new Float64Array(n);
  if (n === 0) return out;
  const half = windowSamples >> 1;
  const [before, after] = edges === "zero" ? [0, 0] : [x[0], x[n - 1]];
  const push = createRunningMedian(windowSamples, before);
  for (let i = 0; i < half; i++) push(i < n ? x[i] : after);
  for (let i = 0; i < n; i++) out[i] = push(i + half < n ? x[i + half] : after);
  return out;
}

/** Samples of the two medians of removeBaseline(). */
const baselineWindows = (fs: number): number[] =>
  BASELINE_WINDOWS_SECONDS.map((seconds) => 2 * Math.floor(seconds * fs / 2) + 1);

/** @returns How many samples to each side of a sample removeBaseline() looks at, for block by block work. */
export const baselineReachSamples = (fs: number): number =>
  baselineWindows(fs).reduce((sum, window) => sum + (window >> 1), 0);

/**
 * Removes baseline wander: subtracts the median over 200 ms, filtered again by the median over 600 ms.
 *
 * Source: de Chazal, O'Dwyer and Reilly, "Automatic classification of heartbeats using ECG morphology and
 * heartbeat interval features", IEEE Trans. Biomed. Eng. 51(7), 2004, section II-B. The windows are rounded to the nearest
 * odd number of samples (73 and 217 at 360 Hz); the ends are as in medianFilter().
 *
 * @param x Finite samples.
 * @param fs Sampling rate in Hz, > 0.
 * @returns Signal without its baseline, same length and unit.
 * @throws RangeError if the rate is not positive or a sample is not finite.
 */
export function removeBaseline(x: Float32Array | Float64Array, fs: number): Float64Array<ArrayBuffer> {
  if (!(fs > 0 && fs < Infinity)) {
    throw new RangeError(`Cannot remove the baseline: the sampling rate must be positive Hz, got ${fs}`);
  }
  let baseline = Float64Array.from(x);
  for (const window of baselineWindows(fs)) baseline = medianFilter(baseline, window);
  return baseline.map((level, i) => x[i] - level);
}
