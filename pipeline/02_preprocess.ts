/** Records -> one lead at 360 Hz with R peaks, filtered and scaled to 0..1. */
import { isBeatSymbol } from "./lib/beats/aami.ts";
import { StageError } from "./lib/core/errors.ts";
import { inBlocks, type SignalSink } from "./lib/signal/blocks.ts";
import { type Defect, openDefectSearch, peaksWithSignal } from "./lib/signal/defects.ts";
import { designFilters, type FilterChoice } from "./lib/signal/filter_chain.ts";
import { chooseLead, openMillivolts, type StoredSamples, toMillivolts } from "./lib/signal/leads.ts";
import { findMains } from "./lib/signal/mains.ts";
import { findPolarity, type Polarity, POLARITY_REACH_SECONDS } from "./lib/signal/polarity.ts";
import { openBeatStream } from "./lib/signal/qrs/detector.ts";
import { DETECTORS } from "./lib/signal/qrs/detectors.ts";
import { mapSampleIndex } from "./lib/signal/resample.ts";
import {
  openResampling,
  planResampling,
  type ResampleMethod,
  type Resampling,
} from "./lib/signal/resample_stream.ts";
import { scaleRange } from "./lib/signal/scale.ts";
import {
  type AnnotationColumns,
  annotationsFile,
  beatsFile,
  type DefectColumns,
  defectsFile,
  type IngestedLead,
  type IngestedRecord,
  leadFile,
  type PreparedRecord,
  RECORDS_FILE,
  signalFile,
} from "./lib/artefacts/records.ts";
import type { ArrayReader, ArrayWriter } from "./lib/stage/array_file.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { runStage } from "./lib/stage/run.ts";
import type { StageContext } from "./lib/stage/stage_context.ts";

type Context = StageContext<typeof STAGES.preprocess.params>;
type SignalWriter = ArrayWriter<"<f4">;

/** Samples that are read, scaled or looked through at a time. */
const PIECE_SAMPLES = 2 ** 16;
/** Beats that tell a record's polarity, spread evenly over it. */
const POLARITY_BEATS = 201;

/** How much of a record is listened to for the hum of the mains. */
const MAINS_SECONDS = 60;
/** Records with this share of inverted beats are listed, whatever the median beat says. */
const MANY_INVERTED = 0.2;

/** What became of a lead, in samples of the target rate. */
interface PreparedLead {
  writer: SignalWriter;
  /** Range of the written signal in mV. */
  min: number;
  max: number;
  /** R peaks that the detector found; none in a record with annotations. */
  peaks: number[];
  defects: Defect[];
  missing: number;
  gaps: number;
  notchHz?: number;
}

/** Widens a range to hold all samples. */
function widen(samples: Float32Array, min: number, max: number): [min: number, max: number] {
  for (let i = 0; i < samples.length; i++) {
    if (samples[i] < min) min = samples[i];
    if (samples[i] > max) max = samples[i];
  }
  return [min, max];
}

/** Writes what arrives as float32, finds its range and, where asked to, its beats. */
function openSignal(writer: SignalWriter, detect: ((samples: Float32Array) => number[]) | undefined) {
  let min = Infinity, max = -Infinity;
  const peaks: number[] = [], piece = new Float32Array(PIECE_SAMPLES);
  return {
    push(x: Float64Array) {
      for (let from = 0; from < x.length; from += PIECE_SAMPLES) {
        const part = x.subarray(from, from + PIECE_SAMPLES), samples = piece.subarray(0, part.length);
        samples.set(part);
        [min, max] = widen(samples, min, max);
        for (const peak of detect?.(samples) ?? []) peaks.push(peak);
        writer.append(samples);
      }
    },
    finish: () => {},
    found: () => ({ min, max, peaks }),
  };
}

/** Frequency of the notch that a lead gets. */
function chooseNotch(
  { notch }: Context["params"],
  lead: IngestedLead,
  input: ArrayReader,
): number | undefined {
  if (notch !== "auto") return notch === "none" ? undefined : Number(notch);
  const beginning = input.read(
    0,
    Math.min(lead.samples, Math.round(MAINS_SECONDS * lead.fs)),
  ) as StoredSamples;
  return findMains(toMillivolts(beginning, lead).millivolts, lead.fs);
}

/** Runs a lead piece by piece from its stored values to filtered millivolts at the target rate. */
function prepareLead(
  context: Context,
  { record, labelled }: IngestedRecord,
  { index, lead, plan }: { index: number; lead: IngestedLead; plan: Resampling },
): PreparedLead {
  const { params } = context;
  const beats = labelled ? undefined : openBeatStream(DETECTORS[params.detector], params.targetHz);
  const writer = context.openArray(signalFile(record), "<f4"), signal = openSignal(writer, beats?.push);
  using input = context.openInput("01_ingest", leadFile(record, index));
  const { filter, lowHz, highHz, filterOrder } = params, notchHz = chooseNotch(params, lead, input);
  const filters = designFilters(
    { filter: filter as FilterChoice["filter"], lowHz, highHz, filterOrder, notchHz },
    lead.fs,
  );
  const resampling = openResampling(plan, lead.samples, signal);
  const filtering: SignalSink = filters === undefined
    ? resampling
    : inBlocks(filters, resampling, { samples: lead.samples });
  const millivolts = openMillivolts(lead, params.longestRepairMs * lead.fs / 1000, filtering);
  const search = openDefectSearch(lead.fs, lead.missingAdu);
  for (let from = 0; from < lead.samples; from += PIECE_SAMPLES) {
    const stored = input.read(from, Math.min(from + PIECE_SAMPLES, lead.samples)) as StoredSamples;
    search.push(stored);
    millivolts.push(stored);
  }
  const { missing, gaps } = millivolts.finish();
  const { min, max, peaks } = signal.found();
  for (const peak of beats?.finish() ?? []) peaks.push(peak);
  const defects = [...search.finish(), ...gaps.map((gap): Defect => ({ ...gap, reason: "missing" }))]
    .sort((a, b) => a.from - b.from)
    .map(({ from, to, reason }) => ({
      from: mapSampleIndex(from, plan.rates.fromFs, plan.rates.toFs, plan.samples),
      to: mapSampleIndex(to, plan.rates.fromFs, plan.rates.toFs, plan.samples + 1),
      reason,
    }));
  return { writer, min, max, peaks, defects, missing, gaps: gaps.length, notchHz };
}

/** Annotated beats at the target rate, in order and inside the record: annotation files may go back in time or beyond the end. */
function annotatedBeats(
  { fs, samples }: IngestedRecord,
  { sample, symbol }: AnnotationColumns,
  { lead, plan }: { lead: IngestedLead; plan: Resampling },
): AnnotationColumns {
  const isBeatInside = (i: number) => isBeatSymbol(symbol[i]) && sample[i] >= 0 && sample[i] < samples;
  const order = Array.from(sample.keys()).filter(isBeatInside).sort((a, b) => sample[a] - sample[b]);
  const fromFs = fs * plan.rates.fromFs, toFs = lead.fs * plan.rates.toFs;
  return {
    sample: order.map((i) => mapSampleIndex(sample[i], fromFs, toFs, plan.samples)),
    symbol: order.map((i) => symbol[i]),
  };
}

function readPolarity(writer: SignalWriter, samples: number, peaks: readonly number[], fs: number): Polarity {
  const reach = Math.round(POLARITY_REACH_SECONDS * fs), width = 2 * reach + 1;
  const inside = peaks.filter((peak) => peak >= reach && peak + reach < samples);
  const beats = Math.min(POLARITY_BEATS, inside.length), stretches = new Float32Array(beats * width);
  for (let i = 0; i < beats; i++) {
    const peak = inside[Math.floor(i * inside.length / beats)];
    stretches.set(writer.read(peak - reach, peak + reach + 1), i * width);
  }
  return findPolarity(stretches, width);
}

/** Turns the written signal upside down, scales it to 0..1, both or neither, in its place. */
function rewrite(
  writer: SignalWriter,
  samples: number,
  { min, max, flip, scale }: { min: number; max: number; flip: boolean; scale: boolean },
): void {
  if (!flip && !scale) return;
  for (let from = 0; from < samples; from += PIECE_SAMPLES) {
    const piece = writer.read(from, Math.min(from + PIECE_SAMPLES, samples));
    if (flip) { for (let i = 0; i < piece.length; i++) piece[i] = -piece[i]; }
    // A constant signal has no range: it becomes 0.
    writer.overwrite(
      from,
      !scale ? piece : min === max ? piece.fill(0) : scaleRange(piece, { min, max }, piece),
    );
  }
}

function prepareRecord(
  context: Context,
  record: IngestedRecord,
): PreparedRecord & { beats: number; dropped: number } {
  const { params } = context, { targetHz } = params;
  const { index, reason } = chooseLead(record.leads.map((lead) => lead.name), params.lead),
    lead = record.leads[index];
  const plan = planResampling(
    lead.samples,
    { fromFs: lead.fs, toFs: targetHz },
    params.resample as ResampleMethod,
  );
  const { writer, peaks, defects, missing, gaps, notchHz, ...found } = prepareLead(context, record, {
    index,
    lead,
    plan,
  });
  const annotations = record.labelled
    ? context.readJson<AnnotationColumns>("01_ingest", annotationsFile(record.record))
    : undefined;
  const kept = peaksWithSignal(peaks, defects);
  const beats = annotations === undefined
    ? { sample: kept, symbol: kept.map(() => "") }
    : annotatedBeats(record, annotations, { lead, plan });
  const polarity = readPolarity(writer, plan.samples, beats.sample, targetHz);
  const flip = params.polarity === "flip" && polarity.verdict === "inverted",
    scale = params.scale === "record";
  const [min, max] = flip ? [-found.max, -found.min] : [found.min, found.max];
  rewrite(writer, plan.samples, { min, max, flip, scale });
  writer.close();
  context.write(beatsFile(record.record), JSON.stringify(beats));
  const columns: DefectColumns = {
    from: defects.map(({ from }) => from),
    to: defects.map(({ to }) => to),
    reason: defects.map(({ reason }) => reason),
  };
  context.write(defectsFile(record.record), JSON.stringify(columns));
  return {
    record: record.record,
    fs: targetHz,
    samples: plan.samples,
    lead: lead.name,
    leadReason: reason,
    labelled: record.labelled,
    synthetic: record.synthetic,
    rangeMv: scale ? { min, max } : undefined,
    missingSamples: missing,
    gaps,
    beatsLeftOut: peaks.length - kept.length,
    notchHz,
    resampled: plan.method,
    resampledHz: plan.method === "polyphase" ? lead.fs * plan.rates.toFs / plan.rates.fromFs : targetHz,
    polarity: { ...polarity, flipped: flip },
    beats: beats.sample.length,
    dropped: (annotations?.sample.length ?? kept.length) - beats.sample.length,
  };
}

/** A length, a rate or a filter that does not fit the record is the user's to know. */
function prepareOrRefuse(context: Context, record: IngestedRecord) {
  try {
    return prepareRecord(context, record);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StageError(`Cannot prepare record ${record.record}: ${error.message}`, {
      hint:
        "see --filter, --lowHz, --highHz, --notch, --targetHz and --resample, or leave the record out with --records",
    });
  }
}

/** What people should know of a record before they trust what comes of it. */
function notesOf(record: PreparedRecord): string[] {
  const { missingSamples, gaps, beatsLeftOut, polarity } = record;
  return [
    missingSamples > 0 &&
    `${missingSamples} missing samples filled in${gaps > 0 ? `, among them ${gaps} long gaps` : ""}`,
    beatsLeftOut > 0 && `${beatsLeftOut} beats left out where there is no signal`,
    polarity.verdict === "inverted" &&
    `QRS complexes of ${record.lead} are inverted${
      polarity.flipped ? ", turned upright" : "; --polarity flip turns them upright"
    }`,
  ].filter((note) => note !== false);
}

await runStage(STAGES.preprocess, {
  run(context) {
    const ingested = context.readJson<IngestedRecord[]>("01_ingest", RECORDS_FILE);
    const bar = context.progress.bar("filtering", ingested.length, "records");
    const prepared = ingested.map((record, i) => {
      const done = prepareOrRefuse(context, record);
      for (const note of notesOf(done)) context.progress.line(`${record.record}: ${note}`);
      bar.update(i + 1, record.record);
      return done;
    });
    bar.finish();
    context.write(RECORDS_FILE, JSON.stringify(prepared, null, 1));
    type Prepared = typeof prepared[number];
    const sum = (of: (record: Prepared) => number) => prepared.reduce((total, r) => total + of(r), 0);
    /** What there is to say of some records, by their names. */
    const listed = <T>(of: (record: Prepared) => T | undefined) =>
      Object.fromEntries(prepared.flatMap((record) => {
        const value = of(record);
        return value ? [[record.record, value]] : [];
      }));
    const otherLead = listed(({ lead, leadReason }) =>
      leadReason === "asked for by name" ? undefined : `${lead}: ${leadReason}`
    );
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
        missingSamplesFilled: listed(({ missingSamples }) => missingSamples),
        gaps: listed(({ gaps }) => gaps),
        beatsLeftOutWithoutSignal: listed(({ beatsLeftOut }) => beatsLeftOut),
        inverted: listed(({ polarity }) =>
          polarity.verdict === "inverted" && Number(polarity.score.toFixed(3))
        ),
        manyBeatsInverted: listed(({ polarity: { invertedShare } }) =>
          invertedShare >= MANY_INVERTED && Number(invertedShare.toFixed(2))
        ),
        flipped: prepared.filter(({ polarity }) => polarity.flipped).map(({ record }) => record),
        notchHz: listed(({ notchHz }) => notchHz),
        resampled: listed(({ resampled, resampledHz }) =>
          resampled !== "none" && `${resampled} to ${resampledHz} Hz`
        ),
        otherLead,
      },
      summary: `${prepared.length} records, ${beats} beats, ${context.params.lead} in ${
        prepared.length - Object.keys(otherLead).length
      }`,
    };
  },
});
