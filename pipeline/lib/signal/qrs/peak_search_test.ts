import assert from "node:assert/strict";
import { chain, createFir, createMeanRemoval, createMovingAverage } from "./streaming_filters.ts";
import {
  type Candidate,
  createPeakSearch,
  type PeakJudge,
  rectifier,
  usualOfHighest,
} from "./peak_search.ts";

const FS = 200;

/** Takes every candidate for a beat and keeps what it has seen. */
function createRecorder() {
  const learnt: Candidate[] = [], judged: Candidate[] = [];
  const judge: PeakJudge = {
    learn: (first) => void learnt.push(...first),
    judge(candidate, found) {
      judged.push(candidate);
      found.push(candidate);
    },
    wait() {},
  };
  return { learnt, judged, judge };
}

function runSearch(lead: Float32Array, judge: PeakJudge): number[] {
  const search = createPeakSearch({
    fs: FS,
    smooth: chain(createMovingAverage(3), createMeanRemoval(41)),
    slope: createFir([1, 0, -1]),
    waveform: chain(rectifier, createMovingAverage(9)),
    judge,
  });
  const found: number[] = [];
  for (let from = 0; from < lead.length; from += FS) search.push(lead.subarray(from, from + FS), found);
  search.finish(found);
  return found;
}

/** A saw-tooth: up to `height` in `riseSamples`, down again in `fallSamples`. */
function addTooth(lead: Float32Array, peak: number, height: number, riseSamples = 6, fallSamples = 6): void {
  for (let i = -riseSamples; i <= fallSamples; i++) {
    lead[peak + i] += height * (1 - (i < 0 ? -i / riseSamples : i / fallSamples));
  }
}

Deno.test("createPeakSearch() says where in the lead a wave is, and how high and steep", () => {
  const lead = new Float32Array(10 * FS).fill(3), { judge, judged } = createRecorder();
  for (let peak = 150; peak < lead.length; peak += 150) addTooth(lead, peak, 1, 12, 4);
  const found = runSearch(lead, judge);
  assert.equal(found.length, Math.floor((lead.length - 1) / 150));
  found.forEach((at, k) => assert.ok(Math.abs(at - 150 * (k + 1)) <= 3, `${at}`));
  for (const { amplitude, rise, fall } of judged) {
    assert.ok(amplitude > 0.6 && amplitude < 1, `${amplitude}`);
    assert.ok(fall > 2 * rise && rise > 0, `${rise}, ${fall}`);
  }
});

Deno.test("createPeakSearch() keeps the higher one of two waves in a refractory period", () => {
  const lead = new Float32Array(10 * FS), { judge } = createRecorder();
  for (let peak = 200; peak < lead.length; peak += 200) {
    addTooth(lead, peak - 30, 0.5);
    addTooth(lead, peak, 1);
  }
  const found = runSearch(lead, judge);
  assert.equal(found.length, 9);
  found.forEach((at, k) => assert.ok(Math.abs(at - 200 * (k + 1)) <= 3, `${at}`));
});

Deno.test("createPeakSearch() lets its judge learn from eight seconds before it judges", () => {
  const lead = new Float32Array(20 * FS), { judge, judged, learnt } = createRecorder();
  for (let peak = 500; peak < lead.length - 50; peak += 200) addTooth(lead, peak, 1);
  runSearch(lead, judge);
  assert.deepEqual(learnt, judged.filter(({ at }) => at <= judged[0].at + 8 * FS));
  assert.ok(judged.length > learnt.length);
});

Deno.test("createPeakSearch() passes over waves far below the usual ones, and what is but rounding", () => {
  const lead = new Float32Array(40 * FS).fill(100), { judge } = createRecorder();
  for (let peak = 100; peak < 20 * FS; peak += 200) addTooth(lead, peak, 1);
  for (let peak = 20 * FS + 100; peak < lead.length; peak += 200) addTooth(lead, peak, 0.01);
  const found = runSearch(lead, judge);
  assert.ok(found.length === 20 && found.every((at) => at < 20 * FS), `${found}`);
  const rounding = Float32Array.from(lead.keys(), (i) => 1e6 + (i % 160 === 0 ? 0.0625 : 0));
  assert.deepEqual(runSearch(rounding, createRecorder().judge), []);
});

Deno.test("usualOfHighest() is led astray neither by seconds without a beat nor by a few artefacts", () => {
  const candidate = (second: number, height: number): Candidate => ({
    at: second * FS,
    height,
    amplitude: height,
    rise: 0,
    fall: 0,
  });
  const heights = [10, 1, 10, 1, 10, 1, 500, 1, 10, 1];
  const candidates = heights.map((height, second) => candidate(second, height));
  assert.equal(usualOfHighest(candidates, ({ height }) => height, FS), 10);
});
