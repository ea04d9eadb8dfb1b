import type { Rng } from "../core/rng.ts";

/** What disturbs one patient's recording. Amplitudes in mV. */
export interface NoiseProfile {
  /** Standard deviation of the muscle noise, white up to half the sampling rate. */
  muscleMv: number;
  /** Mains frequency in Hz: 50 or 60. */
  mainsHz: number;
  mainsMv: number;
  /** Baseline wander with each breath. */
  respirationHz: number;
  respirationMv: number;
  /** Amplitude of each of the slower drifts of the baseline. */
  driftMv: number;
}

/** A stretch of a record with stronger muscle noise. */
export interface NoiseBurst {
  startSeconds: number;
  endSeconds: number;
  /** Factor on the muscle noise. */
  factor: number;
}

/** Frequencies of the drift in Hz: electrodes and posture, well under the slowest heart. */
const DRIFT_HZ = [0.031, 0.073, 0.127];

/** Draws one patient's noise. @param respirationHz Breathing rate in Hz, as in the patient's rhythm. */
export function drawNoiseProfile(respirationHz: number, rng: Rng): NoiseProfile {
  const between = (low: number, high: number) => low + (high - low) * rng.uniform();
  return {
    muscleMv: between(0.008, 0.025),
    mainsHz: rng.uniform() < 0.5 ? 50 : 60,
    mainsMv: between(0.001, 0.008),
    respirationHz,
    respirationMv: between(0.02, 0.12),
    driftMv: between(0.02, 0.1),
  };
}

/**
 * Adds muscle noise, mains hum and baseline wander to one lead.
 *
 * @param leadMv Samples in mV; changed in place.
 * @param fs Sampling rate in Hz, > 0.
 * @param bursts Stretches of stronger muscle noise, in order of time.
 * @param level Factor on everything, >= 0.
 */
export function addNoise(
  leadMv: Float32Array,
  fs: number,
  profile: NoiseProfile,
  bursts: readonly NoiseBurst[],
  level: number,
  rng: Rng,
): void {
  const tone = (frequencyHz: number, amplitudeMv: number) =>
    addSine(leadMv, frequencyHz / fs, level * amplitudeMv, 2 * Math.PI * rng.uniform());
  tone(profile.respirationHz, profile.respirationMv);
  for (const frequencyHz of DRIFT_HZ) tone(frequencyHz, profile.driftMv * (0.5 + rng.uniform()));
  // Above half the sampling rate the hum would fold down to a frequency that no mains has.
  if (profile.mainsHz < fs / 2) tone(profile.mainsHz, profile.mainsMv);

  const muscleMv = level * profile.muscleMv;
  let from = 0;
  const fill = (end: number, amplitudeMv: number) => {
    for (; from < Math.min(end, leadMv.length); from++) leadMv[from] += amplitudeMv * rng.normal();
  };
  for (const { startSeconds, endSeconds, factor } of bursts) {
    fill(Math.round(startSeconds * fs), muscleMv);
    fill(Math.round(endSeconds * fs), muscleMv * factor);
  }
  fill(leadMv.length, muscleMv);
}

/** Adds amplitude * sin(2 pi frequency n + phase), turning a phasor instead of calling Math.sin once a sample. */
function addSine(signal: Float32Array, cyclesPerSample: number, amplitude: number, phase: number): void {
  const turnCos = Math.cos(2 * Math.PI * cyclesPerSample), turnSin = Math.sin(2 * Math.PI * cyclesPerSample);
  let sin = amplitude * Math.sin(phase), cos = amplitude * Math.cos(phase);
  for (let n = 0; n < signal.length; n++) {
    signal[n] += sin;
    const nextSin = sin * turnCos + cos * turnSin;
    cos = cos * turnCos - sin * turnSin;
    sin = nextSin;
  }
}
