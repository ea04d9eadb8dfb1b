import assert from "node:assert/strict";
import { qrsFigures, type QrsScore, scoreDetections, summarizeScores } from "./qrs_score.ts";

const at = (symbol: string, ...samples: number[]) =>
  samples.map((sample) => ({ sample, symbol, subtype: 0 }));
const classOf = (symbol: string) => symbol === "N" ? "N" : undefined;

Deno.test("scoreDetections() leaves the learning period out and measures offsets in milliseconds", () => {
  const record = {
    reference: [...at("N", 500, 76_000), ...at("+", 76_100), ...at("N", 77_000, 78_000)],
    classOf,
    fs: 250,
    samples: 100_000,
  };
  const detected = Uint32Array.of(400, 75_990, 77_005, 79_000);
  const after = scoreDetections(detected, { ...record, learningSeconds: 300 });
  assert.deepEqual(after, { truePositives: 2, falseNegatives: 1, falsePositives: 1, offsetsMs: [-40, 20] });
  const whole = scoreDetections(detected, { ...record, learningSeconds: 0 });
  assert.deepEqual([whole.truePositives, whole.falseNegatives, whole.falsePositives], [2, 2, 2]);
});

Deno.test("scoreDetections() pairs within 150 ms, rounded to whole samples as WFDB does", () => {
  for (const [fs, tolerance] of [[100, 15], [128, 19], [250, 38], [360, 54], [1000, 150]]) {
    const record = { reference: at("N", 1000), classOf, fs, samples: 5000, learningSeconds: 0 };
    const found = (sample: number) => scoreDetections(Uint32Array.of(sample), record).truePositives;
    assert.deepEqual([found(1000 + tolerance), found(1000 - tolerance)], [1, 1], `${fs} Hz`);
    assert.deepEqual([found(1001 + tolerance), found(999 - tolerance)], [0, 0], `${fs} Hz`);
  }
});

Deno.test("summarizeScores() sums for gross figures and takes the mean of records for average ones", () => {
  const score = (tp: number, fn: number, fp: number, offsetsMs: number[]): QrsScore => ({
    truePositives: tp,
    falseNegatives: fn,
    falsePositives: fp,
    offsetsMs,
  });
  const { gross, average, timingErrorMs, meanTimingErrorMs } = summarizeScores([
    score(90, 10, 0, [-4, 8]),
    score(1, 1, 3, [2, 2]),
  ]);
  assert.deepEqual(gross, { se: 100 * 91 / 102, ppv: 100 * 91 / 94 });
  assert.deepEqual(average, { se: (90 + 50) / 2, ppv: (100 + 25) / 2 });
  assert.equal(timingErrorMs, 3);
  assert.equal(meanTimingErrorMs, 2);
});

Deno.test("qrsFigures() and summarizeScores() say nothing of what was not there", () => {
  const none = { truePositives: 0, falseNegatives: 0, falsePositives: 0, offsetsMs: [] };
  assert.deepEqual(qrsFigures(none), { se: null, ppv: null });
  assert.deepEqual(summarizeScores([none]), {
    gross: { se: null, ppv: null },
    average: { se: null, ppv: null },
    timingErrorMs: null,
    meanTimingErrorMs: null,
  });
  const { average } = summarizeScores([none, { ...none, truePositives: 1, offsetsMs: [0] }]);
  assert.deepEqual(average, { se: 100, ppv: 100 });
});
