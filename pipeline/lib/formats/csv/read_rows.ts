import { createLeadWriter, type LeadReport } from "./lead_writer.ts";
import { columnName } from "./lead_choice.ts";
import { type CsvLead, factorOf, type RateSource, type SignalCsvPlan } from "./plan.ts";
import { quote, type Refuse, refuseIn } from "./refusal.ts";
import { createRowParser, createRowTable, endOfLine, type SkippedLines } from "./row_parser.ts";
import { createTimeAxis, type TimeReport } from "./time_axis.ts";
import { type TextBytes, wholeLines } from "./whole_lines.ts";

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
  passedOver?: string;
  time?: TimeReport;
  /** Lines that hold no samples. */
  skippedLines: SkippedLines & { beforeData: number };
}

/** Called once for each lead before its samples; what it returns takes them block by block. */
export type OpenLead = (lead: CsvLead, index: number) => (samples: Float32Array<ArrayBuffer>) => void;

/** What to say where nothing tells the sampling rate. */
export function rateMissing({ layout: { columns } }: SignalCsvPlan, refuse: Refuse): Error {
  const index = columns.findIndex(({ kind }) => kind === "time");
  return refuse(
    index < 0
      ? "the sampling rate must be given by --samplingRate where the file has no time column, got none"
      : `the times in ${quote(columnName(columns, index))} must tell a sampling rate, got steps ` +
        `${
          columns[index].unit === undefined ? "in an unknown unit" : "of no length"
        }; give --samplingRate to pass over the ` +
        "time column",
  );
}

/** Sampling rate of the whole file. @throws FormatError where header and times contradict each other. */
export function decideRate(plan: SignalCsvPlan, fromTimes: number | undefined, refuse: Refuse): number {
  if (plan.fsSource === "time column") return fromTimes!;
  const fs = plan.fs!;
  if (fromTimes !== undefined && Math.abs(fromTimes - fs) > 0.05 * fs) {
    throw refuse(
      `header and times must tell the same sampling rate, got ${fs} and ${
        Number(fromTimes.toPrecision(5))
      } Hz; ` +
        "correct the header, or give --samplingRate to pass over the times",
    );
  }
  return fs;
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
  const parser = createRowParser({ layout, columns: kept, refuse, emptyLinesAreRows: axis === undefined });
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
  return {
    leads: reports,
    samples: reports[0].samples,
    rows,
    fs: decideRate(plan, time?.kind === "time" ? axis?.samplingRate() : undefined, refuse),
    fsSource: plan.fsSource!,
    passedOver: plan.passedOver,
    time: axis?.report(),
    skippedLines: { beforeData: layout.linesBeforeData, ...parser.skipped },
  };
}
