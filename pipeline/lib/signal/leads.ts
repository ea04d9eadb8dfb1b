/** Names that ECG leads go by: limb, augmented, chest, modified and Holter leads. */
const ECG_LEAD = /^(ECG|EKG|M?L?I{1,3}|aV[RLF]|M?V[1-9]?R?|MCL\d?|CM\d|CC5|D[1-4]|ML[1-9]|mod\.?V\d)/i;

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

/**
 * Turns stored values into millivolts: (value - baseline) / gain.
 *
 * A missing sample repeats its predecessor (the first ones: the first value that is there), so that no step appears.
 *
 * @param stored Stored values of one lead.
 * @param lead Gain in units per mV (not 0), value of 0 mV, and the mark of a missing sample.
 * @returns Millivolts, same length, and how many samples were missing. A lead of missing samples alone is all 0.
 */
export function toMillivolts(
  stored: Int16Array | Int32Array | Float32Array,
  lead: { gainAduPerMv: number; baselineAdu: number; missingAdu?: number },
): { millivolts: Float64Array; missing: number } {
  const { gainAduPerMv, baselineAdu, missingAdu } = lead;
  const millivolts = new Float64Array(stored.length);
  const first = stored.findIndex((value) => value !== missingAdu);
  let last = first < 0 ? baselineAdu : stored[first], missing = 0;
  for (let i = 0; i < stored.length; i++) {
    if (stored[i] === missingAdu) missing++;
    else last = stored[i];
    millivolts[i] = (last - baselineAdu) / gainAduPerMv;
  }
  return { millivolts, missing };
}
