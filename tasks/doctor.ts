/** Says what of the project can be used on this computer, and why the rest cannot: `deno task doctor [--json]`. */
import { existsSync } from "node:fs";
import { cpus, release } from "node:os";
import { StageError } from "../pipeline/lib/core/errors.ts";
import { convertToTflite } from "../pipeline/lib/convert/convert.ts";
import { CHECK_MODEL, checkCase, type EngineCheck } from "../pipeline/lib/engine/check_engine.ts";
import { ENGINES } from "../pipeline/lib/engine/engines.ts";
import { compileKernels } from "../pipeline/lib/engine/kernels/kernels.ts";
import { encodeTflite } from "../pipeline/lib/formats/tflite/writer.ts";
import { maxAbsDifference } from "../pipeline/lib/metrics/agreement.ts";
import { openTfliteLibrary } from "../pipeline/lib/runtime/tflite_ffi.ts";
import { exitWith } from "../pipeline/lib/stage/exit.ts";
import { describeParams, type ParamSpec, parseFlags } from "../pipeline/lib/stage/params.ts";
import { alignColumns } from "./align_columns.ts";

const FLAGS = {
  json: {
    type: "boolean",
    default: false,
    doc: "Print an array of {kind, name, isUsable, reason, hint} to stdout",
  },
  help: { type: "boolean", default: false, doc: "Print this and stop" },
} as const satisfies ParamSpec;

/** What was found of one part. */
interface Finding extends EngineCheck {
  kind: "engine" | "runtime" | "computer";
  /** As the user writes it where there is a flag for it. */
  name: string;
}

/** An engine that does not answer within this is not usable. */
const ENGINE_SECONDS = 60;

/** Edge TPU runtime: file name and the folders where its packages put it, by operating system. */
const EDGETPU: Record<string, { file: string; folders: string[] }> = {
  linux: {
    file: "libedgetpu.so.1",
    folders: ["x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "."].map((name) =>
      `/usr/lib/${name}`
    )
      .concat("/usr/local/lib"),
  },
  darwin: { file: "libedgetpu.1.dylib", folders: ["/usr/local/lib", "/opt/homebrew/lib"] },
  windows: { file: "edgetpu.dll", folders: ["C:/Windows/System32"] },
};

/** Largest difference between TensorFlow Lite and the reference. */
const TFLITE_TOLERANCE = 1e-5;

/** Tries an engine in a worker, so that nothing which it does to the process's globals, or hangs in, matters here. */
async function findEngine(name: string): Promise<Finding> {
  const worker = new Worker(new URL("./doctor_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve } = Promise.withResolvers<EngineCheck>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    resolve({ isUsable: false, reason: event.message });
  };
  const timer = setTimeout(
    () => resolve({ isUsable: false, reason: `it must answer within ${ENGINE_SECONDS} s, got nothing` }),
    ENGINE_SECONDS * 1000,
  );
  worker.postMessage({ engine: name });
  const check = await promise;
  clearTimeout(timer);
  worker.terminate();
  const reason = check.isUsable ? `${ENGINES[name].doc}, ${check.reason}` : check.reason;
  return { kind: "engine", name, ...check, reason };
}

/** Runs a small model through the native library and holds it against the reference. */
function findTflite(name: "tflite" | "xnnpack"): Finding {
  const { weights, windows, expected } = checkCase(1);
  return tryPart("runtime", name, () => {
    const library = openTfliteLibrary();
    const bytes = encodeTflite(convertToTflite(CHECK_MODEL, weights, { description: "check" }));
    using interpreter = library.createInterpreter(bytes, { xnnpack: name === "xnnpack" });
    const difference = maxAbsDifference(interpreter.run(windows), expected);
    if (!(difference < TFLITE_TOLERANCE)) {
      throw new StageError(
        `Cannot use ${name}: it must agree with the reference, got a difference of ${difference}`,
      );
    }
    return name === "tflite"
      ? `TensorFlow Lite ${library.version}`
      : "faster convolutions in TensorFlow Lite: `deno task bench --xnnpack True`";
  });
}

function findEdgeTpu(): Finding {
  const kind = "runtime", name = "edgetpu", place = EDGETPU[Deno.build.os];
  const found = place?.folders.map((folder) => `${folder}/${place.file}`).find((path) => existsSync(path));
  if (found) return { kind, name, isUsable: true, reason: found };
  return {
    kind,
    name,
    isUsable: false,
    reason: `${place?.file ?? "its runtime"} must be installed, got none`,
    hint: "only for computers with a Coral Edge TPU: install its runtime (libedgetpu1-std)",
  };
}

function findComputer(): Finding[] {
  const processor = cpus()[0]?.model ?? "unknown processor", cores = navigator.hardwareConcurrency;
  return [
    {
      kind: "computer",
      name: "cores",
      isUsable: true,
      reason:
        `${cores}, ${processor}, ${Deno.build.os} ${release()} on ${Deno.build.arch}, Deno ${Deno.version.deno}`,
    },
    tryPart("computer", "simd", () => {
      compileKernels(false);
      return "the kernels with 128-bit SIMD and threads compile";
    }),
    tryPart("computer", "relaxed-simd", () => {
      compileKernels(true);
      return "fused multiply-add: `deno task train --fusedMultiplyAdd`";
    }),
  ];
}

/** @param use Returns what is to be known of the part, or throws why it cannot be used. */
function tryPart(kind: Finding["kind"], name: string, use: () => string): Finding {
  try {
    return { kind, name, isUsable: true, reason: use() };
  } catch (error) {
    const hint = error instanceof StageError ? error.hint : undefined;
    return { kind, name, isUsable: false, reason: (error as Error).message, hint };
  }
}

await exitWith("doctor", async () => {
  const flags = parseFlags(Deno.args, FLAGS);
  if (flags.help) {
    return console.log(
      `deno task doctor [flags]\n\nSays what can be used on this computer, and why the rest cannot.\n\n${
        describeParams(FLAGS)
      }`,
    );
  }
  const findings: Finding[] = [];
  for (const name of Object.keys(ENGINES)) findings.push(await findEngine(name));
  findings.push(findTflite("tflite"), findTflite("xnnpack"), findEdgeTpu(), ...findComputer());
  if (flags.json) return console.log(JSON.stringify(findings, null, 2));
  console.log(alignColumns([
    ["kind", "name", "usable", "what, or why not"],
    ...findings.map(({ kind, name, isUsable, reason, hint }) => [
      kind,
      name,
      isUsable ? "yes" : "no",
      hint === undefined ? reason : `${reason}; ${hint}`,
    ]),
  ], 4));
});
