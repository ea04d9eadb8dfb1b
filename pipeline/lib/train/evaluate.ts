import type { Engine } from "../engine/engine.ts";
import { SMALLEST_PROBABILITY } from "../engine/losses.ts";
import { classificationReport, confusionMatrix } from "../metrics/confusion.ts";
import { rowsInMemory, type WindowRows } from "./window_rows.ts";

/** Windows with their classes. */
export interface LabelledWindows {
  /** [count, ...inputShape], or where such are read. */
  windows: Float32Array | WindowRows;
  /** [count], class indices. */
  labels: Uint8Array;
  /** [count, classes], what a teacher says of the windows as they are; for losses that read it. */
  teacher?: Float32Array;
}

/** @returns Where the windows are read. */
export function rowsOf({ windows, labels }: LabelledWindows): WindowRows {
  return windows instanceof Float32Array ? rowsInMemory(windows, labels.length) : windows;
}

/** How well a model does on labelled windows. */
export interface Evaluation {
  /** Cross-entropy, mean over the windows, without class weights. */
  loss: number;
  /** In [0, 1]. */
  accuracy: number;
  /** Mean sensitivity of the classes that occur, in [0, 1]. */
  balancedAccuracy: number;
  /** Mean F1 of the classes that occur, in [0, 1]. */
  macroF1: number;
}

/**
 * Predicts and compares with the labels; no more windows are held at a time than the engine's batches have.
 *
 * @param data At least 1 window.
 * @throws RangeError No windows, lengths that do not fit, or a label that is no class.
 */
export async function evaluate(engine: Engine, data: LabelledWindows): Promise<Evaluation> {
  const { labels } = data;
  if (labels.length === 0) throw new RangeError("Cannot evaluate: there must be windows, got none");
  const probabilities = await predictRows(engine, rowsOf(data));
  const classes = probabilities.length / labels.length;
  const predicted = new Uint8Array(labels.length);
  let loss = 0;
  labels.forEach((label, i) => {
    const scores = probabilities.subarray(i * classes, (i + 1) * classes);
    for (let c = 1; c < classes; c++) if (scores[c] > scores[predicted[i]]) predicted[i] = c;
    loss -= Math.log(Math.max(scores[label], SMALLEST_PROBABILITY));
  });
  const names = Array.from({ length: classes }, (_, c) => String(c));
  const report = classificationReport(confusionMatrix(labels, predicted, classes), names);
  return {
    loss: loss / labels.length,
    accuracy: report.accuracy!,
    balancedAccuracy: report.meanSensitivity!,
    macroF1: report.macroF1!,
  };
}

/**
 * Computes the class probabilities of all windows, reading one batch of the engine's after the other.
 *
 * @param rows At least 1 window.
 * @returns [count, classes].
 */
export async function predictRows(engine: Engine, rows: WindowRows): Promise<Float32Array> {
  const { count, values } = rows, { batchSize } = engine;
  const windows = new Float32Array(Math.min(batchSize, count) * values);
  let probabilities = new Float32Array();
  for (let first = 0; first < count; first += batchSize) {
    const part = Math.min(batchSize, count - first);
    rows.read(first, windows.subarray(0, part * values));
    const given = await engine.predict(windows, part);
    if (first === 0) probabilities = new Float32Array(given.length / part * count);
    probabilities.set(given, given.length / part * first);
  }
  return probabilities;
}
