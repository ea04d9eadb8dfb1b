/** Records -> one lead at 360 Hz with R peaks, filtered and scaled to 0..1. */
import { isBeatSymbol } from "./lib/beats/aami.ts";
import { StageError } from "./lib/core/errors.ts";
import { decodeNpy, encodeNpy } from "./lib/formats/npy/npy.ts";
import { removeBaseline } from "./lib/signal/baseline.ts";
import { butterworthBandpass } from "./lib/signal/butterworth.ts";
import { sosFiltFilt, sosPadSamples } from "./lib/signal/filters.ts";
import { chooseLead, toMillivolts } from "./lib/signal/leads.ts";
import { detectBeats, type QrsAlgorithm } from "./lib/signal/qrs/detector.ts";
import { DETECTORS } from "./lib/signal/qrs/detectors.ts";
import { mapSampleIndex, resampleFft } from "./lib/signal/resample.ts";
import { scaleToUnit } from "./lib/signal/scale.ts";
import {
  type AnnotationColumns,
  annotationsFile,
  beatsFile,
  type IngestedRecord,
  leadFile,
  type PreparedRecord,
  RECORDS_FILE,
  signalFile,
} from "./lib/artefacts/records.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import type { ParamValues } from "./lib/stage/params.ts";
import { runStage } from "./lib/stage/run.ts";
import type { StageContext } from "./lib/stage/stage_context.ts";

type Params = ParamValues<typeof STAGES.preprocess.params>;
type Context = StageContext<typeof STAGES.preprocess.params>;

function readLead(context: Context, { record }: IngestedRecord, lead: number): Int16Array | Float32Array {
  const file = leadFile(record, lead), { data } = decodeNpy(context.read("01_ingest", file), file);
  return data as Int16Array | Float32Array;
}

function filterSignal(millivolts: Float64Array, record: string, fs: number, params: Params): Float64Array {
  if (params.filter === "none") return millivolts;
  if (params.filter === "baseline") return removeBaseline(millivolts, fs);
  const { lowHz, highHz, filterOrder } = params;
  if (lowHz >= highHz || highHz >= fs / 2) {
    throw new StageError(
      `Cannot filter record ${record}: corners must rise and lie below half of its ${fs} Hz, got ${lowHz} and ${highHz}`,
      { hint: "choose others with --lowHz and --highHz, or --filter none" },
    );
  }
  const sections = butterworthBandpass({ order: filterOrder, lowHz, highHz, fs });
  if (millivolts.length <= sosPadSamples(sections)) {
    throw new StageError(
      `Cannot filter record ${record}: it must have more than ${
        sosPadSamples(sections)
      } samples, got ${millivolts.length}`,
      { hint: "leave the record out, or filter less: --filterOrder, --filter none" },
    );
  }
  return sosFiltFilt(sections, millivolts);
}

function detectPeaks(detector: QrsAlgorithm, signal: Float32Array, record: string, fs: number): Uint32Array {
  try {
    return detectBeats(detector, signal, fs);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StageError(`Cannot find the R peaks of record ${record}: ${error.message}`, {
      hint: "the detector works on the resampled signal: see --targetHz",
    });
  }
}

/** Beats at the target rate: the annotated ones, or those that the detector finds. */
function findBeats(context: Context, record: IngestedRecord, signal: Float32Array): AnnotationColumns {
  const { targetHz, detector } = context.params;
  if (!record.labelled) {
    const peaks = detectPeaks(DETECTORS[detector], signal, record.record, targetHz);
    return { sample: Array.from(peaks), symbol: Array.from(peaks, () => "") };
  }
  const { sample, symbol } = context.readJson<AnnotationColumns>("01_ingest", annotationsFile(record.record));
  // An annotation file may go back in time or beyond the record; beats are wanted in order and inside.
  const isBeatInside = (i: number) => isBeatSymbol(symbol[i]) && sample[i] >= 0 && sample[i] < record.samples;
  const order = Array.from(sample.keys()).filter(isBeatInside).sort((a, b) => sample[a] - sample[b]);
  return {
    sample: order.map((i) => mapSampleIndex(sample[i], record.fs, targetHz, signal.length)),
    symbol: order.map((i) => symbol[i]),
  };
}

function prepareRecord(
  context: Context,
  record: IngestedRecord,
): PreparedRecord & { beats: number; dropped: number } {
  const { params } = context;
  const choice = chooseLead(record.leads.map((lead) => lead.name), params.lead),
    lead = record.leads[choice.index];
  const { millivolts, missing } = toMillivolts(readLead(context, record, choice.index), lead);
  const filtered = filterSignal(millivolts, record.record, lead.fs, params);
  const atTarget = Float32Array.from(
    lead.fs === params.targetHz
      ? filtered
      : resampleFft(filtered, { fromFs: lead.fs, toFs: params.targetHz }),
  );
  const beats = findBeats(context, record, atTarget);
  const scaled = params.scale === "record" ? scaleToUnit(atTarget) : undefined;
  const data = scaled?.samples ?? atTarget;
  context.write(signalFile(record.record), encodeNpy({ dtype: "<f4", shape: [data.length], data }));
  context.write(beatsFile(record.record), JSON.stringify(beats));
  const annotated = record.labelled
    ? context.readJson<AnnotationColumns>("01_ingest", annotationsFile(record.record)).sample.length
    : beats.sample.length;
  return {
    record: record.record,
    fs: params.targetHz,
    samples: data.length,
    lead: lead.name,
    leadReason: choice.reason,
    labelled: record.labelled,
    synthetic: record.synthetic,
    rangeMv: scaled && { min: scaled.min, max: scaled.max },
    missingSamples: missing,
    beats: beats.sample.length,
    dropped: annotated - beats.sample.length,
  };
}

await runStage(STAGES.preprocess, {
  run(context) {
    const ingested = context.readJson<IngestedRecord[]>("01_ingest", RECORDS_FILE);
    const bar = context.progress.bar("filtering", ingested.length, "records");
    const prepared = ingested.map((record, i) => {
      const done = prepareRecord(context, record);
      bar.update(i + 1, record.record);
      return done;
    });
    bar.finish();
    context.write(RECORDS_FILE, JSON.stringify(prepared, null, 1));
    const sum = (of: (record: typeof prepared[number]) => number) =>
      prepared.reduce((total, r) => total + of(r), 0);
    const other = prepared.filter((record) => record.leadReason !== "asked for by name");
    const beats = sum((record) => record.beats);
    if (beats === 0) {
      throw new StageError(`Cannot go on: no heartbeat was found in ${prepared.length} records`, {
        hint: "check what was read: --column, --samplingRate, --lead",
      });
    }
    return {
      counts: {
        params: context.params,
        records: prepared.length,
        beats,
        annotationsLeftOut: sum((record) => record.dropped),
        missingSamplesRepeated: sum((record) => record.missingSamples),
        otherLead: Object.fromEntries(
          other.map(({ record, lead, leadReason }) => [record, `${lead}: ${leadReason}`]),
        ),
      },
      summary: `${prepared.length} records, ${beats} beats, ${context.params.lead} in ${
        prepared.length - other.length
      }`,
    };
  },
});
