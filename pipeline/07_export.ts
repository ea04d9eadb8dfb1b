/** Windows -> Datasets/*.csv; models -> models/<study>/<model>/ with card and checksums. */
import type { DatasetCard } from "./lib/artefacts/dataset_card.ts";
import type { ModelCard } from "./lib/artefacts/model_card.ts";
import { signalFormOf, type WindowCounts } from "./lib/artefacts/signal_form.ts";
import { LABEL_NAMES, readWindowSet, type WindowSet } from "./lib/artefacts/window_set.ts";
import { AAMI_CLASSES } from "./lib/beats/aami.ts";
import { RR_FEATURE_NAMES } from "./lib/beats/rr.ts";
import { StageError } from "./lib/core/errors.ts";
import { encodeDatasetCsv } from "./lib/formats/dataset_csv/encode.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { runStage } from "./lib/stage/run.ts";
import { COUNTS_FILE, type StageContext } from "./lib/stage/stage_context.ts";

type Context = StageContext<typeof STAGES.export.params>;

/** A model's files: from which stage, under which name, in which format. */
const MODEL_FILES = [
  { stage: "04_train", file: "model.h5", format: "keras-h5" },
  { stage: "04_train", file: "history.json", format: "json" },
  { stage: "05_convert", file: "model.tflite", format: "tflite-float32" },
  { stage: "06_quantize", file: "model_int8.tflite", format: "tflite-int8" },
] as const;

type Json = ModelCard["training"];

function writeDataset(context: Context, split: string, set: WindowSet): void {
  const { study, synthetic } = context, name = `Datasets/${study}-${split}`;
  const file = context.openPublished(`${name}.csv`);
  for (const chunk of encodeDatasetCsv({ ...set, classNames: LABEL_NAMES, rrNames: RR_FEATURE_NAMES })) {
    file.write(chunk);
  }
  const { sha256 } = file.close();
  const card: DatasetCard = {
    schemaVersion: 1,
    study,
    split,
    synthetic,
    windows: set.labels.length,
    signal: signalFormOf(context.readJson("03_window", COUNTS_FILE)),
    sha256,
  };
  context.publish(`${name}.json`, JSON.stringify(card, null, 2) + "\n");
}

function describeLimits(synthetic: boolean, { params, fs, sharedPatients }: WindowCounts): string {
  if (synthetic) {
    return "Trained on generated signals: shows that the pipeline runs and must not be used on recordings of patients.";
  }
  const milliseconds = Math.round(1000 * Number(params.windowSamples) / fs);
  const split = params.scheme === "intra-patient"
    ? "Tested on beats of the patients that it was trained on: its figures say nothing of new patients."
    : sharedPatients.length > 0
    ? `Records of one person are in training and test (${
      sharedPatients.join(", ")
    }): see the figures without them.`
    : "";
  return `Not a medical device. Sees one window of ${milliseconds} ms and no rhythm, so premature beats of normal shape are ` +
    `mostly missed in new patients. ${split}`.trim();
}

function describeModel(context: Context, model: string, files: ModelCard["files"]): ModelCard {
  const windows = context.readJson<WindowCounts & Json>("03_window", COUNTS_FILE);
  const trained = context.readJson<Json & { parameters: number }>(`04_train/${model}`, COUNTS_FILE);
  const quantized = context.readJson<Json & { calibrationWindows: number }>(
    `06_quantize/${model}`,
    COUNTS_FILE,
  );
  const { train, validation, test } = windows.records;
  return {
    schemaVersion: 1,
    name: `${context.study}-${model}`,
    study: context.study,
    model,
    synthetic: context.synthetic,
    purpose: "Classifies single ECG heartbeats into AAMI classes, for research.",
    limits: describeLimits(context.synthetic, windows),
    classes: [...AAMI_CLASSES],
    parameters: trained.parameters,
    input: signalFormOf(windows),
    preprocess: windows.preprocess as Json,
    window: windows.params as Json,
    data: {
      scheme: String(windows.params.scheme),
      trainRecords: train,
      validationRecords: validation,
      testRecords: test,
      windows: windows.perClass,
      calibrationWindows: quantized.calibrationWindows,
    },
    training: trained,
    results: quantized,
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
