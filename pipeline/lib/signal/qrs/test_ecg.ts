import { createRng } from "../../core/rng.ts";

/** Delay and width in seconds and height of P, Q, R, S and T, drawn as Gaussians. */
const WAVES = [
  [-0.16, 0.025, 0.15],
  [-0.025, 0.008, -0.1],
  [0, 0.011, 1.2],
  [0.025, 0.009, -0.25],
  [0.25, 0.05, 0.35],
];

/**
 * Draws an ECG in mV for tests: one beat at each of the R times, in seconds.
 *
 * @param quickness How much closer to the R peak and narrower P and T waves are: a fast heart needs more than 1.
 */
export function drawEcg(
  rSeconds: readonly number[],
  seconds: number,
  fs: number,
  quickness = 1,
): Float32Array {
  const waves = WAVES.map(([delay, width, height]) =>
    Math.abs(delay) > 0.1 ? [delay / quickness, width / quickness, height] : [delay, width, height]
  );
  const ecg = new Float32Array(Math.round(seconds * fs));
  for (const r of rSeconds) {
    for (const [delay, width, height] of waves) {
      const from = Math.max(0, Math.floor((r + delay - 5 * width) * fs));
      const to = Math.min(ecg.length - 1, Math.ceil((r + delay + 5 * width) * fs));
      for (let i = from; i <= to; i++) {
        ecg[i] += height * Math.exp(-(((i / fs - r - delay) / width) ** 2) / 2);
      }
    }
  }
  return ecg;
}

/** R times in seconds of a slightly irregular rhythm of 75 beats a minute. */
export function drawRhythm(seconds: number, seed: number): number[] {
  const rng = createRng(seed), times: number[] = [];
  for (let t = 0.5; t < seconds - 0.4; t += 0.8 + 0.08 * rng.normal()) times.push(t);
  return times;
}
