import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../../core/rng.ts";
import { createQrsEnvelope, sampleWavelet, WAVELET } from "./qrs_envelope.ts";

const RATES = [100, 128, 250, 360, 500, 1000];

function runInPieces(x: Float32Array, fs: number, lengths: readonly number[]): number[] {
  const envelope = createQrsEnvelope(fs), out: number[] = [];
  for (let from = 0, k = 0; from < x.length; k++) {
    const to = from + Math.min(lengths[k % lengths.length], fs);
    out.push(...envelope.push(x.subarray(from, to)));
    from = to;
  }
  return [...out, ...envelope.finish()];
}

/** The same by its definition: means over the whole lead, then a sum of complex products for each second mean. */
function plainEnvelope(x: Float32Array, fs: number): number[] {
  const step = Math.max(1, Math.round(fs / 125)), rate = fs / step;
  const means: number[] = [];
  for (let i = 0; i + step <= x.length; i += step) {
    means.push(x.slice(i, i + step).reduce((sum, value) => sum + value, 0) / step);
  }
  const n = means.length, at = (i: number) => means[i < 0 ? 0 : i < n ? i : 2 * n - 1 - i];
  const tau = WAVELET.order / (2 * Math.PI * WAVELET.peakHz), reach = Math.round(1.6 * tau * rate);
  const wavelet = Array.from({ length: 2 * reach + 1 }, (_, k) => {
    // 1 / (1 - i u)^(order + 1), multiplied out.
    const u = (k - reach) / rate / tau;
    let re = 1, im = 0;
    for (let p = 0; p <= WAVELET.order; p++) {
      [re, im] = [(re - im * u) / (1 + u * u), (im + re * u) / (1 + u * u)];
    }
    return [re / (tau * rate), im / (tau * rate)];
  });
  const sum = wavelet.reduce((total, [re]) => total + re, 0);
  wavelet[reach][0] -= sum;
  const out: number[] = [];
  for (let i = 0; i < n; i += 2) {
    let re = 0, im = 0;
    for (let k = -reach; k <= reach; k++) {
      re += wavelet[k + reach][0] * at(i + k);
      im += wavelet[k + reach][1] * at(i + k);
    }
    out.push(Math.hypot(re, im));
  }
  return out;
}

for (const fs of RATES) {
  Deno.test(`createQrsEnvelope() equals its definition at ${fs} Hz`, () => {
    const rng = createRng(fs), x = Float32Array.from({ length: Math.round(3.3 * fs) }, rng.normal);
    const out = runInPieces(x, fs, [fs]), expected = plainEnvelope(x, fs);
    assert.equal(out.length, expected.length);
    for (const [i, value] of out.entries()) {
      assert.ok(Math.abs(value - expected[i]) < 1e-12, `${i}: ${value}, ${expected[i]}`);
    }
  });
}

Deno.test("createQrsEnvelope() gives the very same samples in pieces of any length", () => {
  const rng = createRng(2), x = Float32Array.from({ length: 1500 }, rng.normal);
  fc.assert(
    fc.property(
      fc.constantFrom(...RATES),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
      (fs, lengths) => assert.deepEqual(runInPieces(x, fs, lengths), runInPieces(x, fs, [fs])),
    ),
    { seed: 3, numRuns: 60 },
  );
});

Deno.test("createQrsEnvelope() passes QRS complexes and little of T waves, wander, mains and muscle, at any rate", () => {
  const levelAt = (hz: number, fs: number) => {
    const x = Float32Array.from({ length: 4 * fs }, (_, i) => Math.sin(2 * Math.PI * hz * i / fs));
    const out = runInPieces(x, fs, [fs]);
    return out[out.length >> 1];
  };
  for (const fs of RATES) {
    const top = levelAt(WAVELET.peakHz, fs);
    for (
      const [hz, least, most] of [[0.5, 0, 0.05], [3, 0, 0.12], [8, 0.55, 0.9], [20, 0.5, 0.85], [
        45,
        0,
        0.06,
      ]]
    ) {
      const part = levelAt(hz, fs) / top;
      assert.ok(part >= least && part <= most, `${hz} Hz at ${fs} Hz: ${part.toFixed(3)}`);
    }
    for (const mains of [50, 60]) {
      if (mains < fs / 2) assert.ok(levelAt(mains, fs) / top < 0.06, `${mains} Hz at ${fs} Hz`);
    }
  }
});

Deno.test("createQrsEnvelope() answers a spike, upright or inverted, with one hump that stands on it", () => {
  for (const fs of RATES) {
    const at = Math.round(1.7 * fs), x = new Float32Array(4 * fs), { leadSample } = createQrsEnvelope(fs);
    for (let i = 0; i < x.length; i++) x[i] = 100 + 2 * Math.exp(-(((i - at) / fs / 0.012) ** 2) / 2);
    const out = runInPieces(x, fs, [fs]), highest = Math.max(...out);
    const place = leadSample(out.indexOf(highest));
    assert.ok(Math.abs(place - at) <= 0.012 * fs, `${place}, ${at} at ${fs} Hz`);
    const peaks = out.filter((v, i) => v > 0.1 * highest && v > out[i - 1] && v >= out[i + 1]);
    assert.equal(peaks.length, 1, `${fs} Hz`);
    const inverted = runInPieces(x.map((v) => 200 - v), fs, [fs]);
    inverted.forEach((v, i) => assert.ok(Math.abs(v - out[i]) < 1e-5 * highest));
  }
});

Deno.test("createQrsEnvelope() gives exactly 0 on a flat lead, and nothing on none", () => {
  for (const fs of RATES) {
    const flat = new Float32Array(3 * fs).fill(-2659.6496248443586);
    assert.ok(runInPieces(flat, fs, [7]).every((value) => value === 0));
    assert.deepEqual(runInPieces(new Float32Array(0), fs, [7]), []);
  }
});

Deno.test("sampleWavelet() spans the same time at any rate", () => {
  for (const fs of [94, 120, 187]) {
    const { even, odd } = sampleWavelet(fs);
    assert.equal(even.length, odd.length);
    assert.ok(Math.abs(even.length / fs - 0.098) < 0.006);
  }
});
