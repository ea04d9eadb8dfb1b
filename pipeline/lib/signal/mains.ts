import { medianOf } from "./median.ts";

/** Frequencies of the mains in Hz. */
const MAINS_HZ = [50, 60] as const;
/** The mains keep their frequency to a quarter of a hertz, which is what so many seconds resolve. */
const SEGMENT_SECONDS = 4, DRIFT_HZ = [-0.25, 0, 0.25];
/** Frequencies beside the mains that tell how much power there is without it. */
const BESIDE_HZ = [-5, -4, -3, -2, 2, 3, 4, 5];
/** Power by that of the frequencies beside it from which on it is the mains: 16 dB. */
const STANDS_OUT = 40;

/** Power at one frequency, in an arbitrary unit. Source: Goertzel, American Mathematical Monthly 65(1), 1958. */
function powerAt(x: Float64Array, hz: number, fs: number): number {
  const factor = 2 * Math.cos(2 * Math.PI * hz / fs);
  let s1 = 0, s2 = 0;
  for (let i = 0; i < x.length; i++) {
    const s0 = x[i] + factor * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  return s1 * s1 + s2 * s2 - factor * s1 * s2;
}

/**
 * Tells whether a lead has the hum of the mains in it, and of which frequency.
 *
 * In segments of 4 s (Hann window) the power at 50 or 60 Hz is compared with the median power 2 to 5 Hz beside it; the median segment
 * decides, so that neither a burst of noise nor a quiet stretch does.
 *
 * @param x Finite samples, a minute or so.
 * @param fs Sampling rate in Hz, > 0. A frequency whose neighbours do not lie below half of it is not looked for.
 * @returns 50, 60, the stronger one of both, or undefined where there is no hum or less than one segment.
 */
export function findMains(x: Float64Array, fs: number): 50 | 60 | undefined {
  const length = Math.round(SEGMENT_SECONDS * fs), segments = Math.floor(x.length / length);
  let found: 50 | 60 | undefined, most = STANDS_OUT;
  for (const mains of MAINS_HZ) {
    if (segments === 0 || mains + Math.max(...BESIDE_HZ) >= fs / 2) continue;
    const ratios = Float64Array.from({ length: segments }, (_, s) => {
      const windowed = Float64Array.from(
        x.subarray(s * length, (s + 1) * length),
        (value, i) => value * (1 - Math.cos(2 * Math.PI * (i + 0.5) / length)),
      );
      const power = (offset: number) => powerAt(windowed, mains + offset, fs);
      const beside = medianOf(Float64Array.from(BESIDE_HZ, power));
      return beside === 0 ? 0 : Math.max(...DRIFT_HZ.map(power)) / beside;
    });
    const ratio = medianOf(ratios);
    if (ratio > most) [found, most] = [mains, ratio];
  }
  return found;
}
