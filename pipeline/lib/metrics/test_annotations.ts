import { createRng, type Rng } from "../core/rng.ts";
import { type BeatCounts, compareAnnotations, type ComparisonBounds, qrsCounts } from "./ec57.ts";
import type { ComparedAnnotation } from "./ec57_cursor.ts";

/** Two lists to compare, drawn so that they meet every rule of the comparison. */
export interface DrawnCase {
  fs: number;
  /** Length of the record. */
  samples: number;
  /** Compared from sample 0, not from the end of the learning period. */
  fromStart: boolean;
  reference: ComparedAnnotation[];
  test: ComparedAnnotation[];
}

/** How a list of beats is spoilt; counts are per beat but for `extraPerMinute`. */
export interface Damage {
  name: string;
  /** Beats move by up to this many ms either way; "limit": by the tolerance, one sample less or more. */
  shift: number | "limit";
  dropped: number;
  doubled: number;
  extraPerMinute: number;
  /** Extra beats around the bounds of the comparison. */
  atBounds: boolean;
  relabelled: number;
}

const SOUND: Damage = {
  name: "",
  shift: 0,
  dropped: 0,
  doubled: 0,
  extraPerMinute: 0,
  atBounds: false,
  relabelled: 0,
};

/** What the golden counts of real records are made with. */
export const DAMAGES: readonly Damage[] = [
  { ...SOUND, name: "shifted", shift: 200, relabelled: 0.1 },
  { ...SOUND, name: "at the limit", shift: "limit" },
  { ...SOUND, name: "dropped and doubled", shift: 20, dropped: 0.1, doubled: 0.1, relabelled: 0.2 },
  { ...SOUND, name: "noise", extraPerMinute: 60, atBounds: true },
  {
    name: "all",
    shift: 160,
    dropped: 0.05,
    doubled: 0.2,
    extraPerMinute: 30,
    atBounds: true,
    relabelled: 0.2,
  },
];

const BEATS = [..."NNNNNNNNLRBejnAaJSVVrEF/fQ?"];
const OTHERS: [string, number][] = [
  ...[0, 1, 0x10, 0x20].map((subtype): [string, number] => ["~", subtype]),
  ...[0x30, 0x33, -1, 0x30].map((subtype): [string, number] => ["~", subtype]),
  ...["[", "]", "[", "]", "!", "!", "+", "x", "|"].map((symbol): [string, number] => [symbol, 0]),
];

const pick = <T>(rng: Rng, items: readonly T[]): T => items[rng.integer(items.length)];
const byTime = (list: ComparedAnnotation[]) => list.sort((a, b) => a.sample - b.sample);

/**
 * Spoils a list of beats, always in the same way for the same seed.
 *
 * @param beats Annotations of beats, in order of time.
 */
export function damageBeats(
  beats: readonly ComparedAnnotation[],
  { fs, samples, seed, damage }: { fs: number; samples: number; seed: number; damage: Damage },
): ComparedAnnotation[] {
  const rng = createRng(seed), { shift, dropped, doubled, relabelled } = damage;
  const tolerance = Math.floor(0.15 * fs + 0.5);
  const moved = (sample: number, bySamples: number) => Math.max(0, sample + bySamples);
  const draw = () =>
    shift === "limit"
      ? (rng.integer(2) === 0 ? -1 : 1) * (tolerance - 1 + rng.integer(3))
      : Math.round((2 * rng.uniform() - 1) * shift * fs / 1000);
  const list = beats.flatMap(({ sample, symbol }): ComparedAnnotation[] => {
    const label = rng.uniform() < relabelled ? pick(rng, BEATS) : symbol;
    const beat = { sample: moved(sample, draw()), symbol: label, subtype: 0 };
    const second = { ...beat, sample: moved(beat.sample, rng.integer(2 * tolerance) - tolerance) };
    const isDoubled = rng.uniform() < doubled, isDropped = rng.uniform() < dropped;
    return isDropped ? [] : isDoubled ? [beat, second] : [beat];
  });
  const extra = (sample: number) => list.push({ sample: moved(sample, 0), symbol: "N", subtype: 0 });
  const extras = Math.round(damage.extraPerMinute * samples / fs / 60);
  for (let i = 0; i < extras; i++) extra(rng.integer(samples));
  if (damage.atBounds) {
    for (const bound of [0, 300 * fs, samples]) {
      for (let i = 0; i < 3; i++) extra(bound + rng.integer(4 * tolerance) - 2 * tolerance);
    }
  }
  return byTime(list);
}

/** Draws two short lists around the beginning and the end of what is compared, the same for the same seed. */
export function drawCase(seed: number): DrawnCase {
  const rng = createRng(seed);
  const fs = pick(rng, [100, 128, 250, 360, 500, 1000]), fromStart = rng.integer(3) === 0;
  const start = fromStart ? 0 : 300 * fs, seconds = 4 + rng.integer(12), samples = start + seconds * fs;
  const others = pick(rng, [0, 0.1, 0.3]), shortest = pick(rng, [0.05, 0.15, 0.4]);
  const burst = pick(rng, [1, 1, 8]);
  const drawOthers = (sample: number): ComparedAnnotation[] =>
    rng.uniform() < others
      ? Array.from({ length: 1 + rng.integer(burst) }, () => {
        const [symbol, subtype] = pick(rng, OTHERS);
        return { sample: sample + rng.integer(Math.ceil(0.5 * fs)), symbol, subtype };
      })
      : [];
  const reference: ComparedAnnotation[] = [];
  let at = Math.max(0, start - 3 * fs) + rng.integer(fs);
  for (; at < samples + fs; at += Math.ceil((shortest + rng.uniform()) * fs)) {
    reference.push({ sample: at, symbol: pick(rng, BEATS), subtype: 0 }, ...drawOthers(at));
  }
  const damage: Damage = {
    name: "drawn",
    shift: pick(rng, [40, 160, 300, "limit"] as const),
    dropped: pick(rng, [0, 0.1, 0.4]),
    doubled: pick(rng, [0, 0.1, 0.4]),
    extraPerMinute: 0,
    atBounds: rng.integer(2) === 0,
    relabelled: 0.2,
  };
  const isBeat = ({ symbol }: ComparedAnnotation) => BEATS.includes(symbol);
  const test = damageBeats(reference.filter(isBeat), { fs, samples, seed: seed + 1_000_000, damage })
    .flatMap((beat) => [beat, ...drawOthers(beat.sample)]);
  // Beats at the bounds themselves, and a period that never ends.
  for (const list of [reference, test]) {
    for (const sample of [start, samples]) {
      if (rng.integer(4) === 0) list.push({ sample, symbol: "N", subtype: 0 });
    }
  }
  const endOpen = (list: ComparedAnnotation[]): ComparedAnnotation[] => {
    const cut = samples - rng.integer(4 * fs);
    return rng.integer(4) > 0 ? byTime(list) : [...byTime(list).filter(({ sample }) => sample < cut), {
      sample: cut,
      symbol: pick(rng, ["~", "["]),
      subtype: -1,
    }];
  };
  return { fs, samples, fromStart, reference: endOpen(reference), test: endOpen(test) };
}

/** Compares beats of which nothing but their places is known, ascending sample indices. */
export function compareBeats(
  reference: Iterable<number>,
  detected: Iterable<number>,
  bounds: ComparisonBounds,
): BeatCounts {
  const annotate = (samples: Iterable<number>) =>
    Array.from(samples, (sample) => ({ sample, symbol: "N", subtype: 0 }));
  return qrsCounts(compareAnnotations(annotate(reference), annotate(detected), () => "N", bounds));
}

/** Writes a table of counts as bxb's names for its cells, those above 0: "Nn 12 No 3 Ov 1". */
export function describeTable(table: readonly (readonly number[])[]): string {
  const reference = "NSVFQOX", test = "nsvfqox";
  return table.flatMap((row, i) =>
    row.flatMap((count, j) => count > 0 ? [`${reference[i]}${test[j]} ${count}`] : [])
  ).join(" ");
}
