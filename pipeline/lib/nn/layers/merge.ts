import type { z } from "zod";
import { layerOptions } from "./keras_options.ts";
import { type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/**
 * The sum of several inputs, element by element. An axis of size 1 is spread over those of the others, and [features]
 * stands for [1, features], as in Keras.
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
      const output = new Float64Array(valueCount(outputShape)), [steps, channels] = asSequence(outputShape);
      const strides = inputShapes.map(mergeStrides);
      return {
        output,
        run(inputs) {
          inputs.forEach((values, i) => {
            const { step, channel } = strides[i];
            for (let t = 0, at = 0; t < steps; t++) {
              for (let c = 0; c < channels; c++, at++) {
                const value = values[t * step + c * channel];
                output[at] = i === 0 ? value : combine(output[at], value);
              }
            }
          });
        },
      };
    },
  };
}

export const addKind = mergeKind<AddLayer>("Add", (a, b) => a + b);
export const multiplyKind = mergeKind<MultiplyLayer>("Multiply", (a, b) => a * b);

/** @returns [time, channels]; of [features] one step. */
function asSequence(shape: number[]): number[] {
  return shape.length === 1 ? [1, shape[0]] : shape;
}

/** @returns How far apart an input's values of two steps and of two channels lie; 0 where one value serves all. */
function mergeStrides(shape: number[]): { step: number; channel: number } {
  const [steps, channels] = asSequence(shape);
  return { step: steps === 1 ? 0 : channels, channel: channels === 1 ? 0 : 1 };
}

function mergedShape(name: string, inputs: number[][]): number[] {
  const sequences = inputs.map(asSequence);
  const shape = [0, 1].map((axis) => Math.max(...sequences.map((sizes) => sizes[axis])));
  if (sequences.some((sizes) => sizes.some((size, axis) => size !== 1 && size !== shape[axis]))) {
    throw new RangeError(
      `Cannot use layer "${name}": its inputs must have the same sizes or 1, got ${
        inputs.map((input) => `[${input.join(", ")}]`).join(" and ")
      }`,
    );
  }
  return inputs.every(({ length }) => length === 1) ? [shape[1]] : shape;
}
