import { CLOCK_PERIOD_SECONDS } from "./date_time.ts";
import { addIncident, type Incidents, noIncidents } from "./incidents.ts";
import type { Refuse } from "./refusal.ts";
import type { RowTable } from "./row_parser.ts";
import { comesInPackets, type TimeColumn } from "./time_column.ts";

/** Mean steps over so many seconds, and so many packets, are held against that of the file's start. */
const RATE_WINDOW = { seconds: 5, packets: 50 };
/** A mean step that leaves the one of the file's start by more than this share, in a window: the rate has changed. */
const RATE_TOLERANCE = 0.2;
/** Rows in a row whose times are missing or lie before an earlier one. */
const MAX_UNTRUSTED_ROWS = 20;
/** A rate is taken as whole where it lies within 0.01 % of a whole number, or within what the times are rounded to, up to this. */
const MAX_RATE_TOLERANCE = 0.002;
/** A 32-bit counter of microseconds begins anew after 71.6 minutes. */
const COUNTER_32_BITS = 2 ** 32;

/** Places in an axis' state: the last time that counts, and sums and the largest one of the steps' deviations. */
const LAST = 0, DEVIATIONS = 1, SQUARES = 2, LARGEST = 3, STATE_LENGTH = 4;
/** What was found in a time column. */
export interface TimeReport {
  column: string;
  kind: "time" | "counter";
  /** Standard deviation and largest deviation of the steps from their mean, without gaps, in ms. */
  jitterMs: number;
  maxJitterMs: number;
  /** Steps in which rows were dropped; `samples` counts the rows. */
  gaps: Incidents;
  /** Times that lie before an earlier one; the rows count, their times do not. */
  backwardSteps: Incidents;
  /** Times that run ahead of the rows around them. */
  strayTimes: Incidents;
  missingTimes: Incidents;
  /** Rows with the time of the row before, where rows do not come in packets. */
  repeatedTimes: Incidents;
  /** A clock that passed midnight, a counter of 32 bits that began anew. */
  restarts: Incidents;
}

/** Collects the times of a file table by table. */
export interface TimeAxis {
  /**
   * Reads the times of a table, whose first slot they are.
   *
   * @returns How many rows are missing before each row of the table, or undefined when none is.
   * @throws FormatError with the line, where the times go back for long or leave a gap that is too long.
   */
  take(table: RowTable): Int32Array | undefined;
  /** Sampling rate in Hz over all rows, whole where it is as good as whole. @throws FormatError */
  samplingRate(): number;
  report(): TimeReport;
}

/** Midnight looks like a gap of a month where the month stands first and is read as the day. */
const LONG_GAP_SECONDS = 20 * CLOCK_PERIOD_SECONDS;
const DAY_FIRST = " (dates that end with the year are read with the day first: write 2024-01-31)";
const HINT = "give --samplingRate to pass over the time column";

/**
 * Creates the collector of a time column.
 *
 * @param maxGapSeconds Longest gap that may be filled.
 */
export function createTimeAxis(time: TimeColumn, maxGapSeconds: number, refuse: Refuse): TimeAxis {
  const { name, index, kind, secondsPerUnit, packetStep, gapStep, cycle } = time;
  const inPackets = comesInPackets(time);
  const hint = kind === "counter" ? "correct the numbers, or cut the file there" : HINT;
  const place = `${JSON.stringify(name)} (column ${index + 1})`;
  const gaps = noIncidents(), backwardSteps = noIncidents(), strayTimes = noIncidents();
  const missingTimes = noIncidents(), repeatedTimes = noIncidents(), restarts = noIncidents();
  // Numbers that change with every row: variables of a closure would be allocated anew each time.
  const state = new Float64Array(STATE_LENGTH);
  let first = NaN, offset = 0, rowsToLast = 0, untrusted = 0, usual = 0;
  /** Where the first and the last packet begin: time, and rows before it. */
  const packets = { firstTime: NaN, firstRows: 0, lastTime: NaN, lastRows: 0 };
  let missing = new Int32Array(0);
  const windowRows = Math.ceil(Math.max(
    RATE_WINDOW.seconds / (time.step * secondsPerUnit),
    RATE_WINDOW.packets * packetStep / time.step,
  ));
  let windowStart = NaN, windowFrom = 0;

  /** Time that a clock or counter lost when it began anew between `last` and `value`; 0 where it did not. */
  function restartOf(value: number): number {
    const last = state[LAST];
    const periods = [
      time.isClock ? CLOCK_PERIOD_SECONDS : 0,
      kind === "time" && Number.isInteger(last) ? COUNTER_32_BITS : 0,
    ];
    return periods.find((period) => {
      const step = value + period - last;
      return period > 0 && step > 0 && step <= gapStep + untrusted * time.step;
    }) ?? 0;
  }

  /**
   * Takes rows while their times go on by a usual step.
   *
   * @returns The row that has to be looked at, or the end.
   */
  function takeUsual(values: Float64Array, from: number, to: number, slots: number): number {
    let last = state[LAST], deviations = 0, squares = 0, largest = state[LARGEST], row = from;
    const mean = time.step;
    for (let at = from * slots; row < to; row++, at += slots) {
      const value = values[at] + offset, step = value - last;
      // NaN is in no range.
      if (!(step > 0 && step <= gapStep)) break;
      const deviation = step - mean;
      deviations += deviation;
      squares += deviation * deviation;
      if (deviation > largest) largest = deviation;
      else if (-deviation > largest) largest = -deviation;
      last = value;
    }
    state[LAST] = last;
    state[LARGEST] = largest;
    state[DEVIATIONS] += deviations;
    state[SQUARES] += squares;
    usual += row - from;
    rowsToLast += row - from;
    return row;
  }

  /** Rows that are missing in a step over `untrusted` rows and one more. */
  function takeStep(step: number, line: number): number {
    const usualStep = packetStep + untrusted * time.step;
    if (step <= gapStep + untrusted * time.step) return 0;
    // Long recordings tell the step better than their first rows do.
    const mean = rowsToLast > 1000 ? (state[LAST] - first) / rowsToLast : time.step;
    const count = Math.round((step - usualStep) / mean);
    if (count * mean * secondsPerUnit > maxGapSeconds) {
      throw refuse(
        `${
          kind === "counter" ? "sample numbers" : "times"
        } must leave no gap of more than ${maxGapSeconds} s, got a step of ` +
          `${Number((step * secondsPerUnit).toPrecision(6))} s in ${place}; cut the file at the gap${
            maxGapSeconds > 0 ? ", allow it with --maxMissingSeconds" : ""
          }` +
          `${kind === "counter" ? "" : `, or ${HINT}`}${
            step * secondsPerUnit > LONG_GAP_SECONDS ? DAY_FIRST : ""
          }`,
        line,
      );
    }
    if (count > 0) addIncident(gaps, line, count);
    return count;
  }

  /** Counts a row whose time tells nothing. */
  function distrust(incidents: Incidents, value: number, line: number): void {
    addIncident(incidents, line, 1);
    if (++untrusted <= MAX_UNTRUSTED_ROWS) return;
    const fault = incidents === backwardSteps
      ? "go back"
      : incidents === missingTimes
      ? "be missing"
      : "stand still";
    throw refuse(
      `${
        kind === "counter" ? "sample numbers" : "times"
      } must not ${fault} for more than ${MAX_UNTRUSTED_ROWS} rows, got ` +
        `${value === value ? `${value} after ${state[LAST]}` : "none"} in ${place}; ${hint}`,
      line,
    );
  }

  /** Holds the rate of the last few seconds against that of the file's start. */
  function checkRate(line: number): void {
    const last = state[LAST];
    const step = (last - windowStart) / (rowsToLast - windowFrom);
    if (Math.abs(step - time.step) > RATE_TOLERANCE * time.step) {
      const hz = (of: number) => Number((1 / (of * secondsPerUnit)).toPrecision(4));
      throw refuse(
        `the times in ${place} must keep one sampling rate, got ${hz(time.step)} Hz at the file's start and ${
          hz(step)
        } Hz ` +
          `up to this line; cut the file where the rate changes, or ${HINT}`,
        line,
      );
    }
    [windowStart, windowFrom] = [last, rowsToLast];
  }

  function notePacket(value: number): void {
    packets.lastTime = value;
    packets.lastRows = rowsToLast;
    if (Number.isNaN(packets.firstTime)) {
      packets.firstTime = value;
      packets.firstRows = rowsToLast;
    }
  }

  /** Whether the time behind a long step goes on from before it: then the step led nowhere. */
  function isStray(value: number, next: number): boolean {
    const usualStep = gapStep + untrusted * time.step, step = next + offset - state[LAST];
    return value - state[LAST] > usualStep && step > 0 && step <= usualStep + time.step;
  }

  /**
   * Takes one time with all that may be the matter with it.
   *
   * @param next Time of the row behind it, NaN where it is not known.
   * @returns How many rows are missing before its own.
   */
  function takeOne(written: number, next: number, line: number): number {
    const last = state[LAST];
    let value = written + offset;
    if (Number.isNaN(written)) {
      distrust(missingTimes, NaN, line);
      return 0;
    }
    let count = 0;
    if (Number.isNaN(first)) first = windowStart = value;
    else {
      const restart = value < last ? cycle ?? restartOf(value) : 0;
      if (value < last && restart === 0 || value === last && !inPackets) {
        distrust(value === last ? repeatedTimes : backwardSteps, value, line);
        return 0;
      }
      if (restart === 0 && isStray(value, next)) {
        distrust(strayTimes, value, line);
        return 0;
      }
      if (restart > 0 && cycle === undefined) addIncident(restarts, line, 0);
      offset += restart;
      value += restart;
      count = takeStep(value - last, line);
      rowsToLast += 1 + untrusted + count;
      if (value > last && inPackets) notePacket(value);
    }
    state[LAST] = value;
    untrusted = 0;
    if (rowsToLast - windowFrom >= windowRows) checkRate(line);
    return count;
  }

  return {
    take({ values, lines, slots, rows, capacity }) {
      if (missing.length < capacity) missing = new Int32Array(capacity);
      missing.fill(0, 0, rows);
      let any = false;
      for (let row = 0; row < rows; row++) {
        if (untrusted === 0 && first === first && !inPackets) {
          const windowEnd = row + windowFrom + windowRows - rowsToLast;
          row = takeUsual(values, row, Math.min(rows, windowEnd), slots);
          if (rowsToLast - windowFrom >= windowRows) checkRate(lines[row - 1]);
          if (row >= rows) break;
        }
        const next = row + 1 < rows ? values[(row + 1) * slots] : NaN;
        const count = takeOne(values[row * slots], next, lines[row]);
        if (count > 0) {
          missing[row] = count;
          any = true;
        }
      }
      return any ? missing : undefined;
    },
    samplingRate() {
      if (kind === "counter") return 1 / secondsPerUnit;
      const { firstTime, firstRows, lastTime, lastRows } = packets;
      const hasPackets = lastRows > firstRows;
      const step = hasPackets
        ? (lastTime - firstTime) / (lastRows - firstRows)
        : (state[LAST] - first) / rowsToLast;
      if (!(step > 0)) {
        throw refuse(`the times in ${place} must tell a sampling rate, got no two that differ; ${HINT}`);
      }
      const fs = 1 / (step * secondsPerUnit);
      // Rounded times tell the rate of a short recording no better than this.
      const tolerance = Math.min(Math.max(1e-4, time.resolution / (state[LAST] - first)), MAX_RATE_TOLERANCE);
      return Math.abs(fs - Math.round(fs)) <= tolerance * fs ? Math.round(fs) : fs;
    },
    report() {
      const ms = 1000 * secondsPerUnit, mean = usual === 0 ? 0 : state[DEVIATIONS] / usual;
      return {
        column: name,
        kind,
        jitterMs: usual === 0 ? 0 : Math.sqrt(Math.max(0, state[SQUARES] / usual - mean * mean)) * ms,
        maxJitterMs: state[LARGEST] * ms,
        gaps,
        backwardSteps,
        strayTimes,
        missingTimes,
        repeatedTimes,
        restarts,
      };
    },
  };
}
