import { requireFinite } from "./finite.ts";
import { createWorkArray, type WorkArray } from "./work_array.ts";

/** A change of the sampling rate: `up` samples for every `down` of them. */
export interface Ratio {
  up: number;
  down: number;
}

/** Largest up and down: the filter then has 20 times as many coefficients, 2.6 MB. */
export const MAX_RATIO_TERM = 2 ** 14;
/** Zero crossings of the ideal low-pass that are kept to each side, and the Kaiser window over them: SciPy's choice. */
const ZERO_CROSSINGS = 10, KAISER_BETA = 5;

/**
 * Approximates the ratio of two rates by the nearest fraction of small integers.
 *
 * Rates with a few decimals come out exactly (250 to 360 Hz is 36 / 25, 257.3 to 360 Hz is 3600 / 2573). Else the relative error is
 * below 1 / MAX_RATIO_TERM = 6.1e-5 and mostly near 1e-9: the resampled signal has `fromFs * up / down` samples a second, and indices
 * that move along with `up / down` are exact.
 *
 * Source: best rational approximation by continued fractions with the last semiconvergent, as Python's Fraction.limit_denominator().
 *
 * @returns Coprime integers in [1, MAX_RATIO_TERM].
 * @throws RangeError if a rate is not positive or the ratio does not lie within 1 / MAX_RATIO_TERM to MAX_RATIO_TERM.
 */
export function rateRatio({ fromFs, toFs }: { fromFs: number; toFs: number }): Ratio {
  const wanted = Math.min(fromFs, toFs) / Math.max(fromFs, toFs);
  if (!(fromFs > 0 && toFs > 0 && wanted >= 1 / MAX_RATIO_TERM)) {
    throw new RangeError(
      `Cannot resample: rates must be positive Hz and differ by less than ${MAX_RATIO_TERM} times, got ${fromFs} and ${toFs}`,
    );
  }
  let [p0, q0, p1, q1] = [0, 1, 1, 0];
  for (let rest = wanted; Number.isFinite(rest); rest = 1 / (rest - Math.floor(rest))) {
    const whole = Math.floor(rest), q2 = q0 + whole * q1;
    if (q2 > MAX_RATIO_TERM) break;
    [p0, q0, p1, q1] = [p1, q1, p0 + whole * p1, q2];
  }
  const steps = Math.floor((MAX_RATIO_TERM - q0) / q1), p2 = p0 + steps * p1, q2 = q0 + steps * q1;
  const [small, large] = Math.abs(p1 / q1 - wanted) <= Math.abs(p2 / q2 - wanted) ? [p1, q1] : [p2, q2];
  return toFs < fromFs ? { up: small, down: large } : { up: large, down: small };
}

/** Modified Bessel function of the first kind and order 0, by its power series. */
function besselI0(x: number): number {
  let term = 1, sum = 1;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Low-pass at the lower of the two Nyquist frequencies, at the rate times `up`; its coefficients add up to `up`. */
function lowPass({ up, down }: Ratio): Float64Array {
  const widest = Math.max(up, down), half = ZERO_CROSSINGS * widest;
  const h = new Float64Array(2 * half + 1);
  let sum = 0;
  for (let i = -half; i <= half; i++) {
    const angle = Math.PI * i / widest;
    const sinc = i === 0 ? 1 : Math.sin(angle) / angle;
    sum += h[i + half] = sinc * besselI0(KAISER_BETA * Math.sqrt(1 - (i / half) ** 2));
  }
  return h.map((value) => value * up / sum);
}

/** A resampling filter, ready to run. */
export interface PolyphaseResampler {
  /** In lowest terms. */
  ratio: Ratio;
  /** How many samples to each side of a place in time a resampled value depends on. */
  reachSamples: number;
  /**
   * @param x Finite samples. Beyond both ends the signal is taken as 0.
   * @param work Where the result lies; new memory when left out.
   * @returns ceil(length * up / down) samples; sample m stands where sample m * down / up of `x` would.
   * @throws RangeError if a sample is not finite.
   */
  resample(x: Float64Array, work?: WorkArray): Float64Array<ArrayBuffer>;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * Computes the values that share coefficients: those at `place`, `place + up` and so on, whose samples begin at `start`,
 * `start + down` and so on. Four at a time: each coefficient is fetched once for them, and no addition waits for another.
 */
function runPhase(
  coefficients: Float64Array,
  x: Float64Array,
  out: Float64Array,
  { place, start, ratio: { up, down } }: { place: number; start: number; ratio: Ratio },
): void {
  const width = coefficients.length;
  for (let m = place, from = start; m < out.length;) {
    if (from >= 0 && from + 3 * down + width <= x.length && m + 3 * up < out.length) {
      let a = 0, b = 0, c = 0, d = 0;
      let atA = from, atB = atA + down, atC = atB + down, atD = atC + down;
      for (let i = 0; i < width; i++) {
        const h = coefficients[i];
        a += h * x[atA++];
        b += h * x[atB++];
        c += h * x[atC++];
        d += h * x[atD++];
      }
      out[m] = a;
      out[m + up] = b;
      out[m + 2 * up] = c;
      out[m + 3 * up] = d;
      m += 4 * up;
      from += 4 * down;
    } else {
      let sum = 0;
      const end = Math.min(width, x.length - from);
      for (let i = Math.max(0, -from); i < end; i++) sum += coefficients[i] * x[from + i];
      out[m] = sum;
      m += up;
      from += down;
    }
  }
}

/**
 * Prepares resampling by a ratio: low-pass filtering at `up` times the rate of which only every `down`-th value is computed,
 * from those samples only that are not 0 there.
 *
 * Source: `scipy.signal.resample_poly(x, up, down)` with its default window ("kaiser", 5.0) and its default padding, equal to
 * within 1e-9 of the signal's largest value.
 *
 * @param ratio Integers in [1, MAX_RATIO_TERM].
 * @throws RangeError if a term is out of range.
 */
export function createPolyphaseResampler({ up, down }: Ratio): PolyphaseResampler {
  for (const term of [up, down]) {
    if (!Number.isInteger(term) || term < 1 || term > MAX_RATIO_TERM) {
      throw new RangeError(
        `Cannot resample: up and down must be integers in [1, ${MAX_RATIO_TERM}], got ${up} and ${down}`,
      );
    }
  }
  const divisor = greatestCommonDivisor(up, down);
  up /= divisor;
  down /= divisor;
  if (up === 1 && down === 1) {
    return { ratio: { up, down }, reachSamples: 0, resample: (x) => Float64Array.from(x) };
  }
  const h = lowPass({ up, down }), half = h.length >> 1;
  // One row of coefficients for each place that a resampled value can have between two samples, shape [up, width].
  const reach = Math.floor((up - 1 + half) / up), width = 2 * reach + 1;
  const rows = new Float64Array(up * width);
  for (let phase = 0; phase < up; phase++) {
    for (let i = -reach; i <= reach; i++) rows[phase * width + i + reach] = h[half + phase - i * up] ?? 0;
  }
  return {
    ratio: { up, down },
    reachSamples: reach,
    resample(x, work = createWorkArray()) {
      requireFinite(x, "resample");
      const out = work(Math.ceil(x.length * up / down));
      // Every up-th value has the same coefficients.
      for (let first = 0; first < up; first++) {
        const at = first * down, phase = at % up;
        runPhase(rows.subarray(phase * width, (phase + 1) * width), x, out, {
          place: first,
          start: (at - phase) / up - reach,
          ratio: { up, down },
        });
      }
      return out;
    },
  };
}
