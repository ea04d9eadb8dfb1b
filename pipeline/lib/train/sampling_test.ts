import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../core/rng.ts";
import { createSampler, SAMPLINGS } from "./sampling.ts";

const labels = Uint8Array.from([...Array(64).fill(0), ...Array(16).fill(1), ...Array(4).fill(3)]);

/** How often each class is drawn in an epoch. */
function drawn(order: Uint32Array, of: ArrayLike<number> = labels): number[] {
  const counts = Array(4).fill(0);
  for (const window of order) counts[of[window]]++;
  return counts;
}

Deno.test("createSampler() shuffles when it samples naturally", () => {
  const order = createSampler({ labels, classes: "natural", seed: 7 })(3);
  const shuffled = createRng(7).fork("epoch 3").shuffle(Uint32Array.from(labels.keys()));
  assert.deepEqual(order, shuffled);
});

Deno.test("createSampler() lets classes share an epoch alike or by the square root of their size", () => {
  const balanced = createSampler({ labels, classes: "balanced", seed: 1 });
  const squareRoot = createSampler({ labels, classes: "squareRoot", seed: 1 });
  for (const epoch of [1, 2, 9]) {
    assert.deepEqual(drawn(balanced(epoch)), [28, 28, 0, 28]);
    assert.deepEqual(drawn(squareRoot(epoch)), [48, 24, 0, 12]);
  }
  const times = new Map<number, number>();
  for (const window of balanced(1)) times.set(window, (times.get(window) ?? 0) + 1);
  for (const [window, count] of times) {
    assert.ok(
      labels[window] === 3 ? count === 7 : labels[window] === 1 ? count === 1 || count === 2 : count === 1,
    );
  }
});

Deno.test("createSampler() lets patients share each class alike", () => {
  // Class 0: 60 windows of patient 5 and 4 of patient 9; all others are patient 9's.
  const patientOf = labels.map((label, i) => label === 0 && i < 60 ? 5 : 9);
  const order = createSampler({ labels, classes: "natural", patients: "balanced", patientOf, seed: 1 })(1);
  assert.deepEqual(drawn(order), [64, 16, 0, 4]);
  assert.equal([...order].filter((window) => patientOf[window] === 5).length, 32);
  assert.throws(
    () => createSampler({ labels, classes: "balanced", patients: "balanced", seed: 1 }),
    /patients must be named for all 84 windows, got 0/,
  );
});

Deno.test("createSampler() draws only windows, as many as there are, the same for the same seed and epoch", () => {
  const inputs = fc.record({
    labels: fc.uint8Array({ minLength: 1, maxLength: 60, max: 3 }),
    classes: fc.constantFrom(...SAMPLINGS),
    patients: fc.constantFrom(...SAMPLINGS),
    seed: fc.integer(),
    epoch: fc.integer({ min: 1, max: 100 }),
  });
  fc.assert(
    fc.property(inputs, ({ labels, epoch, seed, ...how }) => {
      const options = { ...how, labels, seed, patientOf: labels.map((_, i) => i % 3) };
      const order = createSampler(options)(epoch);
      assert.equal(order.length, labels.length);
      assert.ok(order.every((window) => window < labels.length));
      assert.deepEqual(order, createSampler(options)(epoch));
      for (const label of labels) {
        if (how.classes === "balanced") {
          const share = labels.length / new Set(labels).size;
          assert.ok(Math.abs(drawn(order, labels)[label] - share) <= 3, "each patient rounds by one at most");
        }
      }
    }),
    { seed: 1 },
  );
});
