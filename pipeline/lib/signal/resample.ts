import { inverseRealDft, realDft } from "./fft.ts";
import { requireFinite } from "./finite.ts";

/** The two sampling rates of a resampling. */
export interface ResampleRates {
  /** Sampling rate of the signal in Hz, > 0. */
  fromFs: number;
  /** Sampling rate wanted in Hz, > 0. */
  toFs: number;
}

function checkRates({ fromFs, toFs }: ResampleRates): void {
  if (!(fromFs > 0 && fromFs < Infinity && toFs > 0 && toFs < Infinity)) {
    throw new RangeError(`Cannot resample: both rates must be positive Hz, got ${fromFs} and ${toFs}`);
  }
}

/**
 * Gives the length of a signal after resampling: its duration is kept to half a sample.
 *
 * @param length Samples at `fromFs`, >= 1.
 * @returns max(1, round(length * toFs / fromFs)) samples.
 * @throws RangeError if a rate is not a positive number.
 */
export function resampledLength(length: number, rates: ResampleRates): number {
  checkRates(rates);
  return Math.max(1, Math.round(length * rates.toFs / rates.fromFs));
}

/**
 * Resamples a signal to a given number of samples by cutting or zero-padding its spectrum.
 *
 * The whole signal is one period: its first sample follows its last one. A baseline that differs between the
 * two ends therefore rings there; remove it first where the ends matter. Nothing else is filtered: cutting
 * the spectrum is the anti-aliasing.
 *
 * Source: `scipy.signal.resample` (FFT method, real input), equal to within 1e-9 of the signal's largest value,
 * the sharing of the Nyquist bin included.
 *
 * @param x Finite samples, 1 to MAX_DFT_LENGTH.
 * @param num Samples wanted, 1 to MAX_DFT_LENGTH.
 * @returns `num` samples over the same duration.
 * @throws RangeError if a length is out of range or a sample is not finite.
 */
export function resampleFftTo(x: Float64Array | Float32Array, num: number): Float64Array<ArrayBuffer> {
  requireFinite(x, "resample");
  if (num === x.length) return Float64Array.from(x);
  const spectrum = realDft(x);
  const kept = Math.min(x.length, num);
  const resized = new Float64Array(2 * (num >> 1) + 2);
  resized.set(spectrum.subarray(0, 2 * (kept >> 1) + 2));
  if (kept % 2 === 0) {
    // The bin at half the lower rate stands for a positive and a negative frequency: downsampling folds the two
    // into one, upsampling splits one into two.
    const factor = num < x.length ? 2 : 0.5;
    resized[kept] *= factor;
    resized[kept + 1] *= factor;
  }
  const out = inverseRealDft(resized, num);
  const scale = num / x.length;
  for (let i = 0; i < num; i++) out[i] *= scale;
  return out;
}

/**
 * Resamples a signal from one sampling rate to another with the FFT method: resampleFftTo() with the length
 * that resampledLength() gives.
 *
 * @param x Finite samples at `fromFs`, 1 to MAX_DFT_LENGTH.
 * @returns Samples at `toFs`; a copy where the rates are equal.
 * @throws RangeError if a rate is not positive, a length out of range or a sample not finite.
 */
export function resampleFft(x: Float64Array | Float32Array, rates: ResampleRates): Float64Array<ArrayBuffer> {
  return resampleFftTo(x, resampledLength(x.length, rates));
}

/**
 * Moves a sample index along with its signal: the nearest sample of the resampled signal.
 *
 * @param sample Index at `fromFs`, counted from 0.
 * @param fromFs Sampling rate of the index in Hz, > 0.
 * @param toFs Sampling rate wanted in Hz, > 0.
 * @param length Samples of the resampled signal, >= 1.
 * @returns Index at `toFs`, clamped to [0, length - 1].
 * @throws RangeError if a rate is not positive, the index not finite or the signal empty.
 */
export function mapSampleIndex(sample: number, fromFs: number, toFs: number, length: number): number {
  checkRates({ fromFs, toFs });
  if (!Number.isFinite(sample) || !(length >= 1)) {
    throw new RangeError(
      `Cannot map a sample index: the index must be finite and the length >= 1, got ${sample} and ${length}`,
    );
  }
  return Math.min(length - 1, Math.max(0, Math.round(sample * toFs / fromFs)));
}
