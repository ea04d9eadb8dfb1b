import { medianOf } from "./median.ts";

/** Half of the stretch around the R peak that is looked at, and half of the part of it that is the QRS complex. */
export const POLARITY_REACH_SECONDS = 0.25;
const QRS_SECONDS = 0.1;
/** Deflections to both sides that differ less than this are of no clear polarity. */
const UNCLEAR = 0.1;

/** Which way the QRS complexes of a lead point. */
export interface Polarity {
  verdict: "upright" | "inverted" | "unclear";
  /** (up - down) / (up + down) of the median beat's largest deflections, in [-1, 1]; negated for the negated signal. */
  score: number;
  /** Share of the single beats that point down, in [0, 1]: far from 0 and 1 where the lead changes or beats are of several kinds. */
  invertedShare: number;
}

/**
 * Gives the median of beats, sample by sample.
 *
 * @param beats Shape [beats, width], at least one beat.
 * @param width Samples of a beat.
 * @returns Shape [width].
 */
export function medianBeat(beats: Float32Array, width: number): Float64Array<ArrayBuffer> {
  const column = new Float64Array(beats.length / width);
  return Float64Array.from({ length: width }, (_, i) => {
    for (let beat = 0; beat < column.length; beat++) column[beat] = beats[beat * width + i];
    return medianOf(column);
  });
}

/** (up - down) / (up + down) of a beat's deflections within 100 ms of its middle from its median level; 0 for a flat one. */
function scoreOf(beat: Float32Array | Float64Array): number {
  const level = medianOf(Float64Array.from(beat));
  const middle = beat.length >> 1, reach = Math.round(middle * QRS_SECONDS / POLARITY_REACH_SECONDS);
  let up = 0, down = 0;
  for (let i = middle - reach; i <= middle + reach; i++) {
    up = Math.max(up, beat[i] - level);
    down = Math.max(down, level - beat[i]);
  }
  return up + down === 0 ? 0 : (up - down) / (up + down);
}

/**
 * Tells which way the QRS complexes of a lead point: by the larger of the two deflections of the median beat within 100 ms of the
 * R peak, from the median level of the 250 ms to both sides.
 *
 * In limb leads II and MLII a normal heart gives upright complexes: `inverted` hints at swapped electrodes or at a bundle branch
 * block. In V1 and aVR inverted is normal.
 *
 * @param beats Stretches around R peaks in any unit, shape [beats, width]; the R peak in the middle.
 * @param width 2 * round(POLARITY_REACH_SECONDS * fs) + 1.
 * @returns `unclear` with score 0 for no beats or a flat median beat.
 */
export function findPolarity(beats: Float32Array, width: number): Polarity {
  const count = beats.length / width;
  if (count === 0) return { verdict: "unclear", score: 0, invertedShare: 0 };
  const score = scoreOf(medianBeat(beats, width));
  let inverted = 0;
  for (let i = 0; i < count; i++) if (scoreOf(beats.subarray(i * width, (i + 1) * width)) < 0) inverted++;
  return {
    verdict: Math.abs(score) < UNCLEAR ? "unclear" : score > 0 ? "upright" : "inverted",
    score,
    invertedShare: inverted / count,
  };
}
