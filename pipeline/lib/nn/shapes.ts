import { valueCount, type WeightSpec } from "./layers/layer_kind.ts";
import { kindOf } from "./layers/layer_kinds.ts";
import type { Model, Weights } from "./model.ts";

export { valueCount };

/** Name and shape of one weight, in Keras' layout. */
export interface WeightShape {
  /** "<layer>/<weight>", for example "conv1d/kernel". */
  name: string;
  shape: number[];
}

/** Largest number of values in one tensor of a model; a wrong configuration must not become a huge allocation. */
const MAX_TENSOR_VALUES = 2 ** 28;
const MAX_LAYERS = 1000;
const MAX_NAME_LENGTH = 128;

/** Names become HDF5 paths and weight names, so they hold no separator. */
const LAYER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Computes the shape of every layer's output, after checking the model as `checkModel` does.
 *
 * @returns Shapes without the batch axis, by layer name, in the layers' order.
 * @throws RangeError, TypeError as `checkModel`.
 */
export function outputShapes(model: Model): Map<string, number[]> {
  if (!Array.isArray(model.layers) || model.layers.length === 0 || model.layers.length > MAX_LAYERS) {
    throw new RangeError(
      `Cannot use model "${model.name}": layers must hold 1 to ${MAX_LAYERS} layers, got ${model.layers?.length}`,
    );
  }
  const shapes = new Map<string, number[]>();
  const readers = new Map<string, number>();
  for (const layer of model.layers) {
    checkName(layer.name, shapes);
    const kind = kindOf(layer), { inputCount } = kind;
    if (inputCount === "several" ? layer.inputs.length < 2 : layer.inputs.length !== inputCount) {
      throw new RangeError(
        `Cannot use layer "${layer.name}": ${layer.kind} must have ${inputCount} inputs, got ${layer.inputs.length}`,
      );
    }
    for (const input of layer.inputs) {
      if (!shapes.has(input)) {
        throw new RangeError(
          `Cannot use layer "${layer.name}": its input must be a layer that stands before it, got "${input}"`,
        );
      }
      readers.set(input, (readers.get(input) ?? 0) + 1);
    }
    const inputs = layer.inputs.map((input) => shapes.get(input)!);
    const shape = kind.outputShape(layer, inputs);
    checkValueCount(layer.name, shape);
    for (const weight of kind.weights(layer, inputs)) {
      checkValueCount(`${layer.name}/${weight.name}`, weight.shape);
    }
    shapes.set(layer.name, shape);
  }
  if (!shapes.has(model.output)) {
    throw new RangeError(`Cannot use model "${model.name}": output must name a layer, got "${model.output}"`);
  }
  const unused = model.layers.filter(({ name }) => name !== model.output && !readers.has(name));
  if (unused.length > 0) {
    throw new RangeError(
      `Cannot use model "${model.name}": every layer must lead to the output "${model.output}", ` +
        `got "${unused[0].name}", which no layer reads`,
    );
  }
  if (!model.layers.some(({ kind }) => kind === "InputLayer")) {
    throw new RangeError(`Cannot use model "${model.name}": there must be an InputLayer, got none`);
  }
  return shapes;
}

/**
 * Checks that a model can be computed: unique and safe layer names, topological order, known inputs, at least one
 * InputLayer, every layer leading to the output, sizes that fit each other.
 *
 * @throws RangeError What is wrong in the graph or in a size.
 * @throws TypeError An unknown layer kind, activation or padding.
 */
export function checkModel(model: Model): void {
  outputShapes(model);
}

/**
 * Lists the weights that a model needs.
 *
 * @returns Names and shapes in the layers' order and, within a layer, in Keras' order (kernel, recurrent, bias).
 * @throws RangeError, TypeError as `checkModel`.
 */
export function weightShapes(model: Model): WeightShape[] {
  return layerWeights(model).map(({ name, shape }) => ({ name, shape }));
}

/** Lists the weights as {@linkcode weightShapes} does, and how they begin. */
export function layerWeights(model: Model): WeightSpec[] {
  const shapes = outputShapes(model);
  return model.layers.flatMap((layer) =>
    kindOf(layer).weights(layer, layer.inputs.map((input) => shapes.get(input)!))
      .map((weight) => ({ ...weight, name: `${layer.name}/${weight.name}` }))
  );
}

/**
 * Counts the trainable parameters: not the moving statistics of a BatchNormalization.
 *
 * @throws RangeError, TypeError as `checkModel`.
 */
export function countParameters(model: Model): number {
  return layerWeights(model).reduce(
    (sum, { shape, trainable = true }) => sum + (trainable ? valueCount(shape) : 0),
    0,
  );
}

/**
 * Checks that weights belong to a model: the names of `weightShapes` in their order, its shapes, finite values, no negative variance.
 *
 * @throws RangeError What does not fit.
 * @throws TypeError Data that is no Float32Array.
 */
export function checkWeights(model: Model, weights: Weights): void {
  const expected = layerWeights(model);
  const names = [...weights.keys()];
  const position = expected.findIndex(({ name }, i) => names[i] !== name);
  if (position !== -1 || names.length !== expected.length) {
    const at = position === -1 ? expected.length : position;
    throw new RangeError(
      `Cannot use weights with model "${model.name}": weight ${at} must be ` +
        `${expected[at] ? `"${expected[at].name}"` : "absent"}, got ${
          at in names ? `"${names[at]}"` : "none"
        }`,
    );
  }
  for (const { name, shape, min = -Infinity } of expected) {
    const tensor = weights.get(name)!;
    if (!(tensor.data instanceof Float32Array)) {
      throw new TypeError(
        `Cannot use weight "${name}": data must be a Float32Array, got ${typeof tensor.data}`,
      );
    }
    if (tensor.shape.length !== shape.length || shape.some((size, i) => tensor.shape[i] !== size)) {
      throw new RangeError(
        `Cannot use weight "${name}": shape must be [${shape.join(", ")}], got [${tensor.shape.join(", ")}]`,
      );
    }
    if (tensor.data.length !== valueCount(shape)) {
      throw new RangeError(
        `Cannot use weight "${name}": data must hold ${valueCount(shape)} values, got ${tensor.data.length}`,
      );
    }
    const bad = tensor.data.findIndex((value) => !Number.isFinite(value));
    if (bad !== -1) {
      throw new RangeError(
        `Cannot use weight "${name}": values must be finite, got ${tensor.data[bad]} at index ${bad}`,
      );
    }
    const low = tensor.data.findIndex((value) => value < min);
    if (low !== -1) {
      throw new RangeError(
        `Cannot use weight "${name}": values must be at least ${min}, got ${
          tensor.data[low]
        } at index ${low}`,
      );
    }
  }
}

function checkName(name: string, known: Map<string, unknown>): void {
  if (typeof name !== "string" || name.length > MAX_NAME_LENGTH || !LAYER_NAME.test(name)) {
    throw new RangeError(
      `Cannot use layer ${JSON.stringify(name)}: its name must be 1 to ${MAX_NAME_LENGTH} letters, digits, ` +
        `"_", "." or "-" and begin with a letter or digit`,
    );
  }
  if (known.has(name)) throw new RangeError(`Cannot use layer "${name}": names must be unique, got it twice`);
}

function checkValueCount(name: string, shape: number[]): void {
  if (valueCount(shape) > MAX_TENSOR_VALUES) {
    throw new RangeError(
      `Cannot use "${name}": a tensor must hold at most ${MAX_TENSOR_VALUES} values, got [${
        shape.join(", ")
      }]`,
    );
  }
}
