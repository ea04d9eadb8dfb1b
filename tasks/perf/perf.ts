/** Measures how fast the project's parts are: `deno task perf <topic>`. Figures are printed, never asserted. */
import { StageError, UsageError } from "../../pipeline/lib/core/errors.ts";
import { signalsTopic } from "./signals.ts";
import { csvTopic } from "./csv.ts";
import { evaluateTopic } from "./evaluate.ts";
import { kernelsTopic } from "./kernels.ts";
import type { PerfTopic } from "./topic.ts";
import { trainTopic } from "./train.ts";

const TOPICS: Record<string, PerfTopic> = {
  csv: csvTopic,
  evaluate: evaluateTopic,
  kernels: kernelsTopic,
  signals: signalsTopic,
  train: trainTopic,
};

function usage(): string {
  const topics = Object.entries(TOPICS).map(([name, { doc, usage }]) =>
    [`  ${name}: ${doc}`, ...usage.split("\n").map((line) => `    ${line}`)].join("\n")
  );
  return ["Usage: deno task perf <topic> [options]", "", ...topics, "", "  --help: This text."].join("\n");
}

/** @returns The exit code: 1 for a failed measurement, 2 for wrong usage. */
async function main([name, ...args]: string[]): Promise<number> {
  if (name === "--help" || name === "-h" || args.includes("--help")) {
    console.log(usage());
    return 0;
  }
  try {
    if (name === undefined || !Object.hasOwn(TOPICS, name)) {
      throw new UsageError(
        `Cannot measure: the topic must be one of ${Object.keys(TOPICS).join(", ")}, got ${name ?? "none"}`,
      );
    }
    await TOPICS[name].run(args);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${usage()}`);
      return 2;
    }
    if (!(error instanceof StageError)) throw error;
    console.error(error.message);
    if (error.hint) console.error(`hint: ${error.hint}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
