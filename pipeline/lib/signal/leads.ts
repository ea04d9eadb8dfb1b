import type { SignalSink } from "./blocks.ts";

/**
 * Names that ECG leads go by: limb, augmented, chest, Frank's, modified and Holter leads. No letter may follow but on "ECG": "ICP" is a
 * pressure and "Vent" a breath.
 */
const ECG_LEAD =
  /^(ECG|EKG|(M?L?I{1,3}|aV[RLF]|M?V[1-9XYZ]?R?|MCL\d?|CM\d|CC5|D[1-4]|ML[1-9]|mod\.?V\d)(?![a-z]))/i;

/** The lead that was chosen, and why. */
export interface LeadChoice {
  /** Index of the lead. */
  index: number;
  reason: string;
}

/**
 * Chooses a lead by name and never by its place: record 114 of MIT-BIH has its leads swapped.
 *
 * @param names Names of a record's leads, in the record's order; "" where unknown.
 * @param wanted For example "MLII"; upper and lower case count alike.
 * @returns The wanted lead, else the first one with an ECG lead's name, else the first one.
 * @throws {RangeError} When there is no lead at all.
 */
export function chooseLead(names: readonly string[], wanted: string): LeadChoice {
  if (names.length === 0) throw new RangeError("Cannot choose a lead: a record must have one, got none");
  const exact = names.findIndex((name) => name.toLowerCase() === wanted.toLowerCase());
  if (exact >= 0) return { index: exact, reason: "asked for by name" };
  const ecg = names.findIndex((name) => ECG_LEAD.test(name));
  if (ecg >= 0) return { index: ecg, reason: `first ECG lead; the record has no ${wanted}` };
  return { index: 0, reason: `first lead; the record has no ${wanted} and no lead with an ECG name` };
}

/** A stretch of a signal: samples [from, to). */
export interface Stretch {
  from: number;
  to: number;
}

/** Values of a lead as its source stores them. */
export type StoredSamples = Int16Array | Int32Array | Float32Array;

/** How a lead's values are stored. */
export interface StoredLead {
  /** Units of a stored value for one millivolt, not 0. */
  gainAduPerMv: number;
  /** Stored value of 0 mV. */
  baselineAdu: number;
  /** Stored value that marks a missing sample; NaN and the infinities do so always. */
  missingAdu?: number;
}

/** What was missing in a lead. */
export interface MissingSamples {
  /** Missing samples, those of the gaps included. */
  missing: number;
  /** Stretches of missing samples longer than what counts as repaired, in order. */
  gaps: Stretch[];
}

/** A lead of stored values that arrives in pieces. */
export interface MillivoltStream {
  push(stored: StoredSamples): void;
  finish(): MissingSamples;
}

const PIECE_SAMPLES = 2 ** 14;

/**
 * Turns stored values that arrive in pieces into millivolts: (value - baseline) / gain.
 *
 * Missing samples lie on the straight line between their neighbours, so that no step appears; before the first and behind the last
 * value they repeat it. A lead of missing samples alone is all 0. Memory does not depend on the length of a gap.
 *
 * @param longestGapSamples Up to this length missing samples count as repaired; longer stretches are listed.
 * @param next Gets the millivolts, as many as there are values.
 */
export function openMillivolts(
  { gainAduPerMv, baselineAdu, missingAdu = NaN }: StoredLead,
  longestGapSamples: number,
  next: SignalSink,
): MillivoltStream {
  const piece = new Float64Array(PIECE_SAMPLES), gaps: Stretch[] = [];
  let filled = 0, samples = 0, last = NaN, gap = 0, missing = 0;

  const flush = () => {
    next.push(piece.subarray(0, filled));
    filled = 0;
  };
  /** Fills the gap that ends in front of sample `samples`; `value` is what stands there. */
  const closeGap = (value: number) => {
    const before = Number.isNaN(last) ? value : last;
    for (let k = 1; k <= gap; k++) {
      const between = before + (value - before) * k / (gap + 1);
      piece[filled++] = (between - baselineAdu) / gainAduPerMv;
      if (filled === PIECE_SAMPLES) flush();
    }
    missing += gap;
    if (gap > longestGapSamples) gaps.push({ from: samples - gap, to: samples });
    gap = 0;
  };
  return {
    push(stored) {
      for (let i = 0; i < stored.length;) {
        // Not a number or infinite: its difference with itself is not 0.
        const first = i;
        while (i < stored.length && (stored[i] === missingAdu || stored[i] - stored[i] !== 0)) i++;
        gap += i - first;
        samples += i - first;
        if (i === stored.length) break;
        if (gap > 0) closeGap(stored[i]);
        const end = Math.min(stored.length, i + PIECE_SAMPLES - filled), start = i;
        for (let at = filled; i < end; i++, at++) {
          const value = stored[i];
          if (value === missingAdu || value - value !== 0) break;
          piece[at] = (value - baselineAdu) / gainAduPerMv;
        }
        last = stored[i - 1];
        filled += i - start;
        samples += i - start;
        if (filled === PIECE_SAMPLES) flush();
      }
    },
    finish() {
      if (gap > 0) closeGap(Number.isNaN(last) ? baselineAdu : last);
      flush();
      next.finish();
      return { missing, gaps };
    },
  };
}

/**
 * Turns the stored values of a whole lead into millivolts, as openMillivolts() does.
 *
 * @returns Millivolts, same length, and how many samples were missing.
 */
export function toMillivolts(
  stored: StoredSamples,
  lead: StoredLead,
): { millivolts: Float64Array; missing: number } {
  const millivolts = new Float64Array(stored.length);
  let filled = 0;
  const stream = openMillivolts(lead, Infinity, {
    push(piece) {
      millivolts.set(piece, filled);
      filled += piece.length;
    },
    finish: () => {},
  });
  stream.push(stored);
  return { millivolts, missing: stream.finish().missing };
}
