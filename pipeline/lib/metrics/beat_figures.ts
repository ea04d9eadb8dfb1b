import { type ClassificationReport, classificationReport, confusionMatrix } from "./confusion.ts";

/** What can be said of predictions for some beats. */
export interface BeatFigures {
  /** Beats by predicted class: all that can be said without labels. */
  predicted: Record<string, number>;
  /** Rows: truth; columns: prediction; both in the order of the classes. Absent when no beat is labelled. */
  confusionMatrix?: number[][];
  fiveClass?: ClassificationReport;
  /** Without Q, of which the databases hold next to nothing. */
  fourClass?: ClassificationReport;
  /** The five-class figures without one record, for records that bend the whole. */
  without?: Record<string, ClassificationReport>;
  /** Record by record: labelled beats, the part called what they are, and beats by predicted class. */
  byRecord?: Record<string, { beats: number; accuracy: number; predicted: Record<string, number> }>;
}

/** Predictions and what they are held against, one entry a beat. */
export interface JudgedBeats {
  /** Class index; a value of `classes.length` or more stands for a beat without label. */
  labels: Uint8Array;
  /** Class index. */
  predicted: Uint8Array;
  /** Name of the record that the beat is of. */
  records: readonly string[];
  classes: readonly string[];
  /** Records without which the figures are given too, where they occur beside others. */
  leaveOut: readonly string[];
}

/** Counts how many beats were called what they are; beats without label count as predictions only. */
export function judgeBeats({ labels, predicted, records, classes, leaveOut }: JudgedBeats): BeatFigures {
  const countCalled = (calls: Uint8Array) =>
    Object.fromEntries(
      classes.map((name, label) => [name, calls.reduce((sum, other) => sum + Number(other === label), 0)]),
    );
  const figures: BeatFigures = { predicted: countCalled(predicted) };
  const labelled = Array.from(labels.keys()).filter((beat) => labels[beat] < classes.length);
  if (labelled.length === 0) return figures;
  const matrixOf = (beats: number[]) =>
    confusionMatrix(
      Uint8Array.from(beats, (beat) => labels[beat]),
      Uint8Array.from(beats, (beat) => predicted[beat]),
      classes.length,
    );
  const matrix = matrixOf(labelled), size = classes.length;
  figures.confusionMatrix = classes.map((_, row) =>
    Array.from(matrix.subarray(row * size, (row + 1) * size))
  );
  figures.fiveClass = classificationReport(matrix, classes);
  figures.fourClass = classificationReport(matrix, classes, { leaveOut: classes.includes("Q") ? ["Q"] : [] });
  const beatsOf = Map.groupBy(labelled, (beat) => records[beat]);
  const bending = beatsOf.size > 1 ? leaveOut.filter((record) => beatsOf.has(record)) : [];
  figures.without = Object.fromEntries(bending.map((record) => {
    const others = labelled.filter((beat) => records[beat] !== record);
    return [record, classificationReport(matrixOf(others), classes)];
  }));
  figures.byRecord = Object.fromEntries([...beatsOf].map(([record, beats]) => {
    const right = beats.filter((beat) => labels[beat] === predicted[beat]).length;
    const calls = Uint8Array.from(beats, (beat) => predicted[beat]);
    return [record, { beats: beats.length, accuracy: right / beats.length, predicted: countCalled(calls) }];
  }));
  return figures;
}
