/** Windows -> Datasets/*.csv; models -> models/<study>/<model>/ with cards, C++ for microcontrollers and checksums. */
import type { DatasetCard } from "./lib/artefacts/dataset_card.ts";
import type { ModelCard } from "./lib/artefacts/model_card.ts";
import { formatModelCard } from "./lib/artefacts/model_card_markdown.ts";
import { readModelMetadata } from "./lib/artefacts/model_metadata.ts";
import { signalFormOf, type WindowCounts } from "./lib/artefacts/signal_form.ts";
import { LABEL_NAMES, readWindowSet, type WindowSet } from "./lib/artefacts/window_set.ts";
import { AAMI_CLASSES } from "./lib/beats/aami.ts";
import { RR_FEATURE_NAMES } from "./lib/beats/rr.ts";
import { StageError } from "./lib/core/errors.ts";
import { arenaInTfliteMicro, arenaSizeWithMargin } from "./lib/devices/arena.ts";
import { microSources } from "./lib/devices/micro_source.ts";
import { operatorMacs } from "./lib/devices/multiply_accumulates.ts";
import { findingTexts, judgeTargets } from "./lib/devices/targets/targets.ts";
import { encodeDatasetCsv } from "./lib/formats/dataset_csv/encode.ts";
import type { TfliteModel } from "./lib/formats/tflite/graph.ts";
import { decodeTflite } from "./lib/formats/tflite/reader.ts";
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
/** Those that are there when they were asked for, by the mode of quantize. */
const FURTHER_FORMS = {
  "int8-dynamic": {
    stage: "06_quantize",
    file: "model_int8_dynamic.tflite",
    format: "tflite-int8-dynamic",
  },
  "float16": { stage: "06_quantize", file: "model_float16.tflite", format: "tflite-float16" },
} as const;

/** @returns Of a .tflite file's format what stands behind "tflite-", the name of its C++ folder; undefined for another file's. */
const formOf = (format: ModelCard["files"][number]["format"]): string | undefined =>
  /^tflite-(.*)$/.exec(format)?.[1];

type Json = ModelCard["training"];

/** A file of a model as it was published. */
interface ModelFile {
  entry: ModelCard["files"][number];
  content: Uint8Array;
  /** Of a .tflite file. */
  graph?: TfliteModel;
}

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

function describeModel(
  context: Context,
  model: string,
  { inputs, files, devices }: Pick<ModelCard, "inputs" | "files" | "devices">,
): ModelCard {
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
    intendedUse: intendedUseOf(context),
    limits: describeLimits(context.synthetic, windows),
    classes: [...AAMI_CLASSES],
    parameters: trained.parameters,
    input: signalFormOf(windows),
    inputs,
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
    devices,
    files,
  };
}

function intendedUseOf({ synthetic }: Context): string {
  return `Research. Not a medical device.${
    synthetic ? " Trained on synthetic signals: not for recordings of patients." : ""
  }`;
}

function describeDevice({ entry: { file }, graph }: ModelFile): ModelCard["devices"] {
  if (graph === undefined) return [];
  const arena = arenaInTfliteMicro(graph);
  return [{
    file,
    multiplyAccumulates: graph.operators.reduce((sum, operator) => sum + operatorMacs(operator, graph), 0),
    ...(arena && { arenaBytes: arena.total, arenaBytesWithMargin: arenaSizeWithMargin(arena) }),
    targets: judgeTargets(graph).map((verdict) => ({
      ...verdict,
      findings: findingTexts(verdict.findings, graph),
    })),
  }];
}

function writeModel(context: Context, model: string): void {
  const folder = `models/${context.study}/${model}`, sums: string[] = [];
  const publish = (file: string, content: Uint8Array | string) => {
    const { bytes, sha256 } = context.publish(`${folder}/${file}`, content);
    sums.push(`${sha256}  ${file}\n`);
    return { file, bytes, sha256 };
  };
  const { modes } = context.readJson<{ modes: string[] }>(`06_quantize/${model}`, COUNTS_FILE);
  if (!modes.includes("int8")) {
    throw new StageError(
      `Cannot export ${model}: its int8 form must be there, got ${modes.join() || "none"}`,
      {
        hint: "deno task quantize with int8 among --modes",
      },
    );
  }
  const further = Object.entries(FURTHER_FORMS).flatMap(([mode, file]) => modes.includes(mode) ? [file] : []);
  const files = [...MODEL_FILES, ...further].map(({ stage, file, format }): ModelFile => {
    const content = context.read(`${stage}/${model}`, file);
    const graph = formOf(format) === undefined ? undefined : decodeTflite(content, file);
    return { entry: { ...publish(file, content), format }, content, graph };
  });
  const { fs, windowSamples, rPeakOffset } = signalFormOf(context.readJson("03_window", COUNTS_FILE));
  const sources = files.flatMap(({ entry: { file, format, sha256 }, content, graph }) => {
    const form = formOf(format), name = `${context.study}-${model}-${form}`;
    const written = graph && microSources(graph, content, {
      name,
      file,
      sha256,
      intendedUse: intendedUseOf(context),
      fs,
      windowSamples,
      rPeakOffset,
      labels: AAMI_CLASSES,
    });
    return Object.entries(written ?? {}).map(([source, text]) => ({
      ...publish(`tflite-micro/${form}/${source}`, text),
      format: "c++" as const,
    }));
  });
  const card = describeModel(context, model, {
    inputs: files.flatMap(({ entry: { format, file }, graph }) =>
      format === "tflite-float32" ? readModelMetadata(graph!, file)?.inputs ?? [] : []
    ),
    files: [...files.map(({ entry }) => entry), ...sources],
    devices: files.flatMap(describeDevice),
  });
  publish("model_card.json", JSON.stringify(card, null, 2) + "\n");
  publish("model_card.md", formatModelCard(card));
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
