import type { Rng } from "../core/rng.ts";

/** Beat annotation symbols that the generator knows; "A" is the atrial premature beat of AAMI class S. */
export type SyntheticSymbol = "N" | "A" | "V" | "F" | "Q";

/** One Gaussian of a beat, seen by both leads at the same moment with its own amplitude. */
export interface Wave {
  /** Centre relative to the beat's nominal R peak, in seconds. */
  centreSeconds: number;
  /** Standard deviation in seconds. */
  widthSeconds: number;
  /** Amplitude in mV on MLII and on V1. */
  amplitudesMv: readonly [number, number];
}

/** How one patient's beats look, at an RR interval of 1 s. */
export interface Morphology {
  /** P, Q, R, S, T of a sinus beat, in this order. */
  sinus: readonly Wave[];
  /** The P wave of an atrial ectopic focus. */
  ectopicP: Wave;
  /** Slur, main lobe, late lobe and T of each ventricular focus; the first is the usual one. */
  ventricular: readonly (readonly Wave[])[];
}

/**
 * Draws one patient's beat shapes: amplitudes, widths and electrical axis.
 *
 * Source: McSharry et al., "A dynamical model for generating synthetic electrocardiogram signals", IEEE TBME 50(3):289
 * (2003), Table I, for the order, timing and relative size of the five waves.
 * Deviations: each Gaussian is placed in closed form instead of integrating the model's equations; P and QRS are
 * narrower than in Table I, so that a sinus QRS lasts 70 to 100 ms; amplitudes differ from patient to patient.
 *
 * @param rng Random numbers of this patient.
 */
export function drawMorphology(rng: Rng): Morphology {
  const between = (low: number, high: number) => low + (high - low) * rng.uniform();
  const axisDegrees = between(10, 80);
  // Lead II lies at +60 degrees in the frontal plane: the further the axis from it, the smaller R and the deeper S.
  const projection = Math.cos(((axisDegrees - 60) * Math.PI) / 180);
  const sinus: Wave[] = [
    wave(-between(0.14, 0.19), between(0.018, 0.026), between(0.08, 0.2), between(0.03, 0.1)),
    wave(-between(0.022, 0.03), between(0.008, 0.011), -between(0.02, 0.15), 0),
    wave(0, between(0.01, 0.014), projection * between(1, 1.8), between(0.1, 0.4)),
    wave(
      between(0.026, 0.036),
      between(0.01, 0.014),
      -between(0.08, 0.2) - 0.25 * (1 - projection),
      -between(0.5, 1.2),
    ),
    wave(between(0.24, 0.28), between(0.045, 0.06), between(0.15, 0.4), between(-0.1, 0.25)),
  ];
  const ectopicP = wave(-between(0.11, 0.14), between(0.014, 0.02), -between(0.05, 0.14), between(0.02, 0.1));
  return { sinus, ectopicP, ventricular: [drawVentricularFocus(rng, 0.25), drawVentricularFocus(rng, 0.5)] };
}

/** Wide QRS with a T wave of the opposite sign, negative on MLII with the given probability. */
function drawVentricularFocus(rng: Rng, negativeProbability: number): Wave[] {
  const between = (low: number, high: number) => low + (high - low) * rng.uniform();
  const mlii = (rng.uniform() < negativeProbability ? -1 : 1) * between(1.1, 1.9);
  const v1 = (rng.uniform() < 0.5 ? -1 : 1) * between(0.6, 1.4);
  const slur = between(0.1, 0.25), late = between(0.2, 0.32), repolarization = between(0.22, 0.34);
  return [
    wave(-between(0.04, 0.055), between(0.018, 0.024), mlii * slur, v1 * slur),
    wave(0, between(0.03, 0.042), mlii, v1),
    wave(between(0.08, 0.1), between(0.03, 0.038), -mlii * late, -v1 * late),
    wave(between(0.3, 0.34), between(0.065, 0.08), -mlii * repolarization, -v1 * repolarization),
  ];
}

/**
 * Shapes one beat of a patient, with a little variation from beat to beat.
 *
 * N: P, Q, R, S, T. A: ectopic P before a sinus QRS. V: a ventricular focus without P. F: a blend of N and V.
 * Q: distorted amplitudes and widths with extra deflections.
 *
 * @param sinusRrSeconds Interval of the sinus rhythm around the beat; P and T move and T widens with its square root
 * (Bazett), the QRS does not.
 * @returns The beat's Gaussians, centres relative to the nominal R peak.
 */
export function shapeBeat(
  morphology: Morphology,
  symbol: SyntheticSymbol,
  sinusRrSeconds: number,
  rng: Rng,
): Wave[] {
  const between = (low: number, high: number) => low + (high - low) * rng.uniform();
  const stretch = Math.sqrt(sinusRrSeconds);
  const gain = 1 + 0.03 * rng.normal();
  const [p, q, r, s, t] = morphology.sinus;
  const ventricular = () => {
    const focus = morphology.ventricular[rng.uniform() < 0.85 ? 0 : 1];
    const width = between(0.93, 1.07);
    return focus.map((w, i) => scaled(w, i === 3 ? stretch : 1, i === 3 ? stretch : width, gain));
  };
  const sinusP = () => scaled(p, stretch, 1, gain * between(0.9, 1.1));
  const sinusQrsT = () => [
    scaled(q, 1, 1, gain),
    scaled(r, 1, 1, gain),
    scaled(s, 1, 1, gain),
    scaled(t, stretch, stretch, gain * between(0.95, 1.05)),
  ];
  switch (symbol) {
    case "N":
      return [sinusP(), ...sinusQrsT()];
    case "A":
      return [scaled(morphology.ectopicP, 1, 1, gain * between(0.8, 1.2)), ...sinusQrsT()];
    case "V":
      return ventricular();
    case "F": {
      const focus = ventricular();
      // Against a negative focus the sinus part has to outweigh it, or the two cancel and no R peak is left.
      const share = focus[1].amplitudesMv[0] > 0 ? between(0.35, 0.65) : between(0.68, 0.8);
      return [
        sinusP(),
        ...sinusQrsT().map((w) => scaled(w, 1, 1, share)),
        ...focus.map((w) => scaled(w, 1, 1, 1 - share)),
      ];
    }
    case "Q": {
      const polarity = rng.uniform() < 0.3 ? -1 : 1;
      const width = between(1.4, 2.6);
      const qrsT = sinusQrsT().map((w, i) =>
        scaled(w, 1, i === 3 ? 1 : width, polarity * (i === 1 ? between(0.6, 1.2) : between(0.2, 1)))
      );
      const size = 0.3 * r.amplitudesMv[0];
      const extra = [-1, 1].map((side) =>
        wave(side * between(0.07, 0.14), between(0.015, 0.04), between(-size, size), between(-size, size))
      );
      return [...qrsT, ...extra];
    }
  }
}

/**
 * Adds one beat to a record's leads.
 *
 * @param leadsMv MLII and V1 in mV, equally long; changed in place. What lies outside the record is left out.
 * @param fs Sampling rate in Hz, > 0.
 * @param timeSeconds Nominal R peak, between samples if need be.
 */
export function addBeat(
  leadsMv: readonly [Float32Array, Float32Array],
  fs: number,
  timeSeconds: number,
  waves: readonly Wave[],
): void {
  const [mlii, v1] = leadsMv;
  for (const { centreSeconds, widthSeconds, amplitudesMv } of waves) {
    const centre = (timeSeconds + centreSeconds) * fs, width = widthSeconds * fs;
    // Beyond four standard deviations the largest wave is under a microvolt, a fifth of the converter's step.
    const first = Math.max(0, Math.ceil(centre - 4 * width));
    const last = Math.min(mlii.length - 1, Math.floor(centre + 4 * width));
    const exponent = -0.5 / (width * width);
    const [onMlii, onV1] = amplitudesMv;
    for (let n = first; n <= last; n++) {
      const gauss = Math.exp(exponent * (n - centre) * (n - centre));
      mlii[n] += onMlii * gauss;
      v1[n] += onV1 * gauss;
    }
  }
}

function wave(centreSeconds: number, widthSeconds: number, mlii: number, v1: number): Wave {
  return { centreSeconds, widthSeconds, amplitudesMv: [mlii, v1] };
}

function scaled(from: Wave, centre: number, width: number, amplitude: number): Wave {
  const [mlii, v1] = from.amplitudesMv;
  return wave(from.centreSeconds * centre, from.widthSeconds * width, mlii * amplitude, v1 * amplitude);
}
