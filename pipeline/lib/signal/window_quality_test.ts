import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { isBeatSymbol } from "../beats/aami.ts";
import { cutWindows } from "../beats/windows.ts";
import { createRng } from "../core/rng.ts";
import { readRecord } from "../formats/wfdb/wfdb.ts";
import { butterworthBandpass } from "./butterworth.ts";
import type { Defect } from "./defects.ts";
import { sosFiltFilt } from "./filters.ts";
import { toMillivolts } from "./leads.ts";
import { noiseOfWindow, QUALITY_REASONS, windowQuality } from "./window_quality.ts";

const FS = 360, WINDOW = 216, R_PEAK = 90;
const bandpass = butterworthBandpass({ order: 2, lowHz: 0.5, highHz: 40, fs: FS });

/** One P-QRS-T, the R peak at 0 seconds; a ventricular beat is broad and has no P wave. */
function beatAt(seconds: number, isVentricular: boolean): number {
  const wave = (at: number, width: number) => Math.exp(-(((seconds - at) / width) ** 2));
  return isVentricular
    ? 1.4 * wave(0, 0.05) - 0.6 * wave(0.22, 0.09)
    : 0.12 * wave(-0.17, 0.03) + wave(0, 0.012) - 0.2 * wave(0.03, 0.012) + 0.25 * wave(0.24, 0.05);
}

/** A lead of a beat a second, every fifth one ventricular, and its R peaks. */
function makeLead(beats: number): { lead: Float64Array; peaks: Uint32Array } {
  const peaks = Uint32Array.from({ length: beats }, (_, i) => (i + 1) * FS);
  const lead = Float64Array.from({ length: (beats + 2) * FS }, (_, i) => {
    const near = Math.round(i / FS);
    return near < 1 || near > beats ? 0 : beatAt(i / FS - near, near % 5 === 0);
  });
  return { lead, peaks };
}

function judge(lead: Float64Array, peaks: Uint32Array, defects?: Defect[]) {
  const { windows } = cutWindows({ signal: Float32Array.from(sosFiltFilt(bandpass, lead)), rPeaks: peaks });
  const starts = Int32Array.from(peaks, (peak) => peak - R_PEAK);
  return windowQuality({ windows, windowSamples: WINDOW, starts, fs: FS, defects });
}

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const power = (x: Float64Array) => mean(x.map((value) => value * value));

/** Noise of a kind as recordings have it: broad, of muscles, wandering of the baseline, and steps of an electrode. */
const NOISES: Record<string, (n: number, seed: number) => Float64Array> = {
  white: (n, seed) => Float64Array.from({ length: n }, createRng(seed).normal),
  muscle: (n, seed) =>
    sosFiltFilt(butterworthBandpass({ order: 2, lowHz: 15, highHz: 100, fs: FS }), NOISES.white(n, seed)),
  wander: (n, seed) =>
    sosFiltFilt(butterworthBandpass({ order: 1, lowHz: 0.3, highHz: 3, fs: FS }), NOISES.white(n, seed)),
  electrode: (n, seed) => {
    const rng = createRng(seed);
    let level = 0;
    return Float64Array.from({ length: n }, () => level = rng.integer(40) === 0 ? rng.normal() : level);
  },
};

for (const [name, make] of Object.entries(NOISES)) {
  Deno.test(`windowQuality() falls with the signal-to-noise ratio of added noise: ${name}`, () => {
    const { lead, peaks } = makeLead(60);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (seed) => {
        const noise = make(lead.length, seed), scale = Math.sqrt(power(lead) / power(noise));
        const means = [Infinity, 24, 18, 12, 6, 0, -6, -12].map((snrDb) =>
          mean(judge(lead.map((value, i) => value + noise[i] * scale * 10 ** (-snrDb / 20)), peaks).values)
        );
        assert.ok(means[0] > 0.9, `clean: ${means[0]}`);
        means.slice(1).forEach((value, i) => assert.ok(value < means[i] + 1e-3, `${name}: ${means}`));
        assert.ok(means[6] < 0.6 && means[7] < 0.4, `${name}: ${means}`);
      }),
      { seed: 61, numRuns: 5 },
    );
  });
}

Deno.test("windowQuality() takes ectopic beats for beats, and one window of noise among them for what it is", () => {
  const { lead, peaks } = makeLead(60), rng = createRng(7);
  for (let i = 30 * FS - 200; i < 30 * FS + 200; i++) lead[i] = rng.normal();
  const { values, reasons } = judge(lead, peaks);
  values.forEach((value, beat) => {
    if (beat === 29) assert.ok(value < 0.2, `noise: ${value}`);
    else if (beat < 28 || beat > 30) assert.ok(value > 0.9, `beat ${beat}: ${value}`);
  });
  assert.ok(["noise", "unlike the other beats"].includes(QUALITY_REASONS[reasons[29]]));
});

Deno.test("windowQuality() counts what is no signal: half a window without one is worth nothing, and says why", () => {
  const { lead, peaks } = makeLead(20), at = (beat: number) => peaks[beat] - R_PEAK;
  const defects: Defect[] = [
    { from: at(3), to: at(3) + 54, reason: "flat" },
    { from: at(5) - 100, to: at(5) + 108, reason: "missing" },
    { from: at(8) - 10, to: at(9) + 300, reason: "lead off" },
    { from: at(8), to: at(8) + 50, reason: "saturated" },
  ];
  const { values, reasons } = judge(lead, peaks, defects), clean = judge(lead, peaks).values;
  const expected = new Map([[3, [0.5, "flat"]], [5, [0, "missing"]], [8, [0, "lead off"]], [9, [
    0,
    "lead off",
  ]]]);
  values.forEach((value, beat) => {
    const [factor, reason] = expected.get(beat) ?? [1, undefined];
    assert.ok(Math.abs(value - Number(factor) * clean[beat]) < 1e-6, `beat ${beat}: ${value}`);
    if (reason !== undefined) assert.equal(QUALITY_REASONS[reasons[beat]], reason);
  });
});

Deno.test("windowQuality() and noiseOfWindow() care for neither scale nor offset nor sign, and stay in [0, 1]", () => {
  const value = fc.integer({ min: -100, max: 100 }), rate = fc.integer({ min: 100, max: 1000 });
  const windows = fc.array(fc.array(value, { minLength: 40, maxLength: 40 }), {
    minLength: 0,
    maxLength: 12,
  });
  fc.assert(
    fc.property(windows, rate, (parts, fs) => {
      const flat = Float32Array.from(parts.flat()), starts = Int32Array.from(parts, (_, i) => 100 * i);
      const of = (data: Float32Array) =>
        windowQuality({ windows: data, windowSamples: 40, starts, fs }).values;
      const plain = of(flat), changed = of(flat.map((sample) => 3 - 2 * sample));
      plain.forEach((quality, i) => {
        assert.ok(quality >= 0 && quality <= 1);
        assert.ok(Math.abs(quality - changed[i]) < 1e-3, `${quality} and ${changed[i]}`);
      });
    }),
    { seed: 62, numRuns: 100 },
  );
  assert.equal(noiseOfWindow(new Float32Array(50).fill(3), FS), 1);
  const ramp = Float32Array.from({ length: 216 }, (_, i) => i);
  assert.ok(noiseOfWindow(ramp, FS) < 1e-9);
});

Deno.test("noiseOfWindow() is the median distance from the moving average, as sorting finds it", () => {
  const window = Float32Array.from({ length: 216 }, createRng(9).normal), half = 12;
  const distances = Array.from(window, (value, i) => {
    return Math.abs(value - mean(window.subarray(Math.max(0, i - half), i + half + 1)));
  }).filter((_, i) => i % 2 === 0);
  const median = distances.sort((a, b) => a - b)[54], height = Math.max(...window) - Math.min(...window);
  assert.ok(Math.abs(noiseOfWindow(window, FS) - median / height) < 1e-9);
});

const MITDB = new URL("../../../../shared/mitdb/", import.meta.url);

/** A record's MLII windows with their quality, whether cardiologists called the stretch noisy (`~`), and the beats' symbols. */
function judgeRecord(record: string) {
  const file = (extension: string) => readFileSync(new URL(`${record}.${extension}`, MITDB));
  const { header, signals, annotations } = readRecord({
    header: { name: `${record}.hea`, text: file("hea").toString() },
    files: new Map([[`${record}.dat`, new Uint8Array(file("dat"))]]),
    annotations: new Uint8Array(file("atr")),
  });
  const channel = header.signals.findIndex(({ description }) => description === "MLII");
  const { millivolts } = toMillivolts(signals[channel], { gainAduPerMv: 200, baselineAdu: 1024 });
  const beats: { sample: number; symbol: string; noisy: boolean }[] = [];
  let noisy = false;
  for (const { sample, symbol, subtype } of annotations) {
    // Bits 0 and 1: signal 0 or 1 is noisy; bits 4 and 5: it cannot be read; -1: nothing can.
    if (symbol === "~") noisy = subtype === -1 || ((subtype >> channel) & 0b10001) !== 0;
    if (isBeatSymbol(symbol)) beats.push({ sample, symbol, noisy });
  }
  const { values } = judge(millivolts, Uint32Array.from(beats, ({ sample }) => sample));
  return beats.map((beat, i) => ({ ...beat, quality: values[i] }));
}

Deno.test({
  name:
    "[shared] windowQuality() tells noisy stretches of MIT-BIH from clean ones, and ventricular beats are no noise",
  ignore: !existsSync(MITDB),
  fn() {
    const beats = ["105", "108", "200", "203", "210", "223"].flatMap(judgeRecord);
    const noisy = beats.filter((beat) => beat.noisy), clean = beats.filter((beat) => !beat.noisy);
    const sorted = clean.map(({ quality }) => quality).sort((a, b) => a - b);
    const below = (quality: number) => sorted.findLastIndex((other) => other < quality) + 1;
    const auc = 1 - mean(noisy.map(({ quality }) => below(quality))) / clean.length;
    assert.ok(noisy.length > 1000 && auc > 0.9, `area under the curve ${auc}`);
    const low = (symbol: string) => {
      const of = clean.filter((beat) => beat.symbol === symbol);
      return of.filter(({ quality }) => quality < 0.5).length / of.length;
    };
    assert.ok(low("N") < 0.01 && low("V") < 0.03, `N ${low("N")}, V ${low("V")}`);
  },
});

Deno.test("windowQuality() goes on falling where no two windows of a record look alike any more", () => {
  const { lead, peaks } = makeLead(40), noise = NOISES.white(lead.length, 9);
  const [some, much, most] = [0.8, 1.6, 3.2].map((share) =>
    mean(judge(lead.map((value, i) => value + share * noise[i]), peaks).values)
  );
  assert.ok(0.2 > some && some > 1.3 * much && much > 1.2 * most && most > 0.01, `${some} ${much} ${most}`);
});
