import { scaleWindows } from "../../beats/scale_windows.ts";
import { createRng } from "../../core/rng.ts";
import { addNoise, addWander, moveInTime, scaleAmplitude, type WindowShape } from "./transforms.ts";

/** How far training windows are changed at random; 0 leaves a property as it is. */
export interface Augmentation {
  /** Each lead is multiplied by e^u, u in [-amplitude, amplitude]. */
  amplitude: number;
  /** Samples, an integer in [0, 65535]: the window moves by one of [-shift, shift]. */
  shift: number;
  /** Largest amplitude of a slow sine, up to half a cycle a window, in the unit of the values. */
  wander: number;
  /** Largest standard deviation of white noise, in the unit of the values. */
  noise: number;
  /** In [0, 1): the window is stretched by a factor in [1 - warp, 1 + warp]. */
  warp: number;
  /** Probability that a lead is turned over, in [0, 1]. */
  polarity: number;
}

/** What an augmenter is made from. */
export interface AugmenterOptions extends WindowShape {
  augmentation: Augmentation;
  /** Any integer. */
  seed: number;
  /** Whether each window was scaled to 0..1 by itself and is to be so again: what was done to its amplitude is then undone. */
  rescale: boolean;
}

/** Changes one window in place; how follows from seed, epoch and its place in the epoch alone. */
export type Augmenter = (window: Float32Array, at: { epoch: number; position: number }) => void;

/** Fewest and most cycles of the wander in a window. */
const WANDER_CYCLES = [0.05, 0.5];

/**
 * Makes a function that changes training windows at random: first in time (warp, shift), then each lead (polarity,
 * amplitude), then by what is added (wander, noise); last, windows are scaled as the dataset was.
 *
 * A window may hold more than [steps][channels], the values of other inputs behind it: they stay.
 *
 * @returns Undefined when nothing is to be changed.
 * @throws RangeError A value out of its range.
 */
export function createAugmenter(options: AugmenterOptions): Augmenter | undefined {
  const { augmentation, steps, channels, seed, rescale } = options;
  checkAugmentation(augmentation);
  if (Object.values(augmentation).every((amount) => amount === 0)) return undefined;
  const { amplitude, shift, wander, noise, warp, polarity } = augmentation;
  const base = createRng(seed), shape = { steps, channels };
  const before = new Float32Array(steps * channels);
  return (window, { epoch, position }) => {
    const rng = base.fork(`augment ${epoch} ${position}`), signal = window.subarray(0, steps * channels);
    const between = (low: number, high: number) => low + (high - low) * rng.uniform();
    // Everything is drawn in any case, so that one amount changes nothing of the others.
    const move = { stretch: between(1 - warp, 1 + warp), shift: rng.integer(2 * shift + 1) - shift };
    const wave = {
      amplitude: between(0, wander),
      cycles: between(WANDER_CYCLES[0], WANDER_CYCLES[1]),
      phase: between(0, 2 * Math.PI),
    };
    const deviation = between(0, noise);
    if (move.stretch !== 1 || move.shift !== 0) {
      before.set(signal);
      moveInTime(before, signal, shape, move);
    }
    for (let channel = 0; channel < channels; channel++) {
      const isTurned = rng.uniform() < polarity, size = Math.exp(between(-amplitude, amplitude));
      const factor = isTurned ? -size : size;
      if (factor !== 1) scaleAmplitude(signal, shape, { channel, factor });
    }
    if (wave.amplitude > 0) addWander(signal, shape, wave);
    if (deviation > 0) addNoise(signal, deviation, rng.normal);
    if (rescale) scaleWindows(signal, signal.length);
  };
}

function checkAugmentation({ amplitude, shift, wander, noise, warp, polarity }: Augmentation): void {
  const checks: [string, number, boolean, string][] = [
    ["amplitude", amplitude, amplitude >= 0 && amplitude <= 10, "in [0, 10]"],
    ["shift", shift, Number.isInteger(shift) && shift >= 0 && shift < 2 ** 16, "an integer in [0, 65535]"],
    ["wander", wander, wander >= 0 && wander < Infinity, "at least 0"],
    ["noise", noise, noise >= 0 && noise < Infinity, "at least 0"],
    ["warp", warp, warp >= 0 && warp < 1, "in [0, 1)"],
    ["polarity", polarity, polarity >= 0 && polarity <= 1, "in [0, 1]"],
  ];
  for (const [name, value, holds, range] of checks) {
    if (!holds) throw new RangeError(`Cannot augment windows: ${name} must be ${range}, got ${value}`);
  }
}
