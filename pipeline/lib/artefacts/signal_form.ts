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

/**
 * Compares two forms.
 *
 * @returns The first difference in words, undefined when there is none. Corners count for a band-pass only.
 */
export function differenceOfForms(dataset: SignalForm, model: SignalForm): string | undefined {
  const corners = ["lowHz", "highHz", "filterOrder"];
  for (const name of Object.keys(signalFormSchema.shape) as (keyof SignalForm)[]) {
    if (corners.includes(name) && dataset.filter !== "bandpass") continue;
    if (dataset[name] !== model[name]) return `its ${name} is ${dataset[name]}, the model's ${model[name]}`;
  }
  return undefined;
}
