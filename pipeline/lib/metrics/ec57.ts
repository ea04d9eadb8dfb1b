import { BeatCursor, type ClassOfSymbol, type ComparedAnnotation } from "./ec57_cursor.ts";

/** Labels of the comparison's table: the AAMI classes, no beat (O), and shutdown: nothing could be read (X). */
export const EC57_LABELS = ["N", "S", "V", "F", "Q", "O", "X"] as const;

/** Where and how exactly two lists of beats are compared. */
export interface ComparisonBounds {
  /** Largest distance of a match in samples, >= 0: see {@linkcode samplesOfSeconds}. EC57: 150 ms. */
  toleranceSamples: number;
  /** First sample compared. EC57: 300 s, the end of the learning period. */
  startSample: number;
  /** The record's length. As in bxb, a beat at this very index still counts. */
  endSample: number;
}

/** What a comparison found. */
export interface BeatComparison {
  /** Pairs of labels, [reference][test] with the labels in the order of EC57_LABELS: 7 x 7. */
  table: number[][];
  /** Test minus reference in samples, for each pair of two beats, in order of time. */
  offsets: number[];
}

/** Counts of a beat-by-beat comparison. Se = TP / (TP + FN), +P = TP / (TP + FP). */
export interface BeatCounts {
  truePositives: number;
  falseNegatives: number;
  falsePositives: number;
}

/** How many of the labels are classes of beats. */
const CLASSES = 5;

/** A length of time in samples, rounded as the WFDB library's strtim() does. */
export function samplesOfSeconds(seconds: number, fs: number): number {
  return Math.floor(seconds * fs + 0.5);
}

/**
 * Compares two lists of annotations beat by beat and gives the very counts of the WFDB tool bxb.
 *
 * Of the two earliest beats without a partner, the earlier one is decided first. It is paired with the other one if they
 * lie within the tolerance and the other one has no nearer partner right behind it (or that one has a nearer partner
 * itself); else it is missed (a reference beat) or extra (a test beat). Extra beats in the reference's flutter are not
 * counted. Shutdown ("~" with both signals unreadable) makes O of the table X. A test beat before `startSample` may be
 * the partner of the first reference beat, and a test beat up to one tolerance behind `startSample` is passed over where
 * the next one is nearer to the first reference beat.
 *
 * Source: ANSI/AAMI EC57:2012, section 4.3; bxb.c of the WFDB Software Package 10.7.0 (last revised 27 April 2020), its
 * oddities included: a flutter wave "!" outside of "[" and "]" is a reference beat without a class, only the two latest
 * periods of flutter and of shutdown are kept in mind, and with `startSample` 0 a test beat at sample 0 is not counted.
 * Deviation: bounds that hold nothing give a table of zeros; bxb refuses them.
 *
 * @param reference Annotations in the file's order.
 * @param test Annotations in the file's order.
 * @throws RangeError if the tolerance is negative or NaN.
 */
export function compareAnnotations(
  reference: readonly ComparedAnnotation[],
  test: readonly ComparedAnnotation[],
  classOf: ClassOfSymbol,
  { toleranceSamples, startSample, endSample }: ComparisonBounds,
): BeatComparison {
  if (!(toleranceSamples >= 0)) {
    throw new RangeError(`Cannot compare beats: the tolerance must be >= 0 samples, got ${toleranceSamples}`);
  }
  const labels: readonly string[] = EC57_LABELS;
  const table = labels.map(() => labels.map(() => 0)), offsets: number[] = [];
  if (endSample < startSample) return { table, offsets };
  const ref = new BeatCursor(reference, classOf, toleranceSamples, true);
  const det = new BeatCursor(test, classOf, toleranceSamples, false);

  const count = (refLabel: string, testLabel: string) => {
    const row = labels.indexOf(refLabel), column = labels.indexOf(testLabel);
    if (row < 0 || column < 0 || row >= CLASSES && column >= CLASSES) return;
    table[row][column]++;
    if (row < CLASSES && column < CLASSES) offsets.push(det.sample - ref.sample);
  };
  const pair = () => {
    count(ref.label, det.label);
    ref.advance();
    det.advance();
  };
  const miss = () => {
    count(ref.label, det.isShutdown(ref.sample) ? "X" : "O");
    ref.advance();
  };
  const passExtra = () => {
    if (!ref.isFlutter(det.sample)) count(ref.isShutdown(det.sample) ? "X" : "O", det.label);
    det.advance();
  };
  const distance = (a: number, b: number) => Math.abs(a - b);

  do ref.advance(); while (ref.sample < startSample);
  do det.advance(); while (det.nextSample < startSample);
  const lead = ref.sample - det.sample;
  if (lead <= toleranceSamples && lead < distance(ref.sample, det.nextSample)) pair();
  else {
    det.advance();
    if (
      det.sample - startSample <= toleranceSamples &&
      distance(ref.sample, det.nextSample) < distance(ref.sample, det.sample)
    ) det.advance();
  }
  while (ref.sample <= endSample || det.sample <= endSample) {
    const apart = distance(ref.sample, det.sample), between = distance(ref.nextSample, det.nextSample);
    const isTestFirst = det.sample < ref.sample;
    const rival = isTestFirst ? distance(ref.sample, det.nextSample) : distance(det.sample, ref.nextSample);
    if (apart <= toleranceSamples && (apart < rival || between < rival)) pair();
    else if (isTestFirst) passExtra();
    else miss();
  }
  return { table, offsets };
}

/** Figures of finding QRS complexes, whatever their class. */
export function qrsCounts({ table }: BeatComparison): BeatCounts {
  const counts = { truePositives: 0, falseNegatives: 0, falsePositives: 0 };
  table.forEach((row, i) =>
    row.forEach((count, j) => {
      if (i < CLASSES && j < CLASSES) counts.truePositives += count;
      else if (i < CLASSES) counts.falseNegatives += count;
      else counts.falsePositives += count;
    })
  );
  return counts;
}

/**
 * Figures of telling ventricular ectopic beats (VEB) or supraventricular ones (SVEB) from others.
 *
 * Source: ANSI/AAMI EC57:2012, section 4.3.3; print_results() of bxb.c. Calling a fusion or unclassifiable beat V, or an
 * unclassifiable one S, is no error.
 */
export function ectopicCounts({ table }: BeatComparison, label: "V" | "S"): BeatCounts {
  const at = EC57_LABELS.indexOf(label), forgiven = label === "V" ? ["F", "Q"] : ["Q"];
  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
  const truePositives = table[at][at];
  return {
    truePositives,
    falseNegatives: sum(table[at]) - truePositives,
    falsePositives: sum(table.map((row, i) => forgiven.includes(EC57_LABELS[i]) ? 0 : row[at])) -
      truePositives,
  };
}
