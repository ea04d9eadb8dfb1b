import * as z from "zod";
import { parseJson } from "../core/parse_json.ts";
import { signalFormSchema } from "./signal_form.ts";

const datasetCardSchema = z.object({
  schemaVersion: z.literal(1),
  study: z.string(),
  split: z.string(),
  /** True when any of its records comes from a generator. */
  synthetic: z.boolean(),
  windows: z.int().min(0),
  signal: signalFormSchema,
  /** Of the CSV file. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** What one needs to know of a Datasets/<name>.csv that its rows do not say: <name>.json beside it. */
export type DatasetCard = z.infer<typeof datasetCardSchema>;

/** @throws {FormatError} When the text is not a dataset card. */
export const parseDatasetCard = (text: string, file: string): DatasetCard =>
  parseJson(text, { schema: datasetCardSchema, what: "a dataset card", file });
