import { type Defect, DEFECT_REASONS, type DefectReason } from "./defects.ts";
import type { Stretch } from "./leads.ts";
import { selectSmallest } from "./median.ts";

/** What lowers a window's quality the most: the index is what windowQuality() gives. */
export const QUALITY_REASONS = ["noise", "unlike the other beats", ...DEFECT_REASONS] as const;

/** One record's windows. */
export interface QualityOptions {
  /** Shape [windows, windowSamples], in order of time, in any unit. */
  windows: Float32Array;
  windowSamples: number;
  /** Index in the record of each window's first sample; may be negative. */
  starts: Int32Array;
  /** Sampling rate in Hz, > 0. */
  fs: number;
  /** Stretches of the record without a true signal, in order of their beginning. */
  defects?: readonly Defect[];
}

/** Quality of each window. */
export interface WindowQuality {
  /** In [0, 1], shape [windows]. */
  values: Float32Array;
  /** Index in QUALITY_REASONS of what lowers it the most, shape [windows]. */
  reasons: Uint8Array;
}

/** Noise is what a moving average over this time leaves: P and T waves pass the average, muscle and mains do not. */
const AVERAGE_SECONDS = 1 / 15;
/** Noise of this share of the window's height halves its quality; clean windows of MIT-BIH have 0.01, annotated noise 0.02 to 0.1. */
const HALVING_NOISE = 0.05;
/** Shapes are compared at about this rate. */
const SHAPE_HZ = 120;
/** Windows are of one shape from this correlation on. */
const SAME_SHAPE = 0.9;
/** Shapes that are kept in mind, and how many windows one must have to be a shape of the record. */
const MOST_SHAPES = 12, FEWEST_WINDOWS = 5;
/** Weight of a new window in its shape is one by its windows so far, but never less than one by this. */
const SHAPE_MEMORY = 32;

/**
 * Measures noise of a window: the median distance of every other sample from its moving average over 67 ms, by its height. The QRS complex takes less than
 * half of a window and does not move the median, however wide it is.
 *
 * @returns In [0, 1]; 1 for a constant window.
 */
export function noiseOfWindow(window: Float32Array, fs: number): number {
  const n = window.length, half = Math.max(1, Math.round(AVERAGE_SECONDS * fs / 2));
  let min = Infinity, max = -Infinity, sum = 0;
  for (let i = 0; i < n; i++) {
    if (window[i] < min) min = window[i];
    if (window[i] > max) max = window[i];
  }
  if (!(max > min)) return 1;
  const distances = new Float64Array((n + 1) >> 1);
  for (let i = 0; i < Math.min(half, n); i++) sum += window[i];
  for (let i = 0; i < n; i++) {
    if (i + half < n) sum += window[i + half];
    if (i - half > 0) sum -= window[i - half - 1];
    if (i % 2 === 1) continue;
    const samples = Math.min(n, i + half + 1) - Math.max(0, i - half);
    distances[i >> 1] = Math.abs(window[i] - sum / samples);
  }
  return selectSmallest(distances, distances.length >> 1) / (max - min);
}

/** Brings each window to mean 0 and length 1 at about SHAPE_HZ, shape [windows, points]; a constant one is 0. */
function shapesOf({ windows, windowSamples, fs }: QualityOptions): { shapes: Float32Array; points: number } {
  const step = Math.min(windowSamples, Math.max(1, Math.round(fs / SHAPE_HZ))),
    points = Math.floor(windowSamples / step);
  const count = windows.length / windowSamples, shapes = new Float32Array(count * points);
  for (let w = 0; w < count; w++) {
    const shape = shapes.subarray(w * points, (w + 1) * points);
    let mean = 0, square = 0;
    for (let p = 0, at = w * windowSamples; p < points; p++) {
      let sum = 0;
      for (let k = 0; k < step; k++) sum += windows[at++];
      shape[p] = sum;
      mean += sum / points;
    }
    for (let p = 0; p < points; p++) square += (shape[p] - mean) ** 2;
    const length = Math.sqrt(square) || 1;
    for (let p = 0; p < points; p++) shape[p] = (shape[p] - mean) / length;
  }
  return { shapes, points };
}

interface KnownShape {
  shape: Float64Array;
  windows: number;
  latest: number;
}

function correlation(shapes: Float32Array, at: number, known: Float64Array): number {
  // Four sums side by side: an addition need not wait for the one before.
  let a = 0, b = 0, c = 0, d = 0, p = 0;
  for (; p + 3 < known.length; p += 4) {
    a += shapes[at + p] * known[p];
    b += shapes[at + p + 1] * known[p + 1];
    c += shapes[at + p + 2] * known[p + 2];
    d += shapes[at + p + 3] * known[p + 3];
  }
  for (; p < known.length; p++) a += shapes[at + p] * known[p];
  return (a + b) + (c + d);
}

/** Moves a known shape towards a new window of it. */
function learn(known: KnownShape, shapes: Float32Array, at: number, window: number): void {
  known.windows++;
  known.latest = window;
  const weight = 1 / Math.min(known.windows, SHAPE_MEMORY), { shape } = known;
  let square = 0;
  for (let p = 0; p < shape.length; p++) {
    shape[p] += weight * (shapes[at + p] - shape[p]);
    square += shape[p] ** 2;
  }
  const length = Math.sqrt(square) || 1;
  for (let p = 0; p < shape.length; p++) shape[p] /= length;
}

/** Mean of all shapes, of length 1. */
function meanShape(shapes: Float32Array, points: number): Float64Array {
  const mean = new Float64Array(points);
  for (let i = 0; i < shapes.length; i++) mean[i % points] += shapes[i];
  const length = Math.hypot(...mean) || 1;
  return mean.map((value) => value / length);
}

/**
 * Gives the largest correlation of each window with one of the shapes that beats of the record have.
 *
 * Shapes are found in one pass: a window joins the shape that it is most like, or begins a new one in the place of the rarest. Several
 * shapes and not one median beat, so that ectopic beats and bundle branch block are not taken for noise. Where noise leaves no windows alike,
 * the mean of all windows is the one shape.
 */
function likenessToShapes(options: QualityOptions): Float32Array {
  const count = options.starts.length, known: KnownShape[] = [];
  // Two beats or one alone have nothing to be compared with.
  if (count < 3) return new Float32Array(count).fill(1);
  const { shapes, points } = shapesOf(options);
  for (let w = 0; w < count; w++) {
    let nearest: KnownShape | undefined, most = SAME_SHAPE;
    for (const candidate of known) {
      const value = correlation(shapes, w * points, candidate.shape);
      if (value >= most) [nearest, most] = [candidate, value];
    }
    if (nearest !== undefined) {
      learn(nearest, shapes, w * points, w);
      continue;
    }
    if (known.length === MOST_SHAPES) {
      const isRarer = (a: KnownShape, b: KnownShape) => a.windows - b.windows || a.latest - b.latest;
      known.splice(known.indexOf(known.toSorted(isRarer)[0]), 1);
    }
    known.push({
      shape: Float64Array.from(shapes.subarray(w * points, (w + 1) * points)),
      windows: 1,
      latest: w,
    });
  }
  // In a short record two beats alike must do.
  const fewest = Math.max(2, Math.min(FEWEST_WINDOWS, Math.round(count / 20)));
  const trueShapes = known.filter(({ windows }) => windows >= fewest).map(({ shape }) => shape);
  if (trueShapes.length === 0) trueShapes.push(meanShape(shapes, points));
  return Float32Array.from({ length: count }, (_, w) => {
    let most = 0;
    for (const shape of trueShapes) most = Math.max(most, correlation(shapes, w * points, shape));
    return Math.min(1, most);
  });
}

/** Samples that two stretches share. */
const overlap = (a: Stretch, b: Stretch): number =>
  Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from));

/** The part of each window without a true signal, and why. */
function defectsOfWindows(
  { starts, windowSamples, defects = [] }: QualityOptions,
): { share: number; reason: DefectReason }[] {
  let first = 0;
  return Array.from(starts, (from) => {
    const window = { from, to: from + windowSamples };
    while (first < defects.length && defects[first].to <= from) first++;
    let lost = 0, longest = 0, reason: DefectReason = DEFECT_REASONS[0];
    for (let i = first; i < defects.length && defects[i].from < window.to; i++) {
      const shared = overlap(defects[i], window);
      lost += shared;
      if (shared > longest) [longest, reason] = [shared, defects[i].reason];
    }
    return { share: Math.min(1, lost / windowSamples), reason };
  });
}

/**
 * Judges how far each window shows a heartbeat and nothing else, by its own samples and by the other windows of its record.
 *
 * The value is a product of three factors in [0, 1]:
 * - noise: 1 / (1 + (noise / 0.05)^2) with noiseOfWindow()
 * - likeness: the largest correlation with a shape that several beats of the record have, 0 where it is negative
 * - signal: 1 - 2 x the share of samples that are missing, flat, saturated or of a lead that is off, at least 0
 *
 * The smallest one is the reason. Scale and offset of a window do not matter.
 *
 * Source: template correlation after Orphanidou et al., "Signal-quality indices for the electrocardiogram and photoplethysmogram",
 * IEEE J. Biomed. Health Inform. 19(3), 2015; flat and saturated stretches after Li, Mark and Clifford, Physiol. Meas. 29, 2008; a
 * value of several indices after Clifford et al., Physiol. Meas. 33, 2012, and Zhao and Zhang, Front. Physiol. 9, 2018.
 * Deviations: several shapes a record; noise in the time domain by medians instead of pSQI. Kurtosis (kSQI) and the share of power in
 * the QRS band are left out: in windows of 600 ms they tell ventricular beats from normal ones and not noise (median kurtosis of clean
 * N beats of MIT-BIH 11.9, of V beats 4.1, of windows with annotated noise 5.7).
 */
export function windowQuality(options: QualityOptions): WindowQuality {
  const { windows, windowSamples, fs } = options, count = windows.length / windowSamples;
  const likeness = likenessToShapes(options), defects = defectsOfWindows(options);
  const values = new Float32Array(count), reasons = new Uint8Array(count);
  for (let w = 0; w < count; w++) {
    const noise = noiseOfWindow(windows.subarray(w * windowSamples, (w + 1) * windowSamples), fs);
    const clean = 1 / (1 + (noise / HALVING_NOISE) ** 2), signal = Math.max(0, 1 - 2 * defects[w].share);
    values[w] = clean * likeness[w] * signal;
    const weakest = Math.min(clean, likeness[w], signal);
    reasons[w] = QUALITY_REASONS.indexOf(
      weakest === signal && signal < 1
        ? defects[w].reason
        : weakest === clean
        ? "noise"
        : "unlike the other beats",
    );
  }
  return { values, reasons };
}
