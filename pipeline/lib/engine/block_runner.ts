import { createBlockLoss } from "./block_loss.ts";
import { type BlockProgram, compileBlockProgram } from "./block_program.ts";
import { BLOCK_SAMPLES, type Machine } from "./kernels/kernels.ts";
import type { Pass } from "./layers/block.ts";
import type { Roundings } from "./layers/rounding.ts";
import type { CheckedLoss } from "./losses.ts";
import { type EngineLayout, shardCount } from "./wasm_layout.ts";
import type { Model } from "../nn/model.ts";

/** Computes the blocks of the batch that lies in the shared memory. */
export interface BlockRunner {
  /**
   * Computes the gradients and the losses of every block of one shard, blocks in ascending order.
   *
   * @param count Windows of the batch. @param step Steps done before it.
   */
  train(shard: number, count: number, step: number): void;
  /** Computes the class probabilities of one block. */
  predict(block: number, count: number): void;
}

/** What a runner is made from. */
export interface BlockRunnerOptions {
  model: Model;
  roundings: Roundings;
  layout: EngineLayout;
  machine: Machine;
  /** Which scratch memory is its own. */
  worker: number;
  /** Decides what layers draw at random. */
  seed: number;
  /** What a window's loss is multiplied by, by class. */
  classWeights: Float64Array;
  loss: CheckedLoss;
}

/** What the blocks of one shard have in common. */
interface ShardWork {
  count: number;
  step: number;
  /** Byte address of the shard's gradients. */
  gradients: number;
}

/** Makes a runner with a scratch memory of its own. */
export function createBlockRunner(options: BlockRunnerOptions): BlockRunner {
  const { model, layout, machine, worker, seed } = options;
  const program = compileBlockProgram(model, {
    parameters: layout.weights,
    scratch: layout.scratch + worker * layout.scratchBytes,
  }, options.roundings);
  program.prepare(machine);
  const { buffer } = machine.floats;
  const losses = new Float64Array(buffer, layout.losses, layout.blocks);
  const blockLoss = createBlockLoss({ ...options, program });

  const forward = (block: number, pass: Pass) => {
    loadWindows(program, machine.floats, {
      windows: layout.windows / 4 + block * BLOCK_SAMPLES * layout.windowValues,
      windowValues: layout.windowValues,
      samples: pass.samples,
    });
    program.forward(machine, pass);
  };
  const trainBlock = (block: number, { count, step, gradients }: ShardWork) => {
    const first = block * BLOCK_SAMPLES, samples = Math.min(BLOCK_SAMPLES, count - first);
    const pass: Pass = { training: true, samples, position: { seed, step, block } };
    forward(block, pass);
    losses[block] = blockLoss.measure({ first, samples, count });
    program.backward(machine, { gradients, differentiateLoss: blockLoss.differentiate }, pass);
  };

  return {
    train(shard, count, step) {
      const blocks = Math.ceil(count / BLOCK_SAMPLES), shards = shardCount(blocks);
      const gradients = layout.gradients + shard * layout.parameterBytes;
      const work = { count, step, gradients };
      machine.kernels.zero(gradients, layout.parameterBytes);
      for (let block = shard; block < blocks; block += shards) trainBlock(block, work);
    },
    predict(block, count) {
      const first = block * BLOCK_SAMPLES, samples = Math.min(BLOCK_SAMPLES, count - first);
      forward(block, { training: false, samples, position: { seed, step: 0, block } });
      const { floats } = machine, { classes } = layout;
      const source = program.probabilities / 4, target = layout.probabilities / 4 + first * classes;
      for (let sample = 0; sample < samples; sample++) {
        for (let c = 0; c < classes; c++) {
          floats[target + sample * classes + c] = floats[source + c * BLOCK_SAMPLES + sample];
        }
      }
    },
  };
}

/** Turns [samples][values] into the program's inputs, [values][32] each; samples that are not there are 0. */
function loadWindows(
  { inputs }: BlockProgram,
  floats: Float32Array,
  { windows, windowValues, samples }: { windows: number; windowValues: number; samples: number },
): void {
  let first = windows;
  for (const { steps, channels, address } of inputs) {
    const values = steps * channels, target = address / 4;
    for (let value = 0; value < values; value++) {
      const row = target + value * BLOCK_SAMPLES;
      for (let sample = 0; sample < samples; sample++) {
        floats[row + sample] = floats[first + sample * windowValues + value];
      }
      for (let sample = samples; sample < BLOCK_SAMPLES; sample++) floats[row + sample] = 0;
    }
    first += values;
  }
}
