import { createRPeakLocator } from "./r_peak_locator.ts";

/** Sampling rates in Hz at which every detector works. */
export const DETECTOR_FS = { min: 100, max: 1000 };

/** A second beat within this time of another one cannot be: the heart muscle is refractory. */
export const REFRACTORY_SECONDS = 0.2;

/** How far an algorithm may look back: what it reports lies at most this long before the newest sample. */
export const HISTORY_SECONDS = 12;

/** Longest time for which beats that are no longer found are believed in. */
const BELIEVED_SECONDS = 60;

/**
 * Tells whether an algorithm that learnt how high beats are may begin to learn from what is next to nothing beside them: what is left when an
 * electrode falls off is noise, but beats follow on an artefact that was taken for beats. The former beats are believed in for as long as they
 * were found, a minute at most. Noise that lasts longer is learnt and found in the end.
 *
 * @param learntAt Sample from which on these beats were found.
 * @param lastBeat The last of them.
 * @param now Newest sample.
 */
export function mayForgetBeats(learntAt: number, lastBeat: number, now: number, fs: number): boolean {
  return now - lastBeat > Math.min(BELIEVED_SECONDS * fs, lastBeat - learntAt);
}

/** How an algorithm finds QRS complexes; the frame around it repairs its input and refines what it finds. */
export interface QrsAlgorithm {
  /** Name by which a parameter chooses it. */
  name: string;
  /** One line for help texts, with its source. */
  doc: string;
  /** Begins with a new lead. The memory that it takes depends on the rate alone. */
  open(fs: number): QrsSearch;
}

/** An algorithm at work on one lead. */
export interface QrsSearch {
  /**
   * Takes the next samples of the lead.
   *
   * @param ecg Finite samples in any unit and of either polarity, at most one second of them. The array is used again
   * by the caller: it is not to be kept.
   * @param found Gets the complexes that have become certain, in order of time: sample indices counted from the first
   * sample of the lead, delays of filters taken off, within 100 ms of the R peak and HISTORY_SECONDS of the newest sample.
   */
  push(ecg: Float32Array, found: number[]): void;
  /** Ends the lead: what has been put off is decided now. */
  finish(found: number[]): void;
}

/** A detector at work on one lead that arrives in pieces of any length. */
export interface BeatStream {
  /** Takes the next samples. @returns R peaks that have become certain: sample indices from the lead's start, ascending. */
  push(ecg: Float32Array): number[];
  /** Ends the lead. @returns The last R peaks. */
  finish(): number[];
}

/** Tells whether one of the first `length` floats, seen as integers, is NaN or infinite: then all bits of its exponent are set. */
function hasNonFinite(bits: Int32Array, length: number): boolean {
  let carried = 0;
  // One more in the exponent carries into the sign.
  for (let i = 0; i < length; i++) carried |= (bits[i] & 0x7fffffff) + 0x00800000;
  return carried < 0;
}

function repeatLast(samples: Float32Array, length: number, last: number): void {
  for (let i = 0; i < length; i++) {
    if (Number.isFinite(samples[i])) last = samples[i];
    else samples[i] = last;
  }
}

/**
 * Starts a detector on a lead that arrives in pieces; the pieces' lengths do not change what is found.
 *
 * A sample that is not finite repeats its predecessor (0 at the start). R peaks lie more than REFRACTORY_SECONDS apart: of two
 * that are closer the higher one stays. Memory is bounded by the sampling rate.
 *
 * @param fs Sampling rate in Hz, in DETECTOR_FS.
 * @throws RangeError if the rate is out of range.
 */
export function openBeatStream(algorithm: QrsAlgorithm, fs: number): BeatStream {
  if (!(fs >= DETECTOR_FS.min && fs <= DETECTOR_FS.max)) {
    throw new RangeError(
      `Cannot detect beats: the sampling rate must lie in ${DETECTOR_FS.min} to ${DETECTOR_FS.max} Hz, got ${fs}`,
    );
  }
  const search = algorithm.open(fs),
    locator = createRPeakLocator({
      fs,
      historySeconds: HISTORY_SECONDS,
      refractorySeconds: REFRACTORY_SECONDS,
    });
  const piece = new Float32Array(Math.floor(fs)), bits = new Int32Array(piece.buffer);
  let last = 0;
  return {
    push(ecg) {
      const peaks: number[] = [];
      for (let from = 0; from < ecg.length; from += piece.length) {
        const length = Math.min(piece.length, ecg.length - from);
        piece.set(ecg.subarray(from, from + length));
        if (hasNonFinite(bits, length)) repeatLast(piece, length, last);
        last = piece[length - 1];
        const samples = piece.subarray(0, length), found: number[] = [];
        search.push(samples, found);
        locator.push(samples, found, peaks);
      }
      return peaks;
    },
    finish() {
      const found: number[] = [], peaks: number[] = [];
      search.finish(found);
      locator.finish(found, peaks);
      return peaks;
    },
  };
}

/**
 * Finds the R peaks of a whole lead, see {@linkcode openBeatStream}.
 *
 * @param ecg One lead in any unit and of either polarity.
 * @param fs Sampling rate in Hz, 100 to 1000.
 * @returns Sample indices of the R peaks, ascending.
 * @throws RangeError if the rate is out of range.
 */
export function detectBeats(
  algorithm: QrsAlgorithm,
  ecg: Float32Array,
  fs: number,
): Uint32Array<ArrayBuffer> {
  const stream = openBeatStream(algorithm, fs);
  const peaks = stream.push(ecg);
  for (const peak of stream.finish()) peaks.push(peak);
  return Uint32Array.from(peaks);
}
