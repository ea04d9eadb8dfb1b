import { createRng } from "../core/rng.ts";

/** The ways to sample: each group as often as it occurs, by the square root of that, or all groups alike. */
export const SAMPLINGS = ["natural", "squareRoot", "balanced"] as const;

export type Sampling = typeof SAMPLINGS[number];

/** A group of n windows counts as n to this power. */
const EXPONENT: Record<Sampling, number> = { natural: 1, squareRoot: 0.5, balanced: 0 };

/** What is drawn from. */
export interface SamplingOptions {
  /** Class index of each window. */
  labels: ArrayLike<number>;
  /** How the classes share an epoch. */
  classes: Sampling;
  /** How the patients share each class. Default natural. */
  patients?: Sampling;
  /** Any number that names the patient of each window; needed unless `patients` is natural. */
  patientOf?: ArrayLike<number>;
  /** Any integer. */
  seed: number;
}

/**
 * Decides which windows an epoch goes through, and in which order. An epoch has as many windows as there are; how many
 * of them each class (and of it each patient) gives is the same in every epoch, to the next integer. A group that gives more
 * than it has gives each of its windows in turn; one that gives fewer gives others in each epoch. Natural on both counts
 * is a plain shuffle.
 *
 * @returns For an epoch, counted from 1, indices of windows, shape [windows]; it follows from seed and epoch alone.
 * @throws RangeError When patients are to share alike and are not named.
 */
export function createSampler(options: SamplingOptions): (epoch: number) => Uint32Array {
  const { labels, seed } = options, total = labels.length, rng = createRng(seed);
  const groups = isNatural(options)
    ? [{ members: Uint32Array.from({ length: total }, (_, i) => i), share: 1 }]
    : groupWindows(options);
  const quotas = wholeShares(groups.map(({ share }) => share), total);
  return (epoch) => {
    const order = new Uint32Array(total), epochRng = rng.fork(`epoch ${epoch}`);
    let at = 0;
    groups.forEach(({ members }, group) => {
      const turn = members.slice();
      for (let left = quotas[group]; left > 0; left -= turn.length) {
        epochRng.shuffle(turn);
        order.set(turn.subarray(0, Math.min(left, turn.length)), at);
        at += Math.min(left, turn.length);
      }
    });
    return groups.length === 1 ? order : epochRng.shuffle(order);
  };
}

function isNatural({ classes, patients = "natural" }: SamplingOptions): boolean {
  return classes === "natural" && patients === "natural";
}

/** @returns The windows of each class and patient, and the part of an epoch that they are to be. */
function groupWindows({ labels, classes, patients = "natural", patientOf }: SamplingOptions) {
  if (patients !== "natural" && patientOf?.length !== labels.length) {
    throw new RangeError(
      `Cannot sample: patients must be named for all ${labels.length} windows, got ${patientOf?.length ?? 0}`,
    );
  }
  const byClass = new Map<number, Map<number, number[]>>();
  for (let i = 0; i < labels.length; i++) {
    const ofClass = byClass.get(labels[i]) ?? new Map<number, number[]>();
    byClass.set(labels[i], ofClass);
    const patient = patients === "natural" ? 0 : patientOf![i], members = ofClass.get(patient);
    if (members) members.push(i);
    else ofClass.set(patient, [i]);
  }
  const ofClasses = [...byClass].sort(([a], [b]) => a - b).map(([, ofPatients]) => {
    const members = [...ofPatients].sort(([a], [b]) => a - b).map(([, windows]) => windows);
    return { members, size: members.reduce((sum, { length }) => sum + length, 0) };
  });
  const classShares = sharesOf(ofClasses.map(({ size }) => size), EXPONENT[classes]);
  return ofClasses.flatMap(({ members }, c) => {
    const shares = sharesOf(members.map(({ length }) => length), EXPONENT[patients]);
    return members.map((windows, p) => ({
      members: Uint32Array.from(windows),
      share: classShares[c] * shares[p],
    }));
  });
}

function sharesOf(sizes: number[], exponent: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size ** exponent, 0);
  return sizes.map((size) => size ** exponent / total);
}

/** Rounds shares of a total to integers that add up to it, by the largest remainders. */
function wholeShares(shares: number[], total: number): number[] {
  const exact = shares.map((share) => share * total), whole = exact.map(Math.floor);
  const left = total - whole.reduce((sum, value) => sum + value, 0);
  const byRemainder = [...exact.keys()].sort((a, b) => exact[b] - whole[b] - (exact[a] - whole[a]) || a - b);
  for (const group of byRemainder.slice(0, left)) whole[group]++;
  return whole;
}
