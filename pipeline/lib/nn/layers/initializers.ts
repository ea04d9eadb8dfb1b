import type { Rng } from "../../core/rng.ts";
import { valueCount, type WeightSpec } from "./layer_kind.ts";

/** A kernel that is drawn as Keras does by default. */
export const kernelSpec = (...shape: number[]): WeightSpec => namedKernelSpec("kernel", shape);

/** A kernel of another name. */
export const namedKernelSpec = (name: string, shape: number[]): WeightSpec => ({
  name,
  shape,
  initialize: (rng) => glorotUniform(shape, rng),
});

/** A bias that begins at 0. */
export const biasSpec = (size: number): WeightSpec => ({
  name: "bias",
  shape: [size],
  initialize: () => new Float32Array(size),
});

/**
 * Draws a kernel [..., inputs, outputs].
 *
 * Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010,
 * eq. 16: uniform in +-sqrt(6 / (fanIn + fanOut)).
 */
function glorotUniform(shape: number[], rng: Rng): Float32Array {
  const receptiveField = valueCount(shape.slice(0, -2));
  const fanIn = receptiveField * shape[shape.length - 2], fanOut = receptiveField * shape[shape.length - 1];
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return Float32Array.from({ length: valueCount(shape) }, () => limit * (2 * rng.uniform() - 1));
}

/**
 * Draws a matrix with orthonormal rows.
 *
 * Source: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
 * neural networks", 2014. Modified Gram-Schmidt leaves a positive diagonal in R, which Keras gets by a change of sign.
 *
 * @param shape [rows, columns] with rows <= columns.
 */
export function orthogonalRows(shape: number[], rng: Rng): Float32Array {
  const [rows, columns] = shape;
  const q = Float64Array.from({ length: rows * columns }, () => rng.normal());
  for (let row = 0; row < rows; row++) {
    const current = q.subarray(row * columns, (row + 1) * columns);
    for (let other = 0; other < row; other++) {
      const done = q.subarray(other * columns, (other + 1) * columns);
      const projection = dot(current, done);
      for (let j = 0; j < columns; j++) current[j] -= projection * done[j];
    }
    const norm = Math.sqrt(dot(current, current));
    for (let j = 0; j < columns; j++) current[j] /= norm;
  }
  return Float32Array.from(q);
}

/**
 * Draws for how long each unit of a recurrent layer is to remember, as the bias of the gate that keeps its state: ln(u), u
 * uniform in [1, steps - 1], keeps it for about u steps.
 *
 * Source: Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018, section 3 (chrono initialization).
 *
 * @returns Shape [units].
 */
export function chronoMemories(units: number, steps: number, rng: Rng): Float64Array {
  return Float64Array.from({ length: units }, () => Math.log(1 + rng.uniform() * Math.max(0, steps - 2)));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
