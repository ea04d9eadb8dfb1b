/** Shape of a window: [steps][channels], a channel being one lead. */
export interface WindowShape {
  steps: number;
  channels: number;
}

/**
 * Shifts a window and stretches it about its centre, by linear interpolation. What lies beyond an end is the value at it.
 *
 * @param source, target [steps][channels], not the same array.
 * @param move.shift Samples by which everything comes later. @param move.stretch Above 0; 1.1 makes a beat a tenth longer.
 */
export function moveInTime(
  source: Float32Array,
  target: Float32Array,
  { steps, channels }: WindowShape,
  { shift, stretch }: { shift: number; stretch: number },
): void {
  const centre = (steps - 1) / 2;
  for (let step = 0; step < steps; step++) {
    const place = Math.min(steps - 1, Math.max(0, centre + (step - centre - shift) / stretch));
    const before = Math.floor(place), after = Math.min(steps - 1, before + 1), part = place - before;
    for (let channel = 0; channel < channels; channel++) {
      const left = source[before * channels + channel], right = source[after * channels + channel];
      target[step * channels + channel] = part === 0 ? left : left + part * (right - left);
    }
  }
}

/**
 * Multiplies one channel's distance from its mean, so that the baseline stays where it is whatever the scale of the data;
 * -1 turns the lead over.
 */
export function scaleAmplitude(
  window: Float32Array,
  { steps, channels }: WindowShape,
  { channel, factor }: { channel: number; factor: number },
): void {
  let sum = 0;
  for (let at = channel; at < steps * channels; at += channels) sum += window[at];
  const mean = sum / steps;
  for (let at = channel; at < steps * channels; at += channels) {
    window[at] = mean + factor * (window[at] - mean);
  }
}

/**
 * Adds a slow sine to all channels, as breathing and moving electrodes do.
 *
 * @param wave.amplitude In the unit of the values. @param wave.cycles In the whole window. @param wave.phase In radians.
 */
export function addWander(
  window: Float32Array,
  { steps, channels }: WindowShape,
  { amplitude, cycles, phase }: { amplitude: number; cycles: number; phase: number },
): void {
  for (let step = 0; step < steps; step++) {
    const value = amplitude * Math.sin(phase + 2 * Math.PI * cycles * step / steps);
    for (let channel = 0; channel < channels; channel++) window[step * channels + channel] += value;
  }
}

/**
 * Adds white noise to each value.
 *
 * @param deviation Standard deviation in the unit of the values. @param normal Gives standard normal numbers.
 */
export function addNoise(window: Float32Array, deviation: number, normal: () => number): void {
  for (let at = 0; at < window.length; at++) window[at] += deviation * normal();
}
