import assert from "node:assert/strict";
import { aamiClass, isBeatSymbol } from "../../beats/aami.ts";
import { createRng } from "../../core/rng.ts";
import { readRecord } from "../../formats/wfdb/wfdb.ts";
import { qrsFigures, scoreDetections, summarizeScores } from "../../metrics/qrs_score.ts";
import { generateSyntheticRecord } from "../../sources/synthetic.ts";
import { mapSampleIndex, resampleFft } from "../resample.ts";
import { best } from "./best.ts";
import { detectBeats, openBeatStream } from "./detector.ts";
import { drawEcg, drawRhythm } from "./test_ecg.ts";

const MITDB = "../shared/mitdb";
const hasShared = await Deno.stat(`${MITDB}/100.hea`).then(() => true, () => false);

/** Errors on a synthetic lead; beats are matched within 150 ms. */
function errorsOn(ecg: Float32Array, times: readonly number[], fs: number) {
  const { falseNegatives, falsePositives } = scoreDetections(detectBeats(best, ecg, fs), {
    reference: times.map((t) => ({ sample: Math.round(t * fs), symbol: "N", subtype: 0 })),
    classOf: aamiClass,
    fs,
    samples: ecg.length,
    learningSeconds: 0,
  });
  return { missed: falseNegatives, extra: falsePositives };
}
const NONE = { missed: 0, extra: 0 };

for (const fs of [100, 128, 250, 360, 500, 1000]) {
  Deno.test(`best finds premature, wide and noisy beats of generated patients at ${fs} Hz, in both leads and upside down`, () => {
    for (const patient of [0, 1, 2]) {
      const { signals, annotations } = generateSyntheticRecord({
        seed: 5,
        patient,
        minutes: 2,
        fs,
        noise: 1.5,
      });
      const times = annotations.filter(({ symbol }) => isBeatSymbol(symbol)).map(({ sample }) => sample / fs);
      for (const signal of signals) {
        for (const sign of [1, -1]) {
          const { missed, extra } = errorsOn(Float32Array.from(signal, (v) => sign * v), times, fs);
          assert.ok(
            missed + extra <= 0.01 * times.length,
            `patient ${patient}: ${missed} missed, ${extra} extra`,
          );
        }
      }
    }
  });
}

Deno.test("best does not take tall T waves for beats, nor P waves", () => {
  const fs = 250, times = drawRhythm(60, 3), ecg = drawEcg(times, 60, fs);
  const add = (delay: number, width: number, height: number) => {
    for (const r of times) {
      for (
        let i = Math.max(0, Math.round((r + delay - 4 * width) * fs));
        i < (r + delay + 4 * width) * fs;
        i++
      ) {
        ecg[i] += height * Math.exp(-(((i / fs - r - delay) / width) ** 2) / 2);
      }
    }
  };
  add(0.26, 0.03, 1.2);
  add(-0.18, 0.018, 0.35);
  assert.deepEqual(errorsOn(ecg, times, fs), NONE);
});

Deno.test("best finds an early beat of another shape upon the T wave, and one in a pause", () => {
  const fs = 360, regular = Array.from({ length: 50 }, (_, i) => 0.6 + 0.8 * i);
  const early = regular[20] + 0.34,
    times = regular.filter((_, i) => i !== 21 && i !== 35).concat(early).sort((a, b) => a - b);
  const ecg = drawEcg(times.filter((t) => t !== early), 41, fs);
  for (let i = 0; i < ecg.length; i++) ecg[i] -= 1.1 * Math.exp(-(((i / fs - early) / 0.03) ** 2) / 2);
  assert.deepEqual(errorsOn(ecg, times, fs), NONE);
});

for (const beatsPerMinute of [20, 40, 100, 200, 240]) {
  Deno.test(`best finds ${beatsPerMinute} beats a minute, in short pieces too`, () => {
    const fs = 250, rr = 60 / beatsPerMinute;
    for (const seconds of [4, 10, 60]) {
      const rng = createRng(18), times: number[] = [];
      for (let t = 0.6; t < seconds - 0.5; t += rr * (1 + 0.03 * rng.normal())) times.push(t);
      const ecg = drawEcg(times, seconds, fs, Math.sqrt(Math.max(1, 0.8 / rr)));
      for (let i = 0; i < ecg.length; i++) ecg[i] += 0.02 * rng.normal();
      const { missed, extra } = errorsOn(ecg, times, fs);
      assert.ok(missed + extra <= (seconds < 60 ? 0 : 1), `${seconds} s: ${missed} missed, ${extra} extra`);
    }
  });
}

Deno.test("best finds each beat of an irregular rhythm", () => {
  const fs = 250, rng = createRng(3), times: number[] = [];
  for (let t = 0.6; t < 118; t += 0.35 + 0.7 * rng.uniform()) times.push(t);
  const ecg = drawEcg(times, 120, fs, 1.2).map((v) => v + 0.05 * rng.normal());
  assert.deepEqual(errorsOn(ecg, times, fs), NONE);
});

Deno.test("best finds nothing in an asystole of half a minute, and the first beat behind it", () => {
  const fs = 250, rng = createRng(3), times: number[] = [];
  for (let t = 0.6; t < 118; t += 0.8) if (t < 40 || t > 70) times.push(t);
  const ecg = drawEcg(times, 120, fs).map((v) => v + 0.02 * rng.normal());
  assert.deepEqual(errorsOn(ecg, times, fs), NONE);
});

Deno.test("best finds beats of two heights and shapes in turn", () => {
  const fs = 250, times = Array.from({ length: 80 }, (_, i) => 0.6 + 0.7 * i);
  const high = drawEcg(times.filter((_, i) => i % 2 === 1), 60, fs),
    low = drawEcg(times.filter((_, i) => i % 2 === 0), 60, fs);
  assert.deepEqual(errorsOn(high.map((v, i) => v + 0.35 * low[i]), times, fs), NONE);
});

Deno.test("best goes on as before when a lead comes back", () => {
  const fs = 250, times = drawRhythm(120, 6), rng = createRng(7), ecg = drawEcg(times, 120, fs);
  for (let i = 0; i < ecg.length; i++) {
    ecg[i] += 0.01 * rng.normal();
    if (i > 50 * fs && i < 80 * fs) ecg[i] = 5;
  }
  const there = times.filter((t) => t < 50 || t > 80.1);
  const { missed, extra } = errorsOn(ecg, there, fs);
  assert.equal(missed, 0);
  // The steps of 5 mV themselves are as steep as beats.
  assert.ok(extra <= 2, `${extra} extra`);
});

Deno.test("best keeps nothing of what has long passed: a day at 100 Hz takes no more memory than an hour", () => {
  const fs = 100, stream = openBeatStream(best, fs), tenMinutes = drawEcg(drawRhythm(600, 10), 600, fs);
  let beats = 0;
  const heldAfter = (hours: number) => {
    for (let k = 0; k < 6 * hours; k++) beats += stream.push(tenMinutes).length;
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  const before = heldAfter(1), after = heldAfter(23);
  assert.ok(beats > 24 * 4400, `${beats} beats`);
  // The samples of 23 hours are 33 MB; what waits for the garbage collector is less.
  assert.ok(after - before < 16e6, `${after - before} bytes more`);
});

Deno.test("best loses no beat to hum and wander, few to muscle noise", () => {
  const fs = 360, times = drawRhythm(180, 8), clean = drawEcg(times, 180, fs);
  const noises: [string, (t: number, rng: () => number) => number, number][] = [
    ["50 Hz", (t) => 0.5 * Math.sin(2 * Math.PI * 50 * t), 0],
    ["60 Hz", (t) => 0.5 * Math.sin(2 * Math.PI * 60 * t), 0],
    ["wander", (t) => 2 * Math.sin(2 * Math.PI * 0.3 * t) + Math.sin(2 * Math.PI * 0.7 * t), 0],
    ["muscle", (_, normal) => 0.25 * normal(), 1],
    ["bursts", (t, normal) => t % 20 < 4 ? 0.4 * normal() : 0, 10],
  ];
  for (const [name, noise, most] of noises) {
    const rng = createRng(9);
    const { missed, extra } = errorsOn(clean.map((v, i) => v + noise(i / fs, () => rng.normal())), times, fs);
    assert.ok(missed + extra <= most, `${name}: ${missed} missed, ${extra} extra`);
  }
});

/** Header, first lead and annotations of a record of MIT-BIH. */
function readFirstLead(record: string) {
  const read = (extension: string) => Deno.readFileSync(`${MITDB}/${record}.${extension}`);
  const { header, signals, annotations } = readRecord({
    header: { name: `${record}.hea`, text: new TextDecoder().decode(read("hea")) },
    files: new Map([[`${record}.dat`, read("dat")]]),
    annotations: read("atr"),
  });
  return { fs: header.fs, ecg: Float32Array.from(signals[0]), annotations };
}

Deno.test({
  name:
    "[shared] best on the first leads of all 48 records: Se and +P at least 99.9 %, timing error at most 4 ms",
  ignore: !hasShared,
  fn: () => {
    const records = [...Deno.readDirSync(MITDB)].flatMap(({ name }) =>
      name.match(/^(\d+)\.hea$/)?.slice(1) ?? []
    );
    assert.equal(records.length, 48);
    const { gross, timingErrorMs } = summarizeScores(records.map((record) => {
      const { fs, ecg, annotations } = readFirstLead(record);
      return scoreDetections(detectBeats(best, ecg, fs), {
        reference: annotations,
        classOf: aamiClass,
        fs,
        samples: ecg.length,
        learningSeconds: 300,
      });
    }));
    assert.ok(
      gross.se! >= 99.9 && gross.ppv! >= 99.9 && timingErrorMs! <= 4,
      JSON.stringify({ gross, timingErrorMs }),
    );
  },
});

Deno.test({
  name: "[shared] best finds the same at any sampling rate: record 203, its first 12 minutes",
  ignore: !hasShared,
  fn: () => {
    const { fs: recordFs, ecg: lead, annotations } = readFirstLead("203");
    const ecg = lead.subarray(0, 720 * recordFs);
    for (const fs of [100, 128, 200, 250, 360, 500, 1000]) {
      const rates = { fromFs: recordFs, toFs: fs };
      const resampled = fs === recordFs ? ecg : Float32Array.from(resampleFft(ecg, rates));
      const reference = annotations.filter(({ sample }) => sample < ecg.length).map((annotation) => ({
        ...annotation,
        sample: mapSampleIndex(annotation.sample, recordFs, fs, resampled.length),
      }));
      const figures = qrsFigures(scoreDetections(detectBeats(best, resampled, fs), {
        reference,
        classOf: aamiClass,
        fs,
        samples: resampled.length,
        learningSeconds: 0,
      }));
      assert.ok(figures.se! >= 99 && figures.ppv! >= 99.4, `${fs} Hz: ${JSON.stringify(figures)}`);
    }
  },
});
