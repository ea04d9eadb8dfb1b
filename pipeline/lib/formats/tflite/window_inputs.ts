import { elementCount, type TfliteModel, type TfliteTensor } from "./graph.ts";

const REVERSED = "_reversed";

/** @returns Name of the input that the host fills with the steps of input `name` in reverse order. */
export const reverseInputName = (name: string): string => `${name}${REVERSED}`;

/** An input of a model. */
type Input = Pick<TfliteTensor, "name" | "shape">;

/**
 * Gives each input of a model its values from one window: of a model with two inputs for two directions,
 * "<name>_reversed" gets the values of "<name>" with its steps turned round.
 *
 * @param inputs In the model's order, [batch, time, channels] or [batch, features].
 * @param window Values of the inputs that are not reversed, one behind the other.
 * @returns Values of each input; those that are not reversed are views of the window.
 * @throws RangeError A window of another length.
 */
export function inputValues(inputs: readonly Input[], window: Float32Array): Float32Array[] {
  const sources = inputs.map((input) =>
    inputs.findIndex(({ name }) => reverseInputName(name) === input.name)
  );
  let at = 0;
  const values = inputs.map(({ shape }, i) =>
    window.subarray(at, at += sources[i] === -1 ? elementCount(shape) : 0)
  );
  if (at !== window.length) {
    throw new RangeError(`Cannot run model: a window must hold ${at} values, got ${window.length}`);
  }
  return inputs.map(({ shape }, i) =>
    sources[i] === -1 ? values[i] : reverseSteps(values[sources[i]], shape)
  );
}

/** As {@linkcode inputValues}, in the order of `model.inputs`. */
export const windowInputs = (
  { tensors, inputs }: Pick<TfliteModel, "tensors" | "inputs">,
  window: Float32Array,
): Float32Array[] => inputValues(inputs.map((input) => tensors[input]), window);

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
