/** Sources -> records: signals and annotations, verified. */
import { join } from "node:path";
import { FormatError, StageError } from "./lib/core/errors.ts";
import { readSignalCsv, type SignalCsv } from "./lib/formats/csv/signal_csv.ts";
import { encodeNpy } from "./lib/formats/npy/npy.ts";
import { type LeadPlan, planRecord, readLeadParts } from "./lib/formats/wfdb/multi_segment.ts";
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
import { STAGES } from "./lib/stage/catalogue.ts";
import { csvRecordName, findRecordSource, type RecordSource } from "./lib/stage/inputs/record_source.ts";
import { openWfdbRecord, type WfdbInput } from "./lib/stage/inputs/wfdb_folder.ts";
import { runStage } from "./lib/stage/run.ts";
import type { StageContext } from "./lib/stage/stage_context.ts";

type Context = StageContext<typeof STAGES.ingest.params>;

/** Units that a header may give instead of millivolts, in millivolts; the two mu are the micro sign and the letter. */
const MILLIVOLTS: Record<string, number> = { mV: 1, uV: 1e-3, "\u00b5V": 1e-3, "\u03bcV": 1e-3, V: 1e3 };
const DTYPES = { int16: "<i2", int32: "<i4", float32: "<f4" } as const;

function describeLead({ spec, fs, missing }: LeadPlan, samples: number): IngestedLead {
  return {
    name: spec.description,
    fs,
    samples,
    // A lead in another unit (a blood pressure, say) is kept and can be chosen by name: its numbers pass as they are.
    gainAduPerMv: spec.gainAduPerUnit / (MILLIVOLTS[spec.units] ?? 1),
    baselineAdu: spec.baselineAdu,
    missingAdu: missing,
  };
}

/** Writes a record lead by lead and segment by segment: no more than one segment's file and one lead of it is held. */
function writeWfdbRecord(context: Context, { plan, filesOf, annotations }: WfdbInput): IngestedRecord {
  const { header } = plan;
  const leads = plan.leads.map((lead, index) => {
    const writer = context.openArray(leadFile(header.record, index), DTYPES[lead.kind]);
    let samples = 0;
    for (const part of readLeadParts(plan, index, filesOf)) {
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
  const list = annotations === undefined ? [] : readAnnotations(header, annotations);
  const columns: IngestedAnnotations = {
    sample: list.map((annotation) => annotation.sample),
    symbol: list.map((annotation) => annotation.symbol),
    subtype: list.map((annotation) => annotation.subtype),
    channel: list.map((annotation) => annotation.channel),
    num: list.map((annotation) => annotation.num),
    aux: list.map((annotation) => annotation.aux),
  };
  context.write(annotationsFile(header.record), JSON.stringify(columns));
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

async function readCsv({ params }: Context, path: string): Promise<SignalCsv> {
  const { samplingRate, column } = params;
  using opened = await Deno.open(path);
  try {
    return await readSignalCsv(opened.readable, {
      file: path,
      column: column === "" ? undefined : /^\d+$/.test(column) ? Number(column) : column,
      samplingRate: samplingRate === 0 ? undefined : samplingRate,
    });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new StageError(error.message, {
      hint:
        "correct the file, or move it out of the folder if it is no recording; --records takes only those named",
    });
  }
}

async function writeCsvRecord(context: Context, folder: string, file: string): Promise<IngestedRecord> {
  const path = join(folder, file), record = csvRecordName(file);
  const { samples, columns, column, fs, fsSource } = await readCsv(context, path);
  if (columns.length > samples.length) {
    throw new StageError(
      `Cannot ingest ${path}: one column must be one signal, got ${columns.length} columns of ${samples.length} samples`,
      { hint: "a table with one beat a row is no recording; turn the file if rows and columns are swapped" },
    );
  }
  const source = fsSource === "option" ? "--samplingRate" : fsSource;
  const seconds = (samples.length / fs).toFixed(1);
  context.progress.line(
    `${record}: column ${JSON.stringify(column)}, ${Number(fs.toFixed(3))} Hz (${source}), ${seconds} s`,
  );
  const data = samples;
  context.write(leadFile(record, 0), encodeNpy({ dtype: "<f4", shape: [data.length], data }));
  return {
    record,
    origin: "csv",
    fs,
    samples: data.length,
    leads: [{ name: column, fs, samples: data.length, gainAduPerMv: 1, baselineAdu: 0 }],
    labelled: false,
    synthetic: false,
    comments: [`sampling rate: ${source}`],
  };
}

async function* ingestAll(context: Context, source: RecordSource): AsyncGenerator<IngestedRecord> {
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
      yield writeWfdbRecord(context, { plan, filesOf: () => files, annotations });
    }
  } else if (source.kind === "csv") {
    for (const file of source.files) yield await writeCsvRecord(context, source.folder, file);
  } else {
    for (const found of source.records) {
      if (found.annotations === undefined && params.missingAnnotations === "refuse") {
        throw new StageError(
          `Cannot ingest record ${found.record}: ${source.folder} has no ${found.record}.atr`,
          {
            hint:
              "fetch the annotations, or take such records as unlabelled with --missingAnnotations unlabelled",
          },
        );
      }
      yield writeWfdbRecord(context, openWfdbRecord(source.folder, found));
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
    for await (const record of ingestAll(context, source)) {
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
      counts: { records: records.length, labelledRecords: labelled, samples },
      synthetic,
      summary:
        `${records.length} ${synthetic ? "synthetic " : ""}records, ${
          samples.toLocaleString("en")
        } samples, ` +
        `${labelled} with annotations`,
    };
  },
});
