import { createLeadWriter, type LeadReport } from "./lead_writer.ts";
import { isMissingCell, parseNumberCell } from "./cells.ts";
import { columnKind } from "./column_names.ts";
import type { Column } from "./layout.ts";
import { columnName } from "./lead_choice.ts";
import { type CsvLead, factorOf, type RateSource, type SignalCsvPlan } from "./plan.ts";
import { quote, type Refuse, refuseIn } from "./refusal.ts";
import { createRowParser, createRowTable, endOfLine, type SkippedLines } from "./row_parser.ts";
import { createTimeAxis, type TimeReport } from "./time_axis.ts";
import type { TimeColumn } from "./time_column.ts";
import { type TextBytes, wholeLines } from "./whole_lines.ts";

/** Shares by which the rates of header and times may differ: up to the first nothing is said, up to the second it is told. */
const SAME_RATE = 0.005, NEARLY_SAME_RATE = 0.05;
/** A row of more cells than a file has rows is no row of leads, from this width on. */
const MIN_WIDE_COLUMNS = 16;

/** What was read of a file beside its samples. */
export interface SignalCsv {
  leads: (CsvLead & LeadReport)[];
  /** Samples of each lead, missing ones included. */
  samples: number;
  /** Rows of the file. */
  rows: number;
  /** Sampling rate in Hz. */
  fs: number;
  fsSource: RateSource;
  /** As in the plan. */
  passedOver: string[];
  time?: TimeReport;
  /** Lines that hold no samples. */
  skippedLines: SkippedLines & { beforeData: number };
}

/** Called once for each lead before its samples; what it returns takes them block by block. */
export type OpenLead = (lead: CsvLead, index: number) => (samples: Float32Array<ArrayBuffer>) => void;

/** What to say where nothing tells the sampling rate. */
export function rateMissing(
  { layout: { columns, headRows, decimalComma }, leads }: SignalCsvPlan,
  refuse: Refuse,
): Error {
  const isTime = ({ name, kind }: Column, index: number) =>
    (kind === "time" || kind === "text" && columnKind(name) === "time") &&
    !leads.some((lead) => lead.index === index);
  const index = columns.findIndex(isTime);
  if (index < 0) {
    return refuse("the sampling rate must be given by --samplingRate where no column holds times, got none");
  }
  const { kind, unit } = columns[index], place = `${quote(columnName(columns, index))} (column ${index + 1})`;
  if (kind === "text") {
    const cells = headRows.map((row) => row[index] ?? "");
    const isWord = (cell: string) =>
      !isMissingCell(cell) && Number.isNaN(parseNumberCell(cell, decimalComma));
    return refuse(
      `the times in ${place} must be numbers, ISO 8601 dates or clocks, got ${
        quote(cells.find(isWord) ?? "")
      }; write them so, or give --samplingRate to pass over the column`,
    );
  }
  return refuse(
    `the times in ${place} must tell a sampling rate, got steps ${
      unit === undefined ? "in an unknown unit" : "of no length, or none of an ECG's"
    }; name the unit in the header, as in "time (s)", or give --samplingRate to pass over the time column`,
  );
}

/** Sampling rate of the whole file. @throws FormatError where header and times contradict each other. */
export function decideRate(plan: SignalCsvPlan, fromTimes: number | undefined, refuse: Refuse): number {
  if (plan.fsSource === "time column") return fromTimes!;
  const fs = plan.fs!;
  if (fromTimes !== undefined && Math.abs(fromTimes - fs) > NEARLY_SAME_RATE * fs) {
    throw refuse(
      `header and times must tell the same sampling rate, got ${fs} and ${
        Number(fromTimes.toPrecision(5))
      } Hz; ` +
        "correct the header, or give --samplingRate to pass over the times",
    );
  }
  return fs;
}

/** Says that the times tell a rate that is a little different from the one that is used. */
function describeOtherRate(
  time: TimeColumn | undefined,
  fs: number,
  fromTimes: number | undefined,
): string[] {
  if (fromTimes === undefined || Math.abs(fromTimes - fs) <= SAME_RATE * fs) return [];
  return [
    `the times in ${quote(time!.name)}, which tell ${
      Number(fromTimes.toPrecision(5))
    } Hz, because the header states ${fs} Hz`,
  ];
}

/** Reads a file of one row a sample. @throws FormatError */
export async function readRows(
  text: TextBytes,
  plan: SignalCsvPlan,
  file: string,
  openLead: OpenLead,
): Promise<SignalCsv> {
  const { layout, leads, time, limits } = plan, fs = plan.fs, refuse = refuseIn(file);
  if (fs === undefined) throw rateMissing(plan, refuse);
  const axis = time && createTimeAxis(time, limits.maxMissingSeconds, refuse);
  const kept = [...(time === undefined ? [] : [time.index]), ...leads.map(({ index }) => index)];
  const emptyLines = axis === undefined ? "rows between rows" : "nothing";
  const parser = createRowParser({ layout, columns: kept, refuse, emptyLines });
  const table = createRowTable(kept.length);
  const writers = leads.map((lead, i) =>
    createLeadWriter({
      slot: kept.length - leads.length + i,
      factor: factorOf(lead),
      place: `${quote(lead.name)} (column ${lead.index + 1})`,
      fs,
      limits,
      refuse,
      append: openLead(lead, i),
    })
  );
  // Tables are used when they are full: what is found in them does not depend on how the file comes in chunks.
  const useTable = () => {
    const missingBefore = axis?.take(table);
    for (const writer of writers) writer.take(table, missingBefore);
    table.rows = 0;
  };
  let linesToSkip = layout.linesBeforeData;
  for await (const { bytes, lastLineIsOpen } of wholeLines(text.chunks, file)) {
    let position = 0;
    for (; linesToSkip > 0 && position < bytes.length; linesToSkip--) {
      position = endOfLine(bytes, position).next;
    }
    while (position < bytes.length) {
      position = parser.parse(bytes, position, table, lastLineIsOpen);
      if (table.rows === table.capacity) useTable();
    }
  }
  useTable();
  parser.finish();
  const { rows } = parser, width = layout.columns.length;
  if (rows === 0) {
    throw refuse("the file must hold at least one sample, got none");
  }
  if (width > rows && width >= MIN_WIDE_COLUMNS) {
    throw refuse(
      `one column must be one lead, got ${width} columns of ${rows} samples; a table with one beat a row is no recording`,
    );
  }
  const reports = writers.map((writer, i) => ({ ...leads[i], ...writer.finish() }));
  const fromTimes = time?.kind === "time" ? axis?.samplingRate() : undefined;
  const decided = decideRate(plan, fromTimes, refuse);
  return {
    leads: reports,
    samples: reports[0].samples,
    rows,
    fs: decided,
    fsSource: plan.fsSource!,
    passedOver: [...plan.passedOver, ...describeOtherRate(time, decided, fromTimes)],
    time: axis?.report(),
    skippedLines: { beforeData: layout.linesBeforeData, ...parser.skipped },
  };
}
