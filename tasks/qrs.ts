/** Scores the QRS detectors against the annotations of a folder of records, beat by beat as EC57 does. */
import { aamiClass } from "../pipeline/lib/beats/aami.ts";
import { LEARNING_SECONDS, scoreDetections } from "../pipeline/lib/metrics/qrs_score.ts";
import { detectBeats, DETECTOR_FS } from "../pipeline/lib/signal/qrs/detector.ts";
import { DETECTORS } from "../pipeline/lib/signal/qrs/detectors.ts";
import { createPolyphaseResampler, rateRatio } from "../pipeline/lib/signal/polyphase.ts";
import { mapSampleIndex } from "../pipeline/lib/signal/resample.ts";
import { StageError, UsageError } from "../pipeline/lib/core/errors.ts";
import { exitWith } from "../pipeline/lib/stage/exit.ts";
import {
  defaultsOf,
  describeParams,
  type ParamSpec,
  type ParamValues,
  parseFlags,
} from "../pipeline/lib/stage/params.ts";
import { createProgress } from "../pipeline/lib/stage/progress.ts";
import { listAnnotatedRecords, readRecordLead, type RecordLead } from "./annotated_records.ts";
import { cpuSeconds } from "./cpu_seconds.ts";
import { type DetectorResult, figuresOfDetector, formatFigures } from "./qrs_report.ts";

const FLAGS = {
  source: {
    type: "string",
    default: "data/mit_database",
    doc: "Folder of WFDB records with annotations (.atr)",
  },
  detector: {
    type: "list",
    default: ["all"],
    choices: ["all", ...Object.keys(DETECTORS)],
    doc: "Detectors to score",
  },
  lead: {
    type: "string",
    default: "",
    doc: "Lead by name, such as MLII; records without it are left out. Otherwise the first signal of each",
  },
  records: { type: "list", default: [], doc: "Only these records" },
  fs: {
    type: "float",
    default: 0,
    unit: "Hz",
    doc: "Resample the records to this rate before, untimed; 0 leaves them as they are",
  },
  learning: {
    type: "string",
    default: "both",
    choices: ["exclude", "include", "both"],
    doc: "The first five minutes: left out, counted, or left out with the other figures beside",
  },
  json: { type: "boolean", default: false, doc: "Print figures record by record as JSON" },
  help: { type: "boolean", default: false, doc: "Print this and stop" },
} as const satisfies ParamSpec;

type Flags = ParamValues<typeof FLAGS>;

const progress = createProgress("qrs");

/** Annotations move along, each to the nearest sample. */
function resampleLead(lead: RecordLead, toFs: number): RecordLead {
  if (toFs === 0 || toFs === lead.fs) return lead;
  const { up, down } = rateRatio({ fromFs: lead.fs, toFs });
  const ecg = Float32Array.from(createPolyphaseResampler({ up, down }).resample(Float64Array.from(lead.ecg)));
  const annotations = lead.annotations.map((annotation) => ({
    ...annotation,
    sample: mapSampleIndex(annotation.sample, down, up, ecg.length),
  }));
  return { ...lead, fs: toFs, ecg, annotations };
}

function findBeats(name: string, record: string, { ecg, fs }: RecordLead) {
  try {
    const detectFrom = cpuSeconds();
    const beats = detectBeats(DETECTORS[name], ecg, fs);
    return { beats, detectSeconds: cpuSeconds() - detectFrom };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StageError(`Cannot score ${name} on record ${record}: ${error.message}`, {
      hint: "--fs 360 resamples the records, --records leaves others out",
    });
  }
}

function scoreRecord(
  beats: Uint32Array,
  { annotations, fs, ecg }: RecordLead,
  learning: Flags["learning"],
) {
  const scoreFrom = (learningSeconds: number) =>
    scoreDetections(beats, {
      reference: annotations,
      classOf: (symbol) => aamiClass(symbol, "bxb"),
      fs,
      samples: ecg.length,
      learningSeconds,
    });
  return {
    score: scoreFrom(learning === "include" ? 0 : LEARNING_SECONDS),
    withLearning: learning === "both" ? scoreFrom(0) : undefined,
  };
}

function scoreDetectors(flags: Flags): DetectorResult[] {
  const names = flags.detector.includes("all") ? Object.keys(DETECTORS) : flags.detector;
  const { min, max } = DETECTOR_FS;
  if (flags.fs !== 0 && !(flags.fs >= min && flags.fs <= max)) {
    throw new UsageError(`Cannot use --fs: must be ${min} to ${max} Hz, or 0, got ${flags.fs}`);
  }
  if (names.length === 0) throw new UsageError("Cannot score: --detector must name one detector at least");
  const found = listAnnotatedRecords(flags.source, flags.records);
  const results = names.map((name): DetectorResult => ({ name, records: [] }));
  const bar = progress.bar("scoring", found.length, "records");
  found.forEach((record, i) => {
    const readFrom = cpuSeconds();
    const read = readRecordLead(flags.source, record, flags.lead || undefined);
    const readSeconds = cpuSeconds() - readFrom;
    if (read === undefined) {
      progress.line(`${record.record}: left out, it has no lead ${flags.lead}`);
      return;
    }
    const lead = resampleLead(read, flags.fs);
    for (const { name, records } of results) {
      const { beats, detectSeconds } = findBeats(name, record.record, lead);
      records.push({
        record: record.record,
        lead: lead.lead,
        ...scoreRecord(beats, lead, flags.learning),
        samples: lead.ecg.length,
        readSeconds,
        detectSeconds,
      });
    }
    bar.update(i + 1, record.record);
  });
  bar.finish();
  if (results[0].records.length === 0) {
    throw new StageError(`Cannot score: no record has a lead named ${flags.lead}`, {
      hint: "deno task inspect FILE says how the leads are named; without --lead the first is taken",
    });
  }
  return results;
}

function main(): void {
  const flags = { ...defaultsOf(FLAGS), ...parseFlags(Deno.args, FLAGS) } as Flags;
  if (flags.help) {
    console.log(
      "deno task qrs [flags]\n\nScores the QRS detectors against annotations beat by beat, with the counts of the WFDB tool bxb: " +
        "150 ms window, without and with the\nfirst five minutes, record by record, gross and average, with timing error and processor time.\n\n" +
        `Flags:\n${describeParams(FLAGS)}`,
    );
    return;
  }
  const detectors = scoreDetectors(flags).map(figuresOfDetector);
  console.log(flags.json ? JSON.stringify({ detectors }, null, 1) : formatFigures(detectors));
}

await exitWith("qrs", main);
