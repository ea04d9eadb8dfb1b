import { type Unit, unitOf } from "./column_names.ts";
import { findLayout, type Layout } from "./layout.ts";
import { chooseLeads, columnName } from "./lead_choice.ts";
import { DEFAULT_LIMITS, type RepairLimits } from "./lead_writer.ts";
import { findTime, type TimeColumn } from "./time_column.ts";
import type { Encoding, TextBytes } from "./whole_lines.ts";

/** What the reader of a signal file has to be told. */
export interface SignalCsvOptions {
  /** Name of the file for messages. */
  file: string;
  /** Columns to read as leads, by name or place counted from 1; see `chooseLeads` for what none takes. */
  columns?: readonly (string | number)[];
  /**
   * Sampling rate in Hz, > 0, for a file whose header states none. A time column is then not read: its times may be
   * broken.
   */
  samplingRate?: number;
  /** Who gives it (default "option"). */
  samplingRateSource?: RateSource;
  /** Unit of the columns of which the file gives none: "V", "mV", "uV", "nV" or "adc". */
  unit?: string;
  /** Steps of the converter for one mV, and its value for 0 mV, of leads that are no voltages; the file's own go first. */
  gainAduPerMv?: number;
  baselineAdu?: number;
  limits?: Partial<RepairLimits>;
}

/** One lead of a text file. */
export interface CsvLead {
  /** Name of the column, "column 2" where the file has none. */
  name: string;
  /** Place of the column, counted from 0. */
  index: number;
  /** Unit that the file or the option gives; undefined where neither does. */
  unit?: Unit;
  /** Stored samples for one mV: 1 for voltages, which are converted, and where nobody knows. */
  gainAduPerMv: number;
  baselineAdu: number;
}

export type RateSource = "option" | "header" | "time column" | "annotations";

/** How a file will be read, as its start shows it. */
export interface SignalCsvPlan {
  encoding: Encoding;
  /** Whether each row is a lead. `leads` is then empty: the rows' names are not known before they are read. */
  transposed: boolean;
  layout: Layout;
  leads: CsvLead[];
  /** Why these columns are leads. */
  leadReason: string;
  /** Sampling rate in Hz, that of a time column as its first rows tell it; undefined where nothing tells one. */
  fs?: number;
  fsSource?: RateSource;
  /** Column that tells of missing rows. */
  time?: TimeColumn;
  /** What the file or its reader says of sampling rate and units and is not used. */
  passedOver: string[];
  limits: RepairLimits;
}

/** What the numbers of a lead are multiplied with: millivolts of a voltage, else they pass as they are. */
export const factorOf = ({ unit }: CsvLead): number => unit?.quantity === "voltage" ? unit.factor : 1;

/** What is known of a lead before it is read. */
export function describeLead(layout: Layout, index: number, options: SignalCsvOptions): CsvLead {
  const { columns, statements } = layout, { unit } = columns[index];
  const stated = unit?.quantity === "time" ? undefined : unit;
  const known = stated ?? (options.unit === undefined ? undefined : unitOf(options.unit));
  const isVoltage = known?.quantity === "voltage";
  return {
    name: columnName(columns, index),
    index,
    unit: known,
    gainAduPerMv: isVoltage ? 1 : statements.gainAduPerMv ?? options.gainAduPerMv ?? 1,
    baselineAdu: isVoltage ? 0 : statements.baselineAdu ?? options.baselineAdu ?? 0,
  };
}

/** Says what is not used of the several things that tell rate and unit. */
function describePassedOver(
  { layout: { columns, statements }, leads, options, time }: {
    layout: Layout;
    leads: readonly CsvLead[];
    options: SignalCsvOptions;
    time?: TimeColumn;
  },
): string[] {
  const { samplingRate, samplingRateSource: source = "option", gainAduPerMv } = options, said: string[] = [];
  const rate = source === "option" ? "--samplingRate" : `the rate of the ${source}`;
  if (statements.fs !== undefined && samplingRate !== undefined && statements.fs !== samplingRate) {
    said.push(`${rate} ${samplingRate}, because the header states ${statements.fs} Hz`);
  } else if (time !== undefined) {
    const fs = Number((1 / (time.step * time.secondsPerUnit)).toPrecision(4));
    said.push(`the times in ${JSON.stringify(time.name)}, which tell ${fs} Hz, because ${rate} is given`);
  }
  const given = options.unit === undefined ? undefined : unitOf(options.unit);
  for (const { name, index, unit } of leads) {
    const isStated = unit !== undefined && columns[index]?.unit?.symbol === unit.symbol;
    if (isStated && given !== undefined && given.symbol !== unit.symbol) {
      said.push(`--unit ${options.unit} for ${JSON.stringify(name)}, because the file states ${unit.symbol}`);
    } else if (isStated && unit.quantity === "voltage" && gainAduPerMv !== undefined && source === "option") {
      said.push(
        `--adcGain ${gainAduPerMv} for ${JSON.stringify(name)}, because the file states ${unit.symbol}`,
      );
    }
  }
  return said;
}

/**
 * Completes a plan by where the sampling rate comes from, which does not depend on how the samples stand.
 *
 * @param time Column or row that tells of missing samples.
 */
export function completePlan(
  found: Pick<SignalCsvPlan, "encoding" | "transposed" | "layout" | "leads" | "leadReason">,
  time: TimeColumn | undefined,
  options: SignalCsvOptions,
): SignalCsvPlan {
  const { samplingRate, samplingRateSource = "option" } = options, { layout, leads } = found;
  const { fs: stated } = layout.statements;
  // Who gives the rate wants the times passed over; a header's rate and a time column are held against each other.
  const isPassedOver = samplingRate !== undefined && time?.kind === "time";
  return {
    ...found,
    fs: stated ?? samplingRate ?? (time && 1 / (time.step * time.secondsPerUnit)),
    fsSource: stated !== undefined
      ? "header"
      : samplingRate !== undefined
      ? samplingRateSource
      : time && "time column",
    time: isPassedOver ? undefined : time,
    passedOver: describePassedOver({ layout, leads, options, time: isPassedOver ? time : undefined }),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}

/** Decides by a file's start how it is read. @throws FormatError */
export function planRead(text: TextBytes, options: SignalCsvOptions): SignalCsvPlan {
  const { file, samplingRate, columns: wanted = [] } = options;
  const head = new TextDecoder("utf-8", { ignoreBOM: true }).decode(text.head);
  const lineEnd = Math.max(head.lastIndexOf("\n"), head.lastIndexOf("\r"));
  const layout = findLayout(text.isWhole || lineEnd < 0 ? head : head.slice(0, lineEnd), file);
  const { indices, reason } = chooseLeads(layout, wanted, file);
  const leads = indices.map((index) => describeLead(layout, index, options));
  return completePlan(
    { encoding: text.encoding, transposed: false, layout, leads, leadReason: reason },
    findTime(layout, leads, layout.statements.fs ?? samplingRate),
    options,
  );
}
