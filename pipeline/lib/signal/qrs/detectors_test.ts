import assert from "node:assert/strict";
import { aamiClass } from "../../beats/aami.ts";
import { createRng } from "../../core/rng.ts";
import { readRecord } from "../../formats/wfdb/wfdb.ts";
import { compareBeats } from "../../metrics/test_annotations.ts";
import { qrsFigures, scoreDetections, summarizeScores } from "../../metrics/qrs_score.ts";
import { best } from "./best.ts";
import { christov } from "./christov.ts";
import { detectBeats, HISTORY_SECONDS, type QrsAlgorithm } from "./detector.ts";
import { engzee } from "./engzee.ts";
import { hamilton } from "./hamilton.ts";
import { matchedFilter } from "./matched_filter.ts";
import { panTompkins } from "./pan_tompkins.ts";
import { swt } from "./swt.ts";
import { drawEcg, drawRhythm } from "./test_ecg.ts";
import { twoAverage } from "./two_average.ts";
import { wqrs } from "./wqrs.ts";

const MITDB = "../shared/mitdb";
const hasShared = await Deno.stat(`${MITDB}/100.hea`).then(() => true, () => false);

interface Tested {
  algorithm: QrsAlgorithm;
  /** Records, and floors in percent a little below what was measured. */
  floors: [record: string, se: number, ppv: number][];
}

const TESTED: Tested[] = [
  {
    algorithm: best,
    floors: [
      ["105", 99.3, 98.9],
      ["108", 99.6, 99.4],
      ["203", 99.2, 99.4],
      ["207", 99.8, 99.8],
      ["208", 99.5, 99.7],
      ["222", 99.9, 99.8],
      ["228", 99.8, 99.6],
      ["232", 99.9, 99.7],
    ],
  },
  { algorithm: hamilton, floors: [["100", 99.9, 99.9], ["203", 98.9, 99.1], ["207", 99.8, 99.5]] },
  { algorithm: christov, floors: [["100", 99.9, 99.9], ["203", 98.6, 99.0], ["207", 99.9, 99.4]] },
  { algorithm: engzee, floors: [["100", 99.9, 99.9], ["203", 97.9, 99.2], ["207", 99.9, 99.7]] },
  { algorithm: panTompkins, floors: [["100", 99.9, 99.9], ["203", 98.5, 99.0], ["207", 99.9, 99.5]] },
  { algorithm: swt, floors: [["100", 99.9, 99.9], ["203", 96.9, 98.8], ["232", 99.9, 99.9]] },
  { algorithm: twoAverage, floors: [["100", 99.9, 99.9], ["203", 98.7, 99.4], ["207", 99.8, 99.4]] },
  { algorithm: matchedFilter, floors: [["100", 99.9, 99.9], ["203", 97.5, 99.1], ["208", 98, 98.8]] },
  { algorithm: wqrs, floors: [["100", 99.9, 99.9], ["203", 98.5, 98.8], ["232", 99.9, 98.8]] },
];

/** Beats with growing noise, a flat stretch, an artefact, pauses in the rhythm and beats of changing height: three minutes. */
function drawHardLead(fs: number): Float32Array {
  const rng = createRng(16), times = drawRhythm(180, 17).filter((t) => t % 20 > 6 || t > 120);
  const lead = drawEcg(times, 180, fs);
  for (let i = 0; i < lead.length; i++) {
    const t = i / fs;
    lead[i] = (0.4 + rng.uniform() * 0.02 + 0.6 * Math.sin(t / 9) ** 2) * lead[i] + 0.002 * t * rng.normal();
    if (t > 60 && t < 85) lead[i] = 0.3;
    if (t > 130 && t < 131) lead[i] += 50 * rng.normal();
  }
  return lead;
}

for (const { algorithm, floors } of TESTED) {
  const { name } = algorithm;
  /** Beats missed and beats invented from `fromSeconds` on, 50 ms allowed. */
  const errors = (ecg: Float32Array, rSeconds: number[], fs: number, fromSeconds = 0) => {
    const reference = Uint32Array.from(rSeconds, (r) => Math.round(r * fs));
    const { falseNegatives, falsePositives } = compareBeats(reference, detectBeats(algorithm, ecg, fs), {
      toleranceSamples: Math.round(0.05 * fs),
      startSample: Math.round(fromSeconds * fs),
      endSample: ecg.length,
    });
    return { missed: falseNegatives, extra: falsePositives };
  };
  const NONE = { missed: 0, extra: 0 };

  for (const fs of [100, 128, 250, 360, 500, 1000]) {
    Deno.test(`${name} finds every beat and its place at ${fs} Hz`, () => {
      const times = drawRhythm(60, fs);
      assert.deepEqual(errors(drawEcg(times, 60, fs), times, fs), NONE);
    });
  }

  Deno.test(`${name} does not mind gain, offset and polarity`, () => {
    const fs = 360, times = drawRhythm(40, 7), ecg = drawEcg(times, 40, fs);
    for (const [gain, offset] of [[-1, 0], [1 / 1024, 0], [200, 1024], [-200, 1024]]) {
      const scaled = ecg.map((value) => gain * value + offset);
      assert.deepEqual(errors(scaled, times, fs), NONE, `${gain}, ${offset}`);
    }
  });

  for (const beatsPerMinute of [30, 60, 120, 180]) {
    Deno.test(`${name} finds ${beatsPerMinute} beats a minute`, () => {
      const fs = 250, rng = createRng(18), rr = 60 / beatsPerMinute, times: number[] = [];
      for (let t = 0.6; t < 59; t += rr * (1 + 0.03 * rng.normal())) times.push(t);
      const ecg = drawEcg(times, 60, fs, Math.sqrt(Math.max(1, 0.8 / rr)));
      for (let i = 0; i < ecg.length; i++) ecg[i] += 0.02 * rng.normal();
      assert.deepEqual(errors(ecg, times, fs), NONE);
    });
  }

  Deno.test(`${name} takes no noise for beats in a slow heart at a low rate`, () => {
    const fs = 125, rng = createRng(21), times: number[] = [];
    for (let t = 0.6; t < 59; t += 2.4 * (1 + 0.03 * rng.normal())) times.push(t);
    const ecg = drawEcg(times, 60, fs);
    for (let i = 0; i < ecg.length; i++) ecg[i] += 0.05 * rng.normal();
    assert.deepEqual(errors(ecg, times, fs), NONE);
  });

  Deno.test(`${name} finds both of beats that are high and half as high in turn`, () => {
    const fs = 250, rng = createRng(22), times = drawRhythm(60, 21), ecg = drawEcg(times, 60, fs);
    const high = drawEcg(times.filter((_, i) => i % 2 === 0), 60, fs);
    for (let i = 0; i < ecg.length; i++) ecg[i] += high[i] + 0.02 * rng.normal();
    assert.deepEqual(errors(ecg, times, fs), NONE);
  });

  Deno.test(`${name} begins to work after 20 seconds of an artefact forty times as high as the beats`, () => {
    const fs = 250, times = drawRhythm(100, 31), rng = createRng(5), ecg = drawEcg(times, 100, fs);
    for (let i = 0; i < ecg.length; i++) {
      ecg[i] += 0.01 * rng.normal() + (i < 20 * fs ? (i % 40 < 20 ? 20 : -20) : 0);
    }
    assert.deepEqual(errors(ecg, times, fs, 45), NONE);
  });

  for (const gain of [0.1, 10]) {
    Deno.test(`${name} goes on within 20 seconds where the lead becomes ${gain} times as high`, () => {
      const fs = 250, times = drawRhythm(100, 19), rng = createRng(20), ecg = drawEcg(times, 100, fs);
      for (let i = 0; i < ecg.length; i++) ecg[i] = (i < 40 * fs ? 1 : gain) * ecg[i] + 0.004 * rng.normal();
      assert.deepEqual(errors(ecg, times, fs, 60), NONE);
    });
  }

  Deno.test(`${name} works through noise and baseline wander`, () => {
    const fs = 360, times = drawRhythm(120, 8), rng = createRng(9), ecg = drawEcg(times, 120, fs);
    for (let i = 0; i < ecg.length; i++) {
      ecg[i] += 0.1 * rng.normal() + 0.8 * Math.sin(2 * Math.PI * 0.3 * i / fs);
    }
    assert.deepEqual(errors(ecg, times, fs), NONE);
  });

  Deno.test(`${name} searches back for a beat much smaller than its neighbours`, () => {
    const fs = 360, times = Array.from({ length: 40 }, (_, i) => 0.6 + 0.8 * i);
    const ecg = drawEcg(times.filter((_, i) => i !== 20), 33, fs), small = drawEcg([times[20]], 33, fs);
    for (let i = 0; i < ecg.length; i++) ecg[i] += 0.45 * small[i];
    assert.deepEqual(errors(ecg, times, fs), NONE);
  });

  for (const [length, seconds, recoverySeconds] of [["short", 0.5, 3], ["long", 6, 14]] as const) {
    Deno.test(`${name} recovers after a ${length} artefact a hundred times as high as the beats`, () => {
      const fs = 360, times = drawRhythm(60, 10), ecg = drawEcg(times, 60, fs);
      for (let i = 20 * fs; i < (20 + seconds) * fs; i++) ecg[i] += i % 40 < 20 ? 100 : -100;
      assert.deepEqual(errors(ecg, times, fs, 20 + seconds + recoverySeconds), NONE);
    });
  }

  Deno.test(`${name} recovers after a spike of 1e30`, () => {
    const fs = 250, times = drawRhythm(60, 15), ecg = drawEcg(times, 60, fs);
    ecg[25 * fs] = 1e30;
    assert.deepEqual(errors(ecg, times, fs, 28), NONE);
  });

  Deno.test(`${name} finds nothing on flat lines, nor in a flat stretch after beats`, () => {
    for (const level of [0, 0.1, -1 / 3, 1024.7, 5e5]) {
      assert.equal(detectBeats(algorithm, new Float32Array(36_000).fill(level), 360).length, 0, `${level}`);
    }
    // At this level recursive filters go on cycling through rounding errors instead of settling.
    for (const fs of [100, 500]) {
      const disconnected = new Float32Array(400 * fs).fill(-2659.6496248443586);
      disconnected.set(drawEcg(drawRhythm(20, 11), 20, fs));
      const last = detectBeats(algorithm, disconnected, fs).at(-1)!;
      assert.ok(last < 21 * fs, `a beat at ${last / fs} s`);
    }
  });

  Deno.test(`${name} finds nothing in the noise of an open input after beats`, () => {
    const fs = 360, times = drawRhythm(60, 13), rng = createRng(14), ecg = new Float32Array(100 * fs);
    ecg.set(drawEcg(times, 60, fs));
    for (let i = 0; i < ecg.length; i++) ecg[i] += 0.005 * Math.round(rng.normal());
    assert.deepEqual(errors(ecg, times, fs), NONE);
  });

  Deno.test(`${name} reports in order, in time, and the same in pieces of any length, on a hard lead`, () => {
    const fs = 200, lead = drawHardLead(fs);
    /** Hands the lead over in pieces of these lengths in turn, and what has not yet come a second at a time. */
    const search = (lengths: number[]) => {
      const run = algorithm.open(fs), found: number[] = [];
      for (let from = 0, k = 0; from < lead.length; k++) {
        const known = found.length, to = Math.min(lead.length, from + lengths[k % lengths.length]);
        run.push(lead.subarray(from, to), found);
        from = to;
        for (const at of found.slice(known)) {
          assert.ok(at < to && at >= to - HISTORY_SECONDS * fs, `${at} reported at ${to}`);
        }
      }
      run.finish(found);
      return found;
    };
    const whole = search([fs]);
    assert.ok(whole.length > 100);
    for (let i = 1; i < whole.length; i++) assert.ok(whole[i] > whole[i - 1]);
    for (const lengths of [[1], [7, 190, 3], [150]]) assert.deepEqual(search(lengths), whole);
  });

  Deno.test({
    name: `[shared] ${name} keeps its floors on records ${floors.map(([record]) => record).join(", ")}`,
    ignore: !hasShared,
    fn: () => {
      const scores = floors.map(([record, se, ppv]) => {
        const read = (extension: string) => Deno.readFileSync(`${MITDB}/${record}.${extension}`);
        const { header, signals, annotations } = readRecord({
          header: { name: `${record}.hea`, text: new TextDecoder().decode(read("hea")) },
          files: new Map([[`${record}.dat`, read("dat")]]),
          annotations: read("atr"),
        });
        const ecg = Float32Array.from(signals[0]);
        const score = scoreDetections(detectBeats(algorithm, ecg, header.fs), {
          reference: annotations,
          classOf: aamiClass,
          fs: header.fs,
          samples: ecg.length,
          learningSeconds: 300,
        });
        const figures = qrsFigures(score);
        assert.ok(
          figures.se! >= se && figures.ppv! >= ppv,
          `${record}: Se ${figures.se!.toFixed(2)} %, +P ${figures.ppv!.toFixed(2)} %`,
        );
        return score;
      });
      const { timingErrorMs } = summarizeScores(scores);
      assert.ok(timingErrorMs! <= 8, `median timing error ${timingErrorMs} ms`);
    },
  });
}
