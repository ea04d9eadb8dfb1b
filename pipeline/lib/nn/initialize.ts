import type { Rng } from "../core/rng.ts";
import type { Model, Weights } from "./model.ts";
import { layerWeights } from "./shapes.ts";

/**
 * Draws the first weights of a model by Keras' defaults: Glorot uniform kernels, an orthogonal recurrent kernel and zero
 * biases. Only an LSTM's biases differ: see `chronoBias` in layers/lstm.ts.
 *
 * Each weight has a generator of its own, forked by its name, so that a further layer does not move the others.
 * The numbers are not those of Keras for the same seed.
 *
 * @returns Weights in the order and shapes of `weightShapes`.
 * @throws RangeError, TypeError as `checkModel`.
 */
export function initializeWeights(model: Model, rng: Rng): Weights {
  return new Map(
    layerWeights(model).map(({ name, shape, initialize }) => [
      name,
      { shape, data: initialize(rng.fork(name)) },
    ]),
  );
}
