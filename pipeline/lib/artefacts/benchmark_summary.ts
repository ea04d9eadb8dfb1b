import type { BeatFigures } from "../metrics/beat_figures.ts";
import type { LatencyStatistics } from "../metrics/latency.ts";

/** How a model did on the beats of one dataset. */
export interface DatasetResult extends Partial<BeatFigures> {
  /** File of Datasets/ without ".csv". */
  dataset: string;
  sha256: string;
  /** True when its records come from a generator; undefined when there is no card beside it to tell. */
  synthetic?: boolean;
  /** Windows in the file. */
  windows: number;
  /** Windows that were run: all, or as many spread evenly. */
  windowsRun: number;
  /** "skipped" with the reason when the dataset does not fit the model. */
  status: "ok" | "skipped";
  reason?: string;
  /** Records that the windows are of. */
  records: number;
  /** Records of the dataset whose patient the model was trained on: what stands here is no test on new patients. */
  recordsSeenInTraining: string[];
  /** Windows a second of the whole run: quantize, invoke, dequantize, all interpreters together. */
  windowsPerSecond?: number;
}

/** Content of Reports/summary-<computerType>-<ModelName>-<yyyy-mm-dd>.json. */
export interface BenchmarkSummary {
  schemaVersion: 1;
  computerType: string;
  /** Local date, yyyy-mm-dd. */
  date: string;
  finishedAt: string;
  /** True when the model was trained on synthetic data; it is then run on synthetic datasets only, else on none. */
  synthetic: boolean;
  model: {
    /** <study>-<model>, of forms other than float32 with their name behind it: "-int8", "-int8-dynamic", "-float16". */
    name: string;
    study: string;
    architecture: string;
    file: string;
    format: string;
    /** Whether its form is int8. */
    quantized: boolean;
    parameters: number;
    bytes: number;
    sha256: string;
    /** Operators of the .tflite, in order. */
    operators: string[];
    input: { type: string; shape: number[] };
  };
  classes: string[];
  machine: {
    cpu: string;
    cores: number;
    memoryMb: number;
    os: string;
    osRelease: string;
    arch: string;
  };
  runtime: { deno: string; tflite: string; threads: number; delegate: "none" | "xnnpack" };
  /** Time from the file's bytes to a ready interpreter. */
  initMs: number;
  firstInferenceMs: number;
  /** One window after another on one interpreter: quantize, invoke, dequantize. */
  latencyMs: LatencyStatistics;
  /** 1000 / median latency. */
  windowsPerSecond: number;
  /** Interpreters that shared the accuracy runs. */
  workers: number;
  /** Of the whole program so far: with several models, that of the largest up to this one. */
  peakRssMb: number;
  datasets: DatasetResult[];
}
