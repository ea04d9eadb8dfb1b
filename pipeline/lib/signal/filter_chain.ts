import { baselineReachSamples, removeBaseline } from "./baseline.ts";
import type { BlockWork } from "./blocks.ts";
import { butterworthBandpass, butterworthHighpass, type SecondOrderSection } from "./butterworth.ts";
import { sosFiltFilt, sosReachSamples } from "./filters.ts";
import { notch } from "./notch.ts";
import { createWorkArray } from "./work_array.ts";

/** Quality factor of the notch: at 50 Hz 1.7 Hz between the frequencies of -3 dB. */
export const NOTCH_Q = 30;

/** Which filters a lead goes through. */
export interface FilterChoice {
  /** Zero-phase Butterworth band-pass or high-pass, removal of the median baseline, or nothing. */
  filter: "bandpass" | "highpass" | "baseline" | "none";
  /** Lower corner of the band-pass, corner of the high-pass, in Hz. */
  lowHz: number;
  /** Upper corner of the band-pass in Hz. */
  highHz: number;
  /** Order of band-pass and high-pass. */
  filterOrder: number;
  /** Frequency in Hz that a notch takes out; none where undefined. */
  notchHz?: number;
}

/**
 * Designs the filters of a lead as one work. A notch and a Butterworth filter are sections of one filter that runs forwards and
 * backwards once; the baseline is removed behind the notch.
 *
 * @param fs Sampling rate in Hz, > 0.
 * @returns Undefined where nothing is to be filtered. The work throws RangeError for a signal that is too short for the filters.
 * @throws RangeError if a frequency does not fit the rate.
 */
export function designFilters(choice: FilterChoice, fs: number): BlockWork | undefined {
  const { filter, lowHz, highHz, filterOrder: order, notchHz } = choice;
  const sections: SecondOrderSection[] = [
    ...notchHz === undefined ? [] : notch({ notchHz, q: NOTCH_Q, fs }),
    ...filter === "bandpass" ? butterworthBandpass({ order, lowHz, highHz, fs }) : [],
    ...filter === "highpass" ? butterworthHighpass({ order, cutoffHz: lowHz, fs }) : [],
  ];
  const work = createWorkArray();
  const filtered = (x: Float64Array) => sections.length === 0 ? x : sosFiltFilt(sections, x, work);
  const reach = sections.length === 0 ? 0 : sosReachSamples(sections);
  if (filter === "baseline") {
    return {
      process: (x) => removeBaseline(filtered(x), fs),
      reachSamples: reach + baselineReachSamples(fs),
    };
  }
  return sections.length === 0 ? undefined : { process: filtered, reachSamples: reach };
}
