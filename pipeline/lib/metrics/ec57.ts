/** How a beat-by-beat comparison is made. */
export interface BeatComparison {
  /** Largest distance of a match in samples, >= 0. EC57: 150 ms, thus 54 at 360 Hz. */
  toleranceSamples: number;
  /** First sample compared. EC57: the end of the 5-minute learning period. */
  startSample: number;
  /** First sample no longer compared: the record's length. */
  endSample: number;
  /**
   * Stretches that are not compared, as [first, last] samples in order of time: ventricular flutter or
   * fibrillation, which annotations bracket by "[" and "]". A beat inside that finds no partner is not counted.
   */
  excluded?: readonly (readonly [number, number])[];
}

/** Counts of a beat-by-beat comparison. Se = TP / (TP + FN), +P = TP / (TP + FP). */
export interface BeatCounts {
  truePositives: number;
  falseNegatives: number;
  falsePositives: number;
}

function checkAscending(beats: Uint32Array, which: string): void {
  for (let i = 1; i < beats.length; i++) {
    if (beats[i] < beats[i - 1]) {
      throw new RangeError(
        `Cannot compare beats: ${which} beats must be in order of time, got ${beats[i]} after ${
          beats[i - 1]
        }`,
      );
    }
  }
}

/**
 * Pairs detected beats with reference beats, one to one and in order of time, and counts what is left over.
 *
 * Of the two earliest beats without a partner, the earlier one is decided first: it is paired if the two lie
 * within the tolerance and the later one has no better partner right behind, else it counts as missed
 * (reference) or extra (detected).
 *
 * Source: ANSI/AAMI EC57:2012, section 4.3, and the pairing rule of the WFDB tool bxb. Deviations from bxb: a detected
 * beat up to one tolerance before `startSample` or behind `endSample` may be the partner of a reference beat inside, and is
 * never counted as extra; reference beats within the tolerance outside of the bounds likewise absorb a
 * detected beat inside. Stretches marked as unreadable have no special treatment.
 *
 * @param reference Sample indices of the annotated beats, ascending.
 * @param detected Sample indices of the detected beats, ascending.
 * @returns Counts for beats in [startSample, endSample).
 * @throws RangeError if a list is not ascending or the tolerance is negative.
 */
export function compareBeats(
  reference: Uint32Array,
  detected: Uint32Array,
  { toleranceSamples, startSample, endSample, excluded = [] }: BeatComparison,
): BeatCounts {
  checkAscending(reference, "reference");
  checkAscending(detected, "detected");
  if (!(toleranceSamples >= 0)) {
    throw new RangeError(`Cannot compare beats: the tolerance must be >= 0 samples, got ${toleranceSamples}`);
  }
  const counts: BeatCounts = { truePositives: 0, falseNegatives: 0, falsePositives: 0 };
  const counted = (sample: number) =>
    sample >= startSample && sample < endSample &&
    !excluded.some(([first, last]) => sample >= first && sample <= last);
  const at = (beats: Uint32Array, i: number) => i < beats.length ? beats[i] : Infinity;

  let r = 0, d = 0;
  while (r < reference.length || d < detected.length) {
    const ref = at(reference, r), det = at(detected, d);
    const distance = Math.abs(ref - det);
    if (det < ref) {
      if (distance <= toleranceSamples && distance < Math.abs(ref - at(detected, d + 1))) {
        if (ref >= startSample && ref < endSample) counts.truePositives++;
        r++;
      } else if (counted(det)) counts.falsePositives++;
      d++;
    } else {
      if (distance <= toleranceSamples && distance < Math.abs(det - at(reference, r + 1))) {
        if (ref >= startSample && ref < endSample) counts.truePositives++;
        d++;
      } else if (counted(ref)) counts.falseNegatives++;
      r++;
    }
  }
  return counts;
}
