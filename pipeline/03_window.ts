/** Records with R peaks -> labelled beat windows and RR features, split so that no patient is in two sets. */
import { AAMI_CLASSES, aamiClass, type AamiMapping } from "./lib/beats/aami.ts";
import { RR_FEATURE_NAMES, rrFeatures } from "./lib/beats/rr.ts";
import { scaleWindows } from "./lib/beats/scale_windows.ts";
import { excludePacedRecords, SPLIT_NAMES, splitBeatsAtRandom, splitByPatient } from "./lib/beats/splits.ts";
import { cutWindowsFrom, type WindowEdges } from "./lib/beats/windows.ts";
import { StageError } from "./lib/core/errors.ts";
import type { Defect } from "./lib/signal/defects.ts";
import { QUALITY_REASONS, windowQuality } from "./lib/signal/window_quality.ts";
import {
  type AnnotationColumns,
  beatsFile,
  type DefectColumns,
  defectsFile,
  type PreparedRecord,
  RECORDS_FILE,
  signalFile,
} from "./lib/artefacts/records.ts";
import { UNLABELLED, type WindowSet, writeWindowSet } from "./lib/artefacts/window_set.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import type { ParamValue } from "./lib/stage/params.ts";
import { runStage } from "./lib/stage/run.ts";
import { COUNTS_FILE, type StageContext } from "./lib/stage/stage_context.ts";

type Params = Record<string, ParamValue>;
type Context = StageContext<typeof STAGES.window.params>;

/** Windows below this are counted by record, dropped or not. */
const LOW_QUALITY = 0.5;

const SETS = [...SPLIT_NAMES, "unlabelled"] as const;

/** One record's beats before they are dealt out. */
interface RecordBeats {
  record: PreparedRecord;
  /** Sample indices of all beats, those without a window too: their RR intervals count. */
  peaks: Uint32Array;
  symbols: string[];
  /** Class index of each beat, UNLABELLED where there is none. */
  labels: Uint8Array;
  /** Index in SETS of each beat. */
  sets: Uint8Array;
}

function readBeats(context: Context, record: PreparedRecord): RecordBeats {
  const { sample, symbol } = context.readJson<AnnotationColumns>("02_preprocess", beatsFile(record.record));
  const mapping = context.params.labels as AamiMapping;
  const labels = Uint8Array.from(symbol, (mnemonic) => {
    const name = aamiClass(mnemonic, mapping);
    return name === undefined ? UNLABELLED : AAMI_CLASSES.indexOf(name);
  });
  const sets = new Uint8Array(labels.length).fill(SETS.indexOf("unlabelled"));
  return { record, peaks: Uint32Array.from(sample), symbols: symbol, labels, sets };
}

function readDefects(context: Context, record: PreparedRecord): Defect[] {
  const { from, to, reason } = context.readJson<DefectColumns>("02_preprocess", defectsFile(record.record));
  return from.map((start, i) => ({ from: start, to: to[i], reason: reason[i] as Defect["reason"] }));
}

const countClasses = (labels: Uint8Array): number[] =>
  AAMI_CLASSES.map((_, label) => labels.reduce((count, other) => count + Number(other === label), 0));

/** Fills in `sets`. @returns What the split was, for the manifest. */
function dealOut(context: Context, labelled: RecordBeats[]) {
  const { scheme, seed } = context.params;
  const names = labelled.map(({ record }) => record.record);
  if (scheme === "intra-patient") {
    const labels = new Uint8Array(labelled.reduce((sum, beats) => sum + beats.labels.length, 0));
    let at = 0;
    for (const beats of labelled) {
      labels.set(beats.labels, at);
      at += beats.labels.length;
    }
    const codes = splitBeatsAtRandom({ labels, seed });
    at = 0;
    for (const beats of labelled) {
      beats.sets.set(codes.subarray(at, at + beats.labels.length));
      at += beats.labels.length;
    }
    return {
      train: names,
      validation: names,
      test: names,
      sharedPatients: ["all: beats are split, not patients"],
    };
  }
  const classCounts = new Map(labelled.map(({ record, labels }) => [record.record, countClasses(labels)]));
  const split = splitByPatient({ records: names, seed, classCounts });
  for (const beats of labelled) {
    beats.sets.fill(SPLIT_NAMES.findIndex((name) => split[name].includes(beats.record.record)));
  }
  const { train, validation, test } = split;
  return {
    train,
    validation,
    test,
    sharedPatients: split.sharedPatients.map((records) => records.join(" = ")),
  };
}

type Tally = Record<string, number>;

/** Counts by names of others' choice: without a prototype, since a record may be called "constructor". */
const byName = <T>(): Record<string, T> => Object.create(null);

function addTo(tally: Tally, name: string, count: number): void {
  if (count > 0) tally[name] = (tally[name] ?? 0) + count;
}

const sumOf = (tallies: Record<string, Tally>): number =>
  Object.values(tallies).flatMap((tally) => Object.values(tally)).reduce((sum, count) => sum + count, 0);

/** Cuts a record's windows and judges each by the others of the record. */
function cutAndJudge(context: Context, { record, peaks }: RecordBeats) {
  const { windowSamples, rPeakOffset, edges } = context.params, file = signalFile(record.record);
  using signal = context.openInput("02_preprocess", file);
  const cut = cutWindowsFrom({
    samples: record.samples,
    read: (from, to) => signal.read(from, to) as Float32Array,
    rPeaks: peaks,
    windowSamples,
    rPeakOffset,
    edges: edges as WindowEdges,
  });
  const judged = windowQuality({
    windows: cut.windows,
    windowSamples,
    starts: Int32Array.from(cut.kept, (beat) => peaks[beat] - rPeakOffset),
    fs: record.fs,
    defects: readDefects(context, record),
  });
  return { cut, ...judged };
}

function emptySet(records: string[], beats: number, windowSamples: number): WindowSet {
  return {
    records,
    recordIndex: new Uint16Array(beats),
    samples: new Uint32Array(beats),
    symbols: [],
    labels: new Uint8Array(beats),
    quality: new Float32Array(beats),
    qualityReasons: new Uint8Array(beats),
    rr: new Float32Array(beats * RR_FEATURE_NAMES.length),
    windowSamples,
    windows: new Float32Array(beats * windowSamples),
  };
}

/** Cuts off the places of beats that were dropped. */
function shorten(set: WindowSet, beats: number): WindowSet {
  return {
    ...set,
    recordIndex: set.recordIndex.subarray(0, beats),
    samples: set.samples.subarray(0, beats),
    labels: set.labels.subarray(0, beats),
    quality: set.quality.subarray(0, beats),
    qualityReasons: set.qualityReasons.subarray(0, beats),
    rr: set.rr.subarray(0, beats * RR_FEATURE_NAMES.length),
    windows: set.windows.subarray(0, beats * set.windowSamples),
  };
}

await runStage(STAGES.window, {
  run(context) {
    const { windowSamples, rPeakOffset, windowScale, scheme, minQuality } = context.params;
    if (rPeakOffset >= windowSamples) {
      throw new StageError(
        `Cannot cut windows: rPeakOffset must be below windowSamples, got ${rPeakOffset}`,
        {
          hint: "change --rPeakOffset or --windowSamples",
        },
      );
    }
    const prepared = context.readJson<PreparedRecord[]>("02_preprocess", RECORDS_FILE);
    const { excluded } = excludePacedRecords(prepared.map(({ record }) => record));
    const isExcluded = new Set(excluded.map(({ record }) => record));
    const all = prepared.filter(({ record }) => !isExcluded.has(record)).map((record) =>
      readBeats(context, record)
    );
    const split = dealOut(context, all.filter(({ record }) => record.labelled));

    const names = all.map(({ record }) => record.record);
    const beatsOf = SETS.map((_, set) =>
      all.reduce((sum, { sets }) => sum + sets.reduce((count, other) => count + Number(other === set), 0), 0)
    );
    const sets = beatsOf.map((beats) => emptySet(names, beats, windowSamples));
    const filled = SETS.map(() => 0), dropped: Tally = {};
    const lowQuality = byName<number>(), droppedForQuality = byName<Tally>();
    let padded = 0, constant = 0;
    const fs = prepared[0]?.fs ?? 0;
    const bar = context.progress.bar("cutting", all.length, "records");
    all.forEach((beats, recordIndex) => {
      const { record, peaks, symbols, labels, sets: codes } = beats;
      const { cut, values, reasons } = cutAndJudge(context, beats);
      padded += cut.padded;
      for (const [reason, count] of Object.entries(cut.dropped)) addTo(dropped, reason, count);
      if (windowScale === "window") constant += scaleWindows(cut.windows, windowSamples);
      const rr = rrFeatures(peaks, record.fs), features = RR_FEATURE_NAMES.length;
      cut.kept.forEach((beat, row) => {
        if (values[row] < LOW_QUALITY) addTo(lowQuality, record.record, 1);
        if (values[row] < minQuality) {
          const reason = QUALITY_REASONS[reasons[row]];
          addTo(dropped, `quality below ${minQuality}: ${reason}`, 1);
          addTo(droppedForQuality[record.record] ??= {}, reason, 1);
          return;
        }
        const set = sets[codes[beat]], at = filled[codes[beat]]++;
        set.recordIndex[at] = recordIndex;
        set.samples[at] = peaks[beat];
        set.symbols.push(symbols[beat]);
        set.labels[at] = labels[beat];
        set.quality[at] = values[row];
        set.qualityReasons[at] = reasons[row];
        set.rr.set(rr.subarray(beat * features, (beat + 1) * features), at * features);
        set.windows.set(
          cut.windows.subarray(row * windowSamples, (row + 1) * windowSamples),
          at * windowSamples,
        );
      });
      bar.update(recordIndex + 1, record.record);
    });
    bar.finish();
    SETS.forEach((name, i) => writeWindowSet(context, name, shorten(sets[i], filled[i])));
    const perClass = Object.fromEntries(SPLIT_NAMES.map((name, i) => {
      const counts = countClasses(sets[i].labels.subarray(0, filled[i]));
      return [name, Object.fromEntries(AAMI_CLASSES.map((label, c) => [label, counts[c]]))];
    }));
    context.write("split.json", JSON.stringify({ scheme, ...split, excluded }, null, 1));
    return {
      counts: {
        fs,
        params: context.params,
        preprocess: context.readJson<{ params: Params }>("02_preprocess", COUNTS_FILE).params,
        windows: Object.fromEntries(SETS.map((name, i) => [name, filled[i]])),
        perClass,
        records: { train: split.train, validation: split.validation, test: split.test },
        sharedPatients: split.sharedPatients,
        excluded: excluded.map(({ record, reason }) => `${record}: ${reason}`),
        dropped,
        droppedForQuality,
        lowQuality: { below: LOW_QUALITY, windows: lowQuality },
        padded,
        constant,
      },
      summary: `${scheme}, ${windowSamples} samples = ${Math.round(1000 * windowSamples / fs)} ms: ${
        SETS.map((name, i) => `${name} ${filled[i]}`).join(", ")
      }${minQuality > 0 ? `; ${sumOf(droppedForQuality)} of a quality below ${minQuality} dropped` : ""}`,
    };
  },
});
