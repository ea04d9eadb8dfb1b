import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../core/rng.ts";
import { findMains } from "./mains.ts";

/** Half a minute of a beat a second in noise, with hum. */
function makeLead(fs: number, hum: { hz: number; mv: number }, seed = 1): Float64Array {
  const rng = createRng(seed);
  return Float64Array.from({ length: 30 * fs }, (_, i) => {
    const beat = Math.exp(-((((i % fs) - fs / 2) / (0.012 * fs)) ** 2));
    return beat + 0.02 * rng.normal() + hum.mv * Math.sin(2 * Math.PI * hum.hz * i / fs);
  });
}

Deno.test("findMains() finds hum of a few hundredths of a millivolt, a little off its frequency too", () => {
  const lead = fc.record({
    fs: fc.constantFrom(200, 250, 360, 500, 1000),
    mains: fc.constantFrom(50, 60),
    drift: fc.double({ min: -0.2, max: 0.2, noNaN: true }),
    mv: fc.double({ min: 0.03, max: 1, noNaN: true }),
    seed: fc.integer({ min: 1, max: 100 }),
  });
  fc.assert(
    fc.property(lead, ({ fs, mains, drift, mv, seed }) => {
      assert.equal(findMains(makeLead(fs, { hz: mains + drift, mv }, seed), fs), mains);
      assert.equal(findMains(makeLead(fs, { hz: 0, mv: 0 }, seed), fs), undefined);
    }),
    { seed: 91, numRuns: 12 },
  );
});

Deno.test("findMains() finds none in other tones, flat lines, short leads and at rates too low to tell", () => {
  for (const hz of [8, 30, 46, 55, 75]) {
    assert.equal(findMains(makeLead(360, { hz, mv: 0.3 }), 360), undefined, `${hz} Hz`);
  }
  assert.equal(findMains(new Float64Array(10_000), 360), undefined);
  assert.equal(findMains(makeLead(360, { hz: 50, mv: 1 }).subarray(0, 1000), 360), undefined);
  assert.equal(findMains(makeLead(100, { hz: 40, mv: 1 }), 100), undefined);
  assert.equal(findMains(makeLead(120, { hz: 50, mv: 1 }), 120), 50);
});
