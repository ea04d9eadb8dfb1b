import { basename, dirname, join } from "node:path";
import { FormatError } from "../../pipeline/lib/core/errors.ts";
import { isMissingCell, parseNumberCell } from "../../pipeline/lib/formats/csv/cells.ts";
import { factorOf } from "../../pipeline/lib/formats/csv/plan.ts";
import type { SignalCsv, SignalCsvPlan } from "../../pipeline/lib/formats/csv/signal_csv.ts";
import { behindEndFindings, type CsvFinding, csvFindings } from "../../pipeline/lib/report/csv_findings.ts";
import {
  type CsvFile,
  type CsvRecord,
  listCsvFiles,
  openCsvRecord,
} from "../../pipeline/lib/stage/inputs/csv_folder.ts";
import { alignColumns } from "../align_columns.ts";
import {
  factLines,
  type FileKind,
  ingestCommand,
  type Inspection,
  type InspectOptions,
  lengthText,
  titleOf,
} from "./inspection.ts";

const SEPARATORS = { ",": "commas", ";": "semicolons", "\t": "tabs", blank: "blanks" } as const;
const RATE_SOURCES = {
  option: "given by --samplingRate",
  header: "stated by the header",
  annotations: "told by times and sample numbers of the annotations",
  "time column": "from the times",
};
/** A signal without a unit that spans more than this is in steps of a converter rather than in mV. */
const MAX_PLAUSIBLE_MV = 20;
const MAX_LISTED_COLUMNS = 40;

/** A column as the file shows it. */
interface ColumnSummary {
  column: number;
  name: string;
  kind: string;
  unit?: string;
  isLead: boolean;
  /** Range; null where there is no number. */
  min: number | null;
  max: number | null;
  /** Cells without a value. */
  missing: number;
}

/** Sums up each column: leads from the whole file where it was read, the others from its first rows. */
function summarizeColumns({ layout, leads }: SignalCsvPlan, csv: SignalCsv | undefined): ColumnSummary[] {
  const { columns, headRows, decimalComma } = layout;
  return columns.map(({ name, kind, unit }, index): ColumnSummary => {
    const lead = leads.find((lead) => lead.index === index),
      read = csv?.leads.find((lead) => lead.index === index);
    const cells = headRows.map((row) => row[index] ?? "");
    const numbers = cells.map((cell) => parseNumberCell(cell, decimalComma)).filter(Number.isFinite);
    const factor = lead === undefined ? 1 : factorOf(lead);
    const ofHead = (pick: (a: number, b: number) => number) =>
      numbers.length === 0 ? null : numbers.reduce((a, b) => pick(a, b));
    return {
      column: index + 1,
      name,
      kind: lead === undefined ? kind : "lead",
      unit: (lead?.unit ?? unit)?.symbol,
      isLead: lead !== undefined,
      // In the file's own unit, as a reader of the file sees it.
      min: read === undefined || Number.isNaN(read.min) ? ofHead(Math.min) : read.min / factor,
      max: read === undefined || Number.isNaN(read.max) ? ofHead(Math.max) : read.max / factor,
      missing: read === undefined
        ? cells.filter(isMissingCell).length
        : read.interpolated.samples + read.missing.samples - (csv?.time?.gaps.samples ?? 0),
    };
  });
}

const figure = (value: number | null): string => value === null ? "-" : String(Number(value.toPrecision(6)));

function columnTable(summaries: readonly ColumnSummary[]): string[] {
  const shown = summaries.slice(0, MAX_LISTED_COLUMNS);
  const rows = [
    ["column", "name", "kind", "unit", "smallest", "largest", "missing"],
    ...shown.map(({ column, name, kind, unit, min, max, missing }) => [
      String(column),
      name === "" ? "-" : name,
      kind,
      unit ?? "-",
      figure(min),
      figure(max),
      String(missing),
    ]),
  ];
  const rest = summaries.length - shown.length;
  return [...alignColumns(rows, 4).split("\n"), ...(rest > 0 ? [`... and ${rest} more`] : [])];
}

/** Which rows the figures of the columns are of. */
function rowsText(headRows: number, columns: readonly ColumnSummary[], csv: SignalCsv | undefined): string[] {
  const first = `the first ${headRows.toLocaleString("en")} rows`;
  if (csv === undefined) return [`figures of ${first}`];
  const isOfAll = csv.rows <= headRows || columns.every(({ isLead }) => isLead);
  return isOfAll ? [] : [`figures of all rows for leads, of ${first} for the others`];
}

function layoutText({ encoding, transposed, layout }: SignalCsvPlan): string {
  const { separator, columns, decimalComma, linesBeforeData, headerRows } = layout;
  const isOne = columns.length === 1 && !transposed;
  return [
    encoding,
    transposed
      ? `one row a lead, cells between ${SEPARATORS[separator]}`
      : isOne
      ? "one column"
      : `cells between ${SEPARATORS[separator]}`,
    `decimal ${decimalComma ? "comma" : "point"}`,
    headerRows.length > 0 ? "with a header" : "without a header",
    linesBeforeData === 0 ? "samples from line 1" : `samples from line ${linesBeforeData + 1}`,
  ].join(", ");
}

function rateText({ fs, fsSource, time }: SignalCsvPlan, csv: SignalCsv | undefined): string {
  if (fs === undefined) return "not told: give --samplingRate";
  const rate = `${Number((csv?.fs ?? fs).toFixed(3))} Hz`;
  if (fsSource !== "time column") {
    return `${rate}, ${RATE_SOURCES[fsSource ?? "option"]}`;
  }
  const unit = new Map([[1, "s"], [1e-3, "ms"], [1e-6, "us"], [1e-9, "ns"], [60, "min"], [3600, "h"]]).get(
    time!.secondsPerUnit,
  );
  const ms = (value: number) => `${Number(value.toFixed(3))} ms`;
  const jitter = csv?.time === undefined
    ? ""
    : `; jitter ${ms(csv.time.jitterMs)}, at most ${ms(csv.time.maxJitterMs)}`;
  return `${rate}, from the times in ${JSON.stringify(time!.name)} (${unit}${jitter})`;
}

/** What to tell ingest beside what was told already. */
function adviceFor(
  { fs, leads }: SignalCsvPlan,
  csv: SignalCsv | undefined,
): { flags: string[]; advice: string[] } {
  const advice: string[] = [], flags: string[] = [];
  if (fs === undefined) flags.push("--samplingRate", "<Hz>");
  const counts = (csv?.leads ?? []).filter(({ unit, gainAduPerMv, min, max }) =>
    gainAduPerMv === 1 && (unit?.quantity === "counts" || unit === undefined && max - min > MAX_PLAUSIBLE_MV)
  );
  if (counts.length > 0) {
    advice.push(
      `${
        counts.map(({ name }) => JSON.stringify(name)).join(", ")
      }: steps of a converter, it seems; for millivolts add ` +
        "--unit adc --adcGain <steps for 1 mV> --adcBaseline <value at 0 mV>",
    );
  } else if (
    (csv?.leads ?? leads).some(({ unit, gainAduPerMv }) => unit === undefined && gainAduPerMv === 1)
  ) {
    advice.push("no unit is stated: samples are taken as mV; --unit says otherwise");
  }
  return { flags, advice };
}

interface Read {
  opened: CsvRecord;
  csv?: SignalCsv;
  refusal?: unknown;
}

/** Reads the file as ingest does, and keeps what was understood where it is refused. */
async function readFile(folder: string, found: CsvFile, options: InspectOptions): Promise<Read> {
  const opened = await openCsvRecord(folder, found, options.params);
  try {
    return { opened, csv: await opened.reader.read(() => () => {}) };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { opened, refusal: error };
  }
}

/** What happens around the file that its contents do not tell. */
function circumstances(names: readonly string[]): CsvFinding[] {
  return names.some((name) => name.endsWith(".hea"))
    ? [{
      kind: "noticed",
      text: "ingest would pass this file over, because its folder holds WFDB records: move it elsewhere",
    }]
    : [];
}

/** The text file of that name, or the one that a list of annotations of that name belongs to. */
const findCsvFile = (name: string, names: readonly string[]): CsvFile | undefined =>
  listCsvFiles(names).find(({ file, annotations }) => file === name || annotations === name);

async function inspectCsv(named: string, options: InspectOptions): Promise<Inspection> {
  const folder = dirname(named), { names, flags } = options;
  const found = findCsvFile(basename(named), names)!, path = join(folder, found.file);
  let read: Read;
  try {
    read = await readFile(folder, found, options);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return {
      json: { record: found.record },
      lines: [titleOf(path, "text")],
      refusal: error,
    };
  }
  const { opened, csv, refusal } = read, { reader: { plan }, annotations, isMitdb } = opened;
  const columns = plan.transposed ? [] : summarizeColumns(plan, csv), advice = adviceFor(plan, csv);
  const findings = [
    ...(csv === undefined
      ? []
      : [...csvFindings(csv), ...behindEndFindings(opened.countBehindEnd(csv.samples))]),
    ...circumstances(names),
  ];
  const command = ingestCommand(path, found.record, [...flags, ...advice.flags]);
  const leads = csv?.leads ?? plan.leads;
  const { statements, headRows: { length: headRows } } = plan.layout;
  const lines = [
    titleOf(path, isMitdb ? "MIT-BIH as CSV" : "text"),
    ...factLines([
      ["layout", layoutText(plan)],
      ...(columns.length > 0
        ? [
          [
            "columns",
            [...columnTable(columns), ...rowsText(headRows, columns, csv)],
          ] as const,
        ]
        : []),
      [
        "leads",
        `${leads.map(({ name }) => JSON.stringify(name)).join(", ") || "each row"}: ${plan.leadReason}`,
      ],
      ["rate", rateText(plan, csv)],
      ...(csv === undefined ? [] : [["length", lengthText(csv.samples, csv.fs)] as const]),
      ...(annotations === undefined ? [] : [
        [
          "labels",
          `${annotations.length.toLocaleString("en")} annotations in ${found.annotations}`,
        ] as const,
      ]),
      ...(csv === undefined && findings.length === 0 ? [] : [
        [
          "found",
          findings.length === 0
            ? "nothing to repair"
            : findings.map(({ kind, text }) => `${kind === "repaired" ? "repaired: " : ""}${text}`),
        ] as const,
      ]),
      ...(advice.advice.length > 0 ? [["note", advice.advice] as const] : []),
      ["ingest", command],
    ]),
  ];
  return {
    json: {
      record: found.record,
      encoding: plan.encoding,
      transposed: plan.transposed,
      separator: plan.layout.separator,
      decimal: plan.layout.decimalComma ? "," : ".",
      linesBeforeData: plan.layout.linesBeforeData,
      header: plan.layout.headerRows.length > 0,
      statements: { fs: statements.fs, unit: statements.unit?.symbol, lead: statements.lead },
      columns,
      leads,
      leadReason: plan.leadReason,
      fs: csv?.fs ?? plan.fs,
      fsSource: plan.fsSource,
      samples: csv?.samples,
      seconds: csv && csv.samples / csv.fs,
      time: csv?.time,
      skippedLines: csv?.skippedLines,
      annotations: annotations?.length,
      mitdb: isMitdb,
      findings,
      notes: advice.advice,
      limits: plan.limits,
      ingest: command,
    },
    lines,
    refusal,
  };
}

/** Text files of samples. */
export const csvKind: FileKind = {
  name: "csv",
  files: ".csv, .tsv, .txt",
  matches: (path, names) => findCsvFile(basename(path), names) !== undefined,
  inspect: inspectCsv,
};
