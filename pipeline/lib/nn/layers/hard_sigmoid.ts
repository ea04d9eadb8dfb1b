/**
 * Slopes of the hard sigmoid, clip(slope x + 0.5, 0, 1). Keras 3 changed it and left it its name, "hard_sigmoid"; in a model
 * the two have names of their own.
 *
 * Source: Keras 2.15, keras/src/backend.py, hard_sigmoid; Keras 3, keras/src/activations/activations.py, hard_sigmoid, which
 * is relu6(x + 3) / 6.
 */
export const HARD_SIGMOID_SLOPES = { hard_sigmoid: 0.2, hard_sigmoid_keras3: 1 / 6 } as const;

/** Name of a hard sigmoid: that of Keras 1 and 2, or that of Keras 3. */
export type HardSigmoid = keyof typeof HARD_SIGMOID_SLOPES;

/** @returns Whether an activation, by its name in a model, is a hard sigmoid. */
export const isHardSigmoid = (activation: unknown): activation is HardSigmoid =>
  typeof activation === "string" && Object.hasOwn(HARD_SIGMOID_SLOPES, activation);

/** @returns clip(slope x + 0.5, 0, 1). */
export function hardSigmoid(x: number, slope: number): number {
  return Math.min(Math.max(slope * x + 0.5, 0), 1);
}
