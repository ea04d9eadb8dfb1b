import * as z from "zod";
import { parseJson } from "../core/parse_json.ts";
import { FormatError } from "../core/errors.ts";
import type { TfliteModel } from "../formats/tflite/graph.ts";
import { reverseInputName } from "../formats/tflite/window_inputs.ts";
import { signalFormSchema } from "./signal_form.ts";

/** Name of the entry among a .tflite file's metadata. */
export const MODEL_METADATA = "ecg_model_metadata.json";

/** Version of the tools that write models; CHANGELOG.md names the releases. */
export const TOOLCHAIN_VERSION = "0.1.0-dev";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One input of a model. */
export const modelInputSchema = z.object({
  name: z.string(),
  /** "reversed": the same values with the steps from the last to the first. */
  content: z.enum(["window", "reversed"]),
});

const modelMetadataSchema = z.object({
  schemaVersion: z.literal(1),
  /** Name of the network, for example "cnn". */
  model: z.string(),
  /** The Keras model that it was converted from. */
  source: z.object({ file: z.string(), sha256 }),
  /** In the order of the signature: what the host puts into each input. */
  inputs: z.array(modelInputSchema).min(1),
  toolchain: z.string(),
  /** Of a classifier of heartbeats that this project trained. */
  beats: z.object({
    /** The study for which it was converted first. */
    study: z.string(),
    /** True when it was trained on generated signals: it must never be used on patients. */
    synthetic: z.boolean(),
    /** What the outputs stand for, in their order. */
    labels: z.array(z.string()).min(2).max(255),
    /** What windows must have gone through: sampling rate, length, place of the R peak, scaling, filters. */
    signal: signalFormSchema,
    /** The windows that it was trained on; the hash is that of their values. */
    trainingData: z.object({ windows: z.int().min(1), sha256 }),
  }).optional(),
});

/** What a model file tells of itself, so that it can be used, judged and traced without anything beside it. */
export type ModelMetadata = z.infer<typeof modelMetadataSchema>;

/** Adds to a graph what its file tells of itself. @returns A new graph; the inputs are told as the graph has them. */
export function withModelMetadata(
  graph: TfliteModel,
  told: Omit<ModelMetadata, "schemaVersion" | "inputs" | "toolchain">,
): TfliteModel {
  const names = graph.inputs.map((input) => graph.tensors[input].name);
  const metadata: ModelMetadata = {
    schemaVersion: 1,
    model: told.model,
    source: told.source,
    inputs: names.map((name) => ({
      name,
      content: names.some((other) => reverseInputName(other) === name) ? "reversed" : "window",
    })),
    toolchain: TOOLCHAIN_VERSION,
    ...(told.beats ? { beats: told.beats } : {}),
  };
  const data = new TextEncoder().encode(JSON.stringify(metadata));
  return { ...graph, metadata: [...graph.metadata, { name: MODEL_METADATA, data }] };
}

/**
 * Reads what a model file tells of itself.
 *
 * @param file Its name, for messages.
 * @returns Undefined where it tells nothing.
 * @throws FormatError An entry that does not fit the schema.
 */
export function readModelMetadata(
  { metadata }: Pick<TfliteModel, "metadata">,
  file: string,
): ModelMetadata | undefined {
  const entry = metadata.find(({ name }) => name === MODEL_METADATA);
  if (entry === undefined) return undefined;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(entry.data);
  } catch {
    throw new FormatError(`Cannot read ${MODEL_METADATA}: must be UTF-8`, { file });
  }
  return parseJson(text, { schema: modelMetadataSchema, what: MODEL_METADATA, file });
}
