/** Figures of one class; null where a figure is not defined. */
export interface ClassFigures {
  /** Beats that truly are of this class. */
  support: number;
  /** Se, recall: TP / (TP + FN), in [0, 1]; null without support. */
  sensitivity: number | null;
  /** +P, precision: TP / (TP + FP), in [0, 1]; null where nothing was called this class. */
  positivePredictivity: number | null;
  /** 2 TP / (2 TP + FP + FN), in [0, 1]; null where the class neither occurs nor was called. */
  f1: number | null;
}

/** Figures of a classification, ready for JSON: no NaN, null where a figure is not defined. */
export interface ClassificationReport {
  /** Beats counted. */
  support: number;
  /** Beats called what they are / beats counted. */
  accuracy: number | null;
  /** By class name, in the order of the class names. */
  classes: Record<string, ClassFigures>;
  /** Mean of `f1` over the classes with support, each class alike; a class never called counts as 0. */
  macroF1: number | null;
  /** Mean of `sensitivity` over the classes with support, each class alike. */
  meanSensitivity: number | null;
}

/**
 * Counts how often each class was called each class.
 *
 * @param truth Class index of each beat, shape [beats], in [0, classes).
 * @param predicted What each beat was called, likewise.
 * @param classes Number of classes, in [1, 256].
 * @returns Shape [classes, classes], rows are the truth, columns what was called.
 * @throws {RangeError} if the lengths differ or an index is out of range.
 */
export function confusionMatrix(truth: Uint8Array, predicted: Uint8Array, classes: number): Uint32Array {
  if (truth.length !== predicted.length) {
    throw new RangeError(
      `Cannot count confusions: lengths must be equal, got ${truth.length} and ${predicted.length}`,
    );
  }
  if (!Number.isInteger(classes) || classes < 1 || classes > 256) {
    throw new RangeError(`Cannot count confusions: classes must be an integer in [1, 256], got ${classes}`);
  }
  const matrix = new Uint32Array(classes * classes);
  for (let i = 0; i < truth.length; i++) {
    const row = truth[i], column = predicted[i];
    if (row >= classes || column >= classes) {
      throw new RangeError(
        `Cannot count confusions: classes must be in [0, ${classes}), got ${row} and ${column} at beat ${i}`,
      );
    }
    matrix[row * classes + column]++;
  }
  return matrix;
}

/**
 * Computes accuracy and the figures of each class from a confusion matrix.
 *
 * With `leaveOut: ["Q"]` these are the 4-class figures (N, S, V, F) of a 5-class matrix: beats that truly are
 * Q are not counted at all, and Q gets no entry. Beats of the other classes that were called Q stay, as
 * misses of their class: to take their column away as well would forgive them.
 *
 * Source: ANSI/AAMI EC57 for Se and +P. Deviation: EC57 does not count a fusion or Q beat called V against +P
 * of V; here every confusion counts.
 *
 * @param matrix Shape [classes, classes], rows are the truth: see {@linkcode confusionMatrix}.
 * @param classNames Names of the classes, in the order of their indices.
 * @param options.leaveOut Names of classes whose beats are not counted.
 * @throws {RangeError} if the matrix is not square over the names, or a name to leave out is unknown.
 */
export function classificationReport(
  matrix: Uint32Array,
  classNames: readonly string[],
  options: { leaveOut?: readonly string[] } = {},
): ClassificationReport {
  const { leaveOut = [] } = options;
  const size = classNames.length;
  if (matrix.length !== size * size) {
    throw new RangeError(
      `Cannot report: the confusion matrix must have ${size} x ${size} entries, got ${matrix.length}`,
    );
  }
  for (const name of leaveOut) {
    if (!classNames.includes(name)) {
      throw new RangeError(
        `Cannot report: leaveOut must name classes of ${classNames.join(" ")}, got ${name}`,
      );
    }
  }
  const counted = [...classNames.keys()].filter((label) => !leaveOut.includes(classNames[label]));
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const ratio = (part: number, whole: number) => whole === 0 ? null : part / whole;

  const classes: Record<string, ClassFigures> = {};
  for (const label of counted) {
    const hits = matrix[label * size + label];
    const occurred = sum(Array.from(matrix.subarray(label * size, (label + 1) * size)));
    const called = sum(counted.map((row) => matrix[row * size + label]));
    classes[classNames[label]] = {
      support: occurred,
      sensitivity: ratio(hits, occurred),
      positivePredictivity: ratio(hits, called),
      f1: ratio(2 * hits, occurred + called),
    };
  }
  const support = sum(Object.values(classes).map((figures) => figures.support));
  const present = Object.values(classes).filter((figures) => figures.support > 0);
  return {
    support,
    accuracy: ratio(sum(counted.map((label) => matrix[label * size + label])), support),
    classes,
    macroF1: ratio(sum(present.map(({ f1 }) => f1!)), present.length),
    meanSensitivity: ratio(sum(present.map(({ sensitivity }) => sensitivity!)), present.length),
  };
}
