import { createAdaptivePeaks } from "./adaptive_peaks.ts";
import { chain, createFir, createMovingAverage, type StreamFilter } from "./streaming_filters.ts";
import type { QrsAlgorithm } from "./detector.ts";
import { searchAtWorkingRate, WORKING_FS } from "./working_rate.ts";

/** Scaling filter of Daubechies' wavelet with three vanishing moments (`pywt.Wavelet("db3").dec_lo`). */
const DB3_LOW = [
  0.035226291882100656,
  -0.08544127388224149,
  -0.13501102001039084,
  0.4598775021193313,
  0.8068915093133388,
  0.3326705529509569,
];

/** Wavelet filter: the scaling filter backwards, every other sign changed. */
const DB3_HIGH = DB3_LOW.map((_, k) => (k % 2 === 0 ? -1 : 1) * DB3_LOW[DB3_LOW.length - 1 - k]);

/** The wavelet filter is this filter behind a difference of neighbours: its weights add up to 0. */
const DB3_HIGH_OF_DIFFERENCE = DB3_HIGH.slice(1).map((_, k) =>
  DB3_HIGH.slice(0, k + 1).reduce((sum, weight) => sum + weight, 0)
);

/** The widest QRS complex. */
const INTEGRATION_SECONDS = 0.15;

/**
 * Opens the third detail of the stationary wavelet transform with db3: scaling filters whose weights lie 1 and 2 samples apart,
 * then the wavelet filter with 4. The difference comes first, so that a flat lead gives exactly 0.
 */
export function createThirdDetail(): StreamFilter {
  return chain(
    createFir([1, -1], 4),
    createFir(DB3_LOW),
    createFir(DB3_LOW, 2),
    createFir(DB3_HIGH_OF_DIFFERENCE, 4),
  );
}

/**
 * The detector of Kalidas and Tamil: energy of the third detail of a stationary wavelet transform, integrated over 150 ms, and
 * the adaptive thresholds of Pan and Tompkins.
 *
 * Source: Kalidas and Tamil, "Real-time QRS detector using stationary wavelet transform for automated ECG analysis", IEEE BIBE
 * 2017, 457-461; wavelet, level and window as in py-ecg-detectors, which took them from there. Deviations:
 * - The transform is that of the lead at 125 Hz, whatever its rate: the third detail is always the band of 8 to 16 Hz.
 * - The thresholds are those of createAdaptivePeaks().
 */
export const swt: QrsAlgorithm = {
  name: "swt",
  doc: "Kalidas and Tamil 2017: energy of a stationary wavelet transform, adaptive thresholds",
  open(fs) {
    const detail = createThirdDetail(), peaks = createAdaptivePeaks(WORKING_FS);
    const integrate = createMovingAverage(Math.round(INTEGRATION_SECONDS * WORKING_FS));
    return searchAtWorkingRate(fs, {
      delay: detail.delay + integrate.delay,
      push(ecg, found) {
        detail.run(ecg);
        for (let i = 0; i < ecg.length; i++) ecg[i] *= ecg[i];
        integrate.run(ecg);
        for (let i = 0; i < ecg.length; i++) peaks.next(ecg[i], found);
      },
      finish: peaks.finish,
    });
  },
};
