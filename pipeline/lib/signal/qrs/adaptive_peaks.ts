import { createPeakPicker } from "./peak_picker.ts";
import { mayForgetBeats } from "./detector.ts";
import { usualOfHighest } from "./peak_search.ts";

/** Tells the peaks of QRS complexes from others in an energy that arrives sample by sample. */
export interface AdaptivePeaks {
  /** Takes the next sample, >= 0. @param found Gets the sample indices of peaks that have become certain to be QRS complexes. */
  next(energy: number, found: number[]): void;
  finish(found: number[]): void;
}

interface Peak {
  at: number;
  height: number;
}

const REFRACTORY_SECONDS = 0.2;
const SEARCH_BACK_RR = 1.66;
/** The time that is learnt from at the start, and after which without a beat all is learnt anew. */
const LEARNING_SECONDS = 8;
const LOOK_BACK_SECONDS = 10;

// Not in the paper; chosen on MIT-BIH.
const T_WAVE_SECONDS = 0.36;
const T_WAVE_PART = 0.15;
const PEAK_LIMIT = 2;
/** Peaks below this part of the usual one, 3 % in amplitude, are the noise of an open input. */
const NOISE_PART = 1e-3;

/**
 * Opens the thresholds of Pan and Tompkins on one energy: running estimates of signal and noise peaks, a threshold a quarter of
 * the way between them, and a search back at half of it once 1.66 mean RR intervals passed without a beat.
 *
 * Source: Pan and Tompkins, "A real-time QRS detection algorithm", IEEE Trans. Biomed. Eng. 32(3), 1985,
 * doi:10.1109/TBME.1985.325532. Deviations:
 * - The signal starts from the seventh tenth of the highest peaks of each of the first 8 seconds after the first peak.
 * - Once 8 seconds passed without a beat it starts anew from these, whose beats are thus found late; where they
 *   are next to nothing beside the former beats, only when mayForgetBeats() says so.
 * - One peak raises an estimate as if it were at most twice the signal: an artefact does not blind the detector.
 * - A peak within 360 ms of a beat and below 15 % of its energy is a T wave.
 * - One mean, that of the last 8 RR intervals, stands for the paper's two; an irregular rhythm does not halve the threshold.
 *
 * What it does not find: every other beat where these are less than two fifths as high as their neighbours, since the RR intervals
 * then seem regular.
 *
 * @param fs Sampling rate of the energy in Hz.
 */
export function createAdaptivePeaks(fs: number): AdaptivePeaks {
  const picker = createPeakPicker(Math.round(REFRACTORY_SECONDS * fs));
  /** Peaks since the last beat, at most LOOK_BACK_SECONDS old. */
  let waiting: Peak[] = [];
  let samples = 0, learntAt = -1;
  let signal = 0, noise = 0, meanRr = fs;
  let last: Peak | undefined;
  let rr: number[] = [];

  const threshold = () => noise + 0.25 * (signal - noise);
  const isTWave = ({ at, height }: Peak) =>
    last !== undefined && at - last.at < T_WAVE_SECONDS * fs &&
    height < T_WAVE_PART * Math.min(last.height, PEAK_LIMIT * signal);
  const accept = (peak: Peak, weight: number, found: number[]) => {
    signal += weight * (Math.min(peak.height, PEAK_LIMIT * signal) - signal);
    if (last) {
      rr.push(peak.at - last.at);
      if (rr.length > 8) rr.shift();
      meanRr = rr.reduce((sum, r) => sum + r, 0) / rr.length;
    }
    last = peak;
    waiting = waiting.filter(({ at }) => at > peak.at);
    found.push(peak.at);
  };
  const searchBack = (now: number, found: number[]) => {
    while (last && now - last.at > SEARCH_BACK_RR * meanRr) {
      let best: Peak | undefined;
      for (const peak of waiting) {
        if (!isTWave(peak) && peak.height > (best?.height ?? 0.5 * threshold())) best = peak;
      }
      if (!best) return;
      accept(best, 0.25, found);
    }
  };
  const judge = (peak: Peak, found: number[]) => {
    searchBack(peak.at, found);
    if (peak.height > threshold() && !isTWave(peak)) return accept(peak, 0.125, found);
    waiting.push(peak);
    if (peak.height > NOISE_PART * signal) {
      noise += 0.125 * (Math.min(peak.height, PEAK_LIMIT * signal) - noise);
    }
  };
  const usualHeight = () => usualOfHighest(waiting, ({ height }) => height, fs);
  /** Learns from the peaks that wait, and judges them. */
  const learn = (usual: number, found: number[]) => {
    const peaks = waiting;
    waiting = [];
    signal = usual;
    noise = 0;
    meanRr = fs;
    rr = [];
    last = undefined;
    learntAt = peaks[0].at;
    for (const peak of peaks) judge(peak, found);
  };
  const take = (found: number[]) => {
    const peak = { at: picker.at, height: picker.height };
    if (learntAt < 0) {
      waiting.push(peak);
      return;
    }
    waiting = waiting.filter(({ at }) => peak.at - at < LOOK_BACK_SECONDS * fs);
    judge(peak, found);
    const lastBeat = last?.at ?? learntAt;
    if (peak.at - lastBeat <= LEARNING_SECONDS * fs) return;
    const usual = usualHeight();
    if (usual > NOISE_PART * signal || mayForgetBeats(learntAt, lastBeat, peak.at, fs)) learn(usual, found);
  };
  return {
    next(energy, found) {
      if (picker.next(energy)) take(found);
      samples++;
      if (learntAt < 0 && waiting.length > 0 && samples - waiting[0].at >= LEARNING_SECONDS * fs) {
        learn(usualHeight(), found);
      }
    },
    finish(found) {
      if (picker.finish()) take(found);
      if (learntAt < 0 && waiting.length > 0) learn(usualHeight(), found);
    },
  };
}
