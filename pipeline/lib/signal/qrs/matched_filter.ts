import { createAdaptivePeaks } from "./adaptive_peaks.ts";
import { chain, createFir, type StreamFilter } from "./streaming_filters.ts";
import type { QrsAlgorithm } from "./detector.ts";
import { searchAtWorkingRate, WORKING_FS } from "./working_rate.ts";

/** Half of the R wave's width where the template crosses 0, and half of the template's length. */
const R_WAVE_SECONDS = 0.02;
const REACH_SECONDS = 0.08;

/** An R wave between its Q and S: the second derivative of a bell, cut at REACH_SECONDS, mean 0. */
export function qrsTemplate(fs: number): number[] {
  const reach = Math.round(REACH_SECONDS * fs);
  const bell = Array.from({ length: 2 * reach + 1 }, (_, k) => {
    const u = (k - reach) / (R_WAVE_SECONDS * fs);
    return (1 - u * u) * Math.exp(-u * u / 2);
  });
  const mean = bell.reduce((sum, value) => sum + value, 0) / bell.length;
  return bell.map((value) => value - mean);
}

/**
 * Opens the correlation of a lead with a template of mean 0. The difference comes first, so that a flat lead gives exactly 0:
 * the weights behind it are the template's running sums.
 */
export function createMatchedFilter(template: readonly number[]): StreamFilter {
  let sum = 0;
  const weights = template.slice(0, -1).map((value) => sum += value);
  return chain(createFir([1, -1]), createFir(weights));
}

/**
 * A matched filter: the squared correlation of the lead with a template of the QRS complex, and the adaptive thresholds of Pan
 * and Tompkins.
 *
 * Source: Ruha, Sallinen and Nissila, "A real-time microprocessor QRS detector system with a 1-ms timing accuracy for the
 * measurement of ambulatory HRV", IEEE Trans. Biomed. Eng. 44(3), 1997, doi:10.1109/10.554762, whose matched filter follows a
 * prefilter. Deviations:
 * - The template is a formula in seconds, the same for every lead and rate, and not an average of the patient's own complexes.
 *   Having mean 0 and being smooth, it takes over from the prefilter.
 * - The output is squared, so that the lead may be inverted, and the thresholds of createAdaptivePeaks() stand for the two
 *   thresholds on the edges of its peaks.
 * - The lead is brought to 125 Hz first, whatever its rate; the R peak is located in the lead itself.
 */
export const matchedFilter: QrsAlgorithm = {
  name: "matched_filter",
  doc: "after Ruha 1997: correlation with a template of the QRS complex, adaptive thresholds",
  open(fs) {
    const filter = createMatchedFilter(qrsTemplate(WORKING_FS)), peaks = createAdaptivePeaks(WORKING_FS);
    return searchAtWorkingRate(fs, {
      delay: filter.delay,
      push(ecg, found) {
        filter.run(ecg);
        for (let i = 0; i < ecg.length; i++) peaks.next(ecg[i] * ecg[i], found);
      },
      finish: peaks.finish,
    });
  },
};
