import { basename, join } from "node:path";
import { FormatError, StageError } from "../../core/errors.ts";
import { openSignalCsv, type SignalCsvOptions, type SignalCsvReader } from "../../formats/csv/signal_csv.ts";
import {
  annotationTextName,
  decodeAnnotationText,
  recordOfAnnotationText,
} from "../../formats/kaggle_csv/annotation_text.ts";
import { isMitdbTable, MITDB_ADC } from "../../formats/kaggle_csv/signal_layout.ts";
import type { Annotation } from "../../formats/wfdb/record.ts";
import type { csvParams } from "../catalogue.ts";
import type { ParamValues } from "../params.ts";

/** A text file of signals in a folder. */
export interface CsvFile {
  /** Name of the record; what could not stand in a file name is "_". */
  record: string;
  file: string;
  /** The list of annotations beside it, "100annotations.txt" beside "100.csv". */
  annotations?: string;
  /** Whether other files of the folder have such a list. */
  expectsAnnotations: boolean;
}

/** Parameters of 01_ingest that say how CSV files are read. */
export type CsvParams = ParamValues<typeof csvParams>;

/** A text file whose start was read, and its annotations. */
export interface CsvRecord extends AsyncDisposable {
  reader: SignalCsvReader;
  /** Undefined where there are none. */
  annotations?: Annotation[];
  /** Whether it is a record of MIT-BIH as CSV. */
  isMitdb: boolean;
  /** How many annotations belong to no sample of so many. */
  countBehindEnd(samples: number): number;
}

const isTextFile = (name: string): boolean =>
  /\.(csv|tsv|txt)$/i.test(name) && !/^SHA256SUMS\.txt$/i.test(name);

/** A record's name from the name of its CSV file. */
const csvRecordName = (file: string): string =>
  basename(file).replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9_-]/g, "_").replace(/^-/, "_");

/** Finds the text files of signals among the names of a folder's files, and the lists of annotations that belong to them. */
export function listCsvFiles(names: readonly string[]): CsvFile[] {
  const texts = names.filter(isTextFile);
  const lists = new Map(
    texts.filter((name) => recordOfAnnotationText(name) !== undefined).map((
      name,
    ) => [name.toLowerCase(), name]),
  );
  return texts.filter((name) => !lists.has(name.toLowerCase())).map((file) => ({
    record: csvRecordName(file),
    file,
    annotations: lists.get(annotationTextName(file.replace(/\.[^.]*$/, "")).toLowerCase()),
    expectsAnnotations: lists.size > 0,
  }));
}

/** What the reader is told, from the parameters of 01_ingest. */
function csvOptions(params: CsvParams, path: string): SignalCsvOptions {
  return {
    file: path,
    columns: params.column,
    samplingRate: params.samplingRate || undefined,
    unit: params.unit === "auto" ? undefined : params.unit,
    gainAduPerMv: params.adcGain || undefined,
    baselineAdu: params.adcBaseline,
    limits: {
      interpolateMs: params.interpolateMs,
      maxMissingSeconds: params.maxMissingSeconds,
      maxMissingPercent: params.maxMissingPercent,
    },
  };
}

/**
 * Opens a text file of signals as 01_ingest does, MIT-BIH as CSV with the rate and the converter that its annotations tell.
 *
 * @throws {FormatError} When the start of the file, or its list of annotations, cannot be read.
 */
export async function openCsvRecord(
  folder: string,
  { file, annotations }: CsvFile,
  params: CsvParams,
): Promise<CsvRecord> {
  const path = join(folder, file), list = annotations && join(folder, annotations);
  const labels = list === undefined ? undefined : decodeAnnotationText(Deno.readTextFileSync(list), list);
  const options = csvOptions(params, path);
  const given = options.samplingRate, told = labels?.fs;
  if (given !== undefined && told !== undefined && Math.abs(given - told) > 0.01 * told) {
    throw new FormatError(
      `Cannot read ${path}: --samplingRate must be the ${told} Hz that times and sample numbers in ${annotations} tell, got ` +
        `${given}; leave the flag out, or move the annotations away`,
    );
  }
  const opened = await Deno.open(path);
  const hasMitdbRate = labels?.fs === MITDB_ADC.fs;
  const reader = await openSignalCsv(opened.readable, {
    ...options,
    samplingRate: options.samplingRate ?? labels?.fs,
    samplingRateSource: options.samplingRate === undefined ? "annotations" : "option",
    gainAduPerMv: options.gainAduPerMv ?? (hasMitdbRate ? MITDB_ADC.gainAduPerMv : undefined),
    baselineAdu: options.gainAduPerMv === undefined && hasMitdbRate
      ? MITDB_ADC.baselineAdu
      : options.baselineAdu,
  });
  const isMitdb = labels !== undefined && isMitdbTable(reader.plan.layout);
  const record = {
    reader,
    annotations: labels?.annotations,
    isMitdb,
    countBehindEnd: (samples: number) =>
      labels?.annotations.filter(({ sample }) => sample >= samples).length ?? 0,
    [Symbol.asyncDispose]: () => reader.close(),
  };
  if (labels !== undefined && !isMitdb) {
    await reader.close();
    throw new FormatError(
      `Cannot read ${path}: a table with annotations beside it (${annotations}) must count its samples from 0 under ` +
        `"sample #" and hold integers from 0 to ${MITDB_ADC.maxAdu}, as MIT-BIH as CSV does; move the annotations away to read it ` +
        "without labels",
    );
  }
  return record;
}

/** Adds to what is wrong with a text file where to learn more of it. */
export function explainCsvError(error: unknown, path: string): unknown {
  if (!(error instanceof FormatError)) return error;
  return new StageError(error.message, {
    hint:
      `deno task inspect ${path} tells more; correct the file, or move it out of the folder if it is no recording; ` +
      "--records takes only those named",
  });
}
