import type { StoredSamples, Stretch } from "./leads.ts";

/** What can be wrong with the stored values of a stretch. */
export const DEFECT_REASONS = ["missing", "flat", "saturated", "lead off"] as const;

export type DefectReason = (typeof DEFECT_REASONS)[number];

/** A stretch of a lead in which its stored values are none of the heart's. */
export interface Defect extends Stretch {
  reason: DefectReason;
}

/** A lead of stored values that arrives in pieces. */
export interface DefectSearch {
  push(stored: StoredSamples): void;
  /** @returns Defects in order of their beginning; those of one reason do not overlap. */
  finish(): Defect[];
}

/** Equal values for so long are no ECG: the flattest TP segments of 11-bit records are shorter. */
const FLAT_SECONDS = 0.2;
/** Equal values for so long, and at least for so many samples, at the record's largest or smallest value are a rail. */
const SATURATED_SECONDS = 0.015, SATURATED_SAMPLES = 5;
/** A flat line or a rail for so long is an electrode that has come off. */
const LEAD_OFF_SECONDS = 1;
/** Stretches of one reason that are closer are one. */
const JOIN_SECONDS = 0.1;

/** Adds a stretch to a list in order of time, or lengthens the last one. */
function addStretch(stretches: Stretch[], { from, to }: Stretch, join: number): void {
  const last = stretches.at(-1);
  if (last !== undefined && from - last.to <= join) last.to = to;
  else stretches.push({ from, to });
}

/** Stretches at the largest (side 1) or smallest (side -1) value that any of them has. */
interface Rail {
  side: 1 | -1;
  value: number;
  /** Largest or smallest value of all samples. */
  extreme: number;
  stretches: Stretch[];
}

/**
 * Finds flat lines, saturation and electrodes that have come off in stored values.
 *
 * A run of equal values of at least 15 ms at the record's extreme value is `saturated`, one of at least 200 ms at any other value is
 * `flat`, and a stretch of either of at least 1 s is `lead off`. No run is shorter than 5 samples; missing ones belong to none.
 * Source: fSQI of Li, Mark and Clifford, "Robust heart rate estimation from multiple asynchronous noisy sources using signal quality
 * indices and a Kalman filter", Physiol. Meas. 29, 2008 (share of samples without a change). Deviation: stretches, not shares.
 *
 * @param fs Sampling rate in Hz, > 0.
 * @param missingAdu Stored value that marks a missing sample.
 */
export function openDefectSearch(fs: number, missingAdu: number = NaN): DefectSearch {
  const shortestRail = Math.max(SATURATED_SAMPLES, Math.ceil(SATURATED_SECONDS * fs));
  const shortestFlat = Math.ceil(FLAT_SECONDS * fs),
    shortestOff = LEAD_OFF_SECONDS * fs,
    join = JOIN_SECONDS * fs;
  const rails: Rail[] = ([1, -1] as const).map((side) => ({
    side,
    value: -side * Infinity,
    extreme: -side * Infinity,
    stretches: [],
  }));
  const flat: (Stretch & { value: number })[] = [];
  let samples = 0, start = 0, previous = NaN;

  /** Takes note of the run of `value` that ended, if it is long and not of missing samples. */
  const endRun = (run: Stretch, value: number) => {
    if (run.to - run.from < shortestRail || value === missingAdu || !Number.isFinite(value)) return;
    for (const rail of rails) {
      if (rail.side * (value - rail.value) > 0) {
        rail.value = value;
        rail.stretches = [];
      }
      if (value === rail.value) addStretch(rail.stretches, run, join);
    }
    if (run.to - run.from >= shortestFlat) {
      const last = flat.at(-1);
      if (last !== undefined && last.value === value && run.from - last.to <= join) last.to = run.to;
      else flat.push({ ...run, value });
    }
  };
  const findExtremes = (stored: StoredSamples) => {
    const [top, bottom] = rails;
    // Locals: variables that functions share are slow in a loop.
    let max = top.extreme, min = bottom.extreme;
    for (let i = 0; i < stored.length; i++) {
      const value = stored[i];
      if (value > max && value !== missingAdu && value < Infinity) max = value;
      if (value < min && value !== missingAdu && value > -Infinity) min = value;
    }
    top.extreme = max;
    bottom.extreme = min;
  };
  /** Ends the long runs that begin and end in samples `first` to the last but one run of `stored`. */
  const findRuns = (stored: StoredSamples, first: number) => {
    // A long run holds a place of this grid and the sample behind it: others need no look.
    const grid = shortestRail - 1, n = stored.length;
    for (let at = first; at + 1 < n; at += grid) {
      const value = stored[at];
      if (value !== stored[at + 1]) continue;
      let from = at, to = at + 2;
      while (from > first && stored[from - 1] === value) from--;
      while (to < n && stored[to] === value) to++;
      if (to < n) endRun({ from: samples + from, to: samples + to }, value);
      at = to - grid;
    }
  };
  return {
    push(stored) {
      const n = stored.length;
      findExtremes(stored);
      let first = 0;
      while (first < n && stored[first] === previous) first++;
      if (first < n) {
        endRun({ from: start, to: samples + first }, previous);
        findRuns(stored, first);
        // The last run may go on in the next piece.
        let from = n - 1;
        previous = stored[from];
        while (from > first && stored[from - 1] === previous) from--;
        start = samples + from;
      }
      samples += n;
    },
    finish() {
      endRun({ from: start, to: samples }, previous);
      const [top, bottom] = rails, defects: Defect[] = [];
      const add = (stretches: readonly Stretch[], reason: DefectReason) => {
        for (const { from, to } of stretches) {
          defects.push({ from, to, reason: to - from >= shortestOff ? "lead off" : reason });
        }
      };
      // A lead of one value has no rails.
      const reached = top.extreme > bottom.extreme ? rails.filter((rail) => rail.value === rail.extreme) : [];
      for (const rail of reached) add(rail.stretches, "saturated");
      const atRail = (value: number) => reached.some((rail) => rail.value === value);
      add(flat.filter(({ value }) => !atRail(value)), "flat");
      return defects.sort((a, b) => a.from - b.from);
    },
  };
}

/**
 * Leaves out R peaks where there is no signal: missing samples that were filled in, an electrode that is off.
 *
 * @param peaks Sample indices, ascending.
 * @param defects Stretches at the same rate, in order of their beginning.
 */
export function peaksWithSignal(peaks: readonly number[], defects: readonly Defect[]): number[] {
  const without = defects.filter(({ reason }) => reason === "missing" || reason === "lead off");
  let next = 0;
  return peaks.filter((peak) => {
    while (next < without.length && without[next].to <= peak) next++;
    return next === without.length || peak < without[next].from;
  });
}
