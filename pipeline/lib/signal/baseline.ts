import { requireFinite } from "./finite.ts";

/** Windows of the two medians in seconds: the first removes P waves and QRS complexes, the second T waves. */
const BASELINE_WINDOWS_SECONDS = [0.2, 0.6];

/**
 * Filters a signal by the median of a sliding centred window.
 *
 * Two heaps that share one array hold the window, the median between them: a step costs O(log window).
 * Source: Haerdle and Steiger, "Algorithm AS 296: Optimal median smoothing", Applied Statistics 44(2), 1995.
 *
 * @param x Finite samples.
 * @param windowSamples Odd window length, >= 1. At the ends of the signal the missing samples are taken as
 * equal to the nearest one, as `scipy.ndimage.median_filter(x, windowSamples, mode="nearest")` does.
 * @returns Medians, same length.
 * @throws RangeError if the window is not odd or a sample is not finite.
 */
export function medianFilter(
  x: Float32Array | Float64Array,
  windowSamples: number,
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
  const padded = (i: number) => x[Math.min(n - 1, Math.max(0, i))];

  // heap[half] is the median; heap[half + k], k = 1..half, a min-heap of what lies above it, rooted at k = 1, and
  // heap[half - k] a max-heap of what lies below. Entries are slots of the ring `values`; place[] is the inverse.
  const values = new Float64Array(windowSamples);
  for (let s = 0; s < windowSamples; s++) values[s] = padded(s - half);
  const heap = Int32Array.from(values.keys()).sort((p, q) => values[p] - values[q]);
  const place = new Int32Array(windowSamples);
  for (let p = 0; p < windowSamples; p++) place[heap[p]] = p;

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

  out[0] = values[heap[half]];
  for (let i = 1, slot = 0; i < n; i++) {
    values[slot] = padded(i + half);
    const offset = place[slot] - half;
    const side = offset < 0 ? -1 : 1;
    if (offset === 0) {
      settleMedian(1);
      settleMedian(-1);
    } else if (rise(side * offset, side)) settleMedian(-side);
    else sink(side * (place[slot] - half), side);
    slot = slot + 1 === windowSamples ? 0 : slot + 1;
    out[i] = values[heap[half]];
  }
  return out;
}

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
  for (const seconds of BASELINE_WINDOWS_SECONDS) {
    baseline = medianFilter(baseline, 2 * Math.floor(seconds * fs / 2) + 1);
  }
  return baseline.map((level, i) => x[i] - level);
}
