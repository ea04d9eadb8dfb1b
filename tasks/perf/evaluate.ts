import { UsageError } from "../../pipeline/lib/core/errors.ts";
import { MODEL_NAMES } from "../../pipeline/lib/stage/stages/declaration.ts";
import { alignColumns } from "../align_columns.ts";
import type { EvaluateFigures } from "./evaluate_workload.ts";
import { readOptions } from "./options.ts";
import { measureApart } from "./own_process.ts";
import type { PerfTopic } from "./topic.ts";

const MOST_WINDOWS = 10_000;

/** Speed of the plain TFLite evaluator beside the native library. */
export const evaluateTopic: PerfTopic = {
  doc:
    "the TypeScript evaluator of TFLite graphs, in processor time: milliseconds to plan and a window, beside the " +
    "native library",
  usage: [
    "--json: Print an array of {model, form, operators, planMs, msPerWindow, nativeMsPerWindow, ratioToNative}.",
    `--model <name>: One of ${MODEL_NAMES.join(", ")}; several times for several; default all.`,
    "--windows <n>: Windows of 216 samples to compute; default 100.",
  ].join("\n"),
  async run(args) {
    const { json, models, windows } = parseOptions(args);
    const figures: EvaluateFigures[] = [];
    // In a process each, so that no model's kernels are compiled for the types of another's.
    for (const model of models) figures.push(...await measure(model, windows));
    console.log(json ? JSON.stringify(figures, null, 1) : formatTable(figures));
  },
};

function parseOptions(args: string[]) {
  const values = readOptions(args, {
    json: { type: "boolean", default: false },
    model: { type: "string", multiple: true, default: [...MODEL_NAMES] },
    windows: { type: "string", default: "100" },
  });
  const unknown = values.model.find((name) => !(MODEL_NAMES as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Cannot measure: --model must be one of ${MODEL_NAMES.join(", ")}, got ${unknown}`,
    );
  }
  const windows = Number(values.windows);
  if (!(Number.isInteger(windows) && windows >= 1 && windows <= MOST_WINDOWS)) {
    throw new UsageError(
      `Cannot measure: --windows must be an integer in [1, ${MOST_WINDOWS}], got ${values.windows}`,
    );
  }
  return { json: values.json, models: values.model, windows };
}

function measure(model: string, windows: number): Promise<EvaluateFigures[]> {
  const script = "tasks/perf/evaluate_workload.ts";
  return measureApart("the evaluator", ["--allow-ffi=node_modules", script, model, String(windows)]);
}

function formatTable(figures: EvaluateFigures[]): string {
  return alignColumns([
    ["model", "form", "operators", "ms to plan", "ms a window", "native", "x native"],
    ...figures.map((row) => [
      row.model,
      row.form,
      String(row.operators),
      row.planMs.toFixed(1),
      row.msPerWindow.toFixed(3),
      row.nativeMsPerWindow.toFixed(3),
      row.ratioToNative.toFixed(1),
    ]),
  ], 2);
}
