import assert from "node:assert/strict";
import { createBeatJudge, type Threshold } from "./beat_judge.ts";
import type { Candidate } from "./peak_search.ts";
import { createSteepSlope } from "./steep_slope.ts";

const FS = 100;

const wave = (seconds: number, height: number, slope = height): Candidate => ({
  at: Math.round(seconds * FS),
  height,
  amplitude: height,
  rise: slope,
  fall: 0.1 * slope,
});

/** A threshold of 1 that notes what it is told. */
function createFixed() {
  const calls: string[] = [];
  const threshold: Threshold = {
    learn() {},
    exceeds: ({ height }, part) => height > part,
    addBeat: ({ at }, late) => void calls.push(`${late ? "late" : "beat"} ${at}`),
    addNoise: ({ at }) => void calls.push(`noise ${at}`),
    fade: () => void calls.push("fade"),
  };
  return { calls, threshold };
}

function judgeAll(candidates: Candidate[], untilSeconds = 0) {
  const { calls, threshold } = createFixed(), found: Candidate[] = [];
  const judge = createBeatJudge({ fs: FS, threshold, searchBackRr: 1.5 });
  for (const candidate of candidates) judge.judge(candidate, found);
  judge.wait(untilSeconds * FS, found);
  return { calls, found: found.map(({ at }) => at) };
}

Deno.test("createBeatJudge() takes a flat wave soon after a beat for a T wave, a steep one or a late one not", () => {
  assert.deepEqual(judgeAll([wave(1, 2), wave(1.3, 2, 0.9)]).found, [100]);
  assert.deepEqual(judgeAll([wave(1, 2), wave(1.3, 2, 1.1)]).found, [100, 130]);
  assert.deepEqual(judgeAll([wave(1, 2), wave(1.4, 2, 0.9)]).found, [100, 140]);
});

Deno.test("createBeatJudge() searches back for the highest wave over half the threshold once a beat is overdue", () => {
  const waves = [wave(1, 2), wave(2, 2), wave(2.6, 0.6), wave(2.9, 0.8), wave(3.2, 0.4)];
  assert.deepEqual(judgeAll(waves, 3.4).found, [100, 200]);
  const { found, calls } = judgeAll(waves, 3.6);
  assert.deepEqual(found, [100, 200, 290]);
  assert.equal(calls.at(-1), "late 290");
  // The next candidate tells as well as the time that passes, and two beats may be missing.
  assert.deepEqual(judgeAll([...waves, wave(4, 2)]).found, [100, 200, 290, 400]);
  assert.deepEqual(judgeAll([wave(1, 2), wave(2, 2), wave(3, 0.8), wave(4, 0.7), wave(5, 2)]).found, [
    100,
    200,
    300,
    400,
    500,
  ]);
});

Deno.test("createBeatJudge() never searches back for T waves nor for what has long passed", () => {
  assert.deepEqual(judgeAll([wave(1, 2), wave(1.3, 0.9, 0.5)], 4).found, [100]);
  const { threshold } = createFixed(), found: Candidate[] = [];
  const judge = createBeatJudge({ fs: FS, threshold, searchBackRr: 20 });
  for (const candidate of [wave(1, 2), wave(2, 0.8)]) judge.judge(candidate, found);
  judge.wait(11 * FS, found);
  judge.wait(30 * FS, found);
  assert.equal(found.length, 1);
});

Deno.test("createBeatJudge() lets the threshold fade where three beats are missing", () => {
  const { calls } = judgeAll([wave(1, 2), wave(2, 2), wave(4.9, 0.1), wave(5.1, 0.1)]);
  assert.deepEqual(calls, ["beat 100", "beat 200", "noise 490", "fade", "noise 510"]);
});

Deno.test("createSteepSlope() falls from 200 to 1200 ms after a beat, and no beat raises it by more than half", () => {
  const steepSlope = createSteepSlope(FS, 0.6), last = wave(1, 10);
  steepSlope.learn([last]);
  const after = (seconds: number) => steepSlope.at(last.at + seconds * FS, { last, rr: [], meanRr: FS });
  const close = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}`);
  for (const [seconds, expected] of [[0.1, 6], [0.2, 6], [0.7, 0.8 * 6], [1.2, 0.6 * 6], [9, 0.6 * 6]]) {
    close(after(seconds), expected);
  }
  steepSlope.addBeat(wave(2, 1000));
  close(after(0), 0.6 * (4 * 10 + 15) / 5);
  steepSlope.fade();
  close(after(0), 0.8 * 0.6 * 11);
});
