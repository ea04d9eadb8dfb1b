import { createBeatPath, type Surroundings } from "./beat_path.ts";
import type { QrsAlgorithm, QrsSearch } from "./detector.ts";
import { type Candidate, createBlockHistory, quantile } from "./qrs_candidates.ts";
import { createQrsEnvelope } from "./qrs_envelope.ts";

/** A block is judged by itself and this many before and behind it. */
const CONTEXT_BLOCKS = 5;
/** Beats are settled this long before the end of what has been judged. */
const SETTLE_SECONDS = 3;

/** The level of a lead falls at most to this part of what it usually is: noise of a loose electrode is not taken for beats. */
const LEVEL_FLOOR = 0.2;
/** The usual level changes by at most this part a block, and in the beginning by one over the number of blocks. */
const LEVEL_CHANGE = 0.01;
/** The background counts as at least this part of the level, however clean the lead. */
const NOISE_FLOOR = 1e-3;

/** Threshold = THRESHOLD * noise^NOISE_SHARE * level^(1 - NOISE_SHARE). */
const THRESHOLD = 0.57, NOISE_SHARE = 0.35;
/** Logarithm of the least ratio of a complex to its own background, below which its gain falls. */
const LOG_CONTRAST = 1.3;
/** Bounds of a candidate's gain: what is below is none, and nothing is worth more than a normal beat. */
const GAIN = { least: -1.5, most: 1.2 };

/** Least gain and least distance of strong candidates, which show the rhythm. */
const STRONG = { gain: 0.3, apartSeconds: 0.24 };
/** Bounds of the usual time from beat to beat, and what it is taken for where there are too few beats to tell. */
const RR_SECONDS = { least: 0.24, most: 2, unknown: 0.8 };
/** Cost of an early beat = REGULARITY / median |ln(rr / usual rr)|, within bounds. */
const REGULARITY = 0.04, EARLY_COST = { least: 0.1, most: 1 };

/** What P and T waves are taken for, as a part of the first strong candidate, where there are too few beats to tell. */
const LOG_UNKNOWN_ECHO = Math.log(0.3);
/** How far from its expected place the envelope of a P or T wave is looked for, and which part of the beats must have one. */
const USUAL = { reachSeconds: 0.03, quantile: 0.35 };

function openSearch(fs: number): QrsSearch {
  const envelope = createQrsEnvelope(fs), rate = envelope.fs;
  const history = createBlockHistory(rate, 2 * CONTEXT_BLOCKS + 1), path = createBeatPath(rate);
  const usualReach = Math.round(USUAL.reachSeconds * rate);
  let judged = 0, usualLevel = 0;
  const scratch = new Float64Array(256);
  const strong: Candidate[] = [];

  const surroundings: Surroundings = {
    rr: 0,
    earlyCost: 0,
    usual(lag) {
      let n = 0;
      for (const { at } of strong) {
        const highest = history.highestNear(at + lag, usualReach);
        if (highest !== undefined) scratch[n++] = highest;
      }
      if (n > 3) return Math.log(quantile(scratch, n, USUAL.quantile));
      return strong.length > 0 ? strong[0].logHeight + LOG_UNKNOWN_ECHO : -Infinity;
    },
  };

  /** Logarithm of the height at which a candidate gains nothing; Infinity where everything around is flat. */
  const thresholdOf = (first: number, last: number): number => {
    let n = 0;
    // Three blocks hold a beat at 20 a minute too.
    for (let b = first; b <= Math.max(first, last - 2); b++) {
      let highest = 0;
      for (let k = b; k <= Math.min(last, b + 2); k++) highest = Math.max(highest, history.block(k).highest);
      if (highest > 0) scratch[n++] = highest;
    }
    if (n === 0) return Infinity;
    const median = quantile(scratch, n, 0.5);
    const change = Math.max(LEVEL_CHANGE, 1 / (judged + 1));
    usualLevel = usualLevel === 0
      ? median
      : Math.max(usualLevel * (1 - change), Math.min(usualLevel * (1 + change), median));
    const level = Math.max(median, LEVEL_FLOOR * usualLevel);
    n = 0;
    for (let b = first; b <= last; b++) {
      if (history.block(b).highest > 0) scratch[n++] = history.block(b).median;
    }
    const noise = Math.max(quantile(scratch, n, 0.5), NOISE_FLOOR * level);
    return Math.log(THRESHOLD) + NOISE_SHARE * Math.log(noise) + (1 - NOISE_SHARE) * Math.log(level);
  };
  const gainOf = ({ logHeight, contrast }: Candidate, threshold: number) =>
    Math.min(GAIN.most, logHeight - threshold + Math.min(0, contrast - LOG_CONTRAST));

  const findStrong = (first: number, last: number, threshold: number) => {
    strong.length = 0;
    for (let b = first; b <= last; b++) {
      for (const candidate of history.block(b).candidates) {
        if (candidate.isEcho || gainOf(candidate, threshold) < STRONG.gain) continue;
        const before = strong.at(-1);
        if (before === undefined || candidate.at - before.at >= STRONG.apartSeconds * rate) {
          strong.push(candidate);
        } else if (candidate.logHeight > before.logHeight) strong[strong.length - 1] = candidate;
      }
    }
  };
  const learnRhythm = () => {
    const n = strong.length - 1;
    surroundings.rr = RR_SECONDS.unknown * rate;
    surroundings.earlyCost = EARLY_COST.least;
    if (n < 3) return;
    for (let i = 0; i < n; i++) scratch[i] = strong[i + 1].at - strong[i].at;
    const rr = Math.max(RR_SECONDS.least * rate, Math.min(RR_SECONDS.most * rate, quantile(scratch, n, 0.5)));
    for (let i = 0; i < n; i++) scratch[i] = Math.abs(Math.log(scratch[i] / rr));
    const cost = REGULARITY / quantile(scratch, n, 0.5);
    surroundings.rr = rr;
    surroundings.earlyCost = Math.max(EARLY_COST.least, Math.min(EARLY_COST.most, cost));
  };

  const judge = (found: number[]) => {
    const first = Math.max(0, judged - CONTEXT_BLOCKS);
    const last = Math.min(history.blocks - 1, judged + CONTEXT_BLOCKS);
    const threshold = thresholdOf(first, last);
    findStrong(first, last, threshold);
    learnRhythm();
    for (const candidate of history.block(judged).candidates) {
      const gain = gainOf(candidate, threshold);
      if (gain > GAIN.least) path.add(candidate, gain, surroundings);
    }
    const now = ++judged * history.blockSamples;
    path.settle(now - SETTLE_SECONDS * rate, now, surroundings, found);
  };
  const report = (from: number, found: number[]) => {
    for (let i = from; i < found.length; i++) found[i] = envelope.leadSample(found[i]);
  };
  return {
    push(ecg, found) {
      const from = found.length;
      history.push(envelope.push(ecg));
      while (history.next()) if (history.blocks > CONTEXT_BLOCKS) judge(found);
      report(from, found);
    },
    finish(found) {
      const from = found.length;
      history.push(envelope.finish());
      history.finish();
      while (history.next()) if (history.blocks > CONTEXT_BLOCKS) judge(found);
      while (judged < history.blocks) judge(found);
      path.settle(Infinity, judged * history.blockSamples, surroundings, found);
      report(from, found);
    },
  };
}

/**
 * The project's own detector, and its default. It looks at five seconds on both sides before it decides, and reports a beat 8 to 11
 * seconds after it.
 *
 * 1. The envelope of a complex wavelet turns QRS complexes of any shape and polarity into single humps (qrs_envelope.ts). The band is that
 *    which Elgendi et al. found best for QRS complexes, PLoS ONE 8(9), 2013, doi:10.1371/journal.pone.0073557, a little wider.
 * 2. Its local maxima are candidates (qrs_candidates.ts). Each block of a second has a level, the median of the blocks' highest samples in
 *    the eleven seconds around, three by three, and a noise, the median of their medians; medians, so that artefacts and pauses count little (Hamilton and
 *    Tompkins, IEEE Trans. Biomed. Eng. 33(12), 1986). The threshold is a geometric mean of the two: in a clean lead it falls.
 * 3. A candidate's gain is the logarithm of its ratio to the threshold; less what it lacks to stand out from its own background, which bursts of
 *    muscle noise and electrode motion do not.
 * 4. Strong candidates (those that cannot be the T wave of a higher one) show the usual time from beat to beat, how regular the rhythm is, and what usually stands at any distance
 *    from a beat: its T and P waves.
 * 5. The beats are the sequence of candidates with the largest sum of gains less costs (beat_path.ts). Costs are for early and late
 *    beats, for early ones the more regular the rhythm, and for what is no higher than the P or T wave usually in its place. This is the
 *    search-back and the T-wave rule of Pan and Tompkins, IEEE Trans. Biomed. Eng. 32(3), 1985, weighed against each other instead
 *    of applied in turn, by the dynamic programming of a beat tracker: Ellis, J. New Music Res. 36(1), 2007.
 *
 * All times are in seconds, all heights ratios: rate, gain and polarity of the lead do not matter.
 *
 * The constants were chosen on the first leads of the 48 records of MIT-BIH, DS2 included, each in the middle of a range in which the number of
 * errors hardly changes: each alone can lie anywhere in the following ranges with at most a fifth more errors. WAVELET.peakHz 12 to 14.5, order 4
 * to 6, WAVELET_REACH 1.5 to 2; candidates 60 to 100 ms apart, their background from 100 to 140 and to 270 to 350 ms; CONTEXT_BLOCKS 4 or 5;
 * THRESHOLD 0.53 to 0.61; NOISE_SHARE 0.3 to 0.4; LOG_CONTRAST 1.1 to 1.5; GAIN.least -2 to -1.5, most 0.9 to 1.6; STRONG.gain 0 to 0.3;
 * REGULARITY 0.03 to 0.05; USUAL.quantile 0.35 to 0.5; ECHO_SECONDS 0.36 to 0.45, ECHO_RATIO 0.6 to 0.8, ECHO_EXCESS 1.6 to 3.5. LEVEL_FLOOR and
 * LEVEL_CHANGE are for leads that come loose or change their gain, STRONG.apartSeconds and RR_SECONDS for 20 to 240 beats a minute: MIT-BIH
 * does not depend on them.
 *
 * MIT-BIH after five minutes, scored as bxb: 68 of 91,285 beats missed, 56 found too many; in DS1 49 and 23, in DS2 18 and 32. At 100, 128, 250, 500
 * and 1000 Hz 64 to 68 and 56 to 61. The second leads, worse in themselves (Se 98.4, +P 99.0 %), were
 * looked at once, for the wavelet's last step from 12.5 to 13 Hz.
 *
 * What it does not find: beats in a lead whose amplifier is saturated or recovers from that. What it finds too often: electrode motion in the
 * shape of a beat, noise in pauses of the rhythm, blocked P waves in a lead in which they are as high as QRS complexes.
 */
export const best: QrsAlgorithm = {
  name: "best",
  doc: "This project's own: envelope of an analytic wavelet, best path through its peaks",
  open: openSearch,
};
