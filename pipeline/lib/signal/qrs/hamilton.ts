import { createBeatJudge, type Threshold } from "./beat_judge.ts";
import { chain, createAveragingBandpass, createFir, createMovingAverage } from "./streaming_filters.ts";
import type { QrsAlgorithm } from "./detector.ts";
import { createPeakSearch, rectifier, usualOfHighest } from "./peak_search.ts";

const SLOPE_SECONDS = 0.01;
const INTEGRATION_SECONDS = 0.08;
const SEARCH_BACK_RR = 1.5;
/** How far the threshold lies on the way from the mean noise peak to the mean beat. The paper's programs have 0.31 to 0.48. */
const THRESHOLD_PART = 0.4;
/** A wave whose rise and fall differ more than this is a shift of the baseline. */
const LARGEST_SLOPE_RATIO = 8;
// Not in the paper.
const PEAK_LIMIT = 3;
const FADE = 0.8;
/** Where beats have been taken for noise, the noise peaks' mean would go on keeping them out. */
const LARGEST_NOISE_PART = 0.5;

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function createThreshold(fs: number): Threshold {
  let beats: number[] = [];
  const noise: number[] = [];
  let signal = 0, threshold = 0;
  const update = () => {
    signal = mean(beats);
    const level = Math.min(mean(noise), LARGEST_NOISE_PART * signal);
    threshold = level + THRESHOLD_PART * (signal - level);
  };
  const keep = (heights: number[], height: number) => {
    heights.push(height);
    if (heights.length > 8) heights.shift();
    update();
  };
  return {
    learn(first) {
      beats = new Array(8).fill(usualOfHighest(first, ({ height }) => height, fs));
      update();
    },
    exceeds: ({ height, rise, fall }, part) =>
      height > part * threshold && rise * LARGEST_SLOPE_RATIO > fall && fall * LARGEST_SLOPE_RATIO > rise,
    addBeat: ({ height }) => keep(beats, Math.min(height, PEAK_LIMIT * signal)),
    addNoise: ({ height }) => keep(noise, height),
    fade() {
      beats = beats.map((height) => FADE * height);
      update();
    },
  };
}

/**
 * Finds QRS complexes with the algorithm of Hamilton: band-pass, absolute slope, moving average, a threshold between the mean
 * heights of the last eight beats and the last eight noise peaks, and rules for baseline shifts, T waves and missed beats.
 *
 * Source: Hamilton, "Open source ECG analysis", Computers in Cardiology 29, 2002, doi:10.1109/CIC.2002.1166717; the windows of
 * the filters are those of its program. Deviations:
 * - The eight beats start as what the highest peak of a second of the first 8 seconds usually comes to, and one beat counts as no more than
 *   three times the mean.
 * - Three mean RR intervals after the last beat the eight beats fall by a fifth with each candidate, where the program
 *   learns anew after 8 seconds.
 * - The noise peaks count as no more than half the mean beat.
 * - A candidate is a baseline shift if its rise is more than eight times as steep as its fall within 100 ms, or the reverse.
 * - Waves far below the usual ones are no candidates (createPeakSearch), so that a flat line gives no beats.
 */
export const hamilton: QrsAlgorithm = {
  name: "hamilton",
  doc: "Hamilton 2002: band-pass, mean slope, threshold between the last eight beats and noise peaks",
  open: (fs) =>
    createPeakSearch({
      fs,
      smooth: createAveragingBandpass({ fs, lowPassSeconds: 0.025, highPassSeconds: 0.125 }),
      slope: createFir([1, -1], Math.round(SLOPE_SECONDS * fs)),
      waveform: chain(rectifier, createMovingAverage(Math.round(INTEGRATION_SECONDS * fs))),
      judge: createBeatJudge({ fs, threshold: createThreshold(fs), searchBackRr: SEARCH_BACK_RR }),
    }),
};
