import type { QrsSearch } from "./detector.ts";

/** Rate in Hz at which an algorithm may look at a lead, whatever the lead's own rate. */
export const WORKING_FS = 125;

/** Brings a lead that arrives in pieces to WORKING_FS. */
export interface WorkingRate {
  /**
   * Takes the next samples of the lead.
   *
   * @returns Samples at WORKING_FS that have become certain; the array is used again by the next call. Sample k, counted from the
   * lead's start, stands for the time of the lead's sample k * fs / WORKING_FS.
   */
  run(ecg: Float32Array): Float64Array;
}

/**
 * Opens a resampling to WORKING_FS: each sample is the mean, over one 125th of a second, of the lines that join the lead's samples.
 *
 * That mean attenuates what would be aliased, costs little, and leaves a flat lead exactly flat.
 *
 * @param fs Sampling rate of the lead in Hz.
 */
export function createWorkingRate(fs: number): WorkingRate {
  const step = fs / WORKING_FS, perSample = WORKING_FS / fs;
  let out = new Float64Array(0), view = out;
  // In samples of the lead: time of the newest one, and where the running interval ends.
  let now = -1, intervals = 0, end = step / 2;
  // The area between the lead and the interval's first value: exactly 0 on a flat lead.
  let last = 0, base = 0, area = 0;
  return {
    run(ecg) {
      const most = Math.ceil(ecg.length / step) + 1;
      if (out.length < most) out = new Float64Array(most);
      // The first sample stands for what was before it.
      if (now < 0 && ecg.length > 0) base = last = ecg[0];
      // The loop works on variables of its own, which the compiler keeps in registers.
      const samples = out;
      let count = 0, time = now, interval = intervals, until = end, before = last, level = base, sum = area;
      for (let i = 0; i < ecg.length;) {
        const whole = Math.min(ecg.length, i + Math.ceil(until) - time - 1);
        for (; i < whole; i++, time++) {
          const value = ecg[i];
          sum += before - level + (value - before) / 2;
          before = value;
        }
        if (i === ecg.length) break;
        const value = ecg[i++], rise = value - before;
        time++;
        // Places on the line from the sample before (0) to this one (1).
        let from = 0;
        for (; until <= time; until = (++interval + 0.5) * step) {
          const to = until - time + 1;
          sum += (to - from) * (before - level + rise * (from + to) / 2);
          samples[count++] = level + sum * perSample;
          level = before;
          sum = 0;
          from = to;
        }
        sum += (1 - from) * rise * (from + 1) / 2;
        before = value;
      }
      now = time;
      intervals = interval;
      end = until;
      last = before;
      base = level;
      area = sum;
      // Most pieces give as many samples as the one before.
      if (view.length !== count || view.buffer !== out.buffer) view = out.subarray(0, count);
      return view;
    },
  };
}

/** A search for QRS complexes in a lead at WORKING_FS. */
export interface WorkingSearch {
  /** Samples at WORKING_FS, parts of them included, by which what is reported lies later than the R peak. */
  readonly delay: number;
  /** As QrsSearch.push(), at WORKING_FS. The samples may be overwritten. */
  push(ecg: Float64Array, found: number[]): void;
  finish(found: number[]): void;
}

/** The end of a lead is repeated for this time so that it comes through all delays. */
const TAIL_SECONDS = 3;

/**
 * Joins a search at WORKING_FS to a lead of another rate.
 *
 * @param fs Sampling rate of the lead in Hz.
 */
export function searchAtWorkingRate(fs: number, search: WorkingSearch): QrsSearch {
  const rate = createWorkingRate(fs), inWork: number[] = [];
  let samples = 0, last = 0;
  const report = (found: number[]) => {
    if (inWork.length === 0) return;
    for (const at of inWork) {
      const sample = Math.round((at - search.delay) * fs / WORKING_FS);
      found.push(Math.min(Math.max(0, sample), samples - 1));
    }
    inWork.length = 0;
  };
  return {
    push(ecg, found) {
      if (ecg.length === 0) return;
      samples += ecg.length;
      last = ecg[ecg.length - 1];
      search.push(rate.run(ecg), inWork);
      report(found);
    },
    finish(found) {
      if (samples === 0) return;
      search.push(rate.run(new Float32Array(Math.ceil(TAIL_SECONDS * fs)).fill(last)), inWork);
      search.finish(inWork);
      report(found);
    },
  };
}
