import { FormatError } from "../core/errors.ts";
import { fromKerasHardSigmoid, toKerasHardSigmoid } from "./keras_hard_sigmoid.ts";
import { modelSchema } from "./keras_schema.ts";
import type { KerasParse } from "./layers/layer_kind.ts";
import { kindOf, LAYER_KINDS } from "./layers/layer_kinds.ts";
import type { Layer, Model } from "./model.ts";
import { checkModel } from "./shapes.ts";

/** A model's or a layer's configuration in Keras' form. */
export interface KerasConfig {
  class_name: string;
  config: Record<string, unknown>;
}

/**
 * Writes a model's configuration as Keras 2.15 does (`model.to_json()`).
 *
 * A chain from one InputLayer to the output is a Sequential, any other graph a Functional model.
 *
 * @param version Of the Keras that is to read it; it decides what its hard_sigmoid is, and nothing else.
 * @throws RangeError, TypeError as `checkModel`. @throws StageError A hard sigmoid that this Keras does not have.
 */
export function toKerasConfig(model: Model, version: 2 | 3 = 2): KerasConfig {
  checkModel(model);
  const { name, output } = model;
  const layers = model.layers.map((layer) => toKerasHardSigmoid(layer, version));
  const isChain = layers.every(({ inputs }, i) =>
    inputs.length === (i === 0 ? 0 : 1) && inputs[0] === layers[i - 1]?.name
  );
  if (isChain) return { class_name: "Sequential", config: { name, layers: layers.map(layerConfig) } };
  const tensor = (layer: string) => [layer, 0, 0];
  return {
    class_name: "Functional",
    config: {
      name,
      trainable: true,
      layers: layers.map((layer) => ({
        ...layerConfig(layer),
        name: layer.name,
        inbound_nodes: layer.inputs.length === 0 ? [] : [layer.inputs.map((input) => [...tensor(input), {}])],
      })),
      input_layers: layers.filter(({ kind }) => kind === "InputLayer").map((layer) => tensor(layer.name)),
      output_layers: [tensor(output)],
    },
  };
}

/**
 * Reads the configuration of a Sequential or Functional model of Keras 2 or 3.
 *
 * Every layer and every option that the reference forward pass does not compute is refused by the layer's name; so is
 * an option that is not known, unless it is null. Initializers, regularizers and constraints are not read, because they do not change the inference.
 *
 * @param config For example the parsed `model_config` of a .h5 file.
 * @param kerasVersion Of the Keras that wrote it, for example "2.15.0"; "" is unknown.
 * @throws FormatError A configuration of another form, or a model that is not supported.
 */
export function fromKerasConfig(config: unknown, kerasVersion = ""): Model {
  const { name, nodes, output } = readGraph(config);
  const names = new Set<string>();
  for (const node of nodes) {
    if (names.has(node.name)) {
      throw new FormatError(
        `Cannot read layer ${JSON.stringify(node.name)}: names must be unique, got it twice`,
      );
    }
    names.add(node.name);
  }
  const model: Model = { name, layers: nodes.map((node) => readLayer(node, kerasVersion)), output };
  try {
    checkModel(model);
  } catch (error) {
    throw new FormatError((error as Error).message);
  }
  return model;
}

/** A layer of a Keras graph, not yet looked into. */
interface KerasNode {
  name: string;
  className: string;
  config: Record<string, unknown>;
  /** Names of the layers that it reads. */
  inputs: string[];
}

/** What is known of a layer of a Keras configuration, whether it is supported or not. */
export interface KerasLayerSummary {
  name: string;
  className: string;
  /** Names of the layers that it reads. */
  inputs: string[];
  /** Why it is not supported; absent where it is. */
  problem?: string;
}

/**
 * Lists the layers of a model that `fromKerasConfig` may refuse.
 *
 * @throws FormatError A configuration of another form.
 */
export function summarizeKerasLayers(config: unknown, kerasVersion = ""): KerasLayerSummary[] {
  return readGraph(config).nodes.map((node): KerasLayerSummary => {
    const { name, className, inputs } = node;
    try {
      readLayer(node, kerasVersion);
      return { name, className, inputs };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return { name, className, inputs, problem: error.message };
    }
  });
}

function readGraph(value: unknown): { name: string; nodes: KerasNode[]; output: string } {
  const { class_name: className, config } = parse(modelSchema, value, "Keras model");
  if (className !== "Sequential") {
    const nodes = config.layers.map((layer) => ({
      name: layer.config.name,
      className: layer.class_name,
      config: layer.config,
      inputs: layer.inbound_nodes,
    }));
    // A model's inputs come in the order in which it lists them, whatever the order of the layers.
    const entries = config.input_layers.map((input) => nodes.find((node) => node.name === input));
    const ordered = [...new Set([...entries.filter((node) => node !== undefined), ...nodes])];
    return { name: config.name, nodes: ordered, output: config.output_layers };
  }
  const nodes: KerasNode[] = [];
  const [first] = config.layers;
  if (first.class_name !== "InputLayer") {
    // Before TensorFlow 2.3 the first layer itself said what a Sequential reads.
    const name = `${first.config.name}_input`;
    const { batch_input_shape } = first.config;
    nodes.push({ name, className: "InputLayer", config: { name, batch_input_shape }, inputs: [] });
  }
  for (const layer of config.layers) {
    const { name } = layer.config;
    const inputs = nodes.length === 0 ? [] : [nodes[nodes.length - 1].name];
    nodes.push({ name, className: layer.class_name, config: layer.config, inputs });
  }
  return { name: config.name, nodes, output: nodes[nodes.length - 1].name };
}

function readLayer({ name, className, config, inputs }: KerasNode, kerasVersion: string): Layer {
  const what = `layer ${JSON.stringify(name)}`;
  if (!Object.hasOwn(LAYER_KINDS, className)) {
    throw new FormatError(
      `Cannot read ${what}: its class must be one of ${Object.keys(LAYER_KINDS).join(", ")}, got ${
        show(className)
      }${className === "Lambda" ? ", which holds a program" : ""}`,
    );
  }
  const { kerasOptions, fromKeras } = LAYER_KINDS[className as Layer["kind"]];
  const layer = { kind: className, name, inputs, ...fromKeras(parse(kerasOptions, config, what)) } as Layer;
  return fromKerasHardSigmoid(layer, kerasVersion);
}

function parse<Output>(
  schema: { safeParse(value: unknown): KerasParse<Output> },
  value: unknown,
  what: string,
): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  const found = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], value);
  // From zod's "Too small: expected number to be >=1" to this project's "must be >=1".
  const demand = message.replace(/^[^:]*: expected \w+ to (be|have) /, "must $1 ")
    .replace(/^[^:]*: expected /, "must be ").replace(/, received .*/, "");
  throw new FormatError(
    `Cannot read ${what}: ${[path.join("."), demand].join(" ").trim()}, got ${show(found)}`,
  );
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

function layerConfig(layer: Layer): KerasConfig {
  const { kind, name } = layer, options = kindOf(layer).toKeras(layer);
  return {
    class_name: kind,
    config: kind === "InputLayer"
      ? { ...options, name }
      : { name, trainable: true, dtype: "float32", ...options },
  };
}
