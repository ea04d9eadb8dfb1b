/** The integers q that an activation is rounded to: its value becomes scale * (q - zeroPoint). */
export interface Rounding {
  /** Above 0. */
  scale: number;
  /** In [low, high], so that 0 stays 0. */
  zeroPoint: number;
  /** Ends of the integers: -128 and 127 of int8. */
  low: number;
  high: number;
}

/**
 * What activations are rounded to, by the names under which the reference forward pass shows them: "<layer>",
 * "<layer>/preactivation", an LSTM's "<layer>/hidden" and "<layer>/cell". Others stay as they are.
 */
export type Roundings = Readonly<Record<string, Rounding>>;

/** @throws RangeError A rounding that is none. */
export function checkRoundings(roundings: Roundings): void {
  for (const [name, { scale, zeroPoint, low, high }] of Object.entries(roundings)) {
    const isWhole = [zeroPoint, low, high].every(Number.isInteger);
    if (scale > 0 && scale < Infinity && isWhole && low <= zeroPoint && zeroPoint <= high) continue;
    throw new RangeError(
      `Cannot round "${name}": scale must be above 0 and low <= zeroPoint <= high integers, got ` +
        `${scale}, ${low}, ${zeroPoint}, ${high}`,
    );
  }
}

/** @returns The step and its ends as the kernels want them. */
export function stepsOf({ scale, zeroPoint, low, high }: Rounding): [number, number, number] {
  return [scale, low - zeroPoint, high - zeroPoint];
}
