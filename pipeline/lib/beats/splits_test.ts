import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../core/rng.ts";
import {
  DS1,
  DS2,
  foldByPatient,
  PACED_RECORDS,
  patientOfRecord,
  type PatientSplit,
  SPLIT_NAMES,
  splitBeatsAtRandom,
  splitByPatient,
} from "./splits.ts";

const MIT_BIH = [...DS1, ...DS2, ...PACED_RECORDS];
const seeds = fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 });

/**
 * Every record in exactly one place, and no patient in two sets but for those that the split names itself.
 */
function assertPartition(split: PatientSplit, records: string[], patientOf = patientOfRecord): void {
  const placed = [...split.train, ...split.validation, ...split.test, ...split.excluded.map((x) => x.record)];
  assert.deepEqual(placed.sort(), [...records].sort());
  const setsOfPatient = new Map<string, Set<string>>();
  for (const name of SPLIT_NAMES) {
    for (const record of split[name]) {
      const patient = patientOf(record);
      setsOfPatient.set(patient, (setsOfPatient.get(patient) ?? new Set()).add(name));
    }
  }
  const shared = split.sharedPatients.map(([record]) => patientOf(record));
  for (const [patient, sets] of setsOfPatient) assert.equal(sets.size > 1, shared.includes(patient), patient);
}

Deno.test("DS1 and DS2 hold the 44 records without paced beats, each once", () => {
  assert.equal(DS1.length, 22);
  assert.equal(DS2.length, 22);
  assert.equal(new Set(MIT_BIH).size, 48);
});

Deno.test("splitByPatient() follows de Chazal on MIT-BIH for every seed", () => {
  fc.assert(fc.property(seeds, fc.integer({ min: 0, max: 30 }), (seed, validationPatients) => {
    const split = splitByPatient({ records: MIT_BIH, seed, validationPatients });
    assertPartition(split, MIT_BIH);
    assert.deepEqual(split.test, [...DS2].sort());
    assert.deepEqual([...split.train, ...split.validation].sort(), [...DS1].sort());
    assert.equal(split.validation.length, Math.min(validationPatients, 21));
    assert.deepEqual(split.excluded.map(({ record }) => record), PACED_RECORDS);
    assert.deepEqual(split.sharedPatients, [["201", "202"]]);
  }));
});

Deno.test("splitByPatient() puts no patient in two sets for any records and persons", () => {
  const inputs = fc.record({
    seed: seeds,
    persons: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 25 }),
    validation: fc.integer({ min: 0, max: 50 }),
    test: fc.integer({ min: 0, max: 50 }),
  });
  fc.assert(fc.property(inputs, ({ seed, persons, validation, test }) => {
    const records = persons.map((_, i) => `s${i}`);
    const patientOf = (record: string) => `p${persons[Number(record.slice(1))]}`;
    const fractions = {
      train: (100 - validation - test) / 100,
      validation: validation / 100,
      test: test / 100,
    };
    const split = splitByPatient({ records, seed, fractions, patientOf });
    assertPartition(split, records, patientOf);
    assert.deepEqual(split.sharedPatients, []);
    assert.equal(split.train.length > 0, records.length > 0);
  }));
});

Deno.test("splitByPatient() divides other records into about 50, 15 and 35 % of the patients", () => {
  const sizes = (patients: number) => {
    const records = Array.from({ length: patients }, (_, i) => `s${String(i).padStart(3, "0")}`);
    const split = splitByPatient({ records, seed: 1 });
    return SPLIT_NAMES.map((name) => split[name].length);
  };
  assert.deepEqual([0, 1, 2, 3, 4, 20, 100].map(sizes), [
    [0, 0, 0],
    [1, 0, 0],
    [1, 0, 1],
    [1, 1, 1],
    [2, 1, 1],
    [10, 3, 7],
    [50, 15, 35],
  ]);
});

Deno.test("splitByPatient() is a function of the seed and not of the records' order", () => {
  const split = (seed: number, records = MIT_BIH) => splitByPatient({ records, seed });
  assert.deepEqual(split(5), split(5, createRng(1).shuffle([...MIT_BIH])));
  assert.notDeepEqual(split(5).validation, split(6).validation);
});

Deno.test("splitByPatient() chooses sets that hold every class when patients allow it", () => {
  const records = Array.from({ length: 20 }, (_, i) => `s${i + 10}`);
  const classCounts = new Map(
    records.map((
      record,
      i,
    ) => [record, [1000, i % 5 === 0 ? 200 : 0, i % 3 === 0 ? 100 : 0, i < 4 ? 50 : 0]]),
  );
  for (let seed = 0; seed < 20; seed++) {
    const split = splitByPatient({ records, seed, classCounts });
    for (const name of SPLIT_NAMES) {
      for (let label = 0; label < 4; label++) {
        const beats = split[name].reduce((sum, record) => sum + classCounts.get(record)![label], 0);
        assert.ok(beats > 0, `seed ${seed}: no class ${label} in ${name}`);
      }
    }
  }
});

Deno.test("splitByPatient() refuses a record named twice and fractions that do not add up", () => {
  assert.throws(
    () => splitByPatient({ records: ["100", "101", "100"], seed: 1 }),
    /must differ, got 100 twice/,
  );
  assert.throws(() => splitByPatient({ records: [], seed: 1, validationPatients: -1 }), RangeError);
  for (const test of [0.6, NaN, -0.1]) {
    const fractions = { train: 0.5, validation: 0, test };
    assert.throws(() => splitByPatient({ records: [], seed: 1, fractions }), RangeError);
  }
});

Deno.test("splitBeatsAtRandom() gives each set its fraction of every class to within one beat", () => {
  const labelArrays = fc.array(fc.constantFrom(0, 0, 0, 0, 1, 2, 4), { maxLength: 300 });
  fc.assert(fc.property(labelArrays, seeds, (list, seed) => {
    const labels = Uint8Array.from(list);
    const codes = splitBeatsAtRandom({ labels, seed });
    assert.deepEqual(codes, splitBeatsAtRandom({ labels, seed }));
    for (const label of new Set(list)) {
      const ofClass = [...codes].filter((_, beat) => labels[beat] === label);
      [0.7, 0.1, 0.2].forEach((fraction, code) => {
        const beats = ofClass.filter((x) => x === code).length;
        assert.ok(Math.abs(beats - fraction * ofClass.length) < 1 + 1e-9, `${beats} of ${ofClass.length}`);
      });
    }
    assert.ok(codes.every((code) => code < SPLIT_NAMES.length));
  }));
});

Deno.test("splitBeatsAtRandom() moves beats with the seed and not with their place", () => {
  const labels = new Uint8Array(1000);
  const codes = splitBeatsAtRandom({ labels, seed: 1 });
  assert.notDeepEqual(codes, splitBeatsAtRandom({ labels, seed: 2 }));
  const inFirstHalf = codes.subarray(0, 500).filter((code) => code === 0).length;
  assert.ok(Math.abs(inFirstHalf - 350) < 40, `${inFirstHalf} training beats in the first half`);
});

Deno.test("foldByPatient() puts every record in one fold and no patient in two, for any records and persons", () => {
  const inputs = fc.record({
    seed: seeds,
    persons: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 2, maxLength: 25 }),
    wanted: fc.integer({ min: 2, max: 12 }),
  });
  fc.assert(fc.property(inputs, ({ seed, persons, wanted }) => {
    const records = persons.map((_, i) => `r${i}`),
      patientOf = (record: string) => String(persons[Number(record.slice(1))]);
    const patients = new Set(persons).size, folds = Math.min(wanted, patients);
    fc.pre(folds >= 2);
    const classCounts = new Map(records.map((record, i) => [record, [i + 1, i % 3]]));
    const divided = foldByPatient({ records, seed, folds, patientOf, classCounts });
    assert.deepEqual(divided.flat().sort(), [...records].sort());
    const sizes = divided.map((fold) => new Set(fold.map(patientOf)).size);
    assert.equal(sizes.reduce((sum, size) => sum + size), patients, "a patient is in two folds");
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `${sizes}`);
    const shuffled = createRng(seed).shuffle([...records]);
    assert.deepEqual(foldByPatient({ records: shuffled, seed, folds, patientOf, classCounts }), divided);
  }));
});

Deno.test("foldByPatient() spreads classes evenly and keeps the one patient of two records together", () => {
  const counts = new Map(MIT_BIH.map((record, i) => [record, [100, i % 7 === 0 ? 70 : 0]]));
  const divided = foldByPatient({ records: MIT_BIH, seed: 1, folds: 5, classCounts: counts });
  const rare = divided.map((fold) => fold.reduce((sum, record) => sum + counts.get(record)![1], 0));
  assert.ok(rare.every((beats) => beats === 70 || beats === 140), `${rare}`);
  const fold = divided.find((records) => records.includes("201"));
  assert.ok(fold!.includes("202"));
});

Deno.test("foldByPatient() refuses more folds than patients and a record named twice", () => {
  assert.throws(
    () => foldByPatient({ records: ["201", "202", "203"], folds: 3, seed: 1 }),
    /\[2, 2\].*got 3/,
  );
  assert.throws(() => foldByPatient({ records: ["a", "b", "a"], folds: 2, seed: 1 }), /got a twice/);
});
