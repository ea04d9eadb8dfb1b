import type { Rounding, Roundings } from "../../engine/layers/rounding.ts";
import type { TfliteModel, TfliteTensor } from "../../formats/tflite/graph.ts";

/** Ends of the integers that a tensor holds. */
const ENDS: Record<string, { low: number; high: number }> = {
  INT8: { low: -128, high: 127 },
  INT16: { low: -32768, high: 32767 },
};
/** What the converter adds to the name of a tensor that holds a layer's output in another shape. */
const SHAPE_SUFFIX = /\/(image|rows)$/;
/** An LSTM's state between two steps is rounded as what it puts out, under whichever name that stands. */
const HIDDEN_STATE = /\/hidden_state$/;

/**
 * Reads off an integer graph what its activations are rounded to, so that training rounds exactly those tensors that the
 * graph holds as integers: none between a convolution and the activation that is fused into it, one scale for what a
 * pooling or a concatenation shares.
 *
 * @param integerGraph As `quantizeGraph` makes it, in the mode int8, of the model that is trained.
 * @returns By the names that the engine knows, and others that it does not ask for.
 */
export function activationRoundings(integerGraph: TfliteModel): Roundings {
  const roundings: Record<string, Rounding> = {};
  for (const tensor of integerGraph.tensors) {
    const rounding = roundingOf(tensor);
    if (rounding === undefined) continue;
    const { name } = tensor;
    roundings[name] = rounding;
    if (HIDDEN_STATE.test(name)) roundings[name.replace(HIDDEN_STATE, "/hidden")] ??= rounding;
    if (SHAPE_SUFFIX.test(name)) roundings[name.replace(SHAPE_SUFFIX, "")] ??= rounding;
  }
  return roundings;
}

function roundingOf({ type, data, quantization }: TfliteTensor): Rounding | undefined {
  const ends = ENDS[type];
  if (ends === undefined || data !== undefined || quantization === undefined) return undefined;
  return { scale: quantization.scale[0], zeroPoint: quantization.zeroPoint[0], ...ends };
}
