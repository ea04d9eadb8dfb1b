import { z } from "zod";
import { layerOptions } from "./keras_options.ts";
import { type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/** Several inputs one behind the other, along any of their axes. */
export interface ConcatenateLayer extends LayerBase {
  kind: "Concatenate";
  /** As Keras counts, the batch being axis 0; -1: the last. */
  axis: number;
}

const kerasOptions = layerOptions({ axis: z.int().default(-1) });

export const concatenateKind: LayerKind<ConcatenateLayer, z.infer<typeof kerasOptions>> = {
  kind: "Concatenate",
  inputCount: "several",
  outputShape(layer, inputs) {
    const [first] = inputs, joined = concatenatedAxis(layer, first.length);
    const fits = inputs.every((input) =>
      input.length === first.length && input.every((size, axis) => axis === joined || size === first[axis])
    );
    if (!fits) {
      throw new RangeError(
        `Cannot use layer "${layer.name}": its inputs must have the same sizes but for axis ${layer.axis}, got ${
          inputs.map((input) => `[${input.join(", ")}]`).join(" and ")
        }`,
      );
    }
    return first.map((size, axis) =>
      axis === joined ? inputs.reduce((sum, input) => sum + input[axis], 0) : size
    );
  },
  weights: () => [],
  kerasOptions,
  fromKeras: ({ axis }) => ({ axis }),
  toKeras: ({ axis }) => ({ axis }),
  prepare(layer, { inputShapes, outputShape }) {
    const output = new Float64Array(valueCount(outputShape));
    // Along the time every input is one piece, along the channels one a step or pixel.
    const pieces = valueCount(outputShape.slice(0, concatenatedAxis(layer, outputShape.length)));
    const lengths = inputShapes.map((shape) => valueCount(shape) / pieces);
    return {
      output,
      run(inputs) {
        for (let piece = 0, at = 0; piece < pieces; piece++) {
          inputs.forEach((values, i) => {
            output.set(values.subarray(piece * lengths[i], (piece + 1) * lengths[i]), at);
            at += lengths[i];
          });
        }
      },
    };
  },
};

/**
 * @param rank Axes of the inputs without the batch.
 * @returns The axis that is joined, the batch not counted.
 * @throws RangeError One that the inputs do not have.
 */
export function concatenatedAxis({ name, axis }: ConcatenateLayer, rank: number): number {
  const joined = axis < 0 ? rank + axis : axis - 1;
  if (!Number.isInteger(joined) || joined < 0 || joined >= rank) {
    throw new RangeError(
      `Cannot use layer "${name}": axis must be one of the ${rank} behind the batch, got ${axis}`,
    );
  }
  return joined;
}
