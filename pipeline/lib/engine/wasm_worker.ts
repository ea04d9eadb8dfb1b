/** Worker of the wasm engine: computes shards and blocks of the batch in the shared memory until none is left. */
import { type BlockRunner, type BlockRunnerOptions, createBlockRunner } from "./block_runner.ts";
import { createMachine } from "./kernels/kernels.ts";
import type { WorkerAnswer } from "./worker_pool.ts";

/** What a worker is told. */
export type WorkerMessage =
  | WorkerStart
  /** Gradients of a batch of `count` windows in `items` shards, after `step` steps. */
  | { kind: "train"; count: number; items: number; step: number }
  /** Probabilities of `count` windows in `items` blocks. */
  | { kind: "predict"; count: number; items: number };

/** First message to a worker. */
export interface WorkerStart extends Omit<BlockRunnerOptions, "machine"> {
  kind: "start";
  kernels: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

let runner: BlockRunner;
let next: Int32Array;

function answer(message: WorkerMessage): void {
  if (message.kind === "start") {
    const { kernels, memory, ...options } = message;
    runner = createBlockRunner({ ...options, machine: createMachine(kernels, memory) });
    next = new Int32Array(memory.buffer, options.layout.next, 1);
    return;
  }
  const { count, items } = message;
  for (let item = Atomics.add(next, 0, 1); item < items; item = Atomics.add(next, 0, 1)) {
    if (message.kind === "train") runner.train(item, count, message.step);
    else runner.predict(item, count);
  }
}

self.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
  let reply: WorkerAnswer = {};
  try {
    answer(data);
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
