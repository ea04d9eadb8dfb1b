import assert from "node:assert/strict";
import { isBeatSymbol } from "../../beats/aami.ts";
import { createRng } from "../../core/rng.ts";
import { readRecord } from "../../formats/wfdb/wfdb.ts";
import { compareBeats } from "../../metrics/ec57.ts";
import { detectPanTompkins } from "./pan_tompkins.ts";

const MITDB = "../shared/mitdb";
const hasShared = await Deno.stat(`${MITDB}/100.hea`).then(() => true, () => false);

/** P, QRS and T waves as Gaussians at the given R times. */
function drawEcg(rSeconds: number[], seconds: number, fs: number): Float32Array {
  const ecg = new Float32Array(Math.round(seconds * fs));
  const waves = [[-0.16, 0.15, 0.025], [-0.025, -0.1, 0.008], [0, 1.2, 0.011], [0.025, -0.25, 0.009], [
    0.25,
    0.35,
    0.05,
  ]];
  for (const r of rSeconds) {
    for (const [delay, height, width] of waves) {
      const from = Math.max(0, Math.floor((r + delay - 5 * width) * fs));
      const to = Math.min(ecg.length - 1, Math.ceil((r + delay + 5 * width) * fs));
      for (let i = from; i <= to; i++) {
        ecg[i] += height * Math.exp(-(((i / fs - r - delay) / width) ** 2) / 2);
      }
    }
  }
  return ecg;
}

function drawRhythm(seconds: number, seed: number): number[] {
  const rng = createRng(seed);
  const times: number[] = [];
  for (let t = 0.5; t < seconds - 0.4; t += 0.8 + 0.08 * rng.normal()) times.push(t);
  return times;
}

function errors(ecg: Float32Array, rSeconds: number[], fs: number, fromSeconds = 0) {
  return compareBeats(Uint32Array.from(rSeconds, (r) => Math.round(r * fs)), detectPanTompkins(ecg, fs), {
    toleranceSamples: Math.round(0.05 * fs),
    startSample: Math.round(fromSeconds * fs),
    endSample: ecg.length,
  });
}

for (const fs of [100, 128, 250, 360, 500, 1000]) {
  Deno.test(`detectPanTompkins() finds every beat and its place at ${fs} Hz`, () => {
    const times = drawRhythm(60, fs);
    const counts = errors(drawEcg(times, 60, fs), times, fs);
    assert.deepEqual(counts, { truePositives: times.length, falseNegatives: 0, falsePositives: 0 });
  });
}

Deno.test("detectPanTompkins() does not mind gain, offset and polarity", () => {
  const fs = 360, times = drawRhythm(40, 7);
  const ecg = drawEcg(times, 40, fs);
  const expected = detectPanTompkins(ecg, fs);
  assert.equal(expected.length, times.length);
  for (const [gain, offset] of [[-1, 0], [1 / 1024, 0], [200, 1024], [-200, 1024]]) {
    assert.deepEqual(
      detectPanTompkins(ecg.map((value) => gain * value + offset), fs),
      expected,
      `${gain}, ${offset}`,
    );
  }
});

Deno.test("detectPanTompkins() works through noise and baseline wander", () => {
  const fs = 360, times = drawRhythm(120, 8), rng = createRng(9);
  const ecg = drawEcg(times, 120, fs);
  for (let i = 0; i < ecg.length; i++) {
    ecg[i] += 0.1 * rng.normal() + 0.8 * Math.sin(2 * Math.PI * 0.3 * i / fs);
  }
  const { falseNegatives, falsePositives } = errors(ecg, times, fs);
  assert.ok(
    falseNegatives === 0 && falsePositives === 0,
    `${falseNegatives} missed, ${falsePositives} extra`,
  );
});

Deno.test("detectPanTompkins() searches back for a beat much smaller than its neighbours", () => {
  const fs = 360;
  const times = Array.from({ length: 40 }, (_, i) => 0.6 + 0.8 * i);
  const ecg = drawEcg(times.filter((_, i) => i !== 20), 33, fs);
  const small = drawEcg([times[20]], 33, fs);
  for (let i = 0; i < ecg.length; i++) ecg[i] += 0.45 * small[i];
  assert.deepEqual(errors(ecg, times, fs), { truePositives: 40, falseNegatives: 0, falsePositives: 0 });
});

for (const [name, seconds, recoverySeconds] of [["short", 0.5, 3], ["long", 6, 14]] as const) {
  Deno.test(`detectPanTompkins() recovers after a ${name} artefact a hundred times as high as the beats`, () => {
    const fs = 360, times = drawRhythm(60, 10);
    const ecg = drawEcg(times, 60, fs);
    for (let i = 20 * fs; i < (20 + seconds) * fs; i++) ecg[i] += i % 40 < 20 ? 100 : -100;
    const { falseNegatives, falsePositives } = errors(ecg, times, fs, 20 + seconds + recoverySeconds);
    assert.ok(
      falseNegatives === 0 && falsePositives === 0,
      `${falseNegatives} missed, ${falsePositives} extra`,
    );
  });
}

Deno.test("detectPanTompkins() finds nothing on flat lines, nor in a flat stretch after beats", () => {
  for (const level of [0, 0.1, -1 / 3, 1024.7, 5e5]) {
    assert.equal(detectPanTompkins(new Float32Array(36_000).fill(level), 360).length, 0, `level ${level}`);
  }
  // At this level the filter goes on cycling through rounding errors instead of settling.
  for (const fs of [100, 500]) {
    const disconnected = new Float32Array(400 * fs).fill(-2659.6496248443586);
    disconnected.set(drawEcg(drawRhythm(20, 11), 20, fs));
    const last = detectPanTompkins(disconnected, fs).at(-1)!;
    assert.ok(last < 21 * fs, `a beat at ${last / fs} s`);
  }
});

Deno.test("detectPanTompkins() finds nothing in the noise of an open input between beats", () => {
  const fs = 360, times = drawRhythm(60, 13), rng = createRng(14);
  const ecg = new Float32Array(100 * fs);
  ecg.set(drawEcg(times, 60, fs));
  for (let i = 0; i < ecg.length; i++) ecg[i] += 0.005 * Math.round(rng.normal());
  assert.deepEqual(errors(ecg, times, fs), {
    truePositives: times.length,
    falseNegatives: 0,
    falsePositives: 0,
  });
});

Deno.test("detectPanTompkins() ends on noise, ramps, steps and spikes, peaks ascending and over 200 ms apart", () => {
  const rng = createRng(12), fs = 250, n = 60 * fs;
  const signals = [
    Float32Array.from({ length: n }, rng.normal),
    Float32Array.from({ length: n }, (_, i) => i / 7),
    Float32Array.from({ length: n }, (_, i) => i < n / 2 ? 0 : 1e6),
    Float32Array.from({ length: n }, (_, i) => i % 3 === 0 ? 1 : -1),
    Float32Array.from({ length: n }, (_, i) => Math.exp(-i / 100)),
    Float32Array.from({ length: n }, () => rng.uniform() < 0.01 ? 1e30 : rng.normal()),
  ];
  for (const [which, signal] of signals.entries()) {
    const found = detectPanTompkins(signal, fs);
    for (let i = 1; i < found.length; i++) assert.ok(found[i] - found[i - 1] > 0.2 * fs, `signal ${which}`);
    assert.ok(found.every((sample) => sample < n));
  }
});

Deno.test("detectPanTompkins() gives no beats for less than a second and refuses NaN and odd rates", () => {
  assert.equal(detectPanTompkins(new Float32Array(0), 360).length, 0);
  assert.equal(detectPanTompkins(drawEcg([0.3], 0.9, 360), 360).length, 0);
  const broken = new Float32Array(3600);
  broken[70] = NaN;
  assert.throws(() => detectPanTompkins(broken, 360), /got NaN at sample 70/);
  for (const fs of [99, 1001, NaN]) {
    assert.throws(() => detectPanTompkins(new Float32Array(3600), fs), RangeError);
  }
});

/** Record, and floors in percent a little below what was measured. */
const FLOORS: [string, number, number][] = [["100", 99.9, 99.9], ["203", 98.2, 99.0], ["207", 99.6, 99.4]];
for (const [record, sensitivity, predictivity] of FLOORS) {
  Deno.test({
    name: `[shared] detectPanTompkins() on record ${record}: Se >= ${sensitivity} %, +P >= ${predictivity} %`,
    ignore: !hasShared,
    fn: () => {
      const read = (extension: string) => Deno.readFileSync(`${MITDB}/${record}.${extension}`);
      const { header, signals, annotations } = readRecord({
        header: { name: `${record}.hea`, text: new TextDecoder().decode(read("hea")) },
        files: new Map([[`${record}.dat`, read("dat")]]),
        annotations: read("atr"),
      });
      const flutter: [number, number][] = [];
      for (const { symbol, sample } of annotations) {
        if (symbol === "[") flutter.push([sample, Infinity]);
        if (symbol === "]") flutter[flutter.length - 1][1] = sample;
      }
      const beats = annotations.filter(({ symbol }) => isBeatSymbol(symbol));
      const counts = compareBeats(
        Uint32Array.from(beats, ({ sample }) => sample),
        detectPanTompkins(Float32Array.from(signals[0]), header.fs),
        {
          toleranceSamples: 0.15 * header.fs,
          startSample: 300 * header.fs,
          endSample: signals[0].length,
          excluded: flutter,
        },
      );
      const se = 100 * counts.truePositives / (counts.truePositives + counts.falseNegatives);
      const pp = 100 * counts.truePositives / (counts.truePositives + counts.falsePositives);
      assert.ok(se >= sensitivity && pp >= predictivity, `Se ${se.toFixed(2)} %, +P ${pp.toFixed(2)} %`);
    },
  });
}
