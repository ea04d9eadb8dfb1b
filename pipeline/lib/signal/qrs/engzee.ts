import { createBeatJudge, type Threshold } from "./beat_judge.ts";
import { chain, createFir, createMeanRemoval, createMovingAverage } from "./streaming_filters.ts";
import type { QrsAlgorithm } from "./detector.ts";
import { createPeakSearch, rectifier } from "./peak_search.ts";
import { createSteepSlope } from "./steep_slope.ts";

const SLOPE_SECONDS = 0.02;
const LOW_PASS_SECONDS = 0.012;
const STEEP_SLOPE_PART = 0.6;
// Not in the papers.
const BASELINE_SECONDS = 0.16;
const OPPOSITE_PART = 0.5;
const NOISE_PART = 0.5;
const SEARCH_BACK_RR = 1.5;

function createThreshold(fs: number): Threshold {
  const steepSlope = createSteepSlope(fs, STEEP_SLOPE_PART);
  let noise = 0;
  return {
    learn: steepSlope.learn,
    exceeds({ at, height, rise, fall }, part, rhythm) {
      const threshold = part * (steepSlope.at(at, rhythm) + NOISE_PART * noise);
      return height > threshold && Math.min(rise, fall) > OPPOSITE_PART * threshold;
    },
    addBeat: steepSlope.addBeat,
    addNoise({ height }) {
      noise += 0.125 * (height - noise);
    },
    fade: steepSlope.fade,
  };
}

/**
 * Finds QRS complexes with the algorithm of Engelse and Zeelenberg as Lourenco and others changed it: a smoothed difference of the lead must
 * exceed a steep-slope threshold, and soon after in the other direction too.
 *
 * Source: Engelse and Zeelenberg, "A single scan algorithm for QRS detection and feature extraction", Computers in Cardiology 6,
 * 1979; Lourenco, Silva, Leite, Lourenco and Fred, "Real time electrocardiogram segmentation for finger based ECG biometrics",
 * BIOSIGNALS 2012. Deviations:
 * - The difference spans 20 ms, which stops mains of 50 Hz as Lourenco's notch filter does; the low-pass of binomial weights is
 *   four moving averages of 12 ms, at 250 Hz of three samples instead of two; the mean of 160 ms is taken off before. Any rate gives the same waves.
 * - Either direction may come first, and half of the threshold is enough for the other one, within 100 ms of the steepest
 *   point: complexes without a sharp S wave are found too.
 * - Half of the mean height of candidates that were no beats is added to the threshold.
 * - T-wave test and search-back, which the papers do not have, are those of createBeatJudge().
 * - Waves far below the usual ones are no candidates (createPeakSearch), so that a flat line gives no beats.
 */
export const engzee: QrsAlgorithm = {
  name: "engzee",
  doc: "Engelse and Zeelenberg 1979, Lourenco 2012: a steep slope and soon after its opposite",
  open(fs) {
    const lowPass = () => createMovingAverage(Math.max(1, Math.round(LOW_PASS_SECONDS * fs)));
    return createPeakSearch({
      fs,
      smooth: chain(
        lowPass(),
        lowPass(),
        lowPass(),
        lowPass(),
        createMeanRemoval(2 * Math.round(BASELINE_SECONDS * fs / 2) + 1),
      ),
      slope: createFir([1, -1], Math.round(SLOPE_SECONDS * fs)),
      waveform: rectifier,
      judge: createBeatJudge({ fs, threshold: createThreshold(fs), searchBackRr: SEARCH_BACK_RR }),
    });
  },
};
