import { butterworthBandpass } from "../butterworth.ts";
import { type Block, createHistory, createMovingAverage, createSections } from "./blocks.ts";
import type { QrsAlgorithm } from "./detector.ts";
import { searchAtWorkingRate, WORKING_FS } from "./working_rate.ts";

/** The paper's windows, one QRS complex and one beat long, and the part of the mean energy that a complex must exceed. */
const QRS_SECONDS = 0.097;
const BEAT_SECONDS = 0.611;
const OFFSET_PART = 0.08;

/** Samples at WORKING_FS by which the band-pass delays waves of 12 to 20 Hz. */
const BAND_DELAY = 6.5;

/** The usual mean energy is the median of those of the last 8 stretches of 2 seconds, and falls by 25 % a stretch at most. */
const STRETCH = 2 * WORKING_FS;
const STRETCHES = 8;
const FALL = 0.75;
/** After a minute without a beat it falls at once. */
const FORGET_SECONDS = 60;
/** Steps between samples are cut at this many times the root of the usual mean energy: ten times those of a QRS complex. */
const STEP_LIMIT = 50;

/** Nearest odd number of samples: a window with a middle. */
const oddSamples = (seconds: number) => 2 * Math.round((seconds * WORKING_FS - 1) / 2) + 1;

/**
 * Opens a causal Butterworth band-pass of 8 to 20 Hz at WORKING_FS that gets the differences of neighbouring samples: one of the
 * filter's zeros at 0 Hz is taken out. So a flat lead gives exactly 0 in the end.
 */
function createBand(): Block {
  const sos = butterworthBandpass({ order: 3, lowHz: 8, highHz: 20, fs: WORKING_FS });
  const chosen = sos.findIndex(([b0, b1, b2]) => Math.abs(b0 + b1 + b2) < 1e-9 * Math.abs(b0));
  const [b0, b1, , a0, a1, a2] = sos[chosen];
  return createSections(sos.with(chosen, [b0, b0 + b1, 0, a0, a1, a2]), BAND_DELAY);
}

/** The usual mean energy of a lead. */
interface UsualEnergy {
  /** Takes the next samples, which do not go beyond a multiple of STRETCH. */
  add(energy: Float64Array): void;
  /** Lets the mean fall at once. */
  forget(): void;
  /** 0 in the first stretch; changes with a stretch. */
  readonly mean: number;
}

function createUsualEnergy(): UsualEnergy {
  const means: number[] = [];
  let sum = 0, samples = 0, median = 0, mean = 0;
  return {
    add(energy) {
      let total = sum;
      for (let i = 0; i < energy.length; i++) total += energy[i];
      sum = total;
      samples += energy.length;
      if (samples < STRETCH) return;
      means.push(sum / STRETCH);
      if (means.length > STRETCHES) means.shift();
      median = means.toSorted((a, b) => a - b)[(means.length - 1) >> 1];
      mean = Math.max(median, FALL * mean);
      sum = samples = 0;
    },
    forget() {
      mean = median;
    },
    get mean() {
      return mean;
    },
  };
}

/**
 * The detector of Elgendi: where the mean energy over one QRS complex exceeds that over one beat around it, for long enough,
 * there is a QRS complex.
 *
 * Source: Elgendi, "Fast QRS detection with an optimized knowledge-based method", PLoS ONE 8(9), 2013,
 * doi:10.1371/journal.pone.0073557 (windows, band, offset), after Elgendi, Jonkman and De Boer, "Frequency bands effects on
 * QRS detection", BIOSIGNALS 2010. Deviations:
 * - The band-pass runs forwards only, on the lead at 125 Hz. Steps far above the usual ones are cut: a spike does not ring on.
 * - The offset on the threshold is 8 % of the usual mean energy of the last 16 seconds and not of that of the whole record.
 */
export const twoAverage: QrsAlgorithm = {
  name: "two_average",
  doc: "Elgendi 2013: energy averaged over a QRS complex against energy averaged over a beat",
  open(fs) {
    const usual = createUsualEnergy(), band = createBand();
    const complex = createMovingAverage(oddSamples(QRS_SECONDS));
    const beat = createMovingAverage(oddSamples(BEAT_SECONDS));
    // What is decided on comes one stretch late: its usual energy is known by then.
    const beatLag = STRETCH, complexLag = STRETCH + beat.delay - complex.delay;
    const overComplex = createHistory(complexLag + STRETCH), overBeat = createHistory(beatLag + STRETCH);
    const shortest = QRS_SECONDS * WORKING_FS;
    let averages = new Float64Array(0);
    let samples = 0, before: number | undefined, start = -1, highest = 0, highestAt = 0, last = -Infinity;

    /** Finds complexes in samples that do not go beyond a multiple of STRETCH: on the way the usual energy is the same. */
    const search = (ecg: Float64Array, found: number[]) => {
      const limit = usual.mean > 0 ? STEP_LIMIT * Math.sqrt(usual.mean) : Infinity;
      const offset = OFFSET_PART * usual.mean;
      let previous = before ?? ecg[0];
      for (let i = 0; i < ecg.length; i++) {
        const value = ecg[i], rise = value - previous;
        ecg[i] = rise > limit ? limit : rise < -limit ? -limit : rise;
        previous = value;
      }
      before = previous;
      band.run(ecg);
      for (let i = 0; i < ecg.length; i++) ecg[i] *= ecg[i];
      usual.add(ecg);
      if (averages.length !== ecg.length) averages = new Float64Array(ecg.length);
      averages.set(ecg);
      complex.run(averages);
      overComplex.addAll(averages);
      beat.run(ecg);
      overBeat.addAll(ecg);
      for (let i = 0; i < ecg.length; i++, samples++) {
        const energy = overComplex.values[(samples - complexLag) & overComplex.mask];
        if (energy > overBeat.values[(samples - beatLag) & overBeat.mask] + offset) {
          if (start < 0) {
            start = samples;
            highest = 0;
          }
          if (energy > highest) {
            highest = energy;
            highestAt = samples;
          }
        } else if (start >= 0) {
          if (samples - start >= shortest) {
            found.push(highestAt);
            last = highestAt;
          }
          start = -1;
        }
      }
      if (samples % STRETCH === 0 && samples - Math.max(0, last) > FORGET_SECONDS * WORKING_FS) {
        usual.forget();
      }
    };
    return searchAtWorkingRate(fs, {
      delay: band.delay + beat.delay + beatLag,
      push(ecg, found) {
        for (let from = 0; from < ecg.length;) {
          const to = Math.min(ecg.length, from + STRETCH - samples % STRETCH);
          search(to - from === ecg.length ? ecg : ecg.subarray(from, to), found);
          from = to;
        }
      },
      finish() {},
    });
  },
};
