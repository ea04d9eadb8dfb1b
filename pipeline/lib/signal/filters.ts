import type { SecondOrderSection } from "./butterworth.ts";
import { requireFinite } from "./finite.ts";
import { createWorkArray, type WorkArray } from "./work_array.ts";

/** Samples that are run between two looks at the states. */
const CHUNK_SAMPLES = 512;
/**
 * A state below this is 0. On a flat line states shrink without an end, and numbers near the smallest that there is (1e-308) take a
 * processor a hundred times as long; a signal of any meaning never comes near.
 */
const NEGLIGIBLE = 1e-150;

/** Which way a pass goes over the samples. */
type Direction = 1 | -1;

/** Runs one section over samples [from, end) in place, the other way round for a step of -1; leaves its state behind. */
function runSection(
  [b0, b1, b2, , a1, a2]: SecondOrderSection,
  x: Float64Array,
  { from, end, step }: { from: number; end: number; step: Direction },
  state: Float64Array,
): void {
  let z1 = state[0], z2 = state[1];
  for (let i = from; i !== end; i += step) {
    const input = x[i];
    const output = b0 * input + z1;
    z1 = b1 * input - a1 * output + z2;
    z2 = b2 * input - a2 * output;
    x[i] = output;
  }
  state[0] = z1;
  state[1] = z2;
}

/**
 * Runs two sections as runSection() does one, the second one on what the first one gives. Each waits for its own last
 * output: side by side they take the time of one, and the result is bit for bit that of one after the other.
 */
function runTwoSections(
  [[b0, b1, b2, , a1, a2], [d0, d1, d2, , c1, c2]]: readonly [SecondOrderSection, SecondOrderSection],
  x: Float64Array,
  { from, end, step }: { from: number; end: number; step: Direction },
  state: Float64Array,
): void {
  let z1 = state[0], z2 = state[1], w1 = state[2], w2 = state[3];
  for (let i = from; i !== end; i += step) {
    const input = x[i];
    const between = b0 * input + z1;
    z1 = b1 * input - a1 * between + z2;
    z2 = b2 * input - a2 * between;
    const output = d0 * between + w1;
    w1 = d1 * between - c1 * output + w2;
    w2 = d2 * between - c2 * output;
    x[i] = output;
  }
  state[0] = z1;
  state[1] = z2;
  state[2] = w1;
  state[3] = w2;
}

/**
 * Runs all sections over a signal in place, transposed direct form II.
 *
 * @param step 1 from the first sample to the last one, -1 the other way round.
 * @param states Two values a section, from which it starts; they are left as a signal that goes on needs them.
 */
export function runSections(
  sos: readonly SecondOrderSection[],
  x: Float64Array,
  step: Direction,
  states: Float64Array,
): void {
  for (let k = 0; k < sos.length; k += 2) {
    const state = states.subarray(2 * k, 2 * k + 4);
    for (let done = 0; done < x.length; done += CHUNK_SAMPLES) {
      const until = Math.min(x.length, done + CHUNK_SAMPLES);
      const part = step === 1
        ? { from: done, end: until, step }
        : { from: x.length - 1 - done, end: x.length - 1 - until, step };
      if (k + 1 < sos.length) runTwoSections([sos[k], sos[k + 1]], x, part, state);
      else runSection(sos[k], x, part, state);
      for (let i = 0; i < state.length; i++) if (Math.abs(state[i]) < NEGLIGIBLE) state[i] = 0;
    }
  }
}

/** The states that a constant signal of `level` would have left behind, two a section. */
export function settledStates(sos: readonly SecondOrderSection[], level: number): Float64Array {
  const states = new Float64Array(2 * sos.length);
  sos.forEach(([b0, b1, b2, , a1, a2], k) => {
    const gain = (b0 + b1 + b2) / (1 + a1 + a2);
    const z2 = b2 - a2 * gain;
    const z1 = b1 - a1 * gain + z2;
    states[2 * k] = z1 * level;
    states[2 * k + 1] = z2 * level;
    level *= gain;
  });
  return states;
}

/**
 * Filters a signal forwards, starting from rest.
 *
 * Source: `scipy.signal.sosfilt(sos, x)`, equal to rounding.
 *
 * @param sos Second-order sections, for example of butterworthBandpass().
 * @param x Finite samples.
 * @returns Filtered samples, same length, delayed by the filter.
 * @throws RangeError if a sample is not finite.
 */
export function sosFilt(
  sos: readonly SecondOrderSection[],
  x: Float32Array | Float64Array,
): Float64Array<ArrayBuffer> {
  requireFinite(x, "filter a signal");
  const out = Float64Array.from(x);
  runSections(sos, out, 1, new Float64Array(2 * sos.length));
  return out;
}

/**
 * Gives the samples that sosFiltFilt() adds at each end of a signal; the signal must be longer than that.
 *
 * @returns Samples, as `scipy.signal.sosfiltfilt` counts them.
 */
export function sosPadSamples(sos: readonly SecondOrderSection[]): number {
  const zerosAtOrigin = sos.filter((section) => section[2] === 0).length;
  const polesAtOrigin = sos.filter((section) => section[5] === 0).length;
  return 3 * (2 * sos.length + 1 - Math.min(zerosAtOrigin, polesAtOrigin));
}

/** Part of a filter's start that is left after sosReachSamples(): far below rounding, as poles close together decay later. */
const FORGOTTEN = 1e-16;

/**
 * Gives the samples after which sosFiltFilt() has forgotten how it began: further away, an end of the signal changes nothing.
 *
 * @returns Samples, from the radius r of the pole nearest to the unit circle: r^n = 1e-16; more than the padding.
 */
export function sosReachSamples(sos: readonly SecondOrderSection[]): number {
  const radii = sos.map(([, , , , a1, a2]) => {
    const discriminant = a1 * a1 - 4 * a2;
    return discriminant < 0 ? Math.sqrt(a2) : (Math.abs(a1) + Math.sqrt(discriminant)) / 2;
  });
  return Math.max(sosPadSamples(sos) + 1, Math.ceil(Math.log(FORGOTTEN) / Math.log(Math.max(...radii))));
}

/**
 * Filters a signal forwards and backwards: no delay, the squared amplitude response of the filter.
 *
 * Each end is extended by the signal turned around its end point (odd extension), and each pass starts from the
 * state that a constant signal leaves behind, so that the ends ring little.
 *
 * Source: Gustafsson, IEEE Trans. Signal Processing 44(4), 1996, section I, as in
 * `scipy.signal.sosfiltfilt(sos, x)` with its default padding, equal to within 1e-9.
 *
 * @param sos Second-order sections, for example of butterworthBandpass().
 * @param x Finite samples, more than sosPadSamples(sos).
 * @param work Where the filter works and where its result lies; new memory when left out.
 * @returns Filtered samples, same length.
 * @throws RangeError if the signal is too short or a sample is not finite.
 */
export function sosFiltFilt(
  sos: readonly SecondOrderSection[],
  x: Float32Array | Float64Array,
  work: WorkArray = createWorkArray(),
): Float64Array<ArrayBuffer> {
  const pad = sosPadSamples(sos);
  const length = x.length;
  if (length <= pad) {
    throw new RangeError(`Cannot filter a signal: it must be longer than ${pad} samples, got ${length}`);
  }
  requireFinite(x, "filter a signal");
  const extended = work(length + 2 * pad);
  extended.set(x, pad);
  for (let i = 1; i <= pad; i++) {
    extended[pad - i] = 2 * x[0] - x[i];
    extended[pad + length - 1 + i] = 2 * x[length - 1] - x[length - 1 - i];
  }
  runSections(sos, extended, 1, settledStates(sos, extended[0]));
  runSections(sos, extended, -1, settledStates(sos, extended[extended.length - 1]));
  return extended.subarray(pad, pad + length);
}
