/** Measures the wasm engine in a process of its own: `train_wasm.ts <model> <seconds> <workers> [fused]`. */
import { createRng } from "../../pipeline/lib/core/rng.ts";
import { createWasmEngine } from "../../pipeline/lib/engine/wasm_engine.ts";
import { initializeWeights } from "../../pipeline/lib/nn/initialize.ts";
import { measureTraining, WORKLOAD, workloadBatch, workloadModel } from "./train_workload.ts";

if (import.meta.main) {
  const [name, seconds, workers, fused] = Deno.args;
  const model = workloadModel(name), { batchSize, learningRate } = WORKLOAD;
  const engine = await createWasmEngine(model, initializeWeights(model, createRng(1)), {
    workers: Number(workers),
    batchSize,
    fusedMultiplyAdd: fused === "fused",
  });
  const batch = { ...workloadBatch(), count: batchSize };
  await measureTraining(() => engine.trainBatch(batch, learningRate), Number(seconds));
  engine.close();
}
