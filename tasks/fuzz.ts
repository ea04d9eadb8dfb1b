/** Has the readers of files from outside read thousands of damaged ones: `deno task fuzz [flags]`. */
import process from "node:process";
import { StageError, UsageError } from "../pipeline/lib/core/errors.ts";
import { exitWith } from "../pipeline/lib/stage/exit.ts";
import {
  defaultsOf,
  describeParams,
  type ParamSpec,
  type ParamValues,
  parseFlags,
} from "../pipeline/lib/stage/params.ts";
import type { FuzzSummary } from "./fuzz/target.ts";
import { TARGETS } from "./fuzz/targets.ts";
import type { FuzzRequest } from "./fuzz_worker.ts";

const FLAGS = {
  kind: {
    type: "list",
    default: Object.keys(TARGETS),
    choices: Object.keys(TARGETS),
    doc: "Kinds of files to damage",
  },
  count: { type: "int", default: 10_000, min: 1, max: 100_000_000, unit: "files", doc: "Files of each kind" },
  seed: { type: "int", default: 1, min: 0, max: 4294967295, doc: "The same seed gives the same files" },
  first: { type: "int", default: 0, min: 0, max: 100_000_000, doc: "Number of the first file" },
  help: { type: "boolean", default: false, doc: "Print this and stop" },
} as const satisfies ParamSpec;

/** No file may take so long; a reader that does hangs. */
const MAX_SILENCE_MS = 30_000;
/** Most memory that the whole run may have needed. */
const MAX_MEGABYTES = 1000;

/** @throws {StageError} A file that is neither read nor refused, or not in time. */
function run(request: FuzzRequest): Promise<FuzzSummary> {
  const worker = new Worker(new URL("fuzz_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<FuzzSummary>();
  let index = request.first, heardMs = performance.now();
  const watch = setInterval(() => {
    if (performance.now() - heardMs < MAX_SILENCE_MS) return;
    reject(
      new StageError(
        `Cannot accept file ${index}: it must be read in ${MAX_SILENCE_MS / 1000} s, got no end`,
      ),
    );
  }, 1000);
  worker.onmessage = (
    { data }: MessageEvent<{ index?: number; summary?: FuzzSummary; failure?: string }>,
  ) => {
    heardMs = performance.now();
    if (data.index !== undefined) index = data.index;
    else if (data.summary !== undefined) resolve(data.summary);
    else reject(new StageError(data.failure!));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(
      new StageError(`Cannot accept file ${index}: the reader must not end the thread, got ${event.message}`),
    );
  };
  worker.postMessage(request);
  return promise.finally(() => {
    clearInterval(watch);
    worker.terminate();
  });
}

await exitWith("fuzz", async () => {
  const flags = { ...defaultsOf(FLAGS), ...parseFlags(Deno.args, FLAGS) } as ParamValues<typeof FLAGS>;
  if (flags.help) {
    const kinds = Object.entries(TARGETS).map(([name, { doc }]) => `  ${name}: ${doc}`);
    return console.log(
      `deno task fuzz [flags]\n\nReads files that were damaged on purpose.\n\nFlags:\n${
        describeParams(FLAGS)
      }\n\n` +
        `Kinds:\n${kinds.join("\n")}`,
    );
  }
  const { kind, count, seed, first } = flags;
  if (kind.length === 0) throw new UsageError("Cannot use --kind: it must name a kind, got none");
  for (const name of kind) {
    const startedMs = performance.now();
    const { files, refused, slowestMs } = await run({ kind: name, count, seed, first });
    const seconds = (performance.now() - startedMs) / 1000;
    console.log(
      `${name}: ${files} files, ${refused} refused, ${files - refused} read, the slowest in ` +
        `${slowestMs.toFixed(0)} ms, ${seconds.toFixed(1)} s`,
    );
  }
  const megabytes = process.resourceUsage().maxRSS / 1024;
  console.log(`${megabytes.toFixed(0)} MB at most`);
  if (megabytes > MAX_MEGABYTES) {
    throw new StageError(`Cannot accept ${megabytes} MB: reading must need at most ${MAX_MEGABYTES} MB`);
  }
});
