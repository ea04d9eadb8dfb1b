import { isMissingCell, parseNumberCell } from "./cells.ts";
import { parseDateTimeCell } from "./date_time.ts";
import { findCounter } from "./even_steps.ts";
import type { Column, Layout } from "./layout.ts";
import { columnName } from "./lead_choice.ts";
import { POSSIBLE_FS } from "./statements.ts";

/** Rates of ECG recorders in Hz: they tell s, ms, us and ns apart, and take minutes for none of these from 84 Hz on. */
const PLAUSIBLE_FS = { min: 50, max: 5_000 };
const PLAUSIBLE_UNITS = [1, 1e-3, 1e-6, 1e-9];
/** Mean steps that are less than this share of a usual one: rows come in packets of one time. */
const PACKET_SHARE = 1 / 1.5;

/** What the file's start tells of a column of times or of sample numbers. */
export interface TimeColumn {
  /** Place of the column, counted from 0. */
  index: number;
  name: string;
  kind: "time" | "counter";
  /** Seconds that one unit of the column stands for. */
  secondsPerUnit: number;
  /** Mean step from row to row without gaps, in the column's unit. */
  step: number;
  /** Median of the steps that are not 0: more than `step` where rows come in packets of one time. */
  packetStep: number;
  /** A step above this is a gap. */
  gapStep: number;
  /** What the times are rounded to. */
  resolution: number;
  /** A clock without dates: it begins anew at midnight. */
  isClock: boolean;
  /** Sample numbers that begin anew after so many, as the 16 of some recorders. */
  cycle?: number;
}

export interface TimeColumnOptions {
  index: number;
  name: string;
  column: Column;
  /** Times of the file's first rows, NaN where missing. */
  head: Float64Array;
  /** Decimals that the times are written with. */
  resolution: number;
  isClock: boolean;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];

/**
 * Finds step, unit and the limit of a gap from the times of a file's first rows.
 *
 * A gap is a step of more than one and a half steps, with room for times that are rounded to less than a step (0.003, 0.006, 0.008 at
 * 360 Hz) and for clocks that jitter: six times their deviation.
 *
 * @returns Undefined where the times tell no sampling rate: they stand still, or their unit is unknown and none gives a rate
 * between 50 and 5,000 Hz.
 */
export function findTimeColumn(options: TimeColumnOptions): TimeColumn | undefined {
  const { index, name, column, head, resolution, isClock } = options;
  const there = Array.from(head).filter((time) => !Number.isNaN(time));
  const steps = there.slice(1).map((time, i) => time - there[i]).filter((step) => step >= 0);
  const moving = steps.filter((step) => step > 0);
  if (moving.length === 0) return undefined;
  const packetStep = median(moving);
  const deviation = 1.5 * median(moving.map((step) => Math.abs(step - packetStep)));
  // A little more than the times are rounded to: their differences are not exact.
  const gapStep = packetStep + Math.max(packetStep / 2, 6 * deviation, resolution * 1.001);
  const usual = steps.filter((step) => step <= gapStep);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  // The first and the last packet may be cut off: only whole ones tell the rate.
  const isMoving = (step: number) => step > 0;
  const whole = usual.slice(usual.findIndex(isMoving) + 1, usual.findLastIndex(isMoving) + 1);
  const inPackets = comesInPackets({ step: mean(usual), packetStep }) && whole.length > 0;
  const step = mean(inPackets ? whole : usual);
  const lies = (seconds: number, { min, max }: typeof PLAUSIBLE_FS) =>
    1 / (step * seconds) >= min && 1 / (step * seconds) <= max;
  const named = column.isDateTime ? 1 : column.unit?.quantity === "time" ? column.unit.factor : undefined;
  const secondsPerUnit = named ?? PLAUSIBLE_UNITS.find((seconds) => lies(seconds, PLAUSIBLE_FS));
  if (secondsPerUnit === undefined || !lies(secondsPerUnit, POSSIBLE_FS)) return undefined;
  return { index, name, kind: "time", secondsPerUnit, step, packetStep, gapStep, resolution, isClock };
}

/** Whether several rows have one time, as where they come in packets or their clock only knows seconds. */
export const comesInPackets = ({ step, packetStep }: Pick<TimeColumn, "step" | "packetStep">): boolean =>
  step < PACKET_SHARE * packetStep;

const timeCell = (column: Column, cell: string, decimalComma: boolean): number =>
  column.isDateTime ? parseDateTimeCell(cell) : parseNumberCell(cell, decimalComma);

/** The step that times are rounded to: 0.001 for "12.345"; 0 where they are written with exponents. */
export function resolutionOf(cells: readonly string[]): number {
  let decimals = 0;
  for (const cell of cells) {
    if (/\de[+-]?\d/i.test(cell)) return 0;
    decimals = Math.max(decimals, /[.,](\d+)\D*$/.exec(cell)?.[1].length ?? 0);
  }
  return 10 ** -decimals;
}

/** The column that tells of missing rows: one of times, else one of sample numbers where the rate is known. */
export function findTime(
  layout: Layout,
  leads: readonly { index: number }[],
  fs: number | undefined,
): TimeColumn | undefined {
  const { columns, headRows, decimalComma } = layout;
  const isLead = (index: number) => leads.some((lead) => lead.index === index);
  for (const [index, column] of columns.entries()) {
    if (column.kind !== "time" || isLead(index)) continue;
    const cells = headRows.map((row) => row[index] ?? "").filter((cell) => !isMissingCell(cell));
    const found = findTimeColumn({
      index,
      name: columnName(columns, index),
      column,
      head: Float64Array.from(cells, (cell) => timeCell(column, cell, decimalComma)),
      resolution: resolutionOf(cells),
      isClock: column.isDateTime && cells.every((cell) => /^['"[]?\d+:/.test(cell.trim())),
    });
    if (found !== undefined) return found;
  }
  const index = columns.findIndex(({ kind }, i) => kind === "counter" && !isLead(i));
  const counter = findCounter(headRows.map((row) => parseNumberCell(row[index] ?? "", decimalComma)));
  if (fs === undefined || index < 0 || counter === undefined) return undefined;
  return {
    index,
    name: columnName(columns, index),
    kind: "counter",
    secondsPerUnit: 1 / fs,
    step: 1,
    packetStep: 1,
    gapStep: 1.5,
    resolution: 1,
    isClock: false,
    cycle: counter.cycle,
  };
}
