/** models x Datasets -> Reports/summary-<computerType>-<ModelName>-<yyyy-mm-dd>.json */
import { cpus, release, totalmem } from "node:os";
import process from "node:process";
import { join } from "node:path";
import type { BenchmarkSummary, DatasetResult } from "./lib/artefacts/benchmark_summary.ts";
import { differenceOfForms } from "./lib/artefacts/signal_form.ts";
import { LABEL_NAMES } from "./lib/artefacts/window_set.ts";
import { AAMI_CLASSES } from "./lib/beats/aami.ts";
import { patientOfRecord } from "./lib/beats/splits.ts";
import { StageError } from "./lib/core/errors.ts";
import { decodeDatasetCsv } from "./lib/formats/dataset_csv/decode.ts";
import { decodeTflite } from "./lib/formats/tflite/reader.ts";
import { judgeBeats } from "./lib/metrics/beat_figures.ts";
import { latencyStatistics } from "./lib/metrics/latency.ts";
import { textTable } from "./lib/report/text_table.ts";
import { classifyWindows, spreadRows } from "./lib/runtime/run_windows.ts";
import { type Interpreter, openTfliteLibrary, type TfliteRuntime } from "./lib/runtime/tflite_ffi.ts";
import {
  type BenchDataset,
  type BenchInputs,
  type BenchModel,
  findBenchInputs,
} from "./lib/stage/inputs/bench_inputs.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { statOrUndefined } from "./lib/stage/files.ts";
import { runStage } from "./lib/stage/run.ts";
import type { StageContext } from "./lib/stage/stage_context.ts";

type Context = StageContext<typeof STAGES.bench.params>;

/** Records that bend a whole test set: 202 is the patient of 201 in DS1, 232 holds three quarters of DS2's S beats. */
const BENDING_RECORDS = ["202", "232"];

/** The windows of a dataset that are run; the others are not kept. */
interface LoadedDataset {
  source: BenchDataset;
  /** Windows in the file. */
  total: number;
  windowSamples: number;
  /** Shape [beats, windowSamples]. */
  windows: Float32Array;
  labels: Uint8Array;
  /** Record of each beat. */
  records: string[];
}

async function loadDataset(source: BenchDataset, maxWindows: number): Promise<LoadedDataset> {
  using file = await Deno.open(source.path);
  const table = await decodeDatasetCsv(file.readable, { classNames: LABEL_NAMES, file: source.path });
  const rows = spreadRows(table.labels.length, maxWindows), { windowSamples } = table;
  const windows = new Float32Array(rows.length * windowSamples);
  rows.forEach((row, i) =>
    windows.set(table.windows.subarray(row * windowSamples, (row + 1) * windowSamples), i * windowSamples)
  );
  return {
    source,
    total: table.labels.length,
    windowSamples,
    windows,
    labels: Uint8Array.from(rows, (row) => table.labels[row]),
    records: Array.from(rows, (row) => table.records[table.recordIndex[row]]),
  };
}

/** @returns Why a model cannot be run on a dataset, undefined when it can. */
function whyUnfit({ card }: BenchModel, { source, total, windowSamples }: LoadedDataset): string | undefined {
  if (total === 0) return "it holds no windows";
  if (source.card && source.card.synthetic !== card.synthetic) {
    return `it is ${source.card.synthetic ? "synthetic" : "real"}, the model's training data are not`;
  }
  const difference = source.card && differenceOfForms(source.card.signal, card.input);
  if (difference !== undefined || windowSamples === card.input.windowSamples) return difference;
  return `its windows have ${windowSamples} samples, the model takes ${card.input.windowSamples}`;
}

const localDate = (): string => {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0"))
    .join("-");
};

function describeMachine(): BenchmarkSummary["machine"] {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    os: Deno.build.os,
    osRelease: release(),
    arch: Deno.build.arch,
  };
}

/** Times one window after another, as the user of a single device would see it. */
function measureLatency(context: Context, interpreter: Interpreter, dataset: LoadedDataset): Float64Array {
  const { warmUp, latencyWindows } = context.params, { windows, windowSamples, labels } = dataset;
  const windowAt = (i: number) => {
    const row = i % labels.length;
    return windows.subarray(row * windowSamples, (row + 1) * windowSamples);
  };
  for (let i = 0; i < warmUp; i++) interpreter.run(windowAt(i));
  const samplesMs = new Float64Array(latencyWindows);
  for (let i = 0; i < latencyWindows; i++) {
    const window = windowAt(i), startedMs = performance.now();
    interpreter.run(window);
    samplesMs[i] = performance.now() - startedMs;
  }
  return samplesMs;
}

async function runDataset(
  context: Context,
  model: BenchModel,
  dataset: LoadedDataset,
  interpreters: Interpreter[],
): Promise<DatasetResult> {
  const { source, labels, records } = dataset, { data, classes } = model.card;
  const seen = new Set([...data.trainRecords, ...data.validationRecords].map(patientOfRecord));
  const present = [...new Set(records)];
  const result: DatasetResult = {
    dataset: source.name,
    sha256: source.sha256,
    synthetic: source.card?.synthetic,
    windows: dataset.total,
    windowsRun: labels.length,
    status: "ok",
    records: present.length,
    recordsSeenInTraining: present.filter((record) => seen.has(patientOfRecord(record))),
  };
  const reason = whyUnfit(model, dataset);
  if (reason !== undefined) return { ...result, windowsRun: 0, status: "skipped", reason };
  const bar = context.progress.bar(`${model.name} on ${source.name}`, labels.length, "windows");
  const startedMs = performance.now();
  const predicted = await classifyWindows({
    ...dataset,
    interpreters,
    onProgress: (done) => bar.update(done),
  });
  const seconds = (performance.now() - startedMs) / 1000;
  bar.finish();
  const figures = judgeBeats({ labels, predicted, records, classes, leaveOut: BENDING_RECORDS });
  return { ...result, windowsPerSecond: round(labels.length / seconds, 1), ...figures };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** A card may be written by hand: what it says of the classes and the window must be what the model has. */
function checkCard({ card, path }: BenchModel, { inputs: [input], outputs: [output] }: Interpreter): void {
  const refuse = (what: string, must: unknown, got: unknown): never => {
    throw new StageError(`Cannot run ${path}: the model card's ${what} must be ${must}, got ${got}`, {
      hint: "take the card that was exported with the model",
    });
  };
  if (card.classes.join() !== AAMI_CLASSES.join()) {
    refuse("classes", AAMI_CLASSES.join(), card.classes.join());
  }
  const [window, classes] = [input, output].map(({ shape }) =>
    shape.reduce((product, size) => product * size, 1)
  );
  if (classes !== card.classes.length) {
    refuse("classes", `${classes}, as many as the model's outputs`, card.classes.length);
  }
  if (window !== card.input.windowSamples) refuse("windowSamples", window, card.input.windowSamples);
}

/** @returns Undefined when no dataset fits the model. */
async function measureModel(
  context: Context,
  runtime: TfliteRuntime,
  model: BenchModel,
  datasets: LoadedDataset[],
): Promise<BenchmarkSummary | undefined> {
  const { computerType, xnnpack } = context.params, { card } = model;
  const workers = context.params.workers || navigator.hardwareConcurrency;
  const fitting = datasets.find((dataset) => whyUnfit(model, dataset) === undefined);
  if (!fitting) {
    const [first] = datasets;
    context.progress.line(
      `${model.name} skipped: ${first.source.name} does not fit it: ${whyUnfit(model, first)}`,
    );
    return undefined;
  }
  const bytes = Deno.readFileSync(model.path), graph = decodeTflite(bytes, model.path);
  using stack = new DisposableStack();
  const create = () => stack.use(runtime.createInterpreter(bytes, { file: model.path, xnnpack }));
  const startedMs = performance.now(), interpreter = create(), readyMs = performance.now();
  checkCard(model, interpreter);
  interpreter.run(fitting.windows.subarray(0, fitting.windowSamples));
  const firstMs = performance.now();
  const latencyMs = latencyStatistics(measureLatency(context, interpreter, fitting));
  const interpreters = [interpreter, ...Array.from({ length: workers - 1 }, create)];
  const results: DatasetResult[] = [];
  for (const dataset of datasets) results.push(await runDataset(context, model, dataset, interpreters));
  const [input] = interpreter.inputs;
  return {
    schemaVersion: 1,
    computerType,
    date: localDate(),
    finishedAt: new Date().toISOString(),
    synthetic: card.synthetic ||
      results.some((result) => result.status === "ok" && result.synthetic === true),
    model: {
      name: model.name,
      study: card.study,
      architecture: card.model,
      file: model.file.file,
      format: model.file.format,
      quantized: model.quantized,
      parameters: card.parameters,
      bytes: bytes.length,
      sha256: model.file.sha256,
      operators: graph.operators.map(({ operator }) => operator),
      input: { type: input.type, shape: [...input.shape] },
    },
    classes: card.classes,
    machine: describeMachine(),
    runtime: {
      deno: Deno.version.deno,
      tflite: runtime.version,
      threads: 1,
      delegate: xnnpack ? "xnnpack" : "none",
    },
    initMs: round(readyMs - startedMs, 3),
    firstInferenceMs: round(firstMs - readyMs, 3),
    latencyMs,
    windowsPerSecond: round(1000 / latencyMs.median, 1),
    workers,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    datasets: results,
  };
}

/** Writes a summary; one of the same name moves to Reports/history/ first. */
function writeSummary(context: Context, summary: BenchmarkSummary): void {
  const name = `summary-${summary.computerType}-${summary.model.name}-${summary.date}`;
  const path = join("Reports", `${name}.json`), info = statOrUndefined(path);
  if (info) {
    Deno.mkdirSync("Reports/history", { recursive: true });
    const time = (info.mtime ?? new Date()).toISOString().replace(/[:.]/g, "-");
    Deno.renameSync(path, join("Reports/history", `${name}.${time}.json`));
  }
  context.publish(path, JSON.stringify(summary, null, 2) + "\n");
}

const percent = (value: number | null | undefined): string => value == null ? "-" : (100 * value).toFixed(2);

function tableOf(summaries: BenchmarkSummary[]): string {
  const rows = summaries.flatMap(({ model, latencyMs, datasets }) =>
    datasets.filter((result) => result.status === "ok").map((result) => [
      model.name,
      result.dataset,
      String(result.windowsRun),
      latencyMs.median.toFixed(4),
      latencyMs.p99.toFixed(4),
      result.windowsPerSecond?.toFixed(0) ?? "-",
      percent(result.fiveClass?.accuracy),
      percent(result.fiveClass?.macroF1),
      percent(result.fourClass?.macroF1),
      ...["N", "S", "V", "F"].map((name) => percent(result.fourClass?.classes[name]?.sensitivity)),
      `${result.recordsSeenInTraining.length} of ${result.records}`,
    ])
  );
  const header = ["model", "dataset", "windows", "median ms", "p99 ms", "windows/s"];
  const figures = [
    "acc %",
    `macro-F1 ${AAMI_CLASSES.join("")} %`,
    "macro-F1 NSVF %",
    "Se N",
    "Se S",
    "Se V",
    "Se F",
  ];
  const table = textTable([...header, ...figures, "records seen in training"], rows);
  const skipped =
    summaries.flatMap(({ datasets }) => datasets).filter(({ status }) => status === "skipped").length;
  return skipped === 0
    ? table
    : `${table}\n${skipped} pairs of model and dataset do not fit; the summaries say why.`;
}

await runStage(STAGES.bench, {
  prepare: ({ params, root, study, isStudyNamed, hasher }) =>
    Promise.resolve(findBenchInputs({ ...params, root, study: isStudyNamed ? study : undefined, hasher })),
  always: (params) => params.rerun,
  async run(context, { models, datasets }: BenchInputs) {
    const runtime = openTfliteLibrary();
    const bar = context.progress.bar("loading", datasets.length, "datasets");
    const loaded: LoadedDataset[] = [];
    for (const dataset of datasets) {
      loaded.push(await loadDataset(dataset, context.params.maxWindows));
      bar.update(loaded.length, dataset.name);
    }
    bar.finish();
    const summaries: BenchmarkSummary[] = [];
    for (const model of models) {
      const summary = await measureModel(context, runtime, model, loaded);
      if (!summary) continue;
      writeSummary(context, summary);
      summaries.push(summary);
    }
    if (summaries.length === 0) {
      throw new StageError("Cannot benchmark: no dataset in Datasets/ fits any of the models", {
        hint: "export the datasets of the study that the models belong to: `deno task export --study <name>`",
      });
    }
    return {
      counts: { summaries: JSON.parse(JSON.stringify(summaries)) },
      synthetic: summaries.some((summary) => summary.synthetic),
      table: tableOf(summaries),
      summary: `${summaries.length} summaries of ${models.length} models on ${datasets.length} datasets`,
    };
  },
});
