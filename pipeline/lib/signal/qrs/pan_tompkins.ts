import { butterworthBandpass } from "../butterworth.ts";
import { sosFiltFilt } from "../filters.ts";
import { requireFinite } from "../finite.ts";
import type { QrsAlgorithm } from "./detector.ts";

const REFRACTORY_SECONDS = 0.2;
const INTEGRATION_SECONDS = 0.15;
const T_WAVE_SECONDS = 0.36;
const LEARNING_SECONDS = 8;
const SEARCH_BACK_RR = 1.66;
// Not in the paper; chosen on the 26 MIT-BIH records outside DS2.
const PEAK_LIMIT = 3;
const DECAY_AFTER_RR = 3;
const ENERGY_DECAY = 0.7;

/** Candidates for a QRS complex in order of time, one array element each. */
interface Candidates {
  /** Sample index of the R peak: the largest band-passed excursion around the energy peak. */
  rPeak: Int32Array;
  /** Sample index and height of the peak of the integrated energy. */
  energyAt: Int32Array;
  energy: Float64Array;
  /** Height of the band-passed excursion and steepest slope around the energy peak. */
  amplitude: Float64Array;
  slope: Float64Array;
}

/** Five-point derivative. Its points lie 5 ms apart as in the paper (200 Hz), whatever the sampling rate. */
function derivative(x: Float64Array, fs: number): Float64Array<ArrayBuffer> {
  const step = Math.max(1, Math.round(fs / 200));
  const out = new Float64Array(x.length);
  for (let i = 2 * step; i < x.length - 2 * step; i++) {
    out[i] = 2 * (x[i + step] - x[i - step]) + x[i + 2 * step] - x[i - 2 * step];
  }
  return out;
}

/** Mean square of the slope over a window centred on each sample. */
function integrateSquares(slope: Float64Array, fs: number): Float64Array<ArrayBuffer> {
  const half = Math.round(INTEGRATION_SECONDS * fs / 2);
  const n = slope.length;
  const out = new Float64Array(n);
  let sum = 0;
  for (let i = 0; i < Math.min(half, n); i++) sum += slope[i] ** 2;
  for (let i = 0; i < n; i++) {
    if (i + half < n) sum += slope[i + half] ** 2;
    if (i > half) sum -= slope[i - half - 1] ** 2;
    // Adding and subtracting leaves a rounding error, which may be negative where the slope is 0.
    out[i] = Math.max(0, sum) / (2 * half + 1);
  }
  return out;
}

/** Local maxima further apart than `refractory` samples; of two that are closer the higher one stays. */
function separatePeaks(x: Float64Array, floor: number, refractory: number): number[] {
  const peaks: number[] = [];
  for (let i = 1; i < x.length - 1; i++) {
    if (x[i] < floor || !(x[i] > x[i - 1] && x[i] >= x[i + 1])) continue;
    const last = peaks.at(-1);
    if (last === undefined || i - last > refractory) peaks.push(i);
    else if (x[i] > x[last]) peaks[peaks.length - 1] = i;
  }
  return peaks;
}

/**
 * Energy below which nothing is a QRS complex: 0.001 of the median of every second's highest peak (3 % in amplitude),
 * so that the noise of an open input is not taken for beats. Where most of the record is flat that median is 0, and 1e-12
 * of the highest peak keeps the filter's rounding errors out.
 */
function energyFloor(energy: Float64Array, fs: number): number {
  const second = Math.round(fs);
  const heights = new Float64Array(Math.ceil(energy.length / second));
  for (let i = 0; i < energy.length; i++) {
    const k = Math.floor(i / second);
    if (energy[i] > heights[k]) heights[k] = energy[i];
  }
  heights.sort();
  return Math.max(1e-3 * heights[heights.length >> 1], 1e-12 * heights[heights.length - 1]);
}

function findCandidates(ecg: Float32Array, fs: number): Candidates {
  const filtered = sosFiltFilt(butterworthBandpass({ order: 1, lowHz: 5, highHz: 15, fs }), ecg);
  const slope = derivative(filtered, fs);
  const energy = integrateSquares(slope, fs);
  const floor = energyFloor(energy, fs);
  const peaks = floor > 0 ? separatePeaks(energy, floor, Math.round(REFRACTORY_SECONDS * fs)) : [];

  const reach = Math.round(REFRACTORY_SECONDS * fs / 2);
  const found: Candidates = {
    rPeak: new Int32Array(peaks.length),
    energyAt: Int32Array.from(peaks),
    energy: Float64Array.from(peaks, (peak) => energy[peak]),
    amplitude: new Float64Array(peaks.length),
    slope: new Float64Array(peaks.length),
  };
  peaks.forEach((peak, k) => {
    for (let i = Math.max(0, peak - reach); i <= Math.min(ecg.length - 1, peak + reach); i++) {
      if (Math.abs(filtered[i]) > found.amplitude[k]) {
        found.amplitude[k] = Math.abs(filtered[i]);
        found.rPeak[k] = i;
      }
      found.slope[k] = Math.max(found.slope[k], Math.abs(slope[i]));
    }
  });
  return found;
}

/** The running estimates of signal and noise peaks of one of the two waveforms, and the threshold between. */
class AdaptiveLevel {
  noise = 0;
  constructor(public signal: number) {}
  get threshold(): number {
    return this.noise + 0.25 * (this.signal - this.noise);
  }
  addSignal(peak: number, weight: number): void {
    this.signal += weight * (Math.min(peak, PEAK_LIMIT * this.signal) - this.signal);
  }
  addNoise(peak: number): void {
    this.noise += 0.125 * (peak - this.noise);
  }
}

/** Median over the first seconds that hold a candidate of the highest one in each. */
function learn(heights: Float64Array, at: Int32Array, fs: number): number {
  const highest = new Map<number, number>();
  for (let k = 0; k < at.length; k++) {
    const second = Math.floor(at[k] / fs);
    if (!highest.has(second) && highest.size === LEARNING_SECONDS) break;
    highest.set(second, Math.max(highest.get(second) ?? 0, heights[k]));
  }
  const sorted = [...highest.values()].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Decides which candidates are QRS complexes; returns their numbers in order of time. */
function decide({ energyAt, energy, amplitude, slope }: Candidates, fs: number): number[] {
  const energyLevel = new AdaptiveLevel(learn(energy, energyAt, fs));
  const amplitudeLevel = new AdaptiveLevel(learn(amplitude, energyAt, fs));
  const beats: number[] = [];
  const rr: number[] = [];
  let meanRr = fs;
  let bestMissed = -1;

  const isTWave = (k: number) => {
    const last = beats.at(-1);
    return last !== undefined && energyAt[k] - energyAt[last] < T_WAVE_SECONDS * fs &&
      slope[k] < 0.5 * slope[last];
  };
  const exceeds = (k: number, fraction: number) =>
    energy[k] > fraction * energyLevel.threshold && amplitude[k] > fraction * amplitudeLevel.threshold;
  const isIrregular = () => rr.length === 8 && rr.some((r) => r < 0.92 * meanRr || r > 1.16 * meanRr);
  const noteMissed = (k: number) => {
    if (!isTWave(k) && (bestMissed < 0 || energy[k] > energy[bestMissed])) bestMissed = k;
  };
  const accept = (k: number, weight: number) => {
    energyLevel.addSignal(energy[k], weight);
    amplitudeLevel.addSignal(amplitude[k], weight);
    const last = beats.at(-1);
    if (last !== undefined) {
      rr.push(energyAt[k] - energyAt[last]);
      if (rr.length > 8) rr.shift();
      meanRr = rr.reduce((sum, r) => sum + r, 0) / rr.length;
    }
    beats.push(k);
    bestMissed = -1;
  };
  const samplesSinceBeat = (k: number) =>
    energyAt[k] - (beats.length > 0 ? energyAt[beats[beats.length - 1]] : 0);
  const searchBack = (k: number) => {
    while (bestMissed >= 0 && samplesSinceBeat(k) > SEARCH_BACK_RR * meanRr && exceeds(bestMissed, 0.5)) {
      const found = bestMissed;
      accept(found, 0.25);
      for (let j = found + 1; j < k; j++) noteMissed(j);
    }
  };

  for (let k = 0; k < energy.length; k++) {
    searchBack(k);
    if (beats.length > 0 && samplesSinceBeat(k) > DECAY_AFTER_RR * meanRr) {
      energyLevel.signal *= ENERGY_DECAY;
      amplitudeLevel.signal *= Math.sqrt(ENERGY_DECAY);
    }
    if (!isTWave(k) && exceeds(k, isIrregular() ? 0.5 : 1)) accept(k, 0.125);
    else {
      energyLevel.addNoise(energy[k]);
      amplitudeLevel.addNoise(amplitude[k]);
      noteMissed(k);
    }
  }
  return beats;
}

/**
 * Finds R peaks with the algorithm of Pan and Tompkins: band-pass, derivative, squaring, moving integration,
 * two adaptive thresholds, search-back and T-wave discrimination.
 *
 * Source: Pan and Tompkins, "A real-time QRS detection algorithm", IEEE Trans. Biomed. Eng. 32(3), 1985,
 * doi:10.1109/TBME.1985.325532. Deviations:
 * - The band-pass of 5 to 15 Hz is a first-order Butterworth filter run forwards and backwards, and derivative
 *   and integration are centred: nothing is delayed, and any sampling rate gives the same pass band.
 * - The thresholds start from the median of the highest peaks of the first 8 seconds with a peak, not from the first 2.
 * - Energy far below the record's usual peaks is no candidate (energyFloor), so that a flat line gives no beats.
 * - One peak raises an estimate of the signal level as if it were at most 3 times that level, and the estimates fall by
 *   30 % (energy) a candidate once 3 mean RR intervals passed without a beat: an artefact does not blind the detector.
 * - One mean, that of the last 8 RR intervals, stands for the paper's two: the search-back uses it, and the rhythm
 *   is irregular, which halves the thresholds, where one of the 8 lies outside 92 to 116 % of it.
 * - The R peak is the largest band-passed excursion of either sign within 100 ms of the energy's peak.
 *
 * @param ecg One lead in any unit and of either polarity, finite samples.
 * @param fs Sampling rate in Hz, 100 to 1000.
 * @returns Sample indices of the R peaks, ascending, more than 200 ms apart; none for a flat line or for less than one second.
 * @throws RangeError if the rate is out of range or a sample is not finite.
 */
export function detectPanTompkins(ecg: Float32Array, fs: number): Uint32Array<ArrayBuffer> {
  if (!(fs >= 100 && fs <= 1000)) {
    throw new RangeError(`Cannot detect beats: the sampling rate must lie in 100 to 1000 Hz, got ${fs}`);
  }
  requireFinite(ecg, "detect beats");
  if (ecg.length < fs) return new Uint32Array(0);
  const candidates = findCandidates(ecg, fs);
  if (candidates.energy.length === 0) return new Uint32Array(0);

  // Energy peaks keep the refractory period; the R peaks found around them may come closer.
  const refractory = Math.round(REFRACTORY_SECONDS * fs);
  const { rPeak, amplitude } = candidates;
  const kept: number[] = [];
  for (const k of decide(candidates, fs)) {
    const last = kept.at(-1);
    if (last === undefined || rPeak[k] - rPeak[last] > refractory) kept.push(k);
    else if (amplitude[k] > amplitude[last]) kept[kept.length - 1] = k;
  }
  return Uint32Array.from(kept, (k) => rPeak[k]);
}

/** {@linkcode detectPanTompkins} in the frame of all detectors. It keeps the lead and decides at its end. */
export const panTompkins: QrsAlgorithm = {
  name: "pan_tompkins",
  doc: "Pan and Tompkins 1985: band-pass, slope energy, adaptive thresholds",
  open(fs) {
    const pieces: Float32Array[] = [];
    return {
      push: (ecg) => void pieces.push(ecg.slice()),
      finish(found) {
        const lead = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
        let at = 0;
        for (const piece of pieces) {
          lead.set(piece, at);
          at += piece.length;
        }
        found.push(...detectPanTompkins(lead, fs));
      },
    };
  },
};
