import { createPeakPicker } from "./peak_picker.ts";
import { createHistory } from "./sample_history.ts";
import { type StreamFilter } from "./streaming_filters.ts";
import { type QrsSearch, REFRACTORY_SECONDS } from "./detector.ts";

/** A peak of a detector's waveform: what may be a QRS complex. */
export interface Candidate {
  /** Sample index in the lead, delays of filters taken off. */
  at: number;
  /** Height of the waveform's peak. */
  height: number;
  /** Largest excursion of the smoothed lead within 100 ms, of either sign. */
  amplitude: number;
  /** Steepest rise and steepest fall within 100 ms, both >= 0. */
  rise: number;
  fall: number;
}

/** Tells QRS complexes from other candidates. */
export interface PeakJudge {
  /** Sees the candidates of the first seconds, at least one, before they are judged. */
  learn(first: readonly Candidate[]): void;
  /** Judges the next candidate. `found` gets complexes in order of time. */
  judge(candidate: Candidate, found: Candidate[]): void;
  /** All candidates up to `sample` have been judged: `found` gets what follows from there being no other. */
  wait(sample: number, found: Candidate[]): void;
}

/** What a search for peaks is made of. */
export interface PeakSearchOptions {
  /** Sampling rate in Hz. */
  fs: number;
  /** From the lead to its waves: no offset comes through. */
  smooth: StreamFilter;
  /** From the waves to their slope. */
  slope: StreamFilter;
  /** From the slope to the waveform whose peaks are candidates. */
  waveform: StreamFilter;
  judge: PeakJudge;
}

/** How far around a peak its amplitude and its slopes are looked for. */
const REACH_SECONDS = 0.1;
const LEARNING_SECONDS = 8;

/** Part of the largest sample nearby that a wave must reach: below it lies the rounding of float32 samples. */
const RESOLUTION = 1e-6;

/**
 * Part of the usual amplitude that a wave must reach, so that the noise of an open input is not taken for beats. The usual
 * amplitude follows the highest one of each second with a candidate, by no more than USUAL_STEP: noise a thirtieth as
 * high as the beats becomes usual after two and a half minutes of nothing else.
 */
const USUAL_PART = 0.03;
const USUAL_STEP = 2 ** (1 / 32);

/**
 * Finds the candidates in a lead that arrives in pieces and hands them to a judge.
 *
 * Candidates lie more than the refractory period apart: of two that are closer the one with the higher peak stays. A judge sees those
 * of the 8 seconds from the first one on before it judges. Memory is a few seconds of the lead and its filtered forms.
 */
export function createPeakSearch({ fs, smooth, slope, waveform, judge }: PeakSearchOptions): QrsSearch {
  const apart = Math.round(REFRACTORY_SECONDS * fs), reach = Math.round(REACH_SECONDS * fs);
  const leadDelay = Math.round(smooth.delay + slope.delay + waveform.delay);
  const waveDelay = Math.round(slope.delay + waveform.delay), slopeDelay = Math.round(waveform.delay);
  const picker = createPeakPicker(apart);
  const memory = Math.ceil(fs) + apart + reach + leadDelay + 2;
  const lead = createHistory(memory), waves = createHistory(memory), slopes = createHistory(memory);
  const { mask, values: leadValues } = lead, { values: waveValues } = waves, { values: slopeValues } = slopes;
  const work = new Float64Array(Math.ceil(fs));
  let samples = 0, last = 0;
  let first: Candidate[] = [], learnt = false;
  let usual = 0, highest = 0, second = -1;
  const complexes: Candidate[] = [];

  /** The candidate at a peak of the waveform; none where there is but rounding. */
  const describe = (peak: number, height: number): Candidate | undefined => {
    let largest = 0, amplitude = 0, rise = 0, fall = 0;
    const from = peak - reach, to = peak + reach;
    for (let i = from - leadDelay; i <= to - leadDelay; i++) {
      const sample = Math.abs(leadValues[i & mask]);
      if (sample > largest) largest = sample;
    }
    for (let i = from - waveDelay; i <= to - waveDelay; i++) {
      const excursion = Math.abs(waveValues[i & mask]);
      if (excursion > amplitude) amplitude = excursion;
    }
    for (let i = from - slopeDelay; i <= to - slopeDelay; i++) {
      const steepness = slopeValues[i & mask];
      if (steepness > rise) rise = steepness;
      if (-steepness > fall) fall = -steepness;
    }
    if (!(amplitude > RESOLUTION * largest)) return undefined;
    const at = Math.min(Math.max(0, peak - leadDelay), samples - 1);
    return { at, height, amplitude, rise, fall };
  };
  const isUsual = ({ at, amplitude }: Candidate): boolean => {
    const now = Math.floor(at / fs);
    if (now !== second) {
      usual = Math.min(Math.max(highest, usual / USUAL_STEP), usual * USUAL_STEP);
      second = now;
      highest = 0;
    }
    highest = Math.max(highest, amplitude);
    return amplitude > USUAL_PART * usual;
  };
  const learn = () => {
    usual = usualOfHighest(first, ({ amplitude }) => amplitude, fs);
    highest = usual;
    const candidates = first.filter(isUsual);
    judge.learn(candidates);
    for (const candidate of candidates) judge.judge(candidate, complexes);
    first = [];
    learnt = true;
  };
  const hasSeen = (sample: number) => first.length > 0 && sample - first[0].at > LEARNING_SECONDS * fs;
  const take = (peak: number, height: number) => {
    const candidate = describe(peak, height);
    if (!candidate) return;
    if (hasSeen(candidate.at)) learn();
    if (!learnt) first.push(candidate);
    else if (isUsual(candidate)) judge.judge(candidate, complexes);
  };
  const run = (x: Float64Array) => {
    lead.addAll(x);
    smooth.run(x);
    waves.addAll(x);
    slope.run(x);
    slopes.addAll(x);
    waveform.run(x);
    picker.run(x, take);
  };
  const report = (found: number[]) => {
    for (const { at } of complexes) found.push(at);
    complexes.length = 0;
  };
  return {
    push(ecg, found) {
      if (ecg.length === 0) return;
      const x = work.subarray(0, ecg.length);
      x.set(ecg);
      last = ecg[ecg.length - 1];
      samples += ecg.length;
      run(x);
      // The picker gives a peak one refractory period after it.
      const seen = samples - leadDelay - apart - 2;
      if (hasSeen(seen)) learn();
      if (learnt) judge.wait(seen, complexes);
      report(found);
    },
    finish(found) {
      // Less than a second is too little to learn from.
      if (samples < fs) return;
      for (let left = leadDelay + reach; left > 0; left -= work.length) {
        run(work.subarray(0, Math.min(left, work.length)).fill(last));
      }
      if (picker.finish()) take(picker.at, picker.height);
      if (first.length > 0) learn();
      if (learnt) judge.wait(samples + fs, complexes);
      report(found);
    },
  };
}

/**
 * What the highest candidate of a second usually comes to: seven tenths of the seconds that hold one have less. Half of them may be
 * without a beat, and a fifth disturbed.
 */
export function usualOfHighest<Peak extends { at: number }>(
  candidates: readonly Peak[],
  valueOf: (candidate: Peak) => number,
  fs: number,
): number {
  const highest = new Map<number, number>();
  for (const candidate of candidates) {
    const second = Math.floor((candidate.at - candidates[0].at) / fs);
    highest.set(second, Math.max(highest.get(second) ?? 0, valueOf(candidate)));
  }
  const sorted = [...highest.values()].sort((a, b) => a - b);
  return sorted[Math.floor(0.7 * sorted.length)];
}

/** Steepest slope of a candidate, rising or falling. */
export function steepest({ rise, fall }: Candidate): number {
  return Math.max(rise, fall);
}

/** Replaces each sample by its distance from 0. */
export const rectifier: StreamFilter = {
  delay: 0,
  run(x) {
    for (let i = 0; i < x.length; i++) x[i] = Math.abs(x[i]);
  },
};

/** Replaces each sample by its square. */
export const squarer: StreamFilter = {
  delay: 0,
  run(x) {
    for (let i = 0; i < x.length; i++) x[i] *= x[i];
  },
};
