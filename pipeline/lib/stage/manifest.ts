import * as z from "zod";
import { parseJson } from "../core/parse_json.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const file = z.object({ path: z.string(), bytes: z.int().min(0), sha256 });

const manifestSchema = z.object({
  layout: z.literal(1),
  stage: z.string(),
  /** The value of the stage's fan-out parameter, for example "cnn". */
  variant: z.string().optional(),
  key: sha256,
  /** The study for which this was computed first; another study with the same parameters shares it. */
  study: z.string(),
  /** True when any record of it comes from a generator and not from a patient. */
  synthetic: z.boolean(),
  params: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.array(z.string())])),
  /** What was read: outputs of other stages by key, files from outside by hash. */
  inputs: z.array(z.object({ name: z.string(), key: sha256.optional(), sha256 })),
  /** Files of the project that computed it. */
  sources: z.record(z.string(), sha256),
  /** Files in the manifest's folder. */
  outputs: z.array(file),
  /** Files outside data/, by their path from the project's root. */
  published: z.array(file),
  counts: z.record(z.string(), z.json()),
  measured: z.record(z.string(), z.json()).optional(),
  versions: z.record(z.string(), z.string()),
  seconds: z.number().min(0),
  peakRssMb: z.number().min(0),
  finishedAt: z.string(),
});

/** What a stage left behind: from what, by what, and what came out. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A file that a stage wrote. */
export type OutputFile = z.infer<typeof file>;

/** @throws {FormatError} When the text is not a manifest of this layout. */
export const parseManifest = (text: string, file: string): Manifest =>
  parseJson(text, { schema: manifestSchema, what: "a manifest", file });
