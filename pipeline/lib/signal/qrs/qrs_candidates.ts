import { ECHO_SECONDS } from "./beat_path.ts";

/** The lead is judged in blocks of about this length, each by what is around it. */
const BLOCK_SECONDS = 1;
/** Candidates are the highest within this time on both sides. */
const APART_SECONDS = 0.08;
/** What lies this far from a candidate on both sides is its background: neither its own complex nor the beats beside it. */
const BACKGROUND_SECONDS = { from: 0.12, to: 0.3 };
/** What is lower than this part of a candidate within ECHO_SECONDS before may be its T wave. */
const LOG_ECHO_RATIO = Math.log(0.5);
/** About as many samples of a block give its median. */
const MEDIAN_SAMPLES = 10;

/** A local maximum of the envelope. */
export interface Candidate {
  /** Sample of the envelope. */
  at: number;
  /** Logarithm of the envelope there, and of its ratio to the mean envelope in the background. */
  logHeight: number;
  contrast: number;
  /** Whether it is so much lower than one within ECHO_SECONDS before that it may be that one's T wave. */
  isEcho: boolean;
}

/** One block of the envelope. */
export interface EnvelopeBlock {
  /** Largest and median sample. */
  highest: number;
  median: number;
  candidates: Candidate[];
}

/** The newest blocks of an envelope that arrives in pieces. */
export interface BlockHistory {
  readonly blockSamples: number;
  /** Blocks made so far. */
  readonly blocks: number;
  /** Takes at most one second of the envelope. */
  push(envelope: Float64Array): void;
  /** Makes the next block. @returns Whether enough of the envelope was there. */
  next(): boolean;
  /** Ends the envelope: all blocks can be made now. */
  finish(): void;
  /** @param block Its number, one of the newest `keep`. */
  block(block: number): EnvelopeBlock;
  /** Largest sample within `reach` of `at`; undefined where the envelope is not known yet. */
  highestNear(at: number, reach: number): number | undefined;
}

/** Sorts the first `n` values in place. @returns Their q-quantile, the lower one where it lies between two. */
export function quantile(values: Float64Array, n: number, q: number): number {
  for (let i = 1; i < n; i++) {
    const value = values[i];
    let k = i - 1;
    for (; k >= 0 && values[k] > value; k--) values[k + 1] = values[k];
    values[k + 1] = value;
  }
  return values[Math.min(n - 1, Math.floor(q * n))];
}

/**
 * Creates an empty history.
 *
 * @param fs Rate of the envelope in Hz.
 * @param keep Blocks that can be asked for.
 */
export function createBlockHistory(fs: number, keep: number): BlockHistory {
  const blockSamples = Math.round(BLOCK_SECONDS * fs), apart = Math.round(APART_SECONDS * fs);
  const near = Math.round(BACKGROUND_SECONDS.from * fs), far = Math.round(BACKGROUND_SECONDS.to * fs);
  // A ring: the blocks, what is around them, and two seconds that came with the last piece and wait to be made blocks.
  const length = (keep + 2) * blockSamples + Math.ceil(2 * ECHO_SECONDS * fs) + 2 * far;
  const ring = new Float64Array(2 ** Math.ceil(Math.log2(length))), mask = ring.length - 1;
  const kept: EnvelopeBlock[] = Array.from(
    { length: keep },
    () => ({ highest: 0, median: 0, candidates: [] }),
  );
  const scratch = new Float64Array(2 * MEDIAN_SAMPLES);
  let samples = 0, blocks = 0, ended = false;
  const knownSamples = () => Math.min(samples, blocks * blockSamples + far + 1);

  const median = (from: number) => {
    const stride = Math.max(1, Math.floor(blockSamples / MEDIAN_SAMPLES));
    let n = 0;
    for (let i = from; i < from + blockSamples; i += stride) scratch[n++] = ring[i & mask];
    return quantile(scratch, n, 0.5);
  };
  const isHighest = (at: number) => {
    const height = ring[at & mask];
    for (let k = 1; k <= apart; k++) {
      if (ring[(at + k) & mask] > height || ring[(at - k) & mask] >= height) return false;
    }
    return true;
  };
  const contrastOf = (at: number, logHeight: number) => {
    let sum = 0;
    for (let k = near; k <= far; k++) sum += ring[(at + k) & mask] + ring[(at - k) & mask];
    return logHeight - Math.log(sum / (2 * (far - near + 1)));
  };
  const isEcho = (at: number, logHeight: number) => {
    for (let b = blocks - 1; b >= Math.max(0, blocks - 2); b--) {
      const { candidates } = kept[b % keep];
      for (let k = candidates.length - 1; k >= 0; k--) {
        if (at - candidates[k].at >= ECHO_SECONDS * fs) return false;
        if (logHeight < candidates[k].logHeight + LOG_ECHO_RATIO) return true;
      }
    }
    return false;
  };
  return {
    blockSamples,
    get blocks() {
      return blocks;
    },
    push(envelope) {
      for (let i = 0; i < envelope.length; i++) ring[samples++ & mask] = envelope[i];
    },
    next() {
      const from = blocks * blockSamples, to = from + blockSamples;
      if (ended ? from >= samples : samples <= to + far) return false;
      blocks++;
      const made = kept[(blocks - 1) % keep];
      made.median = median(from);
      made.candidates = [];
      let highest = 0, before = ring[(from - 1) & mask], here = ring[from & mask];
      for (let i = from; i < to; i++) {
        const after = ring[(i + 1) & mask];
        if (here > highest) highest = here;
        if (here > before && here >= after && i > 0 && i < samples - 1 && isHighest(i)) {
          const logHeight = Math.log(here);
          made.candidates.push({
            at: i,
            logHeight,
            contrast: contrastOf(i, logHeight),
            isEcho: isEcho(i, logHeight),
          });
        }
        before = here;
        here = after;
      }
      made.highest = highest;
      return true;
    },
    finish() {
      // Silence behind the end, as the ring holds it before the beginning.
      for (let i = samples; i <= samples + blockSamples + far; i++) ring[i & mask] = 0;
      ended = true;
    },
    block: (block) => kept[block % keep],
    highestNear(at, reach) {
      if (at < reach || at + reach >= knownSamples()) return undefined;
      let highest = 0;
      for (let i = at - reach; i <= at + reach; i++) if (ring[i & mask] > highest) highest = ring[i & mask];
      return highest;
    },
  };
}
