import assert from "node:assert/strict";
import fc from "fast-check";
import { chooseLead, openMillivolts, toMillivolts } from "./leads.ts";

Deno.test("chooseLead() goes by name: record 114 has MLII second", () => {
  assert.equal(chooseLead(["V5", "MLII"], "MLII").index, 1);
  assert.equal(chooseLead(["v5", "mlii"], "MLII").index, 1);
});

Deno.test("chooseLead() without the wanted lead takes the first ECG lead and says so", () => {
  assert.deepEqual(chooseLead(["V5", "V2"], "MLII"), {
    index: 0,
    reason: "first ECG lead; the record has no MLII",
  });
  assert.equal(chooseLead(["ABP", "Resp", "aVF"], "MLII").index, 2);
  for (const other of ["ICP", "IMP", "IBI", "Vent", "Volume", "Infrared", "MVent", "Vm"]) {
    assert.equal(chooseLead([other, "V"], "MLII").index, 1, other);
  }
  const leads = [
    ...[
      "ECG",
      "ecg_1",
      "ECGII",
      "EKG 2",
      "I",
      "ii",
      "MLIII",
      "MLI",
      "LII",
      "aVR",
      "avl",
      "V",
      "v1",
      "V4R",
      "vx",
    ],
    ...["VZ", "MV2", "V1-V2", "MCL1", "CM5", "CC5", "D3", "ML5", "mod.V1", "II+", "I_filtered", "V5 (mV)"],
  ];
  for (const lead of leads) assert.equal(chooseLead(["ABP", lead], "none").index, 1, lead);
  assert.match(chooseLead(["ABP", ""], "MLII").reason, /no lead with an ECG name/);
  assert.throws(() => chooseLead([], "MLII"), RangeError);
});

Deno.test("toMillivolts() applies baseline and gain", () => {
  const { millivolts, missing } = toMillivolts(Int16Array.of(1024, 1224, 924), {
    gainAduPerMv: 200,
    baselineAdu: 1024,
  });
  assert.deepEqual([...millivolts], [0, 1, -0.5]);
  assert.equal(missing, 0);
});

Deno.test("toMillivolts() puts missing samples on the line between their neighbours and counts them", () => {
  const lead = { gainAduPerMv: 1, baselineAdu: 0, missingAdu: -2048 };
  const { millivolts, missing } = toMillivolts(Int16Array.of(-2048, 5, -2048, -2048, 8, -2048), lead);
  assert.deepEqual([...millivolts], [5, 5, 6, 7, 8, 8]);
  assert.equal(missing, 4);
  assert.deepEqual([...toMillivolts(Int16Array.of(-2048, -2048), lead).millivolts], [0, 0]);
  const floats = toMillivolts(Float32Array.of(NaN, 1, Infinity, 3, -Infinity), {
    gainAduPerMv: 2,
    baselineAdu: 1,
  });
  assert.deepEqual([...floats.millivolts], [0, 0, 0.5, 1, 1]);
  assert.equal(floats.missing, 3);
});

Deno.test("openMillivolts() lists long gaps, counts short ones, and gives the same however the lead is cut", () => {
  const stretch = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 40_000 }));
  fc.assert(
    fc.property(
      fc.array(stretch, { maxLength: 6 }),
      fc.integer({ min: 1, max: 50_000 }),
      (stretches, cut) => {
        const stored = Float32Array.from(
          stretches.flatMap(([there, n]) => Array.from({ length: n }, (_, i) => there ? Math.sin(i) : NaN)),
        );
        const lead = { gainAduPerMv: 3, baselineAdu: 1 }, out: number[] = [];
        const stream = openMillivolts(lead, 500, {
          push: (piece) => piece.forEach((value) => out.push(value)),
          finish: () => {},
        });
        for (let at = 0; at < stored.length; at += cut) stream.push(stored.subarray(at, at + cut));
        const { missing, gaps } = stream.finish(), whole = toMillivolts(stored, lead);
        assert.equal(missing, whole.missing);
        assert.deepEqual(Float64Array.from(out), whole.millivolts);
        assert.ok(whole.millivolts.every(Number.isFinite));
        for (const { from, to } of gaps) {
          assert.ok(to - from > 500 && stored.subarray(from, to).every(Number.isNaN));
          assert.ok(!Number.isNaN(stored[from - 1] ?? 0) && !Number.isNaN(stored[to] ?? 0));
        }
      },
    ),
    { seed: 31, numRuns: 30 },
  );
});
