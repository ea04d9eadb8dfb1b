import { parseArgs } from "node:util";
import { StageError, UsageError } from "../../pipeline/lib/core/errors.ts";
import { alignColumns } from "../align_columns.ts";
import type { PerfTopic } from "./topic.ts";
import { type Measurement, WORKLOAD } from "./train_workload.ts";

/** One line of the result. */
interface TrainFigures extends Measurement {
  model: string;
  engine: "wasm" | "wasm-fused" | "tfjs-wasm";
  workers: number;
  /** To tfjs-wasm on the same model in the same run; null when that could not be measured. */
  ratioToTfjsWasm: number | null;
}

const MODELS = ["lstm", "cnn"];
const ROOT = new URL("../../", import.meta.url);

/** Training speed of the project's engine, plain and with fused multiply-add, and of TensorFlow.js' wasm backend beside it. */
export const trainTopic: PerfTopic = {
  doc:
    `training speed (forward, backward, Adam; batch ${WORKLOAD.batchSize}, windows of ${WORKLOAD.windowSamples} ` +
    "samples), with 1 worker and one a core, plain and with fused multiply-add",
  usage: [
    "--json: Print an array of {model, engine, workers, windowsPerSecond, ratioToTfjsWasm, peakRssMb}.",
    "--model <name>: Only this one of " + MODELS.join(", ") + ".",
    "--seconds <n>: Length of each measurement; default 5.",
    "--noTfjs: Leave TensorFlow.js out; nothing is downloaded.",
  ].join("\n"),
  async run(args) {
    const { json, models, seconds, tfjs } = parseOptions(args);
    const workers = [...new Set([1, navigator.hardwareConcurrency])];
    const figures: TrainFigures[] = [];
    for (const model of models) {
      const reference = tfjs ? await measureTfjs(model, seconds) : undefined;
      if (reference) {
        figures.push({ model, engine: "tfjs-wasm", workers: 1, ...reference, ratioToTfjsWasm: 1 });
      }
      for (const engine of ["wasm", "wasm-fused"] as const) {
        for (const count of workers) {
          console.error(`[perf train] ${model}, ${engine}, ${count} ${count === 1 ? "worker" : "workers"}`);
          const own = await measure(
            ["--allow-read=pipeline/lib", "tasks/perf/train_wasm.ts"],
            [model, String(seconds), String(count), ...(engine === "wasm-fused" ? ["fused"] : [])],
          );
          const ratio = reference && Number((own.windowsPerSecond / reference.windowsPerSecond).toFixed(1));
          figures.push({ model, engine, workers: count, ...own, ratioToTfjsWasm: ratio ?? null });
        }
      }
    }
    if (json) {
      console.log(JSON.stringify(
        figures.map(({ model, engine, workers, windowsPerSecond, ratioToTfjsWasm, peakRssMb }) => ({
          model,
          engine,
          workers,
          windowsPerSecond,
          ratioToTfjsWasm,
          peakRssMb,
        })),
        null,
        2,
      ));
    } else console.log(formatTable(figures));
  },
};

function parseOptions(args: string[]) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        json: { type: "boolean", default: false },
        noTfjs: { type: "boolean", default: false },
        model: { type: "string" },
        seconds: { type: "string", default: "5" },
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 3600)) {
    throw new UsageError(`Cannot measure: --seconds must be in (0, 3600], got ${values.seconds}`);
  }
  if (values.model !== undefined && !MODELS.includes(values.model)) {
    throw new UsageError(`Cannot measure: --model must be one of ${MODELS.join(", ")}, got ${values.model}`);
  }
  return {
    json: values.json,
    tfjs: !values.noTfjs,
    seconds,
    models: values.model === undefined ? MODELS : [values.model],
  };
}

/** @returns Nothing when TensorFlow.js cannot run here, for example without a network before its first run. */
async function measureTfjs(model: string, seconds: number): Promise<Measurement | undefined> {
  console.error(
    `[perf train] ${model}, tfjs-wasm 4.22 as shipped` +
      (model === "cnn" ? " but for the kernel Conv2DBackpropFilter, which it lacks" : ""),
  );
  try {
    return await measure(
      ["--config", "tasks/perf/tfjs/deno.json", "--allow-read", "--allow-env", "tasks/perf/tfjs/train.ts"],
      [model, String(seconds)],
    );
  } catch (error) {
    console.error(`[perf train] no ratio to tfjs-wasm: ${(error as Error).message}`);
    return undefined;
  }
}

/** Runs one measurement in a process of its own, so that memory is its own and engines do not disturb each other. */
async function measure(command: string[], args: string[]): Promise<Measurement> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...command, ...args],
    cwd: ROOT,
  }).output();
  if (!success) {
    const [reason] = new TextDecoder().decode(stderr).trim().split("\n");
    throw new StageError(`Cannot measure with ${command.at(-1)}: ${reason}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}

function formatTable(figures: TrainFigures[]): string {
  return alignColumns([
    ["model", "engine", "workers", "windows/s", "x tfjs-wasm", "peak MB"],
    ...figures.map(({ model, engine, workers, windowsPerSecond, ratioToTfjsWasm, peakRssMb }) =>
      [model, engine, workers, windowsPerSecond, ratioToTfjsWasm ?? "-", peakRssMb].map(String)
    ),
  ], 2);
}
