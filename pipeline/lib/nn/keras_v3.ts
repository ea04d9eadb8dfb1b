import type { KerasConfig } from "./keras_config.ts";
import { fromKerasConfig, toKerasConfig } from "./keras_config.ts";
import { hardSigmoidsOf } from "./keras_hard_sigmoid.ts";
import { matchWeights } from "./keras_weights.ts";
import type { Layer, Model, Tensor, Weights } from "./model.ts";
import { checkWeights, weightShapes } from "./shapes.ts";

/** A model in the parts that a .keras file holds. */
export interface KerasV3Parts {
  config: unknown;
  /** Arrays by their path, for example "layers/lstm/cell/vars/0". */
  variables: Map<string, Tensor>;
  /** Of the Keras that wrote it, for example "3.15.1"; "" or absent: unknown. */
  kerasVersion?: string;
}

/** Keras keeps the variables of these in a cell. */
const WITH_CELL = ["LSTM", "GRU"];

/**
 * Takes a model and its weights apart into what a .keras file holds. The configuration is in the form of Keras 2.15, which
 * Keras 3 reads too, as a "Model", whose module has the same name in both. A hard sigmoid must be that of Keras 3, and the
 * file then says that it is one of Keras 3.
 *
 * @returns Parts that share their arrays with `weights`.
 * @throws RangeError, TypeError as `checkModel` and `checkWeights`. @throws StageError The hard sigmoid of Keras 2.
 */
export function modelToV3Parts(
  model: Model,
  weights: Weights,
): KerasV3Parts & { config: KerasConfig; kerasVersion: string } {
  checkWeights(model, weights);
  const layers = inKerasOrder(model);
  const { class_name, config } = toKerasConfig({ ...model, layers }, 3);
  const isSequential = class_name === "Sequential";
  if (!isSequential) {
    // The order in which a window holds the inputs' values is the model's own.
    config.input_layers = model.layers.filter(({ kind }) => kind === "InputLayer")
      .map(({ name }) => [name, 0, 0]);
  }
  const withModules = (config.layers as KerasConfig[]).map((layer) => ({
    module: "keras.layers",
    registered_name: null,
    ...layer,
  }));
  const variables = new Map<string, Tensor>();
  for (const [path, weight] of variablePaths(layers, [...weights.keys()])) {
    variables.set(path, weights.get(weight)!);
  }
  return {
    config: {
      module: "keras",
      class_name: isSequential ? class_name : "Model",
      config: { ...config, layers: withModules },
      registered_name: null,
    } as KerasConfig,
    variables,
    kerasVersion: layers.some((layer) => hardSigmoidsOf(layer).length > 0) ? "3.0.0" : "2.15.0",
  };
}

/**
 * Joins the parts of a .keras file to a model and its weights.
 *
 * @returns A model that `checkModel` and weights that `checkWeights` accept; they share their arrays with `variables`.
 * @throws FormatError A model that is not supported, or weights that do not fit it.
 */
export function v3PartsToModel(
  { config, variables, kerasVersion }: KerasV3Parts,
): { model: Model; weights: Weights } {
  const model = fromKerasConfig(config, kerasVersion);
  const paths = variablePaths(model.layers, weightShapes(model).map(({ name }) => name));
  const found = new Map([...variables].map(([path, variable]) => [paths.get(path) ?? path, variable]));
  return { model, weights: matchWeights(model, found) };
}

/**
 * Says where Keras keeps each weight: not by its layer's name but by the class, numbered in the layers' order, and by its
 * place within the layer.
 *
 * @param weights In the order of `weightShapes`. @returns Weights by path.
 */
function variablePaths(layers: Layer[], weights: string[]): Map<string, string> {
  const groups = new Map<string, string>(), counts = new Map<string, number>();
  const next = (key: string): number => {
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count;
  };
  for (const { kind, name } of layers) {
    const snake = toSnakeCase(kind), number = next(snake);
    groups.set(name, number === 0 ? `layers/${snake}` : `layers/${snake}_${number}`);
  }
  const cells = new Set(layers.filter(({ kind }) => WITH_CELL.includes(kind)).map(({ name }) => name));
  return new Map(weights.map((weight) => {
    const [layer, ...within] = weight.split("/");
    // A Bidirectional layer's weights are those of its two layers, "forward/kernel".
    const parts = within.slice(0, -1).map((part) => `/${part}_layer`).join("");
    const cell = parts !== "" || cells.has(layer) ? "/cell" : "";
    const group = `${groups.get(layer)}${parts}${cell}/vars`;
    return [`${group}/${next(group)}`, weight];
  }));
}

/** Keras' naming: "GlobalAveragePooling1D" -> "global_average_pooling1d". */
function toSnakeCase(name: string): string {
  return name.replace(/(.)([A-Z][a-z]+)/g, "$1_$2").replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}

/**
 * Orders layers as Keras does when it builds a graph: those furthest from the output first, and at the same distance in the
 * order in which a walk from the output, inputs in their order, meets them.
 *
 * Source: Keras 3, keras/src/ops/function.py, map_graph.
 */
function inKerasOrder({ layers, output }: Model): Layer[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const distance = new Map<string, number>(), met = new Map<string, number>();
  for (const { name, inputs } of layers.toReversed()) {
    const next = (distance.get(name) ?? 0) + 1;
    for (const input of inputs) distance.set(input, Math.max(next, distance.get(input) ?? 0));
  }
  const stack = [output];
  while (stack.length > 0) {
    const name = stack.pop()!;
    if (met.has(name)) continue;
    met.set(name, met.size);
    stack.push(...byName.get(name)!.inputs.toReversed());
  }
  const far = (name: string) => distance.get(name) ?? 0;
  return layers.toSorted((a, b) => far(b.name) - far(a.name) || met.get(a.name)! - met.get(b.name)!);
}
