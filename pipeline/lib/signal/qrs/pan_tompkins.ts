import { createBeatJudge, type Rhythm, type Threshold } from "./beat_judge.ts";
import {
  chain,
  createAveragingBandpass,
  createFir,
  createMovingAverage,
  type StreamFilter,
} from "./streaming_filters.ts";
import type { QrsAlgorithm } from "./detector.ts";
import { createPeakSearch, squarer, usualOfHighest } from "./peak_search.ts";

/** Windows of the band-pass and of the integration. */
const LOW_PASS_SECONDS = 0.02;
const HIGH_PASS_SECONDS = 0.14;
const INTEGRATION_SECONDS = 0.15;
const SEARCH_BACK_RR = 1.66;
// Not in the paper; chosen on the 26 MIT-BIH records outside DS2.
const PEAK_LIMIT = 3;
const ENERGY_FADE = 0.7;

/** Five-point derivative. Its points lie 5 ms apart as in the paper (200 Hz); where that is less than a sample, three points do. */
function createDerivative(fs: number): StreamFilter {
  return fs < 150 ? createFir([1, 0, -1]) : createFir([2, 1, 0, -1, -2], Math.round(fs / 200));
}

/** Running estimates of the peaks of signal and noise; the threshold lies a quarter of the way from noise to signal. */
interface Level {
  signal: number;
  noise: number;
}

function exceeds(value: number, part: number, { signal, noise }: Level): boolean {
  return value > part * (noise + 0.25 * (signal - noise));
}

function createThreshold(fs: number): Threshold {
  const energy: Level = { signal: 0, noise: 0 }, amplitude: Level = { signal: 0, noise: 0 };
  const raise = (level: Level, peak: number, weight: number) => {
    level.signal += weight * (Math.min(peak, PEAK_LIMIT * level.signal) - level.signal);
  };
  return {
    learn(first) {
      energy.signal = usualOfHighest(first, ({ height }) => height, fs);
      amplitude.signal = usualOfHighest(first, (candidate) => candidate.amplitude, fs);
    },
    exceeds: (candidate, part) =>
      exceeds(candidate.height, part, energy) && exceeds(candidate.amplitude, part, amplitude),
    addBeat(candidate, late) {
      raise(energy, candidate.height, late ? 0.25 : 0.125);
      raise(amplitude, candidate.amplitude, late ? 0.25 : 0.125);
    },
    addNoise(candidate) {
      energy.noise += 0.125 * (candidate.height - energy.noise);
      amplitude.noise += 0.125 * (candidate.amplitude - amplitude.noise);
    },
    fade() {
      energy.signal *= ENERGY_FADE;
      amplitude.signal *= Math.sqrt(ENERGY_FADE);
    },
  };
}

/** In an irregular rhythm half the threshold is enough. */
function partFor({ rr, meanRr }: Rhythm): number {
  return rr.length === 8 && rr.some((r) => r < 0.92 * meanRr || r > 1.16 * meanRr) ? 0.5 : 1;
}

/**
 * Finds QRS complexes with the algorithm of Pan and Tompkins: band-pass, derivative, squaring, moving integration,
 * two adaptive thresholds, search-back and T-wave discrimination.
 *
 * Source: Pan and Tompkins, "A real-time QRS detection algorithm", IEEE Trans. Biomed. Eng. 32(3), 1985,
 * doi:10.1109/TBME.1985.325532. Deviations:
 * - The band-pass is the paper's, two moving averages and the removal of a third, but with windows of 20 and 140 ms instead of
 *   30 and 160. All filters have linear phase, and their windows are rounded to samples: any sampling rate gives the same waves.
 * - The thresholds start from what the highest peak of a second usually comes to in the first 8 seconds, not from the first 2 seconds.
 * - Waves far below the usual ones are no candidates (createPeakSearch), so that a flat line gives no beats.
 * - One peak raises an estimate of the signal level as if it were at most 3 times that level, and the estimates fall by
 *   30 % (energy) a candidate once 3 mean RR intervals passed without a beat: an artefact does not blind the detector.
 * - One mean, that of the last 8 RR intervals, stands for the paper's two: the search-back uses it, and the rhythm
 *   is irregular, which halves the thresholds, where one of the 8 lies outside 92 to 116 % of it.
 */
export const panTompkins: QrsAlgorithm = {
  name: "pan_tompkins",
  doc: "Pan and Tompkins 1985: band-pass, slope energy, adaptive thresholds",
  open: (fs) =>
    createPeakSearch({
      fs,
      smooth: createAveragingBandpass({
        fs,
        lowPassSeconds: LOW_PASS_SECONDS,
        highPassSeconds: HIGH_PASS_SECONDS,
      }),
      slope: createDerivative(fs),
      waveform: chain(squarer, createMovingAverage(Math.round(INTEGRATION_SECONDS * fs))),
      judge: createBeatJudge({
        fs,
        threshold: createThreshold(fs),
        searchBackRr: SEARCH_BACK_RR,
        part: partFor,
      }),
    }),
};
