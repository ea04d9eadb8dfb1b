/** Windows -> Datasets/*.csv; models -> models/<study>/<model>/ with card and checksums. */
import type { ModelCard } from "./lib/artefacts/model_card.ts";
import { LABEL_NAMES, readWindowSet, type WindowSet } from "./lib/artefacts/window_set.ts";
import { AAMI_CLASSES } from "./lib/beats/aami.ts";
import { RR_FEATURE_NAMES } from "./lib/beats/rr.ts";
import { StageError } from "./lib/core/errors.ts";
import { encodeDatasetCsv } from "./lib/formats/dataset_csv/encode.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import type { Manifest } from "./lib/stage/manifest.ts";
import { runStage, type StageContext } from "./lib/stage/run.ts";

type Context = StageContext<typeof STAGES.export.params>;

/** A model's files: from which stage, under which name, in which format. */
const MODEL_FILES = [
  { stage: "04_train", file: "model.h5", format: "keras-h5" },
  { stage: "04_train", file: "history.json", format: "json" },
  { stage: "05_convert", file: "model.tflite", format: "tflite-float32" },
  { stage: "06_quantize", file: "model_int8.tflite", format: "tflite-int8" },
] as const;

function writeDataset(context: Context, split: string, set: WindowSet): void {
  const file = context.openPublished(`Datasets/${context.study}-${split}.csv`);
  for (const chunk of encodeDatasetCsv({ ...set, classNames: LABEL_NAMES, rrNames: RR_FEATURE_NAMES })) {
    file.write(chunk);
  }
  file.close();
}

const manifestOf = (context: Context, stage: string, variant?: string): Manifest =>
  context.upstream.find((manifest) => manifest.stage === stage && manifest.variant === variant)!;

function describeModel(context: Context, model: string, files: ModelCard["files"]): ModelCard {
  const windows = manifestOf(context, "03_window"), trained = manifestOf(context, "04_train", model);
  const quantized = manifestOf(context, "06_quantize", model);
  const { params: window, counts } = windows;
  const records = counts.records as { train: string[]; validation: string[]; test: string[] };
  return {
    schemaVersion: 1,
    name: `${context.study}-${model}`,
    study: context.study,
    model,
    synthetic: context.synthetic,
    purpose: "Classifies single ECG heartbeats into AAMI classes, for research.",
    limits: context.synthetic
      ? "Trained on generated signals: shows that the pipeline runs and must not be used on recordings of patients."
      : "Not a medical device. Reads one 600 ms window: rhythm is not seen, so S beats are mostly missed between patients.",
    classes: [...AAMI_CLASSES],
    parameters: trained.counts.parameters as number,
    input: {
      windowSamples: window.windowSamples as number,
      fs: counts.fs as number,
      rPeakOffset: window.rPeakOffset as number,
      preprocess: counts.preprocess as ModelCard["training"],
      window,
    },
    data: {
      scheme: window.scheme as string,
      trainRecords: records.train,
      validationRecords: records.validation,
      testRecords: records.test,
      windows: counts.perClass as ModelCard["training"],
      calibrationWindows: quantized.counts.calibrationWindows as number,
    },
    training: { ...trained.params, ...trained.counts },
    results: quantized.counts,
    files,
  };
}

function writeModel(context: Context, model: string): void {
  const folder = `models/${context.study}/${model}`;
  const files = MODEL_FILES.map(({ stage, file, format }) => {
    const { bytes, sha256 } = context.publish(`${folder}/${file}`, context.read(`${stage}/${model}`, file));
    return { file, format, bytes, sha256 };
  });
  const card = JSON.stringify(describeModel(context, model, files), null, 2) + "\n";
  const { sha256 } = context.publish(`${folder}/model_card.json`, card);
  const sums = [...files, { file: "model_card.json", sha256 }].map((entry) =>
    `${entry.sha256}  ${entry.file}\n`
  );
  context.publish(`${folder}/SHA256SUMS`, sums.join(""));
}

await runStage(STAGES.export, {
  run(context) {
    const { splits, model } = context.params;
    const bar = context.progress.bar("writing", splits.length + model.length, "datasets and models");
    const windows: Record<string, number> = {};
    splits.forEach((split, i) => {
      const set = readWindowSet(context, split);
      if (set.labels.length > 0) {
        windows[split] = set.labels.length;
        writeDataset(context, split, set);
      }
      bar.update(i + 1, split);
    });
    if (Object.keys(windows).length === 0) {
      throw new StageError("Cannot export: the chosen splits hold no window", {
        hint: "choose others with --splits",
      });
    }
    model.forEach((name, i) => {
      writeModel(context, name);
      bar.update(splits.length + i + 1, name);
    });
    bar.finish();
    const rows = Object.values(windows).reduce((sum, count) => sum + count, 0);
    return {
      counts: { windows, models: [...model] },
      summary: `${rows} windows in ${Object.keys(windows).length} datasets, ${model.length} models`,
    };
  },
});
