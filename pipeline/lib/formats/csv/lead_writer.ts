import { addIncident, type Incidents, noIncidents } from "./incidents.ts";
import type { Refuse } from "./refusal.ts";
import type { RowTable } from "./row_parser.ts";

/**
 * Stands for a missing sample in float32: the most negative number, which no recorder writes.
 * NaN would not do: it is unlike itself, and JSON has no word for it.
 */
export const MISSING_SAMPLE = -3.4028234663852886e38;

/** Up to where a file is repaired, and from where on it is refused. */
export interface RepairLimits {
  /** Longest run of missing samples that is interpolated, in ms, >= 0. */
  interpolateMs: number;
  /** Longest run of missing samples that is passed on as missing, in s, >= 0. */
  maxMissingSeconds: number;
  /** Largest share of a lead's samples that may be missing or interpolated, in %. */
  maxMissingPercent: number;
}

/** A short run is no more than the rise of a QRS complex. */
export const DEFAULT_LIMITS: RepairLimits = {
  interpolateMs: 20,
  maxMissingSeconds: 10,
  maxMissingPercent: 10,
};

/** A value that stays the same for this long is no ECG. */
const FLAT_SECONDS = 1;
/** A run this long at the lead's largest or smallest value counts as saturation. */
const SATURATION_MS = 20;
const BLOCK_SAMPLES = 8192;
/** After so many runs, a file of which more than this share is missing is not read to its end. */
const HOPELESS = { runs: 100, share: 0.9 };

/** Places in a writer's state: the last sample, NaN before the first, and the range without the last stretch. */
const LAST = 0, MIN = 1, MAX = 2;

/** What was found in one lead. */
export interface LeadReport {
  /** Samples, missing ones included. */
  samples: number;
  /** Range without missing samples; NaN where there is none. */
  min: number;
  max: number;
  /** Runs of missing samples that were filled by a straight line. */
  interpolated: Incidents;
  /** Longer runs, passed on as missing. */
  missing: Incidents;
  /** Stretches of one value for a second and more. */
  flat: Incidents;
  /** Samples in runs at the largest and at the smallest value. */
  saturatedSamples: number;
}

export interface LeadWriterOptions {
  /** Place of the lead's values in a row of the table. */
  slot: number;
  /** What stored values are multiplied with, not 0. */
  factor: number;
  /** How messages call the lead's column. */
  place: string;
  fs: number;
  limits: RepairLimits;
  refuse: Refuse;
  /** Called with every block of samples, which is used anew afterwards. */
  append: (samples: Float32Array<ArrayBuffer>) => void;
}

/** Turns the values of one column into samples: repairs what may be repaired and looks out for what is no ECG. */
export interface LeadWriter {
  /**
   * @param missingBefore Rows that are missing before each row of the table.
   * @throws FormatError with the line, where samples are missing for too long or a value is beyond float32.
   */
  take(table: RowTable, missingBefore: Int32Array | undefined): void;
  /** Writes what is left. @throws FormatError where too many samples are missing. */
  finish(): LeadReport;
}

export function createLeadWriter(options: LeadWriterOptions): LeadWriter {
  const { slot, factor, place, fs, limits, refuse, append } = options;
  const interpolateSamples = Math.floor(limits.interpolateMs / 1000 * fs + 1e-9);
  const maxMissing = Math.floor(limits.maxMissingSeconds * fs + 1e-9);
  const flatSamples = Math.max(3, Math.ceil(FLAT_SECONDS * fs));
  const saturationSamples = Math.max(5, Math.ceil(SATURATION_MS / 1000 * fs));
  const interpolated = noIncidents(), missing = noIncidents(), flat = noIncidents();
  const block = new Float32Array(BLOCK_SAMPLES);
  // Numbers that change with every sample: variables of a closure would be allocated anew each time.
  const state = Float64Array.of(NaN, Infinity, -Infinity);
  let filled = 0, samples = 0;
  let run = 0, runLine = 0, same = 0, sameLine = 0, atMin = 0, atMax = 0;

  function emit(value: number): void {
    block[filled++] = value;
    if (filled === BLOCK_SAMPLES) flush();
  }

  function flush(): void {
    samples += filled;
    if (filled > 0) append(block.subarray(0, filled));
    filled = 0;
  }

  /** Ends a stretch of one value. */
  function endStretch(): void {
    if (same === 0) return;
    const last = state[LAST], saturated = same >= saturationSamples ? same : 0;
    if (last > state[MAX]) [state[MAX], atMax] = [last, saturated];
    else if (last === state[MAX]) atMax += saturated;
    if (last < state[MIN]) [state[MIN], atMin] = [last, saturated];
    else if (last === state[MIN]) atMin += saturated;
    if (same >= flatSamples) addIncident(flat, sameLine, same);
    same = 0;
  }

  /**
   * Takes samples while there is nothing to decide: none is missing or infinite, and no stretch ends that is long enough
   * to be flat or saturated.
   *
   * @returns The row that has to be looked at, or the end.
   */
  function takeUsual(values: Float64Array, from: number, to: number, slots: number): number {
    let last = state[LAST], min = state[MIN], max = state[MAX], stretch = same, row = from;
    const end = Math.min(to, from + BLOCK_SAMPLES - filled);
    for (let at = from * slots + slot; row < end; row++, at += slots) {
      const value = Math.fround(values[at] * factor);
      if (value === last) stretch++;
      else {
        if (value - value !== 0 || stretch >= saturationSamples || stretch === 0) break;
        if (last > max) {
          max = last;
          atMax = 0;
        }
        if (last < min) {
          min = last;
          atMin = 0;
        }
        last = value;
        stretch = 1;
      }
      block[filled + row - from] = value;
    }
    [state[LAST], state[MIN], state[MAX]] = [last, min, max];
    filled += row - from;
    same = stretch;
    if (filled === BLOCK_SAMPLES) flush();
    return row;
  }

  function miss(count: number, line: number): void {
    if (run === 0) runLine = line;
    run += count;
    if (run > maxMissing && run > interpolateSamples) {
      throw refuse(
        `no more than ${limits.maxMissingSeconds} s of samples in a row may be missing, got more in ${place} from this line ` +
          "on; cut the file there, choose another column with --column, or allow it with --maxMissingSeconds",
        runLine,
      );
    }
  }

  /** Ends a run of missing samples: `next` is the sample behind it, NaN at the end of the file. */
  function endRun(next: number): void {
    const last = state[LAST];
    const from = Number.isNaN(last) ? next : last, to = Number.isNaN(next) ? last : next;
    if (run <= interpolateSamples && !Number.isNaN(from)) {
      for (let i = 1; i <= run; i++) emit(Math.fround(from + (to - from) * i / (run + 1)));
      addIncident(interpolated, runLine, run);
    } else {
      endStretch();
      for (let i = 0; i < run; i++) emit(MISSING_SAMPLE);
      addIncident(missing, runLine, run);
      // A short file of long gaps must not fill a disk before its end is seen.
      if (missing.count > HOPELESS.runs && missing.samples > HOPELESS.share * (samples + filled)) {
        checkShare();
      }
    }
    run = 0;
  }

  /** @throws FormatError where more than the limit is missing of what was read. */
  function checkShare(): void {
    const lost = interpolated.samples + missing.samples, percent = 100 * lost / (samples + filled);
    // A share says nothing about a handful of samples.
    if (!(percent > limits.maxMissingPercent && lost > interpolateSamples)) return;
    throw refuse(
      `no more than ${limits.maxMissingPercent} % of the samples may be missing, got ${
        percent.toFixed(1)
      } % in ${place}; ` +
        "choose another column with --column, or allow it with --maxMissingPercent",
      [...interpolated.lines, ...missing.lines].sort((a, b) => a - b)[0],
    );
  }

  /** Takes one sample with all that may be the matter with it. */
  function takeOne(written: number, line: number): void {
    const value = Math.fround(written * factor);
    if (value - value !== 0) {
      if (value === value) throw refuse(`a sample must fit into float32, got ${written} in ${place}`, line);
      miss(1, line);
      return;
    }
    if (run > 0) endRun(value);
    if (value !== state[LAST] || same === 0) {
      endStretch();
      state[LAST] = value;
      sameLine = line;
    }
    same++;
    emit(value);
  }

  return {
    take({ values, lines, rows, slots }, missingBefore) {
      for (let row = 0; row < rows;) {
        if (missingBefore === undefined && run === 0) {
          const from = row;
          row = takeUsual(values, row, rows, slots);
          // The stretch that goes on may have begun on the way.
          if (row > from && same <= row - from) sameLine = lines[row - same];
          if (row === rows) break;
          if (row > from && filled === 0) continue;
        } else if (missingBefore !== undefined && missingBefore[row] > 0) {
          miss(missingBefore[row], lines[row]);
        }
        takeOne(values[row * slots + slot], lines[row]);
        row++;
      }
    },
    finish() {
      endStretch();
      if (run > 0) endRun(NaN);
      flush();
      checkShare();
      return {
        samples,
        min: state[MIN] === Infinity ? NaN : state[MIN],
        max: state[MAX] === -Infinity ? NaN : state[MAX],
        interpolated,
        missing,
        flat,
        saturatedSamples: state[MAX] > state[MIN] ? atMax + atMin : 0,
      };
    },
  };
}
