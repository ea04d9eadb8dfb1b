import type { Ratio } from "./polyphase.ts";

/** Takes a signal that arrives in pieces of any length. */
export interface SignalSink {
  /** @param x The next samples; the array is the caller's and may change after the call. */
  push(x: Float64Array): void;
  /** Ends the signal. */
  finish(): void;
}

/** Work on a signal that can be done block by block, because what lies far away does not matter. */
export interface BlockWork {
  /** Works on a stretch of the signal as if it were the whole; must not change it. The result may lie where the last one lay. */
  process(x: Float64Array): Float64Array;
  /** Samples to each side of a place in time beyond which the signal has no influence on the result there. */
  reachSamples: number;
  /** How many samples there are in the result for those of the signal; 1 for 1 when left out. */
  ratio?: Ratio;
}

const SAME_RATE: Ratio = { up: 1, down: 1 };

/**
 * Samples of a block unless the work reaches further: more than any record of half an hour has at 360 Hz, so that those are worked
 * on as a whole. As doubles 8 MB.
 */
export const BLOCK_SAMPLES = 2 ** 20;

/**
 * Does work block by block on a signal that arrives in pieces: each block is processed together with the reach to both of its
 * sides, and only its own part of the result goes on.
 *
 * The result is that of the whole signal as closely as `reachSamples` promises. A signal of up to one block and its reach is
 * processed in one call: then it is the very same. Memory: one block with two reaches, and what the work itself takes on that.
 *
 * @param next Gets the result.
 * @param options.samples Length of the signal where it is known: a short one then takes no more memory than it needs.
 * @param options.blockSamples Samples of a block, >= 1; rounded up to a multiple of `ratio.down`, and to the reach where that is longer.
 */
export function inBlocks(
  { process, reachSamples, ratio = SAME_RATE }: BlockWork,
  next: SignalSink,
  { samples = Infinity, blockSamples = BLOCK_SAMPLES }: { samples?: number; blockSamples?: number } = {},
): SignalSink {
  const { up, down } = ratio;
  // Blocks begin at multiples of `down`: there a sample of the result stands on a sample of the signal.
  const aligned = (samples: number) => Math.ceil(samples / down) * down;
  const reach = aligned(reachSamples), block = Math.max(aligned(blockSamples), reach);
  const buffer = new Float64Array(Math.min(samples, reach + block + reach));
  let filled = 0, before = 0;

  const work = (end: number | undefined) => {
    const result = process(buffer.subarray(0, filled));
    next.push(result.subarray(before * up / down, end === undefined ? undefined : end * up / down));
  };
  return {
    push(x) {
      for (let at = 0; at < x.length;) {
        // Not before there is more: a signal that ends here is not cut.
        if (filled === before + block + reach) {
          const end = before + block;
          work(end);
          before = Math.min(reach, end);
          buffer.copyWithin(0, end - before, filled);
          filled = before + reach;
        }
        const taken = Math.min(x.length - at, before + block + reach - filled);
        buffer.set(x.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
      }
    },
    finish() {
      if (filled > 0) work(undefined);
      next.finish();
    },
  };
}
