import { type BeatCounts, compareAnnotations, qrsCounts, samplesOfSeconds } from "./ec57.ts";
import type { ClassOfSymbol, ComparedAnnotation } from "./ec57_cursor.ts";

/** EC57: largest distance between a beat and its detection, and the time that a detector may take to adapt. */
export const MATCH_SECONDS = 0.15, LEARNING_SECONDS = 300;

/** How well a detector found the beats of one record. */
export interface QrsScore extends BeatCounts {
  /** Detected minus annotated place of each beat that was found, in ms. */
  offsetsMs: number[];
}

/** Sensitivity and positive predictivity in percent; null where there was nothing to find, or nothing found. */
export interface QrsFigures {
  se: number | null;
  ppv: number | null;
}

/** The figures of one detector over several records. */
export interface QrsSummary {
  /** Of the sums of all records' counts. */
  gross: QrsFigures;
  /** Mean of the records' figures, each record counting alike. */
  average: QrsFigures;
  /** Median of the distances of all beats found, in ms; null where none was. */
  timingErrorMs: number | null;
  /** Mean of the offsets with their sign, in ms: later than annotated is positive. */
  meanTimingErrorMs: number | null;
}

/** One record to be scored. */
export interface ScoredRecord {
  /** The record's annotations in the file's order. */
  reference: readonly ComparedAnnotation[];
  classOf: ClassOfSymbol;
  /** Sampling rate of the indices in Hz. */
  fs: number;
  /** Length of the record. */
  samples: number;
  /** What is left out at its beginning: LEARNING_SECONDS or 0. */
  learningSeconds: number;
}

/**
 * Scores the detections of one record beat by beat, as EC57 does.
 *
 * @param detected Sample indices, ascending.
 */
export function scoreDetections(detected: Uint32Array, record: ScoredRecord): QrsScore {
  const { reference, classOf, fs, samples, learningSeconds } = record;
  const test = Array.from(detected, (sample) => ({ sample, symbol: "N", subtype: 0 }));
  const comparison = compareAnnotations(reference, test, classOf, {
    toleranceSamples: samplesOfSeconds(MATCH_SECONDS, fs),
    startSample: samplesOfSeconds(learningSeconds, fs),
    endSample: samples,
  });
  return { ...qrsCounts(comparison), offsetsMs: comparison.offsets.map((offset) => 1000 * offset / fs) };
}

/** Sensitivity and positive predictivity of some counts. */
export function qrsFigures({ truePositives, falseNegatives, falsePositives }: BeatCounts): QrsFigures {
  const percent = (wrong: number) =>
    truePositives + wrong === 0 ? null : 100 * truePositives / (truePositives + wrong);
  return { se: percent(falseNegatives), ppv: percent(falsePositives) };
}

/** Sums up the scores of several records, gross and average as in EC57. */
export function summarizeScores(scores: readonly QrsScore[]): QrsSummary {
  const sum = (key: keyof BeatCounts) => scores.reduce((total, score) => total + score[key], 0);
  const each = scores.map(qrsFigures);
  const averageOf = (key: keyof QrsFigures) =>
    mean(each.map((figures) => figures[key]).filter((figure) => figure !== null));
  const offsets = scores.flatMap(({ offsetsMs }) => offsetsMs);
  return {
    gross: qrsFigures({
      truePositives: sum("truePositives"),
      falseNegatives: sum("falseNegatives"),
      falsePositives: sum("falsePositives"),
    }),
    average: { se: averageOf("se"), ppv: averageOf("ppv") },
    timingErrorMs: median(offsets.map(Math.abs)),
    meanTimingErrorMs: mean(offsets),
  };
}

function mean(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort(), middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
