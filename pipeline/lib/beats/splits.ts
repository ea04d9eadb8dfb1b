import { createRng, type Rng } from "../core/rng.ts";

/** Training records of the inter-patient protocol on MIT-BIH. Source: de Chazal 2004 (data set 1). */
export const DS1: readonly string[] = (
  "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230"
).split(" ");

/** Test records of the inter-patient protocol on MIT-BIH. Source: de Chazal 2004 (data set 2). */
export const DS2: readonly string[] = (
  "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234"
).split(" ");

/** MIT-BIH records with paced beats, which ANSI/AAMI EC57 leaves out of the results. */
export const PACED_RECORDS: readonly string[] = ["102", "104", "107", "217"];

/** The sets of a split; a beat's split code is its index in this list. */
export const SPLIT_NAMES = ["train", "validation", "test"] as const;

/** One of {@linkcode SPLIT_NAMES}. */
export type SplitName = (typeof SPLIT_NAMES)[number];

/** Parts of a whole, each in [0, 1], together 1. */
export type SplitFractions = Record<SplitName, number>;

const CANDIDATE_DRAWS = 256;

/**
 * Names the person that a record was taken from.
 *
 * Records 201 and 202 of MIT-BIH are one person, and the protocol has 201 in DS1 and 202 in DS2: figures on
 * DS2 are to be given with and without 202. Every other record is taken for a person of its own.
 *
 * Source: MIT-BIH Arrhythmia Database Directory (47 subjects, 48 records).
 *
 * @returns A name that is the same for all records of one person.
 */
export function patientOfRecord(record: string): string {
  return record === "202" ? "201" : record;
}

/** A record that takes no part in a study, and why. */
export interface ExcludedRecord {
  record: string;
  reason: string;
}

/** Parts MIT-BIH's paced records from the others, whose order is kept. */
export function excludePacedRecords(
  records: readonly string[],
): { kept: string[]; excluded: ExcludedRecord[] } {
  return {
    kept: records.filter((record) => !PACED_RECORDS.includes(record)),
    excluded: records.filter((record) => PACED_RECORDS.includes(record))
      .map((record) => ({ record, reason: "paced beats (ANSI/AAMI EC57)" })),
  };
}

/** Input of {@linkcode splitByPatient}. */
export interface PatientSplitOptions {
  /** Record names, each once, in any order: the result does not depend on it. */
  records: readonly string[];
  /** Any integer. */
  seed: number;
  /**
   * Beats per class of each record, all of one length; without them sets are drawn without regard to classes.
   */
  classCounts?: ReadonlyMap<string, ArrayLike<number>>;
  /** Patients of DS1 that are held out for validation. Default: 4, or a fifth of a smaller selection. */
  validationPatients?: number;
  /** How records that are not MIT-BIH's are divided, in patients. Default: 0.5, 0.15, 0.35. */
  fractions?: SplitFractions;
  /** Names the person behind a record. Default: {@linkcode patientOfRecord}. */
  patientOf?: (record: string) => string;
}

/** Result of {@linkcode splitByPatient}; all lists are sorted by name. */
export interface PatientSplit extends Record<SplitName, string[]> {
  excluded: ExcludedRecord[];
  /** Records of one person that the protocol puts in different sets: [] or [["201", "202"]]. */
  sharedPatients: string[][];
}

/**
 * Divides records into training, validation and test sets so that no patient is in two of them.
 *
 * MIT-BIH records follow de Chazal 2004: DS1 is for training, a seeded choice of its patients for validation;
 * DS2 is the test set; paced records are excluded. The one exception to "no patient in two sets" is the
 * protocol's own and is named in the result: see {@linkcode patientOfRecord}. All other records are divided
 * by a seeded choice of patients.
 *
 * Each choice is the best of 256 seeded draws: the one whose sets hold the most even share of every class,
 * with a penalty for a set that lacks a class. Classes of few beats count less (weight n / (n + 100)).
 *
 * A set comes out empty when there are too few patients: one alone is for training, two are for training and
 * test.
 *
 * @throws {RangeError} if a record is named twice, or `validationPatients` or `fractions` are out of range.
 */
export function splitByPatient(options: PatientSplitOptions): PatientSplit {
  const { records, seed, classCounts, patientOf = patientOfRecord } = options;
  const fractions = options.fractions ?? { train: 0.5, validation: 0.15, test: 0.35 };
  checkFractions(fractions);
  const { kept, excluded } = excludePacedRecords([...records].sort());
  const ds1 = groupByPatient(kept.filter((record) => DS1.includes(record)), patientOf);
  const validationPatients = options.validationPatients ?? Math.min(4, Math.ceil(ds1.length / 5));
  if (!Number.isInteger(validationPatients) || validationPatients < 0) {
    throw new RangeError(
      `Cannot split by patient: validationPatients must be an integer >= 0, got ${validationPatients}`,
    );
  }
  const twice = kept.find((record, i) => record === kept[i + 1]);
  if (twice !== undefined) {
    throw new RangeError(`Cannot split by patient: records must differ, got ${twice} twice`);
  }

  const rng = createRng(seed);
  const heldOut = Math.min(validationPatients, Math.max(0, ds1.length - 1));
  const [ds1Train, ds1Validation] = drawSets(
    ds1,
    [ds1.length - heldOut, heldOut],
    rng.fork("DS1"),
    classCounts,
  );

  const others = groupByPatient(
    kept.filter((record) => !DS1.includes(record) && !DS2.includes(record)),
    patientOf,
  );
  const drawn = drawSets(others, patientsPerSet(others.length, fractions), rng.fork("others"), classCounts);

  const split = {
    train: [...ds1Train, ...drawn[0]].sort(),
    validation: [...ds1Validation, ...drawn[1]].sort(),
    test: [...kept.filter((record) => DS2.includes(record)), ...drawn[2]].sort(),
  };
  const setOf = (record: string) => SPLIT_NAMES.find((name) => split[name].includes(record));
  const sharedPatients = groupByPatient(kept, patientOf).filter((group) =>
    new Set(group.map(setOf)).size > 1
  );
  return { ...split, excluded, sharedPatients };
}

/** Input of {@linkcode foldByPatient}. */
export interface PatientFoldOptions
  extends Pick<PatientSplitOptions, "records" | "seed" | "classCounts" | "patientOf"> {
  /** Number of folds, at least 2 and at most that of the patients. */
  folds: number;
}

/**
 * Divides records into folds for cross-validation so that no patient is in two of them. Folds differ by one patient at most
 * and are as even by class as the sets of {@linkcode splitByPatient}.
 *
 * @returns The records of each fold, sorted by name.
 * @throws {RangeError} if there are fewer patients than folds, or a record is named twice.
 */
export function foldByPatient(options: PatientFoldOptions): string[][] {
  const { records, folds, seed, classCounts, patientOf = patientOfRecord } = options;
  const sorted = [...records].sort(), patients = groupByPatient(sorted, patientOf);
  if (!Number.isInteger(folds) || folds < 2 || folds > patients.length) {
    throw new RangeError(
      `Cannot fold by patient: folds must be an integer in [2, ${patients.length}], the number of patients, got ${folds}`,
    );
  }
  const twice = sorted.find((record, i) => record === sorted[i + 1]);
  if (twice !== undefined) {
    throw new RangeError(`Cannot fold by patient: records must differ, got ${twice} twice`);
  }
  const sizes = Array.from(
    { length: folds },
    (_, fold) => Math.floor((patients.length + folds - 1 - fold) / folds),
  );
  return drawSets(patients, sizes, createRng(seed).fork("folds"), classCounts).map((fold) => fold.sort());
}

/** Input of {@linkcode splitBeatsAtRandom}. */
export interface BeatSplitOptions {
  /** Class index of each beat, shape [beats]. */
  labels: Uint8Array;
  /** Any integer. */
  seed: number;
  /** Default: 0.7 for training, 0.1 for validation, 0.2 for test. */
  fractions?: SplitFractions;
}

/**
 * Divides beats at random, class by class, so that every set holds each class in its fraction to within one
 * beat.
 *
 * This mixes the beats of a patient over all sets (the intra-patient scheme): figures on such a test set tell
 * nothing about new patients and are never compared with inter-patient ones. It is meant for the 44 records
 * without paced beats ({@linkcode excludePacedRecords}).
 *
 * @returns Split code of each beat, index in {@linkcode SPLIT_NAMES}, shape [beats].
 * @throws {RangeError} if `fractions` are out of range.
 */
export function splitBeatsAtRandom(options: BeatSplitOptions): Uint8Array {
  const { labels, seed, fractions = { train: 0.7, validation: 0.1, test: 0.2 } } = options;
  checkFractions(fractions);
  const rng = createRng(seed).fork("beats");
  const beatsOfClass = new Map<number, number[]>();
  for (let beat = 0; beat < labels.length; beat++) {
    const beats = beatsOfClass.get(labels[beat]);
    if (beats === undefined) beatsOfClass.set(labels[beat], [beat]);
    else beats.push(beat);
  }
  const codes = new Uint8Array(labels.length);
  for (const label of [...beatsOfClass.keys()].sort((a, b) => a - b)) {
    const beats = rng.shuffle(beatsOfClass.get(label)!);
    const trainEnd = Math.round(beats.length * fractions.train);
    const validationEnd = Math.round(beats.length * (fractions.train + fractions.validation));
    beats.forEach((beat, i) => codes[beat] = i < trainEnd ? 0 : i < validationEnd ? 1 : 2);
  }
  return codes;
}

function checkFractions({ train, validation, test }: SplitFractions): void {
  const inRange = [train, validation, test].every((fraction) => fraction >= 0 && fraction <= 1);
  if (!inRange || Math.abs(train + validation + test - 1) > 1e-9) {
    throw new RangeError(
      `Cannot split: fractions must lie in [0, 1] and add up to 1, got ${train}, ${validation}, ${test}`,
    );
  }
}

/** The records of each patient, in the order of the patients' first records. */
function groupByPatient(records: readonly string[], patientOf: (record: string) => string): string[][] {
  const groups = new Map<string, string[]>();
  for (const record of records) {
    const patient = patientOf(record);
    groups.set(patient, [...groups.get(patient) ?? [], record]);
  }
  return [...groups.values()];
}

/**
 * Number of patients of each set; as far as they reach, first training, then test, then validation get one.
 */
function patientsPerSet(patients: number, fractions: SplitFractions): number[] {
  const atLeast = (fraction: number, left: number) =>
    Math.min(left, fraction === 0 ? 0 : Math.max(1, Math.round(patients * fraction)));
  const test = atLeast(fractions.test, Math.max(0, patients - 1));
  const validation = atLeast(fractions.validation, Math.max(0, patients - 1 - test));
  return [patients - validation - test, validation, test];
}

/** Deals patients into sets of the given sizes, the most even by class of a number of seeded draws. */
function drawSets(
  patients: readonly string[][],
  sizes: readonly number[],
  rng: Rng,
  classCounts?: ReadonlyMap<string, ArrayLike<number>>,
): string[][] {
  const counts = patients.map((records) => sumCounts(records, classCounts));
  let bestOrder: number[] = [], bestScore = Infinity;
  for (let draw = 0; draw < (classCounts === undefined ? 1 : CANDIDATE_DRAWS); draw++) {
    const order = rng.shuffle(Array.from(patients.keys()));
    const score = unevenness(order.map((patient) => counts[patient]), sizes);
    if (score < bestScore) [bestOrder, bestScore] = [order, score];
  }
  let start = 0;
  return sizes.map((size) => bestOrder.slice(start, start += size).flatMap((patient) => patients[patient]));
}

function sumCounts(records: string[], classCounts?: ReadonlyMap<string, ArrayLike<number>>): number[] {
  const sums: number[] = [];
  for (const record of records) {
    Array.from(classCounts?.get(record) ?? []).forEach((count, i) => sums[i] = (sums[i] ?? 0) + count);
  }
  return sums;
}

/**
 * Sum over sets and classes of |share of the class - share of the patients|, plus 1 for a class that a set
 * lacks.
 */
function unevenness(counts: readonly number[][], sizes: readonly number[]): number {
  let score = 0;
  const classes = Math.max(0, ...counts.map((row) => row.length));
  for (let label = 0; label < classes; label++) {
    const total = counts.reduce((sum, row) => sum + (row[label] ?? 0), 0);
    if (total === 0) continue;
    let start = 0;
    for (const size of sizes) {
      let beats = 0;
      for (let i = start; i < start + size; i++) beats += counts[i][label] ?? 0;
      start += size;
      const isMissing = size > 0 && beats === 0 ? 1 : 0;
      score += (Math.abs(beats / total - size / counts.length) + isMissing) * total / (total + 100);
    }
  }
  return score;
}
