import fc from "fast-check";
import assert from "node:assert/strict";
import { planMemory, type PlannedBuffer } from "./memory_planner.ts";

const buffer = (bytes: number, first: number, last: number): PlannedBuffer => ({ bytes, first, last });

Deno.test("planMemory() lets buffers share memory that are not needed at once", () => {
  assert.deepEqual(planMemory([]), { offsets: [], bytes: 0 });
  // A chain: each buffer is written while the one before it is read.
  assert.deepEqual(planMemory([buffer(32, 0, 1), buffer(64, 1, 2), buffer(48, 2, 3)]), {
    offsets: [64, 0, 64],
    bytes: 112,
  });
  // The small one fits below the later large one's neighbour.
  assert.equal(planMemory([buffer(64, 0, 1), buffer(64, 2, 3), buffer(16, 0, 3)]).bytes, 80);
});

Deno.test("planMemory() never lets two buffers overlap that are needed at once, and takes no more than the sum", () => {
  const buffers = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(12), fc.nat(6))
      .map(([units, first, length]) => buffer(16 * units, first, first + length)),
    { maxLength: 24 },
  );
  fc.assert(
    fc.property(buffers, (list) => {
      const { offsets, bytes } = planMemory(list);
      for (const [i, a] of list.entries()) {
        assert.ok(offsets[i] % 16 === 0 && offsets[i] >= 0 && offsets[i] + a.bytes <= bytes);
        for (const [j, b] of list.slice(0, i).entries()) {
          const atOnce = a.first <= b.last && b.first <= a.last;
          const apart = offsets[i] + a.bytes <= offsets[j] || offsets[j] + b.bytes <= offsets[i];
          assert.ok(!atOnce || apart, `${i} and ${j} overlap`);
        }
      }
      assert.ok(bytes <= list.reduce((sum, { bytes }) => sum + bytes, 0));
    }),
    { seed: 41, numRuns: 300 },
  );
});
