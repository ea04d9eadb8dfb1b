/** Gets sample index and height of a peak that has become certain. */
export type TakePeak = (at: number, height: number) => void;

/** Picks the peaks of a signal that arrives in pieces, or sample by sample. */
export interface PeakPicker {
  /** Takes the next samples. */
  run(x: Float64Array, take: TakePeak): void;
  /** Takes the next sample. @returns Whether a peak has become certain: `at` and `height` say which. */
  next(value: number): boolean;
  /** Ends the signal. @returns Whether there was still a peak. */
  finish(): boolean;
  /** Sample index and height of the peak that next() or finish() has made certain. */
  readonly at: number;
  readonly height: number;
}

/**
 * Finds local maxima that lie more than `apart` samples apart; of two that are closer the higher one stays. A peak is certain
 * `apart` + 2 samples after it.
 */
export function createPeakPicker(apart: number): PeakPicker {
  let samples = 0, last = Infinity, lastButOne = Infinity;
  let peak = -1, peakHeight = 0;
  const certain = { at: -1, height: 0 }, one = new Float64Array(1);
  const note: TakePeak = (at, height) => {
    certain.at = at;
    certain.height = height;
  };
  const run = (x: Float64Array, take: TakePeak) => {
    let before = lastButOne, middle = last, at = peak, height = peakHeight;
    for (let i = 0, index = samples - 1; i < x.length; i++, index++) {
      const after = x[i];
      if (at >= 0 && index - at > apart) {
        take(at, height);
        at = -1;
      }
      if (middle > before && middle >= after && (at < 0 || middle > height)) {
        at = index;
        height = middle;
      }
      before = middle;
      middle = after;
    }
    lastButOne = before;
    last = middle;
    peak = at;
    peakHeight = height;
    samples += x.length;
  };
  return {
    get at() {
      return certain.at;
    },
    get height() {
      return certain.height;
    },
    run,
    next(value) {
      const { at } = certain;
      one[0] = value;
      run(one, note);
      return certain.at !== at;
    },
    finish() {
      if (peak < 0) return false;
      note(peak, peakHeight);
      peak = -1;
      return true;
    },
  };
}
