import assert from "node:assert/strict";
import golden from "./testdata/scipy.json" with { type: "json" };
import {
  butterworthBandpass,
  butterworthHighpass,
  butterworthLowpass,
  type SecondOrderSection,
} from "./butterworth.ts";

/** Amplitude response of sections at a frequency. */
function response(sos: SecondOrderSection[], hz: number, fs: number): number {
  const angle = 2 * Math.PI * hz / fs;
  const modulus = (c0: number, c1: number, c2: number) =>
    Math.hypot(
      c0 + c1 * Math.cos(angle) + c2 * Math.cos(2 * angle),
      c1 * Math.sin(angle) + c2 * Math.sin(2 * angle),
    );
  return sos.reduce((gain, [b0, b1, b2, a0, a1, a2]) => gain * modulus(b0, b1, b2) / modulus(a0, a1, a2), 1);
}

function design(kind: string, order: number, edgesHz: number[], fs: number): SecondOrderSection[] {
  if (kind === "bandpass") return butterworthBandpass({ order, lowHz: edgesHz[0], highHz: edgesHz[1], fs });
  const wanted = { order, cutoffHz: edgesHz[0], fs };
  return kind === "lowpass" ? butterworthLowpass(wanted) : butterworthHighpass(wanted);
}

for (const { kind, order, edgesHz, fs, sos } of golden.butter) {
  Deno.test(`butterworth ${kind} of order ${order}, ${edgesHz.join("-")} Hz at ${fs} Hz equals SciPy's sections`, () => {
    const sections = design(kind, order, edgesHz, fs);
    assert.equal(sections.length, sos.length);
    sections.forEach((section, i) =>
      section.forEach((coefficient, j) => {
        const error = Math.abs(coefficient - sos[i][j]);
        assert.ok(
          error <= 1e-9 * Math.max(1e-3, Math.abs(sos[i][j])),
          `section ${i}, ${j}: ${coefficient}, ${sos[i][j]}`,
        );
      })
    );
  });
}

Deno.test("butterworthBandpass() passes its centre and has -3 dB at its edges", () => {
  const sos = butterworthBandpass({ order: 2, lowHz: 5, highHz: 15, fs: 360 });
  assert.ok(Math.abs(response(sos, 5, 360) - Math.SQRT1_2) < 1e-9);
  assert.ok(Math.abs(response(sos, 15, 360) - Math.SQRT1_2) < 1e-9);
  assert.ok(response(sos, 8.7, 360) > 0.999);
  assert.ok(response(sos, 0.5, 360) < 0.02);
  assert.ok(response(sos, 100, 360) < 0.01);
});

Deno.test("the designs refuse orders and frequencies out of range", () => {
  assert.throws(() => butterworthLowpass({ order: 0, cutoffHz: 40, fs: 360 }), RangeError);
  assert.throws(() => butterworthLowpass({ order: 1.5, cutoffHz: 40, fs: 360 }), RangeError);
  assert.throws(() => butterworthHighpass({ order: 2, cutoffHz: 180, fs: 360 }), RangeError);
  assert.throws(() => butterworthHighpass({ order: 2, cutoffHz: NaN, fs: 360 }), RangeError);
  assert.throws(
    () => butterworthBandpass({ order: 2, lowHz: 15, highHz: 5, fs: 360 }),
    /15 and 5 Hz at 360 Hz/,
  );
  assert.throws(() => butterworthBandpass({ order: 2, lowHz: 0, highHz: 5, fs: 360 }), RangeError);
});
