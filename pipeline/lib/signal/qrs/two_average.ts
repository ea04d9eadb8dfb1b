import { butterworthBandpass } from "../butterworth.ts";
import { createHistory } from "./sample_history.ts";
import { createMovingAverage, createSections, type StreamFilter } from "./streaming_filters.ts";
import { mayForgetBeats, type QrsAlgorithm } from "./detector.ts";
import { searchAtWorkingRate, WORKING_FS } from "./working_rate.ts";

/** The paper's windows, one QRS complex and one beat long. */
const QRS_SECONDS = 0.097;
const BEAT_SECONDS = 0.611;
/** The part of a complex's usual energy by which a complex must exceed the beat around it. */
const OFFSET_PART = 0.015;

/** Samples at WORKING_FS by which the band-pass delays waves of 12 to 20 Hz. */
const BAND_DELAY = 6.5;

/** The usual energy is the median of the highest ones of the last 8 stretches of 2 seconds, and falls by 25 % a stretch at most. */
const STRETCH = 2 * WORKING_FS;
const STRETCHES = 8;
const FALL = 0.75;
/** Steps between samples are cut at this many times the root of a complex's usual energy: ten times those of a QRS complex. */
const STEP_LIMIT = 16;

/** Nearest odd number of samples: a window with a middle. */
const oddSamples = (seconds: number) => 2 * Math.round((seconds * WORKING_FS - 1) / 2) + 1;

/**
 * Opens a causal Butterworth band-pass of 8 to 20 Hz at WORKING_FS that gets the differences of neighbouring samples: one of the
 * filter's zeros at 0 Hz is taken out. So a flat lead gives exactly 0 in the end.
 */
function createBand(): StreamFilter {
  const sos = butterworthBandpass({ order: 3, lowHz: 8, highHz: 20, fs: WORKING_FS });
  const chosen = sos.findIndex(([b0, b1, b2]) => Math.abs(b0 + b1 + b2) < 1e-9 * Math.abs(b0));
  const [b0, b1, , a0, a1, a2] = sos[chosen];
  return createSections(sos.with(chosen, [b0, b0 + b1, 0, a0, a1, a2]), BAND_DELAY);
}

/** The usual energy of a QRS complex. */
interface UsualEnergy {
  /** Takes the next samples, which do not go beyond a multiple of STRETCH. */
  add(energy: Float64Array): void;
  /** Lets it fall at once. */
  forget(): void;
  /** 0 in the first stretch; changes with a stretch. */
  readonly value: number;
}

function createUsualEnergy(): UsualEnergy {
  const ofStretches: number[] = [];
  let highest = 0, samples = 0, median = 0, usual = 0;
  return {
    add(energy) {
      for (let i = 0; i < energy.length; i++) if (energy[i] > highest) highest = energy[i];
      samples += energy.length;
      if (samples < STRETCH) return;
      ofStretches.push(highest);
      if (ofStretches.length > STRETCHES) ofStretches.shift();
      median = ofStretches.toSorted((a, b) => a - b)[(ofStretches.length - 1) >> 1];
      usual = Math.max(median, FALL * usual);
      highest = samples = 0;
    },
    forget() {
      usual = median;
    },
    get value() {
      return usual;
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
 * - The offset on the threshold is 1.5 % of what the energy of a complex usually comes to in the last 16 seconds, and not 8 % of the mean
 *   energy of the whole record: a mean falls with the heart rate until noise exceeds it.
 * - Beats that are not found for as long as they were, a minute at most, are forgotten: see mayForgetBeats().
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
    let samples = 0,
      before: number | undefined,
      start = -1,
      highest = 0,
      highestAt = 0,
      learntAt = 0,
      last = 0;

    /** Finds complexes in samples that do not go beyond a multiple of STRETCH: on the way the usual energy is the same. */
    const search = (ecg: Float64Array, found: number[]) => {
      const limit = usual.value > 0 ? STEP_LIMIT * Math.sqrt(usual.value) : Infinity;
      const offset = OFFSET_PART * usual.value;
      let previous = before ?? ecg[0];
      for (let i = 0; i < ecg.length; i++) {
        const value = ecg[i], rise = value - previous;
        ecg[i] = rise > limit ? limit : rise < -limit ? -limit : rise;
        previous = value;
      }
      before = previous;
      band.run(ecg);
      for (let i = 0; i < ecg.length; i++) ecg[i] *= ecg[i];
      if (averages.length !== ecg.length) averages = new Float64Array(ecg.length);
      averages.set(ecg);
      complex.run(averages);
      usual.add(averages);
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
      if (samples % STRETCH === 0 && mayForgetBeats(learntAt, last, samples, WORKING_FS)) {
        usual.forget();
        learntAt = last = samples;
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
