/**
 * Scales each window to 0..1 by its own minimum and maximum, in place. A constant window becomes 0.
 *
 * @param windows Shape [beats, windowSamples].
 * @returns How many windows were constant.
 */
export function scaleWindows(windows: Float32Array, windowSamples: number): number {
  let constant = 0;
  for (let start = 0; start + windowSamples <= windows.length; start += windowSamples) {
    let min = Infinity, max = -Infinity;
    for (let i = start; i < start + windowSamples; i++) {
      if (windows[i] < min) min = windows[i];
      if (windows[i] > max) max = windows[i];
    }
    const span = max - min;
    if (span === 0) constant++;
    for (let i = start; i < start + windowSamples; i++) {
      windows[i] = span === 0 ? 0 : (windows[i] - min) / span;
    }
  }
  return constant;
}
