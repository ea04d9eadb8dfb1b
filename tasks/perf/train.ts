import { UsageError } from "../../pipeline/lib/core/errors.ts";
import { findTfjsNodeAddon, isTfjsWasmInstalled } from "../../pipeline/lib/engine/tfjs/tfjs_packages.ts";
import { alignColumns } from "../align_columns.ts";
import { readOptions } from "./options.ts";
import { measureApart } from "./own_process.ts";
import type { PerfTopic } from "./topic.ts";
import { type Measurement, WORKLOAD, WORKLOAD_NAMES } from "./train_workload.ts";
import { trainingV8Flags } from "./v8_flags.ts";

/** One line of the result. */
interface TrainFigures extends Measurement {
  model: string;
  /** An engine's name; "wasm-fused" is wasm with fused multiply-add. */
  engine: string;
  workers: number;
  /** To tfjs-wasm on the same model in the same run; null when that could not be measured. */
  ratioToTfjsWasm: number | null;
  /** To TensorFlow.js' wasm backend as shipped, likewise. */
  ratioToTfjsWasmShipped: number | null;
}

/** tfjs-wasm with the kernels that TensorFlow.js has, but for those that training cannot do without. */
const SHIPPED = "tfjs-wasm-shipped";

/** Training speed of the project's engine, plain and with fused multiply-add, and of TensorFlow.js beside it. */
export const trainTopic: PerfTopic = {
  doc:
    `training speed (forward, backward, Adam; batch ${WORKLOAD.batchSize}, windows of 216 samples, of lstm-27x8 27 steps ` +
    "of 8 values), with 1 worker and one a core, plain and with fused multiply-add",
  usage: [
    "--json: Print an array of {model, engine, workers, windowsPerSecond, ratioToTfjsWasm, ratioToTfjsWasmShipped, " +
    "peakRssMb}.",
    "--model <name>: Only this one of " + WORKLOAD_NAMES.join(", ") + ".",
    "--seconds <n>: Length of each measurement; default 5.",
    "--noTfjs: Leave TensorFlow.js out, also where it is installed.",
  ].join("\n"),
  async run(args) {
    const { json, models, seconds, tfjs } = parseOptions(args);
    const figures: TrainFigures[] = [];
    const cores = [...new Set([1, navigator.hardwareConcurrency])];
    const peers = tfjs ? findPeers() : [];
    for (const model of models) {
      const runs = [
        ...peers.map((engine) => ({ engine, workers: 1 })),
        ...["wasm", "wasm-fused"].flatMap((engine) => cores.map((workers) => ({ engine, workers }))),
      ];
      const rates = new Map<string, number>();
      const ratioTo = (peer: string, rate: number) => {
        const reference = rates.get(peer);
        return reference === undefined ? null : Number((rate / reference).toFixed(1));
      };
      for (const { engine, workers } of runs) {
        console.error(`[perf train] ${model}, ${engine}, ${workers} ${workers === 1 ? "worker" : "workers"}`);
        const own = await measure(engine, [model, String(seconds), String(workers)]).catch((error) => {
          // TensorFlow.js does not have every layer.
          if (!peers.includes(engine)) throw error;
          console.error(`[perf train] left out: ${error.message}`);
        });
        if (own === undefined) continue;
        if (peers.includes(engine)) rates.set(engine, own.windowsPerSecond);
        figures.push({
          model,
          engine,
          workers,
          windowsPerSecond: own.windowsPerSecond,
          ratioToTfjsWasm: ratioTo("tfjs-wasm", own.windowsPerSecond),
          ratioToTfjsWasmShipped: ratioTo(SHIPPED, own.windowsPerSecond),
          peakRssMb: own.peakRssMb,
        });
      }
    }
    console.log(json ? JSON.stringify(figures, null, 2) : formatTable(figures));
  },
};

function parseOptions(args: string[]) {
  const values = readOptions(args, {
    json: { type: "boolean", default: false },
    noTfjs: { type: "boolean", default: false },
    model: { type: "string" },
    seconds: { type: "string", default: "5" },
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 3600)) {
    throw new UsageError(`Cannot measure: --seconds must be in (0, 3600], got ${values.seconds}`);
  }
  if (values.model !== undefined && !WORKLOAD_NAMES.includes(values.model)) {
    throw new UsageError(
      `Cannot measure: --model must be one of ${WORKLOAD_NAMES.join(", ")}, got ${values.model}`,
    );
  }
  return {
    json: values.json,
    tfjs: !values.noTfjs,
    seconds,
    models: values.model === undefined ? WORKLOAD_NAMES : [values.model],
  };
}

/** @returns Engines on TensorFlow.js that are installed here. */
function findPeers(): string[] {
  const peers = [
    { setup: "setup:tfjs-wasm", engines: ["tfjs-wasm", SHIPPED], isInstalled: isTfjsWasmInstalled() },
    { setup: "setup:tfjs-node", engines: ["tfjs-node"], isInstalled: findTfjsNodeAddon() !== undefined },
  ];
  for (const { setup, engines, isInstalled } of peers) {
    if (isInstalled) continue;
    console.error(`[perf train] without ${engines.join(" and ")}: \`deno task ${setup}\` installs it`);
  }
  return peers.flatMap(({ engines, isInstalled }) => isInstalled ? engines : []);
}

function measure(engine: string, args: string[]): Promise<Measurement> {
  return measureApart(engine, [
    ...[...trainingV8Flags(), "--allow-read=pipeline/lib"],
    ...["--allow-ffi=pipeline/lib/engine/tfjs/node/node_modules", "--allow-env=TF_CPP_MIN_LOG_LEVEL"],
    ...["tasks/perf/train_engine.ts", engine, ...args],
  ]);
}

function formatTable(figures: TrainFigures[]): string {
  return alignColumns([
    ["model", "engine", "workers", "windows/s", "x tfjs-wasm", "x as shipped", "peak MB"],
    ...figures.map((row) =>
      [
        row.model,
        row.engine,
        row.workers,
        row.windowsPerSecond,
        row.ratioToTfjsWasm ?? "-",
        row.ratioToTfjsWasmShipped ?? "-",
        row.peakRssMb,
      ].map(String)
    ),
  ], 2);
}
