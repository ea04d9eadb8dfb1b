/** What a locator is made for. */
export interface RPeakLocatorOptions {
  /** Sampling rate in Hz. */
  fs: number;
  /** How long before the newest sample a complex may lie. */
  historySeconds: number;
  /** R peaks lie further apart than this. */
  refractorySeconds: number;
}

/** Moves complexes that an algorithm reports roughly to their R peaks. */
export interface RPeakLocator {
  /** Takes the next samples, the complexes reported with them, and gives R peaks that have become certain. */
  push(ecg: Float32Array, found: readonly number[], peaks: number[]): void;
  finish(found: readonly number[], peaks: number[]): void;
}

/** Half of the stretch around a reported complex in which its R peak lies. */
const REACH_SECONDS = 0.1;
/** What a sample at the ends of that stretch counts against one in its middle: T waves stand there, and the next beats. */
const END_WEIGHT = 0.5;

/**
 * Creates a locator: the R peak is the sample furthest from the mean of the 200 ms around the reported complex, where a distance
 * counts the less the further from the reported place it is.
 *
 * Of two R peaks within the refractory period the one further from its mean stays.
 */
export function createRPeakLocator(
  { fs, historySeconds, refractorySeconds }: RPeakLocatorOptions,
): RPeakLocator {
  const reach = Math.round(REACH_SECONDS * fs), refractory = Math.round(refractorySeconds * fs);
  // A ring whose length is a power of two: the place of a sample is its index without the high bits.
  const ring = new Float32Array(2 ** Math.ceil(Math.log2((historySeconds + 2) * fs)));
  const mask = ring.length - 1;
  let samples = 0;
  const waiting: number[] = [];
  let peak = -1, height = 0;

  const locate = (at: number, peaks: number[]) => {
    const from = Math.max(0, at - reach, samples - ring.length), to = Math.min(samples - 1, at + reach);
    let mean = 0;
    for (let i = from; i <= to; i++) mean += ring[i & mask];
    mean /= Math.max(1, to - from + 1);
    // Reported too late to be looked at again, it stays where it was reported.
    let best = from > to ? at : -1, bestHeight = -1;
    for (let i = from; i <= to; i++) {
      const off = (i - at) / reach;
      const distance = Math.abs(ring[i & mask] - mean) * (1 - (1 - END_WEIGHT) * off * off);
      if (distance > bestHeight) {
        best = i;
        bestHeight = distance;
      }
    }
    if (peak >= 0 && best - peak <= refractory) {
      if (bestHeight > height) {
        peak = Math.max(peak, best);
        height = bestHeight;
      }
      return;
    }
    if (peak >= 0) peaks.push(peak);
    peak = best;
    height = bestHeight;
  };
  const settle = (until: number, peaks: number[]) => {
    while (waiting.length > 0 && waiting[0] + reach < until) locate(waiting.shift()!, peaks);
  };
  return {
    push(ecg, found, peaks) {
      const place = samples & mask, first = Math.min(ecg.length, ring.length - place);
      ring.set(first < ecg.length ? ecg.subarray(0, first) : ecg, place);
      if (first < ecg.length) ring.set(ecg.subarray(first));
      samples += ecg.length;
      waiting.push(...found);
      settle(samples, peaks);
    },
    finish(found, peaks) {
      waiting.push(...found);
      settle(Infinity, peaks);
      if (peak >= 0) peaks.push(peak);
    },
  };
}
