import { FormatError } from "../core/errors.ts";
import { fromKerasConfig, type KerasConfig, toKerasConfig } from "./keras_config.ts";
import { kindOf } from "./layers/layer_kinds.ts";
import type { Model, Tensor, Weights } from "./model.ts";
import { checkWeights, layerWeights } from "./shapes.ts";

/** One layer's weights under their names in a .h5 file, for example "lstm/lstm_cell/kernel:0". */
export interface KerasLayerParts {
  name: string;
  weights: ({ name: string } & Tensor)[];
}

/** A model in the parts that a Keras .h5 file holds. */
export interface KerasParts {
  config: unknown;
  layers: KerasLayerParts[];
  /** Of the Keras that wrote it, for example "2.15.0"; "" or absent: unknown. */
  kerasVersion?: string;
}

/** A model in parts as Keras 2.15 writes them. */
export interface KerasH5Parts extends KerasParts {
  config: KerasConfig;
  kerasVersion: string;
  backend: string;
}

/**
 * Takes a model and its weights apart into what a Keras 2.15 .h5 file holds.
 *
 * @returns Parts that share their arrays with `weights`.
 * @throws RangeError, TypeError as `checkModel` and `checkWeights`. @throws StageError The hard sigmoid of Keras 3.
 */
export function modelToH5Parts(model: Model, weights: Weights): KerasH5Parts {
  checkWeights(model, weights);
  const layers = model.layers.filter(({ kind }) => kind !== "InputLayer").map((layer) => {
    const { name } = layer, kind = kindOf(layer);
    const own = [...weights].filter(([weight]) => weight.startsWith(`${name}/`));
    return {
      name,
      weights: own.map(([weight, tensor]) => {
        const ownName = weight.slice(name.length + 1);
        return { name: `${name}/${kind.kerasPath?.(layer, ownName) ?? ownName}:0`, ...tensor };
      }),
    };
  });
  return { config: toKerasConfig(model), layers, kerasVersion: "2.15.0", backend: "tensorflow" };
}

/**
 * Joins the parts of a Keras .h5 file to a model and its weights.
 *
 * A weight is known by its layer and the last segment of its name without ":0" (of a Bidirectional layer, by the direction
 * too): what stands between them differs between the versions of Keras.
 *
 * @returns A model that `checkModel` and weights that `checkWeights` accept; they share their arrays with `parts`.
 * @throws FormatError A model that is not supported, or weights that do not fit it.
 */
export function h5PartsToModel(
  { config, layers, kerasVersion }: KerasParts,
): { model: Model; weights: Weights } {
  const model = fromKerasConfig(config, kerasVersion);
  const found: Weights = new Map(), known = new Map(model.layers.map((layer) => [layer.name, layer]));
  for (const layer of layers) {
    const owner = known.get(layer.name), weightOfPath = (owner && kindOf(owner).weightOfPath) ?? lastSegment;
    for (const { name, shape, data } of layer.weights) {
      const weight = `${layer.name}/${weightOfPath(name.replace(/:0$/, ""))}`;
      if (found.has(weight)) {
        throw new FormatError(
          `Cannot read weight ${JSON.stringify(weight)}: it must occur once, got it twice`,
        );
      }
      found.set(weight, { shape, data });
    }
  }
  return { model, weights: matchWeights(model, found) };
}

/**
 * Puts the weights of a file into the model's order.
 *
 * @param found By name; emptied of what belongs to the model.
 * @throws FormatError Weights that are missing, of no layer, or do not fit.
 */
export function matchWeights(model: Model, found: Weights): Weights {
  const weights: Weights = new Map();
  for (const { name, keras3Name } of layerWeights(model)) {
    const inFile = found.has(name) ? name : name.replace(/[^/]*$/, keras3Name ?? "$&");
    const tensor = found.get(inFile);
    if (tensor === undefined) {
      throw new FormatError(`Cannot read weight "${name}": the model needs it, got none`);
    }
    weights.set(name, tensor);
    found.delete(inFile);
  }
  for (const name of found.keys()) {
    throw new FormatError(
      `Cannot read weight ${JSON.stringify(name)}: it must belong to a layer of the model, got no such layer`,
    );
  }
  try {
    checkWeights(model, weights);
  } catch (error) {
    throw new FormatError((error as Error).message);
  }
  return weights;
}

const lastSegment = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
