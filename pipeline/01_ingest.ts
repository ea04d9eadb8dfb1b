/** Sources -> records: signals and annotations, verified. */
import { join } from "node:path";
import { FormatError, StageError } from "./lib/core/errors.ts";
import { unitOf } from "./lib/formats/csv/column_names.ts";
import { MISSING_SAMPLE, type SignalCsv } from "./lib/formats/csv/signal_csv.ts";
import { annotationTextName } from "./lib/formats/kaggle_csv/annotation_text.ts";
import { type FileOf, type LeadPlan, planRecord, readLeadParts } from "./lib/formats/wfdb/multi_segment.ts";
import type { Annotation } from "./lib/formats/wfdb/record.ts";
import { fileInMemory } from "./lib/formats/wfdb/signal.ts";
import { encodeRecord, readAnnotations, readHeader } from "./lib/formats/wfdb/wfdb.ts";
import { generateSyntheticRecords, isSynthetic } from "./lib/sources/synthetic.ts";
import {
  annotationsFile,
  type IngestedAnnotations,
  type IngestedLead,
  type IngestedRecord,
  leadFile,
  RECORDS_FILE,
} from "./lib/artefacts/records.ts";
import { behindEndFindings, csvFindings, describeCsv } from "./lib/report/csv_findings.ts";
import type { ArrayWriter } from "./lib/stage/array_file.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { type CsvFile, explainCsvError, openCsvRecord } from "./lib/stage/inputs/csv_folder.ts";
import { findRecordSource, type RecordSource } from "./lib/stage/inputs/record_source.ts";
import { openWfdbRecord, type WfdbInput } from "./lib/stage/inputs/wfdb_folder.ts";
import { runStage, type StageResult } from "./lib/stage/run.ts";
import type { StageContext } from "./lib/stage/stage_context.ts";

type Context = StageContext<typeof STAGES.ingest.params>;

/** A record that was written, and what was found in it where it came from a text file. */
interface Ingested {
  ingested: IngestedRecord;
  csv?: SignalCsv & { annotationsBehindEnd: number };
}

const DTYPES = { int16: "<i2", int32: "<i4", float32: "<f4" } as const;

function describeLead({ spec, fs, missing }: LeadPlan, samples: number): IngestedLead {
  const unit = unitOf(spec.units);
  return {
    name: spec.description,
    fs,
    samples,
    // A lead in another unit (a blood pressure, say) is kept and can be chosen by name: its numbers pass as they are.
    gainAduPerMv: spec.gainAduPerUnit / (unit?.quantity === "voltage" ? unit.factor : 1),
    baselineAdu: spec.baselineAdu,
    missingAdu: missing,
  };
}

function writeAnnotations(context: Context, record: string, list: readonly Annotation[]): void {
  const columns: IngestedAnnotations = {
    sample: list.map((annotation) => annotation.sample),
    symbol: list.map((annotation) => annotation.symbol),
    subtype: list.map((annotation) => annotation.subtype),
    channel: list.map((annotation) => annotation.channel),
    num: list.map((annotation) => annotation.num),
    aux: list.map((annotation) => annotation.aux),
  };
  context.write(annotationsFile(record), JSON.stringify(columns));
}

/** @param file Name that the missing file would have. */
const missingAnnotations = (record: string, folder: string, file: string): StageError =>
  new StageError(`Cannot ingest record ${record}: ${folder} has no ${file}`, {
    hint: "fetch the annotations, or take such records as unlabelled with --missingAnnotations unlabelled",
  });

/** Writes a record lead by lead and part by part, however long it is. */
function writeWfdbRecord(context: Context, { plan, fileOf, annotations }: WfdbInput): IngestedRecord {
  const { header } = plan;
  const leads = plan.leads.map((lead, index) => {
    const writer = context.openArray(leadFile(header.record, index), DTYPES[lead.kind]);
    let samples = 0;
    for (const part of readLeadParts(plan, index, fileOf)) {
      writer.append(part);
      samples += part.length;
    }
    writer.close();
    return describeLead(lead, samples);
  });
  const [first] = leads, frames = first === undefined ? 0 : first.samples * header.fs / first.fs;
  if (frames === 0) {
    throw new FormatError(`Cannot ingest record ${header.record}: it must hold samples, got none`);
  }
  const other = leads.find(({ samples, fs }) => Math.round(samples * header.fs / fs) !== Math.round(frames));
  if (other !== undefined) {
    throw new FormatError(
      `Cannot ingest record ${header.record}: its files must hold leads of one length, got ${first.samples} samples of ` +
        `${first.name} at ${first.fs} Hz and ${other.samples} of ${other.name} at ${other.fs} Hz`,
    );
  }
  writeAnnotations(
    context,
    header.record,
    annotations === undefined ? [] : readAnnotations(header, annotations),
  );
  return {
    record: header.record,
    origin: "wfdb",
    fs: header.fs,
    samples: Math.round(frames),
    leads,
    labelled: annotations !== undefined,
    synthetic: isSynthetic(header),
    comments: header.comments,
  };
}

async function writeCsvRecord(context: Context, folder: string, found: CsvFile): Promise<Ingested> {
  const { record, file } = found, { params } = context;
  if (found.annotations === undefined && found.expectsAnnotations && params.missingAnnotations === "refuse") {
    throw missingAnnotations(record, folder, annotationTextName(record));
  }
  try {
    await using opened = await openCsvRecord(folder, found, params);
    const writers: ArrayWriter<"<f4">[] = [];
    const csv = await opened.reader.read((_, lead) => {
      const writer = context.openArray(leadFile(record, lead), "<f4");
      writers.push(writer);
      return writer.append;
    });
    for (const writer of writers) writer.close();
    context.progress.line(`${file}: ${describeCsv(csv)}`);
    const annotationsBehindEnd = opened.countBehindEnd(csv.samples);
    for (const { text } of [...csvFindings(csv), ...behindEndFindings(annotationsBehindEnd)]) {
      context.progress.line(`${file}: ${text}`);
    }
    if (opened.annotations) writeAnnotations(context, record, opened.annotations);
    const { fs, samples, leads, fsSource } = csv;
    const ingested: IngestedRecord = {
      record,
      origin: "csv",
      fs,
      samples,
      leads: leads.map(({ name, gainAduPerMv, baselineAdu }) => ({
        name,
        fs,
        samples,
        gainAduPerMv,
        baselineAdu,
        missingAdu: MISSING_SAMPLE,
      })),
      labelled: opened.annotations !== undefined,
      synthetic: false,
      comments: [`sampling rate: ${fsSource}`],
    };
    return { ingested, csv: { ...csv, annotationsBehindEnd } };
  } catch (error) {
    throw explainCsvError(error, join(folder, file));
  }
}

async function* ingestAll(context: Context, source: RecordSource): AsyncGenerator<Ingested> {
  const { params } = context;
  if (source.kind === "synthetic") {
    for (const record of generateSyntheticRecords(params)) {
      if (params.records.length > 0 && !params.records.includes(record.header.record)) continue;
      // Through the files and back: the synthetic source walks the path of every other record.
      const files = encodeRecord(record);
      for (const [name, bytes] of files) context.write(`wfdb/${name}`, bytes);
      const name = `${record.header.record}.hea`;
      const plan = planRecord(readHeader(new TextDecoder().decode(files.get(name)), name));
      const annotations = files.get(`${record.header.record}.atr`);
      const fileOf: FileOf = ({ signals }, index) => fileInMemory(files.get(signals[index].fileName)!);
      yield { ingested: writeWfdbRecord(context, { plan, fileOf, annotations }) };
    }
  } else if (source.kind === "csv") {
    for (const file of source.files) yield await writeCsvRecord(context, source.folder, file);
  } else {
    for (const found of source.records) {
      if (found.annotations === undefined && params.missingAnnotations === "refuse") {
        throw missingAnnotations(found.record, source.folder, `${found.record}.atr`);
      }
      yield { ingested: writeWfdbRecord(context, openWfdbRecord(source.folder, found)) };
    }
  }
}

await runStage(STAGES.ingest, {
  prepare: ({ params, root, dryRun, progress, hasher }) =>
    findRecordSource({ ...params, root, dryRun, progress, hasher }),
  async run(context, source: RecordSource) {
    const total = source.kind === "synthetic"
      ? context.params.records.length || context.params.patients
      : source.kind === "csv"
      ? source.files.length
      : source.records.length;
    const bar = context.progress.bar("reading", total, "records");
    const records: IngestedRecord[] = [], seen = new Set<string>();
    const csvFiles: Record<string, StageResult["counts"]> = {};
    for await (const { ingested: record, csv } of ingestAll(context, source)) {
      // As JSON holds it: a range of no numbers becomes null.
      if (csv !== undefined) csvFiles[record.record] = JSON.parse(JSON.stringify(csv));
      if (seen.has(record.record)) {
        throw new StageError(`Cannot ingest ${record.record}: two files would give a record of that name`, {
          hint: "rename one of the files",
        });
      }
      seen.add(record.record);
      records.push(record);
      bar.update(records.length, record.record);
    }
    bar.finish();
    const missing = context.params.records.find((record) => !seen.has(record));
    if (source.kind === "synthetic" && missing !== undefined) {
      throw new StageError(
        `Cannot ingest ${missing}: the generator makes s001, s002 and so on up to --patients`,
      );
    }
    context.write(RECORDS_FILE, JSON.stringify(records, null, 1));
    const samples = records.reduce(
      (sum, { leads }) => leads.reduce((all, lead) => all + lead.samples, sum),
      0,
    );
    const labelled = records.filter((record) => record.labelled).length;
    const synthetic = records.some((record) => record.synthetic);
    return {
      counts: {
        records: records.length,
        labelledRecords: labelled,
        samples,
        ...(source.kind === "csv" ? { csvFiles } : {}),
      },
      synthetic,
      summary:
        `${records.length} ${synthetic ? "synthetic " : ""}records, ${
          samples.toLocaleString("en")
        } samples, ` +
        `${labelled} with annotations`,
    };
  },
});
