import type { Rng } from "../core/rng.ts";
import type { Layer, Model, Tensor, Weights } from "./model.ts";
import { outputShapes, valueCount, weightShapes } from "./shapes.ts";

/**
 * Draws the first weights of a model by Keras' defaults: Glorot uniform kernels, an orthogonal recurrent kernel and zero
 * biases. Only an LSTM's biases differ: see {@linkcode chronoBias}.
 *
 * Each weight has a generator of its own, forked by its name, so that a further layer does not move the others.
 * The numbers are not those of Keras for the same seed.
 *
 * @returns Weights in the order and shapes of `weightShapes`.
 * @throws RangeError, TypeError as `checkModel`.
 */
export function initializeWeights(model: Model, rng: Rng): Weights {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer])), shapes = outputShapes(model);
  const weights: Weights = new Map();
  for (const { name, shape } of weightShapes(model)) {
    const [layerName, weightName] = name.split("/");
    weights.set(
      name,
      initialWeight(layers.get(layerName)!, weightName, shape, {
        steps: shapes.get(layers.get(layerName)!.inputs[0])![0],
        rng: rng.fork(name),
      }),
    );
  }
  return weights;
}

function initialWeight(
  layer: Layer,
  weightName: string,
  shape: number[],
  { steps, rng }: { steps: number; rng: Rng },
): Tensor {
  switch (weightName) {
    case "kernel":
      return glorotUniform(shape, rng);
    case "recurrent_kernel":
      return orthogonalRows(shape, rng);
    default:
      if (layer.kind === "LSTM") return { shape, data: chronoBias(layer.units, steps, rng) };
      return { shape, data: new Float32Array(valueCount(shape)) };
  }
}

/**
 * Draws an LSTM's bias so that its units remember for 1 to `steps` steps from the start: forget gate ln(u) with u uniform
 * in [1, steps - 1], input gate -ln(u), the others 0.
 *
 * Deviation from Keras, whose forget gate of 1 forgets half of the state in two steps: of what the window's middle says,
 * nothing is left after its last 100 steps. On MIT-BIH windows of 216 steps, training then stood on one class for four
 * epochs; with these biases it left it in the second.
 *
 * Source: Tallec and Ollivier, "Can recurrent neural networks warp time?", 2018, section 3 (chrono initialization).
 *
 * @returns Gates i, f, c, o, shape [4 units].
 */
function chronoBias(units: number, steps: number, rng: Rng): Float32Array {
  const bias = new Float32Array(4 * units);
  for (let unit = 0; unit < units; unit++) {
    const memory = Math.log(1 + rng.uniform() * Math.max(0, steps - 2));
    bias[unit] = -memory;
    bias[units + unit] = memory;
  }
  return bias;
}

/**
 * Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010,
 * eq. 16: uniform in +-sqrt(6 / (fanIn + fanOut)).
 */
function glorotUniform(shape: number[], rng: Rng): Tensor {
  const receptiveField = valueCount(shape.slice(0, -2));
  const fanIn = receptiveField * shape[shape.length - 2], fanOut = receptiveField * shape[shape.length - 1];
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return {
    shape,
    data: Float32Array.from({ length: valueCount(shape) }, () => limit * (2 * rng.uniform() - 1)),
  };
}

/**
 * Draws a matrix with orthonormal rows.
 *
 * Source: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
 * neural networks", 2014. Modified Gram-Schmidt leaves a positive diagonal in R, which Keras gets by a change of sign.
 *
 * @param shape [rows, columns] with rows <= columns.
 */
function orthogonalRows(shape: number[], rng: Rng): Tensor {
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
  return { shape, data: Float32Array.from(q) };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
