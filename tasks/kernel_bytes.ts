/** Trains some models for one step and prints a digest of their weights: what the kernels computed, to the last bit. */
import { createHash } from "node:crypto";
import { createRng } from "../pipeline/lib/core/rng.ts";
import { createWasmEngine } from "../pipeline/lib/engine/wasm_engine.ts";
import { initializeWeights } from "../pipeline/lib/nn/initialize.ts";
import { WORKLOAD, workloadBatch, workloadModel } from "./perf/train_workload.ts";

const WINDOWS = 40;

if (import.meta.main) {
  const digest = createHash("sha256");
  for (const fusedMultiplyAdd of [false, true]) {
    for (const name of ["lstm-27x8", "gru", "cnn-c"]) {
      const model = workloadModel(name), weights = initializeWeights(model, createRng(1));
      const engine = await createWasmEngine(model, weights, { workers: 1, fusedMultiplyAdd });
      await engine.trainBatch({ ...workloadBatch(name), count: WINDOWS }, WORKLOAD.learningRate);
      for (const { data } of engine.getWeights().values()) digest.update(data);
      engine.close();
    }
  }
  console.log(digest.digest("hex"));
}
