import { elementCount, type TfliteModel } from "./graph.ts";

const REVERSED = "_reversed";

/** @returns Name of the input that the host fills with the steps of input `name` in reverse order. */
export const reverseInputName = (name: string): string => `${name}${REVERSED}`;

/**
 * Gives each input of a model its values from one window: of a model with two inputs for two directions,
 * "<name>_reversed" gets the values of "<name>" with its steps turned round.
 *
 * @param model Its inputs are [batch, time, channels] or [batch, features].
 * @param window Values of the other inputs in the model's order, one behind the other.
 * @returns Arrays in the order of `model.inputs`; those that are not reversed are views of the window.
 * @throws RangeError A window of another length.
 */
export function windowInputs(
  { tensors, inputs }: Pick<TfliteModel, "tensors" | "inputs">,
  window: Float32Array,
): Float32Array[] {
  const names = new Map<string, Float32Array>();
  const sourceOf = (name: string) =>
    inputs.map((input) => tensors[input].name).find((other) => reverseInputName(other) === name);
  let at = 0;
  for (const input of inputs) {
    const { name, shape } = tensors[input];
    if (sourceOf(name) === undefined) names.set(name, window.subarray(at, at += elementCount(shape)));
  }
  if (at !== window.length) {
    throw new RangeError(`Cannot run model: a window must hold ${at} values, got ${window.length}`);
  }
  return inputs.map((input) => {
    const { name, shape } = tensors[input], source = sourceOf(name);
    return source === undefined ? names.get(name)! : reverseSteps(names.get(source)!, shape);
  });
}

/** @param shape [batch, time, channels]. */
function reverseSteps(values: Float32Array, [batch, time, channels]: number[]): Float32Array {
  const reversed = new Float32Array(values.length);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < time; t++) {
      const from = (b * time + t) * channels, to = (b * time + time - 1 - t) * channels;
      reversed.set(values.subarray(from, from + channels), to);
    }
  }
  return reversed;
}
