import * as z from "zod";

/**
 * What windows went through before a model sees them. A model and a dataset belong together when these are the same:
 * a model trained on one kind of window computes nonsense on another.
 */
export const signalFormSchema = z.object({
  fs: z.number().positive(),
  windowSamples: z.int().min(1).max(65536),
  rPeakOffset: z.int().min(0),
  windowScale: z.string(),
  scale: z.string(),
  filter: z.string(),
  lowHz: z.number(),
  highHz: z.number(),
  filterOrder: z.int(),
  /** Cards from before these could be chosen stand for what was done then. */
  notch: z.string().default("none"),
  resample: z.string().default("auto"),
  polarity: z.string().default("report"),
});

export type SignalForm = z.infer<typeof signalFormSchema>;

/** Content of counts.json of 03_window, as far as others read it. */
export interface WindowCounts {
  fs: number;
  params: Record<string, unknown>;
  preprocess: Record<string, unknown>;
  /** Windows by split and class name. */
  perClass: Record<string, Record<string, number>>;
  /** Records of one person in different splits, in words. */
  sharedPatients: string[];
  records: { train: string[]; validation: string[]; test: string[] };
}

/** Reads the form off what 03_window says of itself. */
export function signalFormOf({ fs, params, preprocess }: WindowCounts): SignalForm {
  return signalFormSchema.parse({ ...preprocess, ...params, scale: preprocess.scale, fs });
}

/** Parameters that count with some filters only. */
const COUNTS_WITH: Record<string, readonly string[]> = {
  lowHz: ["bandpass", "highpass"],
  highHz: ["bandpass"],
  filterOrder: ["bandpass", "highpass"],
};

/**
 * Compares two forms.
 *
 * @returns The first difference in words, undefined when there is none. Corners count for the filters that have them.
 */
export function differenceOfForms(dataset: SignalForm, model: SignalForm): string | undefined {
  for (const name of Object.keys(signalFormSchema.shape) as (keyof SignalForm)[]) {
    if (COUNTS_WITH[name]?.includes(dataset.filter) === false) continue;
    if (dataset[name] !== model[name]) return `its ${name} is ${dataset[name]}, the model's ${model[name]}`;
  }
  return undefined;
}
