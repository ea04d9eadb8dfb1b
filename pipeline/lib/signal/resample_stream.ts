import { BLOCK_SAMPLES, inBlocks, type SignalSink } from "./blocks.ts";
import { MAX_DFT_LENGTH } from "./fft.ts";
import { createPolyphaseResampler, rateRatio } from "./polyphase.ts";
import { resampledLength, resampleFftTo, type ResampleRates } from "./resample.ts";
import { createWorkArray } from "./work_array.ts";

/** How a lead is resampled: `auto` takes the FFT for what fits in one block at both rates, else the polyphase filter. */
export type ResampleMethod = "auto" | "fft" | "polyphase";

/** A resampling that is decided. */
export interface Resampling {
  method: "none" | "fft" | "polyphase";
  /** Rates by which sample indices move along: of `up` / `down` or of the two lengths, which is what happens to the signal. */
  rates: ResampleRates;
  /** Samples of the result. */
  samples: number;
}

/**
 * Decides how a lead is resampled.
 *
 * @param samples Length of the lead, >= 1.
 * @throws RangeError if a rate is out of range, or the FFT is asked for and the lead too long.
 */
export function planResampling(samples: number, rates: ResampleRates, method: ResampleMethod): Resampling {
  const { fromFs, toFs } = rates;
  if (fromFs === toFs) return { method: "none", rates, samples };
  const wanted = resampledLength(samples, rates), longest = Math.max(samples, wanted);
  if (method === "fft" && longest > MAX_DFT_LENGTH) {
    throw new RangeError(
      `Cannot resample by the FFT: the signal must have at most ${MAX_DFT_LENGTH} samples at both rates, got ${longest}`,
    );
  }
  if (method === "fft" || (method === "auto" && longest <= BLOCK_SAMPLES)) {
    return { method: "fft", rates: { fromFs: samples, toFs: wanted }, samples: wanted };
  }
  const { up, down } = rateRatio(rates);
  // As good as equal rates are equal: nothing is filtered.
  if (up === down) return { method: "none", rates: { fromFs: 1, toFs: 1 }, samples };
  return { method: "polyphase", rates: { fromFs: down, toFs: up }, samples: Math.ceil(samples * up / down) };
}

/**
 * Resamples a lead that arrives in pieces. The FFT needs all of it at once; the polyphase filter works block by block.
 *
 * @param samples Length of the lead, as planned.
 * @param next Gets `plan.samples` samples.
 */
export function openResampling(
  { method, rates, samples: wanted }: Resampling,
  samples: number,
  next: SignalSink,
): SignalSink {
  if (method === "none") return next;
  if (method === "polyphase") {
    const { ratio, reachSamples, resample } = createPolyphaseResampler({
      up: rates.toFs,
      down: rates.fromFs,
    });
    const work = createWorkArray();
    return inBlocks({ process: (x) => resample(x, work), reachSamples, ratio }, next, { samples });
  }
  const whole = new Float64Array(samples);
  let filled = 0;
  return {
    push(x) {
      whole.set(x, filled);
      filled += x.length;
    },
    finish() {
      next.push(resampleFftTo(whole, wanted));
      next.finish();
    },
  };
}
