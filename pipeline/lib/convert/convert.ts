import { StageError } from "../core/errors.ts";
import type { TfliteModel } from "../formats/tflite/graph.ts";
import { reverseInputName } from "../formats/tflite/window_inputs.ts";
import { isHardSigmoid } from "../nn/layers/hard_sigmoid.ts";
import type { Layer, Model, Weights } from "../nn/model.ts";
import { checkWeights, outputShapes } from "../nn/shapes.ts";
import { createGraphBuilder } from "./graph_builder.ts";
import { hasActivationOperator } from "./lowering/activation.ts";
import type { BidirectionalForm, LoweringContext } from "./lowering/context.ts";
import { checkGruSteps } from "./lowering/gru.ts";
import { loweringOf } from "./lowering/lowerings.ts";
import { openBatch } from "./open_batch.ts";
import { PASSES, runPasses } from "./passes/passes.ts";

/** How a model is converted. */
export interface ConvertOptions {
  /** Stands in the file; the model's name by default. */
  description?: string;
  /** Windows that the graph computes at once, or "dynamic": the caller resizes its inputs. Default 1. */
  batch?: number | "dynamic";
  /** Default "reverse-op". */
  bidirectional?: BidirectionalForm;
  /** Sees the graph as it was lowered and after each pass; of a dynamic batch the one of a single window. */
  onPass?(name: string, graph: TfliteModel): void;
}

/**
 * Says before anything is computed that a model cannot be converted.
 *
 * @param name Of the model, for the message. @param hint What to do instead.
 * @throws StageError A layer or an activation that has no form in TFLite, a GRU over too many steps, inputs whose names say
 *   that one is the other backwards.
 */
export function checkConvertible(name: string, model: Model, hint: string): void {
  for (const layer of model.layers) {
    const problem = layerProblem(layer);
    if (problem !== undefined) throw new StageError(`Cannot convert ${name}: ${problem}`, { hint });
  }
  const inputs = model.layers.filter(({ kind }) => kind === "InputLayer").map((layer) => layer.name);
  const taken = inputs.map(reverseInputName).find((reversed) => inputs.includes(reversed));
  if (taken !== undefined) {
    const problem = `no input may have the name of another read backwards, got "${taken}"`;
    throw new StageError(`Cannot convert ${name}: ${problem}`, { hint: "give it another name in Keras" });
  }
  const isGru = (layer: Layer) => (layer.kind === "Bidirectional" ? layer.layer : layer).kind === "GRU";
  const grus = model.layers.filter(isGru), names = new Set(model.layers.map((layer) => layer.name));
  // Layers that are looked at by themselves have no shapes.
  if (grus.length === 0 || !model.layers.every(({ inputs }) => inputs.every((input) => names.has(input)))) {
    return;
  }
  const shapes = outputShapes(model);
  for (const gru of grus) checkGruSteps(gru.name, shapes.get(gru.inputs[0])![0]);
}

/** @returns Why a layer has no form in TFLite, in words that follow "Cannot convert ...: "; undefined where it has one. */
function layerProblem(layer: Layer): string | undefined {
  const { kind, name } = layer;
  if (loweringOf(layer) === undefined) {
    return `each of its layers must have a form in TFLite, got ${kind} "${name}"`;
  }
  const activation = unknownActivation(layer);
  return activation === undefined
    ? undefined
    : `each activation must have an operator in TFLite in float and int8, got ${activation} of layer "${name}"${
      isHardSigmoid(activation)
        ? ": load it in Keras with sigmoid in place of that, fit it for some epochs and save it again"
        : ""
    }`;
}

/** The LSTM operator has its own, tanh and sigmoid; a GRU could have others, but they have no lowering. */
const RECURRENT_ACTIVATIONS = { activation: "tanh", recurrentActivation: "sigmoid" };

/** @returns The name of a layer's activation that has no operator. */
function unknownActivation(layer: Layer): string | undefined {
  const own = (layer.kind === "Bidirectional" ? layer.layer : layer) as Partial<
    Record<"kind" | keyof typeof RECURRENT_ACTIVATIONS, string>
  >;
  if (own.kind === "LSTM" || own.kind === "GRU") {
    return Object.entries(RECURRENT_ACTIVATIONS).map(([option, only]) => {
      const activation = own[option as keyof typeof RECURRENT_ACTIVATIONS];
      return activation === only ? undefined : activation;
    }).find((activation) => activation !== undefined);
  }
  return own.activation === undefined || hasActivationOperator(own.activation) ? undefined : own.activation;
}

/** The first release whose interpreter runs every operator version that is written here. */
const MIN_RUNTIME_VERSION = "1.14.0";
/** The converters of TensorFlow write the version into 16 bytes. */
const MIN_RUNTIME_VERSION_BYTES = 16;

/**
 * Converts a model to a TFLite graph in float32 with static shapes: lowers each layer plainly, then runs the passes.
 *
 * Layers' outputs have the layers' names, of several layers in one operator the last one's; what lies between is
 * "<layer>/<what>".
 *
 * @returns A graph to encode or to quantize; its constants share no memory with the weights.
 * @throws RangeError, TypeError A model or weights that `checkWeights` refuses, or a batch that is no number of windows.
 * @throws StageError A layer or activation that has no form in TFLite, a batch or form that this model cannot have.
 */
export function convertToTflite(model: Model, weights: Weights, options: ConvertOptions = {}): TfliteModel {
  const { batch = 1, onPass } = options;
  checkWeights(model, weights);
  checkConvertible(
    `model "${model.name}"`,
    model,
    "deno task inspect FILE says of each layer whether it converts",
  );
  if (batch === "dynamic") {
    const convert = (size: number, observer?: ConvertOptions["onPass"]) =>
      convertToTflite(model, weights, { ...options, batch: size, onPass: observer });
    const graph = openBatch((size) => convert(size));
    // Its passes ran on batches that stand for any; those of one window are what is worth seeing.
    if (onPass) convert(1, onPass);
    return graph;
  }
  if (!Number.isInteger(batch) || batch < 1) {
    throw new RangeError(`Cannot convert model "${model.name}": batch must be at least 1, got ${batch}`);
  }
  const lowered = lowerModel(model, weights, { ...options, batch });
  onPass?.("lowered", lowered);
  return runPasses(lowered, PASSES, onPass);
}

/** @returns The graph of all layers, lowered one by one. */
export function lowerModel(
  model: Model,
  weights: Weights,
  { description, batch = 1, bidirectional = "reverse-op" }: ConvertOptions & {
    batch?: number;
  },
): TfliteModel {
  const shapes = outputShapes(model);
  const graph = createGraphBuilder(description ?? model.name), { model: result } = graph;
  const outputs = new Map<string, number>(), reversedInputs = new Map<number, number>();
  const kinds = new Map(model.layers.map(({ name, kind }) => [name, kind]));
  for (const layer of model.layers) {
    const inputs = layer.inputs.map((name) => outputs.get(name)!);
    const context: LoweringContext = {
      graph,
      batch,
      inputs,
      inputShapes: layer.inputs.map((name) => shapes.get(name)!),
      outputShape: shapes.get(layer.name)!,
      bidirectional,
      hasWeight: (name) => weights.has(`${layer.name}/${name}`),
      weight: (name) => {
        const { shape, data } = weights.get(`${layer.name}/${name}`)!;
        return { shape, data: data.slice() };
      },
      reversedInput() {
        const [input] = inputs, tensor = result.tensors[input];
        if (kinds.get(tensor.name) !== "InputLayer") {
          throw new StageError(
            `Cannot convert layer "${layer.name}" with two inputs: it must read an input of the model, which the host ` +
              `can reverse, got "${tensor.name}"`,
            { hint: "leave the reversing to the graph: reverse-op" },
          );
        }
        const known = reversedInputs.get(input);
        if (known !== undefined) return known;
        const reversed = graph.activation(reverseInputName(tensor.name), [...tensor.shape]);
        result.inputs.push(reversed);
        reversedInputs.set(input, reversed);
        return reversed;
      },
    };
    outputs.set(layer.name, loweringOf(layer)!(layer, context));
  }
  const output = outputs.get(model.output)!;
  result.outputs.push(output);
  const version = new Uint8Array(MIN_RUNTIME_VERSION_BYTES);
  version.set(new TextEncoder().encode(MIN_RUNTIME_VERSION));
  result.metadata.push({ name: "min_runtime_version", data: version });
  result.signatures.push({
    key: "serving_default",
    inputs: result.inputs.map((tensor) => ({ name: result.tensors[tensor].name, tensor })),
    outputs: [{ name: result.tensors[output].name, tensor: output }],
  });
  return result;
}
