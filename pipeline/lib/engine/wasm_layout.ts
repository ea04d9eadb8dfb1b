import type { Model } from "../nn/model.ts";
import { compileBlockProgram } from "./block_program.ts";
import { BLOCK_SAMPLES, RESERVED_BYTES, ROW_BYTES } from "./kernels/kernels.ts";
import { roundUp } from "./layers/block.ts";
import type { Roundings } from "./layers/rounding.ts";

/** Gradients are summed in this many parts at most, whatever the number of workers: the sum's rounding depends on it. */
const MAX_SHARDS = 32;
const PAGE_BYTES = 65536;
/** 2 GB: a byte address stays a positive 32-bit integer. */
const MAX_PAGES = 32768;

/** Byte addresses in the memory that all workers share. */
export interface EngineLayout {
  /** Largest batch, in windows. */
  batchSize: number;
  /** Blocks of the largest batch. */
  blocks: number;
  /** Values of one window, those of all inputs. */
  windowValues: number;
  classes: number;
  /** Bytes of all parameters with their padding. */
  parameterBytes: number;
  /** i32: the next shard or block that nobody computes yet. */
  next: number;
  /** What the passes compute with. */
  weights: number;
  /** What the optimizer steps, laid out as `weights`: the same place, unless the passes see rounded weights. */
  master: number;
  /** What the optimizer remembers, each laid out as the weights. */
  slots: number[];
  /** f32, laid out as the weights: 1 for a weight that decay and penalties hold for, 0 for any other. */
  penalized: number;
  /** [shards] gradients, each laid out as the weights. */
  gradients: number;
  /** f64 [blocks]. */
  losses: number;
  /** f32 [batchSize][windowValues]. */
  windows: number;
  /** u8 [batchSize]. */
  labels: number;
  /** f32 [batchSize][classes]: what a teacher says of the windows. */
  teacher: number;
  /** f32 [batchSize][classes]. */
  probabilities: number;
  /** [workers][scratchBytes]. */
  scratch: number;
  scratchBytes: number;
  /** Size of the memory. */
  pages: number;
}

/** @returns In how many parts the gradients of a batch of `blocks` are summed; block b belongs to part b mod parts. */
export function shardCount(blocks: number): number {
  return Math.min(blocks, MAX_SHARDS);
}

/**
 * Plans the shared memory.
 *
 * @param slots Arrays that the optimizer keeps. @param isRounded Whether the passes see other weights than the optimizer.
 * @param roundings As `compileBlockProgram` gets them.
 * @throws RangeError When 2 GB would not hold it.
 * @throws RangeError, TypeError as `compileBlockProgram`.
 */
export function planMemory(
  model: Model,
  { batchSize, workers, slots, isRounded, roundings }: {
    batchSize: number;
    workers: number;
    slots: number;
    isRounded: boolean;
    roundings: Roundings;
  },
): EngineLayout {
  const program = compileBlockProgram(model, { parameters: 0, scratch: 0 }, roundings);
  const blocks = Math.ceil(batchSize / BLOCK_SAMPLES);
  const windowValues = program.inputs.reduce((sum, { steps, channels }) => sum + steps * channels, 0);
  const classes = program.logits.channels;
  const parameterBytes = roundUp(4 * program.parameterCount, 64);
  const scratchBytes = roundUp(program.scratchBytes, 64);
  let end = 0;
  const take = (bytes: number): number => {
    const address = end;
    end = roundUp(end + bytes, 64);
    return address;
  };
  const next = take(4);
  end = roundUp(RESERVED_BYTES, 64);
  const weights = take(parameterBytes);
  const addresses = {
    next,
    weights,
    master: isRounded ? take(parameterBytes) : weights,
    slots: Array.from({ length: slots }, () => take(parameterBytes)),
    penalized: take(parameterBytes),
    gradients: take(shardCount(blocks) * parameterBytes),
    losses: take(8 * blocks),
    windows: take(4 * batchSize * windowValues),
    labels: take(batchSize),
    teacher: take(4 * batchSize * classes),
    probabilities: take(4 * batchSize * classes),
    scratch: take(workers * scratchBytes),
  };
  // A kernel may read, and not use, up to 7 rows past the last.
  const pages = Math.ceil((end + 7 * ROW_BYTES) / PAGE_BYTES);
  if (pages > MAX_PAGES) {
    throw new RangeError(
      `Cannot train model "${model.name}": its memory must fit 2048 MB, got ${
        Math.ceil(end / 2 ** 20)
      } MB for a batch of ${batchSize} and ${workers} workers`,
    );
  }
  return { batchSize, blocks, windowValues, classes, parameterBytes, scratchBytes, pages, ...addresses };
}
