import { StageError } from "../core/errors.ts";
import type { TfliteModel } from "../formats/tflite/graph.ts";
import type { Layer, Model, Weights } from "../nn/model.ts";
import { checkWeights, outputShapes } from "../nn/shapes.ts";
import { withoutDropout } from "../nn/without_dropout.ts";
import { createGraphBuilder, type GraphBuilder } from "./graph_builder.ts";
import type { LoweredValue, Lowering } from "./lowering/context.ts";
import { lowerConv1D } from "./lowering/conv1d.ts";
import { lowerDense } from "./lowering/dense.ts";
import { lowerLSTM } from "./lowering/lstm.ts";
import { lowerGlobalAveragePooling1D } from "./lowering/pooling.ts";

/** How each kind of layer becomes operators; a new kind is one file and one line here. */
const LOWERINGS: { [Kind in Layer["kind"]]?: Lowering<Extract<Layer, { kind: Kind }>> } = {
  InputLayer: ({ name }, { graph, outputShape }) => {
    const plain = graph.activation(name, [1, ...outputShape]);
    graph.model.inputs.push(plain);
    return { plain };
  },
  Conv1D: lowerConv1D,
  LSTM: lowerLSTM,
  GlobalAveragePooling1D: lowerGlobalAveragePooling1D,
  Dense: lowerDense,
};

/**
 * Says before anything is computed that a model cannot be converted.
 *
 * @param name Of the model, for the message. @param hint What to do instead.
 * @throws StageError A layer of a kind that has no lowering.
 */
export function checkConvertible(name: string, model: Model, hint: string): void {
  const missing = withoutDropout(model).layers.find(({ kind }) => LOWERINGS[kind] === undefined);
  if (missing === undefined) return;
  throw new StageError(
    `Cannot convert ${name}: each of its layers must have a form in TFLite, got ${missing.kind} "${missing.name}"`,
    { hint },
  );
}

/** The first release whose interpreter runs every operator version that is written here. */
const MIN_RUNTIME_VERSION = "1.14.0";
/** The converters of TensorFlow write the version into 16 bytes. */
const MIN_RUNTIME_VERSION_BYTES = 16;

/**
 * Converts a model to a TFLite graph in float32, for batch 1 and static shapes.
 *
 * Dropout layers are left out. Tensors have the names by which `forward` reports values: "<layer>", "<layer>/preactivation",
 * "<layer>/hidden", "<layer>/cell".
 *
 * @param options.description Stands in the file; the model's name by default.
 * @returns A graph to encode or to quantize; its constants share no memory with the weights.
 * @throws RangeError, TypeError A model or weights that `checkWeights` refuses, or a layer that has no lowering.
 */
export function convertToTflite(
  model: Model,
  weights: Weights,
  options: { description?: string } = {},
): TfliteModel {
  checkWeights(model, weights);
  // Nothing is dropped in inference.
  model = withoutDropout(model);
  const shapes = outputShapes(model);
  const graph = createGraphBuilder(options.description ?? model.name);
  const values = new Map<string, LoweredValue>();
  for (const layer of model.layers) {
    const [input] = layer.inputs;
    const lower = LOWERINGS[layer.kind] as Lowering<Layer> | undefined;
    if (lower === undefined) {
      throw new TypeError(
        `Cannot convert layer "${layer.name}": its kind must be one of ${
          Object.keys(LOWERINGS).join(", ")
        }, ` +
          `got ${layer.kind}`,
      );
    }
    values.set(
      layer.name,
      lower(layer, {
        graph,
        weight: (name) => {
          const { shape, data } = weights.get(`${layer.name}/${name}`)!;
          return { shape, data: data.slice() };
        },
        outputShape: shapes.get(layer.name)!,
        inputShape: shapes.get(input) ?? [],
        inputIsImage: values.get(input)?.image !== undefined,
        plainInput: () => plainTensor(graph, values.get(input)!, { name: input, shape: shapes.get(input)! }),
        imageInput: () => imageTensor(graph, values.get(input)!, { name: input, shape: shapes.get(input)! }),
      }),
    );
  }
  const { model: result } = graph;
  const shape = shapes.get(model.output)!;
  const output = plainTensor(graph, values.get(model.output)!, { name: model.output, shape });
  result.outputs.push(output);
  const version = new Uint8Array(MIN_RUNTIME_VERSION_BYTES);
  version.set(new TextEncoder().encode(MIN_RUNTIME_VERSION));
  result.metadata.push({ name: "min_runtime_version", data: version });
  result.signatures.push({
    key: "serving_default",
    inputs: result.inputs.map((tensor) => ({ name: result.tensors[tensor].name, tensor })),
    outputs: [{ name: model.output, tensor: output }],
  });
  return result;
}

interface NamedShape {
  /** Name of the layer. */
  name: string;
  /** Of its output, without the batch axis. */
  shape: number[];
}

function plainTensor(graph: GraphBuilder, value: LoweredValue, { name, shape }: NamedShape): number {
  value.plain ??= reshape(graph, value.image!, { name: `${name}/sequence`, shape: [1, ...shape] });
  return value.plain;
}

function imageTensor(graph: GraphBuilder, value: LoweredValue, { name, shape }: NamedShape): number {
  value.image ??= reshape(graph, value.plain!, { name: `${name}/image`, shape: [1, 1, ...shape] });
  return value.image;
}

function reshape(graph: GraphBuilder, input: number, { name, shape }: NamedShape): number {
  const target = graph.intConstant(`${name}/shape`, shape);
  const output = graph.activation(name, shape);
  graph.operator({
    operator: "RESHAPE",
    version: 1,
    inputs: [input, target],
    outputs: [output],
    optionsType: "ReshapeOptions",
    options: { newShape: shape },
  });
  return output;
}
