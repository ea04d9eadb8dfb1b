import { FormatError } from "../../core/errors.ts";

/** What is known of a time column before its first row. */
export interface TimeColumn {
  /** Place of the column, counted from 0. */
  index: number;
  name: string;
  /** Seconds that one unit of the column stands for; undefined where the file does not say. */
  secondsPerUnit?: number;
  file: string;
}

/** Collects the times of a file row by row. */
export interface TimeAxis {
  index: number;
  /** @throws FormatError if the time is NaN or lies before the previous one. */
  add(time: number, cell: string, line: number): void;
  /**
   * Sampling rate in Hz of all rows: intervals by duration, rounded to an integer that lies within 0.01 %.
   * @throws FormatError if the times leave a gap or tell no rate.
   */
  samplingRate(): number;
}

/** Rates of ECG recorders in Hz: they tell seconds, milliseconds and microseconds apart without any overlap. */
const PLAUSIBLE_FS = { min: 50, max: 20_000 };
/** A step of more than this many mean steps is a gap. Times rounded to 1 ms vary by less at up to 2500 Hz. */
const GAP_STEPS = 2.5;

const HINT = "give --samplingRate to pass over the time column";

/** Creates the collector for a time column. */
export function createTimeAxis({ index, name, secondsPerUnit, file }: TimeColumn): TimeAxis {
  let count = 0, first = 0, last = 0, longest = 0, longestLine = 0;
  return {
    index,
    add(time, cell, line) {
      if (Number.isNaN(time)) {
        throw new FormatError(
          `Cannot read a signal: every cell of ${JSON.stringify(name)} (column ${
            index + 1
          }) must be a time, got ` +
            `${JSON.stringify(cell.trim().slice(0, 40))}; ${HINT}`,
          { file, line },
        );
      }
      if (count++ === 0) first = time;
      else if (time < last) {
        throw new FormatError(
          `Cannot read a signal: times must not go back, got ${time} after ${last} in column ${
            index + 1
          }; ${HINT}`,
          { file, line },
        );
      } else if (time - last > longest) {
        longest = time - last;
        longestLine = line;
      }
      last = time;
    },
    samplingRate() {
      const step = (last - first) / (count - 1);
      const unit = secondsPerUnit ??
        [1, 1e-3, 1e-6].find((seconds) => {
          const fs = 1 / (step * seconds);
          return fs >= PLAUSIBLE_FS.min && fs <= PLAUSIBLE_FS.max;
        });
      if (!(step > 0 && step < Infinity) || unit === undefined) {
        throw new FormatError(
          `Cannot read a signal: the times in ${
            JSON.stringify(name)
          } must tell a sampling rate, got a mean step of ` +
            `${step} in ${secondsPerUnit === undefined ? "an unknown unit" : "its unit"}; ${HINT}`,
          { file },
        );
      }
      if (longest > GAP_STEPS * step) {
        throw new FormatError(
          `Cannot read a signal: the times in ${JSON.stringify(name)} must be evenly spaced, got a step of ` +
            `${longest} where the mean is ${step}; cut the file at the gap, or ${HINT}`,
          { file, line: longestLine },
        );
      }
      const fs = 1 / (step * unit);
      return Math.abs(fs - Math.round(fs)) <= 1e-4 * fs ? Math.round(fs) : fs;
    },
  };
}
