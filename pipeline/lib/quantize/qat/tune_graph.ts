import { convertToTflite } from "../../convert/convert.ts";
import type { TfliteModel } from "../../formats/tflite/graph.ts";
import type { Model, Weights } from "../../nn/model.ts";
import { withoutBatchNormalization } from "../../nn/without_batch_normalization.ts";
import { quantizeGraph } from "../quantize_graph.ts";
import type { Ranges } from "../ranges.ts";
import { activationRoundings } from "./activation_roundings.ts";
import { fineTune, type FineTuneOptions } from "./fine_tune.ts";

/** What a graph is tuned from. */
export interface TuneOptions extends Omit<FineTuneOptions, "roundings"> {
  /** What the model was converted to: the tuned graph gets its batch, inputs and metadata. */
  floatGraph: TfliteModel;
  /** Finds the ranges of a float graph on training windows. */
  calibrate(graph: TfliteModel): Ranges;
}

/**
 * Tunes a trained model for its int8 form: folds its normalizations, calibrates, fine-tunes and converts again.
 *
 * @returns The tuned float32 graph, the ranges that it was tuned with and is to be quantized with, and how the tuning went.
 * @throws TypeError, RangeError, StageError as `withoutBatchNormalization`, `quantizeGraph` and `fineTune`.
 */
export async function tuneGraph(options: TuneOptions): Promise<
  { floatGraph: TfliteModel; ranges: Ranges; result: Awaited<ReturnType<typeof fineTune>> }
> {
  const { model, weights } = withoutBatchNormalization(options.model, options.weights);
  const graph = convertLike(options.floatGraph, model, weights), ranges = options.calibrate(graph);
  const roundings = activationRoundings(quantizeGraph(graph, ranges, { mode: "int8" }));
  const result = await fineTune({ ...options, model, weights, roundings });
  return { floatGraph: convertLike(options.floatGraph, model, result.bestWeights), ranges, result };
}

/** Converts a model as another, of the same inputs, was. */
function convertLike(
  { description, metadata, tensors, inputs }: TfliteModel,
  model: Model,
  weights: Weights,
): TfliteModel {
  const { shape, shapeSignature } = tensors[inputs[0]];
  const ownInputs = model.layers.filter(({ kind }) => kind === "InputLayer").length;
  const graph = convertToTflite(model, weights, {
    description,
    batch: shapeSignature === undefined ? shape[0] : "dynamic",
    bidirectional: inputs.length > ownInputs ? "two-inputs" : "reverse-op",
  });
  return { ...graph, metadata };
}
