/** Measures one engine in a process of its own: `train_engine.ts <engine> <model> <seconds> <workers>`. */
import { createRng } from "../../pipeline/lib/core/rng.ts";
import { ENGINES } from "../../pipeline/lib/engine/engines.ts";
import { createTfjsEngine } from "../../pipeline/lib/engine/tfjs/tfjs_engine.ts";
import { startTfjsWasm } from "../../pipeline/lib/engine/tfjs/tfjs_packages.ts";
import { initializeWeights } from "../../pipeline/lib/nn/initialize.ts";
import { measureTraining, WORKLOAD, workloadBatch, workloadModel } from "./train_workload.ts";

if (import.meta.main) {
  const [name, modelName, seconds, workers] = Deno.args;
  const model = workloadModel(modelName), weights = initializeWeights(model, createRng(1));
  const { batchSize, learningRate } = WORKLOAD, options = { workers: Number(workers), batchSize };
  const engine = name === "tfjs-wasm-shipped"
    ? await createTfjsEngine(await startTfjsWasm("shipped"), model, weights, {
      name,
      backend: "wasm",
      workers: 1,
      batchSize,
    })
    : name === "wasm-fused"
    ? await ENGINES.wasm.create(model, weights, { ...options, fusedMultiplyAdd: true })
    : await ENGINES[name].create(model, weights, options);
  const batch = { ...workloadBatch(modelName), count: batchSize };
  await measureTraining(() => engine.trainBatch(batch, learningRate), Number(seconds));
  engine.close();
}
