import type { z } from "zod";
import { layerOptions } from "./keras_options.ts";
import { type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/**
 * The sum of several inputs, element by element. An axis of size 1 is spread over those of the others, and axes that
 * are missing in front are of size 1, as in Keras.
 */
export interface AddLayer extends LayerBase {
  kind: "Add";
}

/** The product of several inputs, element by element; shapes as those of {@linkcode AddLayer}. */
export interface MultiplyLayer extends LayerBase {
  kind: "Multiply";
}

const kerasOptions = layerOptions({});

function mergeKind<L extends AddLayer | MultiplyLayer>(
  kind: L["kind"],
  combine: (a: number, b: number) => number,
): LayerKind<L, z.infer<typeof kerasOptions>> {
  return {
    kind,
    inputCount: "several",
    outputShape: ({ name }, inputs) => mergedShape(name, inputs),
    weights: () => [],
    kerasOptions,
    fromKeras: () => ({}) as Omit<L, keyof LayerBase>,
    toKeras: () => ({}),
    prepare(_, { inputShapes, outputShape }) {
      const output = new Float64Array(valueCount(outputShape));
      const places = inputShapes.map((shape) => spreadPlaces(shape, outputShape));
      return {
        output,
        run(inputs) {
          inputs.forEach((values, i) => {
            for (let at = 0; at < output.length; at++) {
              const value = values[places[i][at]];
              output[at] = i === 0 ? value : combine(output[at], value);
            }
          });
        },
      };
    },
  };
}

export const addKind = mergeKind<AddLayer>("Add", (a, b) => a + b);
export const multiplyKind = mergeKind<MultiplyLayer>("Multiply", (a, b) => a * b);

/** @returns The shape with as many axes as `rank`, those in front of size 1. */
const withRank = (
  shape: number[],
  rank: number,
): number[] => [...Array(rank - shape.length).fill(1), ...shape];

/** @returns For each value of the output the index of the input's value that it takes. */
function spreadPlaces(shape: number[], outputShape: number[]): Uint32Array {
  const sizes = withRank(shape, outputShape.length), places = new Uint32Array(valueCount(outputShape));
  for (let at = 0; at < places.length; at++) {
    let place = 0;
    for (let axis = 0, rest = at, inner = places.length; axis < sizes.length; axis++) {
      inner /= outputShape[axis];
      const index = Math.floor(rest / inner);
      rest -= index * inner;
      place = place * sizes[axis] + (sizes[axis] === 1 ? 0 : index);
    }
    places[at] = place;
  }
  return places;
}

function mergedShape(name: string, inputs: number[][]): number[] {
  const rank = Math.max(...inputs.map(({ length }) => length));
  const shapes = inputs.map((input) => withRank(input, rank));
  const shape = shapes[0].map((_, axis) => Math.max(...shapes.map((sizes) => sizes[axis])));
  if (shapes.some((sizes) => sizes.some((size, axis) => size !== 1 && size !== shape[axis]))) {
    throw new RangeError(
      `Cannot use layer "${name}": its inputs must have the same sizes or 1, got ${
        inputs.map((input) => `[${input.join(", ")}]`).join(" and ")
      }`,
    );
  }
  return shape;
}
