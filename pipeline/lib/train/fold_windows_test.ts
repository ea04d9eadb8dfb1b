import assert from "node:assert/strict";
import fc from "fast-check";
import { patientOfRecord } from "../beats/splits.ts";
import { foldWindows, type TrainingSet } from "./fold_windows.ts";
import { rowsInMemory } from "./window_rows.ts";

const NAMES = ["100", "201", "103", "202", "105", "108"];

/** A set whose windows hold their own name: its number within all sets, twice. */
function makeSet(recordIndex: number[], first: number): TrainingSet {
  return {
    records: NAMES,
    recordIndex: Uint16Array.from(recordIndex),
    labels: Uint8Array.from(recordIndex, (_, i) => (first + i) % 3),
    windows: rowsInMemory(
      Float32Array.from({ length: 2 * recordIndex.length }, (_, i) => first + (i >> 1)),
      recordIndex.length,
    ),
    windowSamples: 2,
  };
}

function readAll({ windows, labels }: TrainingSet): Float32Array {
  const all = new Float32Array(2 * labels.length);
  windows.read(0, all);
  return all;
}

Deno.test("foldWindows() holds every window out in one fold, whole, and no patient is on both sides", () => {
  const index = fc.array(fc.nat({ max: NAMES.length - 1 }), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(index, index, fc.integer(), (a, b, seed) => {
      const sets = [makeSet(a, 0), makeSet(b, a.length)], all = [...a, ...b];
      const patients = new Set(all.map((record) => patientOfRecord(NAMES[record])));
      fc.pre(patients.size >= 3);
      const held: number[] = [];
      for (const fold of [1, 2, 3]) {
        const { train, validation, heldOut } = foldWindows(sets, { folds: 3, fold, classes: 3, seed });
        const patientsOf = ({ recordIndex, records }: TrainingSet) =>
          new Set([...recordIndex].map((record) => patientOfRecord(records[record])));
        assert.ok(patientsOf(train).isDisjointFrom(patientsOf(validation)));
        assert.deepEqual([...patientsOf(validation)].sort(), heldOut);
        assert.equal(train.labels.length + validation.labels.length, all.length);
        for (const set of [train, validation]) {
          const windows = readAll(set);
          set.labels.forEach((label, i) => {
            const name = windows[2 * i];
            assert.equal(windows[2 * i + 1], name);
            assert.equal(label, name % 3);
            assert.equal(set.records[set.recordIndex[i]], NAMES[all[name]]);
          });
        }
        held.push(...readAll(validation).filter((_, i) => i % 2 === 0));
      }
      assert.deepEqual(held.sort((x, y) => x - y), all.map((_, i) => i));
    }),
    { seed: 1 },
  );
});

Deno.test("foldWindows() refuses a fold that is not there and more folds than patients", () => {
  const sets = [makeSet([0, 1, 2, 3], 0)];
  assert.throws(
    () => foldWindows(sets, { folds: 2, fold: 3, classes: 3, seed: 1 }),
    /integer in \[1, 2\], got 3/,
  );
  assert.throws(() => foldWindows(sets, { folds: 4, fold: 1, classes: 3, seed: 1 }), /\[2, 3\].*got 4/);
});
