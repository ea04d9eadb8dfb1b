import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { StageError } from "../../core/errors.ts";
import { registerBatchNormalization } from "./batch_normalization_layer.ts";
import { registerConvolutions } from "./convolution_layers.ts";
import { registerGru } from "./gru_layer.ts";
import { repairGradients } from "./repaired_gradients.ts";
import type { TensorFlow, TfLayerClasses } from "./tensorflow.ts";
import { addMissingKernels, replaceSlowKernels } from "./wasm_kernels.ts";

// These files and the locks beside them pin the packages of each engine; node_modules beside them holds what is installed.
const WASM_PACKAGES = new URL("./wasm/deno.json", import.meta.url);
const NODE_PACKAGES = new URL("./node/package.json", import.meta.url);

// Kernels and backends are registered once in a process.
let wasm: Promise<TensorFlow> | undefined, node: Promise<TensorFlow> | undefined;

/** Folder of the package @tensorflow/tfjs-node, whether it is installed or not. */
export const TFJS_NODE_FOLDER = fileURLToPath(
  new URL("./node_modules/@tensorflow/tfjs-node/", NODE_PACKAGES),
);

/**
 * Loads TensorFlow.js with its wasm backend, made fast at training (see wasm_kernels.ts).
 *
 * Needs read permission for this folder, and no other.
 *
 * @throws StageError When its packages are not installed.
 */
export function loadTfjsWasm(): Promise<TensorFlow> {
  return wasm ??= startTfjsWasm("fast");
}

/**
 * As `loadTfjsWasm`, once in a process.
 *
 * @param kernels "shipped" adds only what training cannot do without.
 */
export async function startTfjsWasm(kernels: "fast" | "shipped"): Promise<TensorFlow> {
  if (!isTfjsWasmInstalled()) {
    throw new StageError("Cannot use the engine tfjs-wasm: its packages must be installed, got none", {
      hint: "run `deno task setup:tfjs-wasm` once (4 packages of TensorFlow.js from npm, 97 MB on disk)",
    });
  }
  const load = createRequire(WASM_PACKAGES);
  const core = load("@tensorflow/tfjs-core"), layers = load("@tensorflow/tfjs-layers");
  load("@tensorflow/tfjs-backend-cpu");
  load("@tensorflow/tfjs-backend-wasm");
  const tf: TensorFlow = { ...core, loadLayersModel: layers.loadLayersModel };
  if (!await tf.setBackend("wasm")) {
    throw new StageError(
      "Cannot use the engine tfjs-wasm: TensorFlow.js must start its wasm backend, got false",
    );
  }
  registerLayers(tf, { layers: layers.layers, registerClass: core.serialization.registerClass });
  addMissingKernels(tf);
  if (kernels === "fast") replaceSlowKernels(tf);
  return tf;
}

/** Whether the packages of the wasm backend are installed. */
export function isTfjsWasmInstalled(): boolean {
  return existsSync(new URL("./node_modules/@tensorflow/tfjs-backend-wasm/", WASM_PACKAGES));
}

/**
 * Loads TensorFlow.js with the native TensorFlow library of @tensorflow/tfjs-node.
 *
 * Two deviations from the package's own start: two functions that it takes from node:util, and that newer runtimes no longer
 * have, are put back; and the addon is found here and not by node-pre-gyp, which wants to read many environment variables.
 *
 * Needs read and ffi permission for the folder ./node, and env permission for TF_CPP_MIN_LOG_LEVEL if the library is to keep
 * its remarks to itself.
 *
 * Source: @tensorflow/tfjs-node 4.22.0, dist/index.js.
 *
 * @throws StageError When the package or its library is not installed or cannot be loaded.
 */
export function loadTfjsNode(): Promise<TensorFlow> {
  return node ??= startTfjsNode();
}

async function startTfjsNode(): Promise<TensorFlow> {
  const addon = findTfjsNodeAddon();
  if (addon === undefined) {
    throw new StageError("Cannot use the engine tfjs-node: its native library must be installed, got none", {
      hint: "run `deno task setup:tfjs-node` once; where its download cannot be reached, with --wheel",
    });
  }
  if ((await Deno.permissions.query({ name: "env", variable: LOG_LEVEL })).state === "granted") {
    if (Deno.env.get(LOG_LEVEL) === undefined) Deno.env.set(LOG_LEVEL, ONLY_WARNINGS);
  }
  const load = createRequire(`${TFJS_NODE_FOLDER}dist/index.js`);
  const util = load("node:util");
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  try {
    const tf: TensorFlow & TfjsRegistry = load("@tensorflow/tfjs");
    load("./register_all_kernels");
    const { NodeJSKernelBackend } = load("./nodejs_kernel_backend"), binding = load(addon);
    tf.registerBackend("tensorflow", () => new NodeJSKernelBackend(binding, "@tensorflow/tfjs-node"));
    await tf.setBackend("tensorflow");
    registerLayers(tf, { layers: tf.layers, registerClass: tf.serialization.registerClass });
    return tf;
  } catch (cause) {
    throw new StageError(
      `Cannot use the engine tfjs-node: its native library must load, got ${(cause as Error).message}`,
      { hint: "install it anew: `deno task setup:tfjs-node --force`", cause },
    );
  }
}

/** Layers that TensorFlow.js lacks or trains otherwise, and gradients that it gets wrong. */
function registerLayers(tf: TensorFlow, classes: TfLayerClasses): void {
  repairGradients(tf);
  registerGru(tf, classes);
  registerBatchNormalization(tf, classes);
  registerConvolutions(tf, classes);
}

/** What TensorFlow's library reads: 0 says everything, 1 leaves out remarks. */
const LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL", ONLY_WARNINGS = "1";

interface TfjsRegistry {
  registerBackend(name: string, create: () => unknown): boolean;
  layers: Record<string, unknown>;
  serialization: { registerClass(layer: unknown): void };
}

/** @returns Path of tfjs-node's native addon; undefined when there is none. */
export function findTfjsNodeAddon(): string | undefined {
  // The folder is named by the version of Node-API that the addon asks for, the largest that its installer knew.
  return Array.from(
    { length: 10 },
    (_, version) => `${TFJS_NODE_FOLDER}lib/napi-v${version}/tfjs_binding.node`,
  )
    .findLast((path) => existsSync(path));
}
