import type { SecondOrderSection } from "../butterworth.ts";
import { runSections, settledStates } from "../filters.ts";

/**
 * One step of a chain of filters, at work on a lead that arrives in pieces. How the lead is cut does not change what comes out.
 *
 * Every filter begins as if the lead's first sample had stood there for ever: an offset is no step.
 */
export interface StreamFilter {
  /** Samples, half ones included, by which a wave lies later in what comes out than in what went in. */
  readonly delay: number;
  /** Replaces the next samples of the lead by the filter's output for them. */
  run(x: Float64Array): void;
}

/** Joins filters to one: the first one gets the lead. */
export function chain(...filters: readonly StreamFilter[]): StreamFilter {
  return {
    delay: filters.reduce((sum, { delay }) => sum + delay, 0),
    run(x) {
      for (const filter of filters) filter.run(x);
    },
  };
}

/**
 * Mean of the last `window` samples.
 *
 * Nothing is ever subtracted: the sum is that of the samples since the last multiple of `window` and, added up backwards at that
 * multiple, that of the rest. Two additions a sample, and a spike of 1e30 leaves no rounding error behind (van Herk, Pattern
 * Recognition Letters 13(7), 1992, has it for maxima).
 *
 * @param window Samples, an integer >= 1.
 */
export function createMovingAverage(window: number): StreamFilter {
  // rest[p]: sum of the previous `window` samples from place p on; in front of p already the new samples themselves.
  const rest = new Float64Array(window + 1), part = 1 / window;
  let place = -1, sum = 0;
  return {
    delay: (window - 1) / 2,
    run(x) {
      if (place < 0 && x.length > 0) {
        for (let p = window - 1; p >= 0; p--) rest[p] = rest[p + 1] + x[0];
        place = 0;
      }
      let at = place, since = sum;
      for (let i = 0; i < x.length; i++) {
        const value = x[i];
        since += value;
        x[i] = part * (since + rest[at + 1]);
        rest[at] = value;
        if (++at === window) {
          for (let p = window - 1, total = 0; p >= 0; p--) rest[p] = total += rest[p];
          at = 0;
          since = 0;
        }
      }
      place = at;
      sum = since;
    },
  };
}

/**
 * Takes off each sample the mean of the `window` samples around it: a high-pass filter without phase.
 *
 * @param window Samples, an odd integer >= 1.
 */
export function createMeanRemoval(window: number): StreamFilter {
  const average = createMovingAverage(window), delay = (window - 1) / 2;
  const past = new Float64Array(2 ** Math.ceil(Math.log2(window))), mask = past.length - 1;
  let kept = new Float64Array(0), samples = 0;
  return {
    delay,
    run(x) {
      if (samples === 0 && x.length > 0) past.fill(x[0]);
      if (kept.length < x.length) kept = new Float64Array(x.length);
      kept.set(x);
      average.run(x);
      for (let i = 0, at = samples; i < x.length; i++, at++) {
        past[at & mask] = kept[i];
        x[i] = past[(at - delay) & mask] - x[i];
      }
      samples += x.length;
    },
  };
}

/** The windows of a band-pass of moving averages. */
export interface AveragingBandpass {
  /** Sampling rate in Hz. */
  fs: number;
  /** Window of each of the two averages that the lead goes through, in seconds. */
  lowPassSeconds: number;
  /** Window of the average that is taken off, in seconds. */
  highPassSeconds: number;
}

/** Band-pass as Pan and Tompkins and Hamilton build it, without phase: two moving averages, and a longer one taken off. */
export function createAveragingBandpass(
  { fs, lowPassSeconds, highPassSeconds }: AveragingBandpass,
): StreamFilter {
  const lowPass = Math.max(1, Math.round(lowPassSeconds * fs));
  return chain(
    createMovingAverage(lowPass),
    createMovingAverage(lowPass),
    createMeanRemoval(2 * Math.round(highPassSeconds * fs / 2) + 1),
  );
}

/**
 * Largest of the last `window` samples, as createMovingAverage() has their mean. Its delay counts as that of a mean: what
 * comes out belongs to the middle of the window.
 *
 * @param window Samples, an integer >= 1.
 */
export function createMovingMaximum(window: number): StreamFilter {
  const rest = new Float64Array(window + 1).fill(-Infinity);
  let place = -1, largest = -Infinity;
  return {
    delay: (window - 1) / 2,
    run(x) {
      if (place < 0 && x.length > 0) {
        rest.fill(x[0], 0, window);
        place = 0;
      }
      let at = place, since = largest;
      for (let i = 0; i < x.length; i++) {
        const value = x[i], before = rest[at + 1];
        if (value > since) since = value;
        x[i] = before > since ? before : since;
        rest[at] = value;
        if (++at === window) {
          for (let p = window - 2; p >= 0; p--) if (rest[p + 1] > rest[p]) rest[p] = rest[p + 1];
          at = 0;
          since = -Infinity;
        }
      }
      place = at;
      largest = since;
    },
  };
}

/**
 * Weighted sum of samples that lie `step` apart: sum of weights[k] * x[i - k * step].
 *
 * @param weights Symmetric or antisymmetric, so that the delay is half of the filter's length.
 * @param step Samples between the weights, an integer >= 1.
 */
export function createFir(weights: readonly number[], step = 1): StreamFilter {
  const length = (weights.length - 1) * step;
  const taps = Float64Array.from(weights.filter((weight) => weight !== 0));
  const lags = Int32Array.from([...weights.keys()].filter((k) => weights[k] !== 0), (k) => k * step);
  const past = new Float64Array(2 ** Math.ceil(Math.log2(length + 1))), mask = past.length - 1;
  let samples = 0;
  return {
    delay: length / 2,
    run(x) {
      if (samples === 0 && x.length > 0) past.fill(x[0]);
      for (let i = 0, newest = samples; i < x.length; i++, newest++) {
        past[newest & mask] = x[i];
        let sum = 0;
        for (let k = 0; k < taps.length; k++) sum += taps[k] * past[(newest - lags[k]) & mask];
        x[i] = sum;
      }
      samples += x.length;
    },
  };
}

/** Recursive filter of second-order sections. Its delay depends on the frequency and is to be given: that of the waves sought. */
export function createSections(sos: readonly SecondOrderSection[], delay: number): StreamFilter {
  let states: Float64Array | undefined;
  return {
    delay,
    run(x) {
      if (x.length === 0) return;
      states ??= settledStates(sos, x[0]);
      runSections(sos, x, 1, states);
    },
  };
}
