import type { WindowLabels } from "../artefacts/window_set.ts";
import { foldByPatient, patientOfRecord } from "../beats/splits.ts";
import { chooseRows, type WindowRows } from "./window_rows.ts";

/** What training reads of a set of windows. */
export interface TrainingSet extends WindowLabels {
  /** [count, windowSamples]. */
  windows: WindowRows;
}

/** One fold of a cross-validation. */
export interface FoldOptions {
  /** Number of folds, at least 2. */
  folds: number;
  /** Which fold is held out, 1 to `folds`. */
  fold: number;
  /** Number of classes. */
  classes: number;
  /** Any integer; the folds of one cross-validation have the same. */
  seed: number;
}

/**
 * Deals windows anew, by patient: one fold is for validation, the others for training. All that is dealt comes from the sets
 * given, so that test patients stay out of it. The windows stay where they are.
 *
 * @param sets With windows of one length.
 * @returns The two sets, and the patients held out, sorted.
 * @throws RangeError Fewer patients than folds, or no such fold.
 */
export function foldWindows(
  sets: readonly TrainingSet[],
  { folds, fold, classes, seed }: FoldOptions,
): { train: TrainingSet; validation: TrainingSet; heldOut: string[] } {
  const classCounts = new Map<string, number[]>();
  for (const { records, recordIndex, labels } of sets) {
    labels.forEach((label, i) => {
      const record = records[recordIndex[i]], counts = classCounts.get(record) ?? Array(classes).fill(0);
      counts[label]++;
      classCounts.set(record, counts);
    });
  }
  const divided = foldByPatient({ records: [...classCounts.keys()], folds, seed, classCounts });
  if (!Number.isInteger(fold) || fold < 1 || fold > folds) {
    throw new RangeError(`Cannot hold out a fold: it must be an integer in [1, ${folds}], got ${fold}`);
  }
  const held = new Set(divided[fold - 1]);
  return {
    train: gatherWindows(sets, (record) => !held.has(record)),
    validation: gatherWindows(sets, (record) => held.has(record)),
    heldOut: [...new Set([...held].map(patientOfRecord))].sort(),
  };
}

/** @returns The windows of the records that are wanted, in the order of the sets. */
function gatherWindows(
  sets: readonly TrainingSet[],
  isWanted: (record: string) => boolean,
): TrainingSet {
  const records = [...new Set(sets.flatMap((set) => set.records))], { windowSamples } = sets[0];
  const chosen = sets.map((set) => {
    const wanted = set.records.map(isWanted);
    return Uint32Array.from(set.labels.keys()).filter((i) => wanted[set.recordIndex[i]]);
  });
  const count = chosen.reduce((sum, { length }) => sum + length, 0);
  const gathered = {
    records,
    recordIndex: new Uint16Array(count),
    labels: new Uint8Array(count),
    windows: chooseRows(sets.map((set) => set.windows), chosen),
    windowSamples,
  };
  let at = 0;
  sets.forEach((set, s) => {
    const indexOf = set.records.map((record) => records.indexOf(record));
    for (const i of chosen[s]) {
      gathered.recordIndex[at] = indexOf[set.recordIndex[i]];
      gathered.labels[at++] = set.labels[i];
    }
  });
  return gathered;
}
