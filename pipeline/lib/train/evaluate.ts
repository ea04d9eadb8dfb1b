import type { Engine } from "../engine/engine.ts";
import { classificationReport, confusionMatrix } from "../metrics/confusion.ts";

/** Windows with their classes. */
export interface LabelledWindows {
  /** [count, ...inputShape]. */
  windows: Float32Array;
  /** [count], class indices. */
  labels: Uint8Array;
  /** [count, classes], what a teacher says of the windows as they are; for losses that read it. */
  teacher?: Float32Array;
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

/** Keeps the loss of a window finite whose class got a probability of 0 in float32. */
const SMALLEST_PROBABILITY = 2 ** -149;

/**
 * Predicts and compares with the labels.
 *
 * @param data At least 1 window.
 * @throws RangeError No windows, lengths that do not fit, or a label that is no class.
 */
export async function evaluate(engine: Engine, { windows, labels }: LabelledWindows): Promise<Evaluation> {
  if (labels.length === 0) throw new RangeError("Cannot evaluate: there must be windows, got none");
  const probabilities = await engine.predict(windows, labels.length);
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
