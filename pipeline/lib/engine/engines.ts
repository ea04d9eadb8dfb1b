import type { Model, Weights } from "../nn/model.ts";
import type { Engine } from "./engine.ts";
import { createTfjsEngine } from "./tfjs/tfjs_engine.ts";
import { loadTfjsNode, loadTfjsWasm } from "./tfjs/tfjs_packages.ts";
import { createWasmEngine, type WasmEngineOptions } from "./wasm_engine.ts";

/** A training engine before it is started. */
export interface EngineKind {
  /** What it is, in one line. */
  doc: string;
  /**
   * Starts it on a model. Options that it has no use for are ignored.
   *
   * @throws StageError An engine that cannot be used here; the hint says what to do.
   * @throws TypeError A layer that the engine does not have, by name.
   * @throws RangeError Weights that are not the model's, or an option out of its range.
   */
  create(model: Model, weights: Weights, options?: WasmEngineOptions): Promise<Engine>;
}

/** The training engines by name. What one has trained, all others load. */
export const ENGINES: Record<string, EngineKind> = {
  wasm: {
    doc: "the project's own WebAssembly SIMD kernels",
    create: createWasmEngine,
  },
  "tfjs-wasm": {
    doc: "TensorFlow.js on its wasm backend",
    create: async (model, weights, options) =>
      await createTfjsEngine(await loadTfjsWasm(), model, weights, {
        ...options,
        name: "tfjs-wasm",
        backend: "wasm",
        workers: 1,
      }),
  },
  "tfjs-node": {
    doc: "TensorFlow.js on the native TensorFlow library",
    create: async (model, weights, options) =>
      await createTfjsEngine(await loadTfjsNode(), model, weights, {
        ...options,
        name: "tfjs-node",
        backend: "tensorflow",
        // TensorFlow has threads of its own, one a core.
        workers: navigator.hardwareConcurrency,
      }),
  },
};
