import * as z from "zod";
import { parseJson } from "../core/parse_json.ts";
import { modelInputSchema } from "./model_metadata.ts";
import { signalFormSchema } from "./signal_form.ts";

const json = z.record(z.string(), z.json());

const modelCardSchema = z.object({
  schemaVersion: z.literal(1),
  /** "<study>-<model>", for example "inter-patient-cnn". */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/),
  study: z.string(),
  model: z.string(),
  /** True when it was trained on generated signals: it must never be used on patients. */
  synthetic: z.boolean(),
  purpose: z.string(),
  /** Who may use it for what, one line; cards from before it was written have it in their limits. */
  intendedUse: z.string().default("Research. Not a medical device."),
  limits: z.string(),
  classes: z.array(z.string()).min(2).max(255),
  /** Parameters of the network. */
  parameters: z.int().min(1),
  /** What the windows must have gone through. */
  input: signalFormSchema,
  /** What goes into each input of the .tflite files: the window, or its samples from the last to the first. */
  inputs: z.array(modelInputSchema).default([]),
  /** All parameters of preprocessing and of cutting windows. */
  preprocess: json,
  window: json,
  data: z.object({
    scheme: z.string(),
    trainRecords: z.array(z.string()),
    validationRecords: z.array(z.string()),
    testRecords: z.array(z.string()),
    /** Windows by split and class. */
    windows: json,
    calibrationWindows: z.int().min(1),
  }),
  training: json,
  /** Float32 and int8 on the same test windows, with the number of windows. */
  results: json,
  /** What each .tflite file takes to run, and who runs it by the known tables of operators; no compiler was run. */
  devices: z.array(z.object({
    file: z.string(),
    multiplyAccumulates: z.int(),
    /** Bytes that tflite-micro needs beside the model: an estimate, and with margin. Absent where it does not take the file. */
    arenaBytes: z.int().optional(),
    arenaBytesWithMargin: z.int().optional(),
    targets: z.array(z.object({
      target: z.string(),
      source: z.string(),
      accepts: z.enum(["yes", "partly", "no"]),
      findings: z.array(z.string()),
    })),
  })).default([]),
  files: z.array(z.object({
    /** Path from the card's folder. */
    file: z.string().regex(/^(?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*[A-Za-z0-9][A-Za-z0-9._-]*$/),
    format: z.enum([
      "keras-h5",
      "tflite-float32",
      "tflite-int8",
      "tflite-int8-dynamic",
      "tflite-float16",
      "json",
      "c++",
    ]),
    bytes: z.int().min(0),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  })),
});

/** What one needs to know to use, judge and repeat a model: model_card.json beside it. */
export type ModelCard = z.infer<typeof modelCardSchema>;

/** @throws {FormatError} When the text is not a model card. */
export const parseModelCard = (text: string, file: string): ModelCard =>
  parseJson(text, { schema: modelCardSchema, what: "a model card", file });
