import { elementCount } from "../../formats/tflite/graph.ts";
import type { Operand, Run } from "../kernel.ts";

/** A regular walk over an array: an index for each position of a grid, row-major. */
export interface Walk {
  /** Index of the first. */
  start: number;
  /** How far apart neighbours along each axis are. */
  steps: readonly number[];
  /** Of the grid. */
  sizes: readonly number[];
}

/** @returns The indices of a walk, in its order. */
export function walkIndices({ start, steps, sizes }: Walk): Int32Array {
  const indices = new Int32Array(elementCount(sizes)), position = sizes.map(() => 0);
  let index = start;
  for (let i = 0; i < indices.length; i++) {
    indices[i] = index;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      index += steps[axis];
      if (++position[axis] < sizes[axis]) break;
      index -= sizes[axis] * steps[axis];
      position[axis] = 0;
    }
  }
  return indices;
}

/**
 * Fills the output with the input's values along a walk.
 *
 * @throws RangeError Operands of different types, or an output of another size than the walk.
 */
export function planGather(input: Operand, output: Operand, walk: Walk): Run {
  const sources = walkIndices(walk);
  if (input.type !== output.type || sources.length !== output.values.length) {
    throw new RangeError(
      `its output must hold ${sources.length} values of ${input.type}, got ${output.type} [${output.shape}]`,
    );
  }
  // The arrays are of one type; which one makes no difference to the loop.
  const from = input.values as Float32Array, to = output.values as Float32Array;
  return () => {
    for (let i = 0; i < sources.length; i++) to[i] = from[sources[i]];
  };
}
