import { createBeatJudge, type Rhythm, type Threshold } from "./beat_judge.ts";
import { createHistory } from "./sample_history.ts";
import {
  chain,
  createFir,
  createMeanRemoval,
  createMovingAverage,
  createMovingMaximum,
  type StreamFilter,
} from "./streaming_filters.ts";
import type { QrsAlgorithm } from "./detector.ts";
import { type Candidate, createPeakSearch, type PeakJudge, rectifier, steepest } from "./peak_search.ts";
import { createSteepSlope } from "./steep_slope.ts";

/** The windows of the averages: mains of 50 Hz, muscle noise, and the complex lead. */
const MAINS_SECONDS = 0.02, MUSCLE_SECONDS = 0.028, COMPLEX_LEAD_SECONDS = 0.04;
const SEARCH_BACK_RR = 1.5;
// Not in the paper.
const STEEP_SLOPE_PART = 0.42;
const BASELINE_SECONDS = 0.16;
const BEFORE_COMPLEX_SECONDS = 0.05;
const P_WAVE_SECONDS = 0.3;

const samplesOf = (seconds: number, fs: number) => Math.max(1, Math.round(seconds * fs));

/**
 * Takes the integrating threshold F off the complex lead.
 *
 * In the paper each sample adds (largest of the newest 50 ms - largest of the oldest 50 ms of the last 350 ms) / 150 to F, at 250 Hz. Added
 * up, that is the mean over 300 ms of the largest of 50 ms, times 300 ms / (150 / 250 Hz) = 0.5.
 */
export function createIntegratingThreshold(fs: number): StreamFilter {
  const lag = samplesOf(BEFORE_COMPLEX_SECONDS, fs), past = createHistory(fs + lag);
  const integral = chain(createMovingMaximum(samplesOf(0.05, fs)), createMovingAverage(samplesOf(0.3, fs)));
  const work = new Float64Array(Math.ceil(fs));
  return {
    delay: 0,
    run(x) {
      const level = work.subarray(0, x.length);
      level.set(x);
      integral.run(level);
      past.addAll(level);
      const { values, mask } = past, first = past.samples - x.length - lag;
      for (let i = 0; i < x.length; i++) x[i] -= 0.5 * values[(first + i) & mask];
    },
  };
}

function createThreshold(fs: number): Threshold {
  const steepSlope = createSteepSlope(fs, STEEP_SLOPE_PART);
  /** The beat-expectation threshold: from 2/3 of the mean RR to the whole of it, it falls 1.4 times slower than the steep-slope one. */
  const expectation = (sample: number, rhythm: Rhythm) => {
    if (!rhythm.last) return 0;
    const from = rhythm.last.at + 2 / 3 * rhythm.meanRr, to = rhythm.last.at + rhythm.meanRr;
    if (sample <= from) return 0;
    return (steepSlope.at(Math.min(sample, to), rhythm) - steepSlope.at(from, rhythm)) / 1.4;
  };
  return {
    learn: steepSlope.learn,
    exceeds: ({ at, height }, part, rhythm) =>
      height > part * (steepSlope.at(at, rhythm) + expectation(at, rhythm)),
    addBeat: steepSlope.addBeat,
    addNoise() {},
    fade: steepSlope.fade,
  };
}

/** Leaves out P waves: candidates followed within 300 ms by one more than twice as steep. */
function withoutPWaves(judge: PeakJudge, fs: number): PeakJudge {
  let held: Candidate | undefined;
  const release = (found: Candidate[]) => {
    if (held) judge.judge(held, found);
    held = undefined;
  };
  return {
    learn: judge.learn,
    judge(candidate, found) {
      const isPWave = held !== undefined && candidate.at - held.at < P_WAVE_SECONDS * fs &&
        steepest(held) < 0.5 * steepest(candidate);
      if (!isPWave) release(found);
      held = candidate;
    },
    wait(sample, found) {
      if (held && sample - held.at > P_WAVE_SECONDS * fs) release(found);
      judge.wait(held ? held.at - 1 : sample, found);
    },
  };
}

/**
 * Finds QRS complexes with the algorithm of Christov: the averaged absolute slope, the "complex lead", against a threshold of
 * three parts: steep slope M, integrating F, beat expectation R.
 *
 * Source: Christov, "Real time electrocardiogram QRS detection using combined adaptive threshold", BioMedical Engineering
 * OnLine 3:28, 2004, doi:10.1186/1475-925X-3-28. Deviations:
 * - The complex lead is that of one lead, of which first the mean of 160 ms is taken off, and the slope spans 10 ms at any rate.
 * - Not the first sample above the threshold is a complex but a peak, of two within 200 ms the higher one; F is that of 50 ms before it.
 * - M is 0.42 of the beats' heights and not 0.6, which finds small beats; what more it lets through, T waves (not half as steep as
 *   the beat up to 360 ms before) and P waves (not half as steep as the candidate up to 300 ms behind), is left out by their slope.
 * - After 1.5 mean RR intervals without a beat the highest candidate since is one if it reaches half of the threshold.
 * - M's start, its limit and its coming down after artefacts: see createSteepSlope() and createBeatJudge().
 * - Waves far below the usual ones are no candidates (createPeakSearch), so that a flat line gives no beats.
 */
export const christov: QrsAlgorithm = {
  name: "christov",
  doc: "Christov 2004: averaged slope against a threshold of steep slope, noise and expected beat",
  open(fs) {
    // Rounded down: at low rates the slope is flat enough already.
    const average = (seconds: number) => createMovingAverage(Math.floor(seconds * fs));
    const judge = createBeatJudge({ fs, threshold: createThreshold(fs), searchBackRr: SEARCH_BACK_RR });
    return createPeakSearch({
      fs,
      smooth: chain(
        average(MAINS_SECONDS),
        average(MUSCLE_SECONDS),
        createMeanRemoval(2 * Math.round(BASELINE_SECONDS * fs / 2) + 1),
      ),
      slope: createFir([1, 0, -1], samplesOf(0.005, fs)),
      waveform: chain(
        rectifier,
        createMovingAverage(samplesOf(COMPLEX_LEAD_SECONDS, fs)),
        createIntegratingThreshold(fs),
      ),
      judge: withoutPWaves(judge, fs),
    });
  },
};
