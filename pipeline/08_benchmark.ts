/** models x Datasets -> Reports/summary-<computerType>-<ModelName>-<yyyy-mm-dd>.json */
import { cpus, release, totalmem } from "node:os";
import process from "node:process";
import { join } from "node:path";
import type { BenchmarkSummary, DatasetResult } from "./lib/artefacts/benchmark_summary.ts";
import { LABEL_NAMES, UNLABELLED } from "./lib/artefacts/window_set.ts";
import { patientOfRecord } from "./lib/beats/splits.ts";
import { StageError } from "./lib/core/errors.ts";
import { decodeDatasetCsv } from "./lib/formats/dataset_csv/decode.ts";
import type { DatasetTable } from "./lib/formats/dataset_csv/table.ts";
import { decodeTflite } from "./lib/formats/tflite/reader.ts";
import { classificationReport, confusionMatrix } from "./lib/metrics/confusion.ts";
import { latencyStatistics } from "./lib/metrics/latency.ts";
import { textTable } from "./lib/report/text_table.ts";
import { classifyWindows, spreadRows } from "./lib/runtime/run_windows.ts";
import { type Interpreter, openTfliteLibrary, type TfliteRuntime } from "./lib/runtime/tflite_ffi.ts";
import {
  type BenchDataset,
  type BenchInputs,
  type BenchModel,
  findBenchInputs,
} from "./lib/stage/bench_inputs.ts";
import { STAGES } from "./lib/stage/catalogue.ts";
import { statOrUndefined } from "./lib/stage/files.ts";
import { runStage, type StageContext } from "./lib/stage/run.ts";

type Context = StageContext<typeof STAGES.bench.params>;

/** Records that bend a whole test set: 202 is the patient of 201 in DS1, 232 holds three quarters of DS2's S beats. */
const BENDING_RECORDS = ["202", "232"];

interface LoadedDataset {
  source: BenchDataset;
  table: DatasetTable;
  /** Windows that are run, by row. */
  rows: Uint32Array;
}

async function loadDataset(source: BenchDataset, maxWindows: number): Promise<LoadedDataset> {
  using file = await Deno.open(source.path);
  const table = await decodeDatasetCsv(file.readable, { classNames: LABEL_NAMES, file: source.path });
  return { source, table, rows: spreadRows(table.labels.length, maxWindows) };
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
function measureLatency(
  context: Context,
  interpreter: Interpreter,
  { table, rows }: LoadedDataset,
): Float64Array {
  const { warmUp, latencyWindows } = context.params, { windows, windowSamples } = table;
  const windowAt = (i: number) => {
    const row = rows[i % rows.length];
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

function judge(model: BenchModel, dataset: LoadedDataset, predicted: Uint8Array): Partial<DatasetResult> {
  const { table, rows } = dataset, { classes } = model.card;
  const labels = Uint8Array.from(rows, (row) => table.labels[row]);
  const counts = classes.map((_, label) =>
    predicted.reduce((sum, other) => sum + Number(other === label), 0)
  );
  const result: Partial<DatasetResult> = {
    predicted: Object.fromEntries(classes.map((name, label) => [name, counts[label]])),
  };
  const labelled = labels.reduce((sum, label) => sum + Number(label !== UNLABELLED), 0);
  if (labelled === 0) return result;
  const matrixOf = (keep: (i: number) => boolean) => {
    const chosen = Array.from(labels.keys()).filter((i) => labels[i] !== UNLABELLED && keep(i));
    return confusionMatrix(
      Uint8Array.from(chosen, (i) => labels[i]),
      Uint8Array.from(chosen, (i) => predicted[i]),
      classes.length,
    );
  };
  const matrix = matrixOf(() => true);
  result.confusionMatrix = classes.map((_, row) =>
    Array.from(matrix.subarray(row * classes.length, (row + 1) * classes.length))
  );
  result.fiveClass = classificationReport(matrix, classes);
  result.fourClass = classificationReport(matrix, classes, { leaveOut: classes.includes("Q") ? ["Q"] : [] });
  const present = new Set(Array.from(rows, (row) => table.records[table.recordIndex[row]]));
  result.without = Object.fromEntries(
    BENDING_RECORDS.filter((record) => present.has(record) && present.size > 1).map((record) => {
      const kept = matrixOf((i) => table.records[table.recordIndex[rows[i]]] !== record);
      return [record, classificationReport(kept, classes)];
    }),
  );
  return result;
}

async function runDataset(
  context: Context,
  model: BenchModel,
  dataset: LoadedDataset,
  interpreters: Interpreter[],
): Promise<DatasetResult> {
  const { source, table, rows } = dataset, { card } = model;
  const seen = new Set([...card.data.trainRecords, ...card.data.validationRecords].map(patientOfRecord));
  const result: DatasetResult = {
    dataset: source.name,
    sha256: source.sha256,
    windows: table.labels.length,
    windowsRun: rows.length,
    status: "ok",
    recordsSeenInTraining: table.records.filter((record, i) =>
      seen.has(patientOfRecord(record)) && table.recordIndex.includes(i)
    ),
  };
  if (table.windowSamples !== card.input.windowSamples) {
    const reason =
      `its windows have ${table.windowSamples} samples, the model takes ${card.input.windowSamples}`;
    return { ...result, windowsRun: 0, status: "skipped", reason };
  }
  const bar = context.progress.bar(`${model.name} on ${source.name}`, rows.length, "windows");
  const startedMs = performance.now();
  const predicted = await classifyWindows({
    windows: table.windows,
    windowSamples: table.windowSamples,
    interpreters,
    rows,
    onProgress: (done) => bar.update(done),
  });
  const seconds = (performance.now() - startedMs) / 1000;
  bar.finish();
  return {
    ...result,
    windowsPerSecond: round(rows.length / seconds, 1),
    ...judge(model, dataset, predicted),
  };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

async function measureModel(
  context: Context,
  runtime: TfliteRuntime,
  model: BenchModel,
  datasets: LoadedDataset[],
): Promise<BenchmarkSummary> {
  const { computerType, xnnpack } = context.params, { card } = model;
  const workers = context.params.workers || navigator.hardwareConcurrency;
  const fitting = datasets.find(({ table }) => table.windowSamples === card.input.windowSamples);
  if (!fitting) {
    throw new StageError(
      `Cannot benchmark ${model.name}: no dataset has windows of ${card.input.windowSamples} samples`,
      {
        hint: "export the datasets of the study that the model belongs to",
      },
    );
  }
  const bytes = Deno.readFileSync(model.path), graph = decodeTflite(bytes, model.path);
  using stack = new DisposableStack();
  const create = () => stack.use(runtime.createInterpreter(bytes, { file: model.path, xnnpack }));
  const startedMs = performance.now(), interpreter = create(), readyMs = performance.now();
  interpreter.run(fitting.table.windows.subarray(0, fitting.table.windowSamples));
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
    synthetic: card.synthetic,
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
    datasets.map((result) => [
      model.name,
      result.dataset,
      String(result.windowsRun),
      latencyMs.median.toFixed(4),
      latencyMs.p99.toFixed(4),
      result.windowsPerSecond?.toFixed(0) ?? "-",
      percent(result.fiveClass?.accuracy),
      percent(result.fourClass?.macroF1),
      ...["N", "S", "V", "F"].map((name) => percent(result.fourClass?.classes[name]?.sensitivity)),
      result.status === "skipped" ? "skipped" : result.recordsSeenInTraining.length > 0 ? "seen" : "new",
    ])
  );
  const header = ["model", "dataset", "windows", "median ms", "p99 ms", "windows/s", "acc %", "macro-F1 %"];
  return textTable([...header, "Se N", "Se S", "Se V", "Se F", "patients"], rows);
}

await runStage(STAGES.bench, {
  prepare: ({ params, root, hasher }) => Promise.resolve(findBenchInputs({ ...params, root, hasher })),
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
      writeSummary(context, summary);
      summaries.push(summary);
    }
    return {
      counts: { summaries: JSON.parse(JSON.stringify(summaries)) },
      synthetic: summaries.some((summary) => summary.synthetic),
      table: tableOf(summaries),
      summary: `${summaries.length} summaries of ${models.length} models on ${datasets.length} datasets`,
    };
  },
});
