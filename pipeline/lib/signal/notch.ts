import type { SecondOrderSection } from "./butterworth.ts";

/** What a notch filter is designed from. */
export interface NotchDesign {
  /** Frequency that is taken out, in Hz, in (0, fs / 2). */
  notchHz: number;
  /** Quality factor, > 0: `notchHz` by the width in Hz between the two frequencies of -3 dB. */
  q: number;
  /** Sampling rate in Hz, > 0. */
  fs: number;
}

/**
 * Designs a filter that takes out one frequency, such as the mains' hum of 50 or 60 Hz.
 *
 * Source: Orfanidis, "Introduction to Signal Processing", 1996, section 11.3, as in `scipy.signal.iirnotch(notchHz, q, fs)`,
 * whose coefficients it equals; sosFiltFilt() of it is `scipy.signal.filtfilt` of them.
 *
 * @returns One second-order section.
 * @throws RangeError if a frequency or the quality factor is out of range, or the notch is as wide as half the rate.
 */
export function notch({ notchHz, q, fs }: NotchDesign): SecondOrderSection[] {
  if (!(notchHz > 0 && notchHz < fs / 2)) {
    throw new RangeError(
      `Cannot design a notch: its frequency must lie between 0 and half the sampling rate, got ${notchHz} Hz at ${fs} Hz`,
    );
  }
  if (!(q > 0 && q < Infinity) || notchHz / q >= fs / 2) {
    throw new RangeError(
      `Cannot design a notch: q must be positive and the notch narrower than half the sampling rate, got ${q}`,
    );
  }
  const angle = 2 * Math.PI * notchHz / fs;
  const gain = 1 / (1 + Math.tan(angle / q / 2));
  const middle = -2 * gain * Math.cos(angle);
  return [[gain, middle, gain, 1, middle, 2 * gain - 1]];
}
