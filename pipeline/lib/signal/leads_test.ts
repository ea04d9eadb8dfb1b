import assert from "node:assert/strict";
import { chooseLead, toMillivolts } from "./leads.ts";

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

Deno.test("toMillivolts() lets a missing sample repeat its predecessor and counts it", () => {
  const lead = { gainAduPerMv: 1, baselineAdu: 0, missingAdu: -2048 };
  const { millivolts, missing } = toMillivolts(Int16Array.of(-2048, 5, -2048, -2048, 7), lead);
  assert.deepEqual([...millivolts], [5, 5, 5, 5, 7]);
  assert.equal(missing, 3);
  assert.deepEqual([...toMillivolts(Int16Array.of(-2048, -2048), lead).millivolts], [0, 0]);
});
