/** No beat follows another one within this time: a little more than the frame's refractory period, since peaks move. */
export const MIN_RR_SECONDS = 0.22;

/** How far before and behind a beat its own P and T waves are looked for. */
export const ECHO_SECONDS = 0.4;
/** Only what is lower than this part of a neighbour may be its P or T wave. */
const LOG_ECHO_RATIO = Math.log(0.8);
/** By how much an extra beat must exceed what usually stands at its distance from a beat. */
const LOG_ECHO_EXCESS = Math.log(2.5);

/** A pause costs as if it were at most this many times as long as usual (e^2): no cost forbids an asystole. */
const MAX_LOG_PAUSE = 2;
/** Candidates further back than this are predecessors only where there are no three nearer ones; the last settled beat always is one. */
const FAR_SECONDS = 4;

/** What the path goes by in the neighbourhood of a candidate. */
export interface Surroundings {
  /** Usual time from beat to beat, in samples. */
  rr: number;
  /** Cost of a beat e times too early, >= 0: the more regular the rhythm, the higher. */
  earlyCost: number;
  /** Logarithm of the envelope that usually stands `lag` samples behind a beat; before it where lag < 0. */
  usual(lag: number): number;
}

/** A place where a beat may be. */
export interface PathNode {
  /** Sample of the envelope. */
  at: number;
  /** Logarithm of the envelope there. */
  logHeight: number;
}

/**
 * Cost of a time from beat to beat: ln(rr / usual)^2, times `earlyCost` where the beat is early. Two halves of a pause cost less than
 * the whole, which is what Pan and Tompkins' search-back is for; the two halves of a usual time cost more.
 */
function rhythmCost(rr: number, { rr: usual, earlyCost }: Surroundings): number {
  const late = Math.log(rr / usual);
  return late < 0 ? earlyCost * late * late : Math.min(MAX_LOG_PAUSE, late) ** 2;
}

/**
 * Cost of taking `to` as the beat that follows on `from`. It is the sum of
 * - what the time between them costs;
 * - where the one is close behind the other and clearly lower: how much it lacks to be more than the other's T or P wave.
 *
 * @param fs Rate of the envelope in Hz.
 * @returns Infinity within MIN_RR_SECONDS.
 */
export function linkCost(from: PathNode, to: PathNode, surroundings: Surroundings, fs: number): number {
  const rr = to.at - from.at;
  if (rr < MIN_RR_SECONDS * fs) return Infinity;
  const cost = rhythmCost(rr, surroundings);
  if (rr > ECHO_SECONDS * fs) return cost;
  const isAfter = to.logHeight < from.logHeight;
  const lower = isAfter ? to.logHeight : from.logHeight, higher = isAfter ? from.logHeight : to.logHeight;
  if (lower > higher + LOG_ECHO_RATIO) return cost;
  return cost + Math.max(0, LOG_ECHO_EXCESS + surroundings.usual(isAfter ? rr : -rr) - lower);
}

function reverseFrom(first: number, values: number[]): void {
  for (let i = first, k = values.length - 1; i < k; i++, k--) [values[i], values[k]] = [values[k], values[i]];
}

/** Nodes that are kept: what lies further back has been settled. Candidates are at least 80 ms apart. */
const NODES = 128;

/** The best choice of beats among candidates that arrive in order of time. */
export interface BeatPath {
  /** @param gain What taking the candidate is worth, negative where it looks like noise. */
  add(node: PathNode, gain: number, surroundings: Surroundings): void;
  /**
   * Settles the beats up to sample `until`.
   *
   * @param now Sample up to which candidates have been added.
   * @param found Gets the beats' samples.
   */
  settle(until: number, now: number, surroundings: Surroundings, found: number[]): void;
}

/**
 * Creates a path: of all sequences of candidates the one whose sum of gains less linkCost() is largest, found by dynamic programming
 * (Viterbi). The times from the lead's start to the first beat and from the last beat until now cost as pauses do. What is settled is not taken back when a better path turns up later.
 */
export function createBeatPath(fs: number): BeatPath {
  const nodes: (PathNode & { score: number; from: number })[] = [];
  for (let i = 0; i < NODES; i++) nodes.push({ at: 0, logHeight: 0, score: 0, from: -1 });
  const nodeOf = (index: number) => nodes[index % NODES];
  let count = 0, settled = 0, settledScore = 0, settledUntil = -Infinity;
  const pauseCost = (pause: number, surroundings: Surroundings) =>
    pause > surroundings.rr ? rhythmCost(pause, surroundings) : 0;

  return {
    add(node, gain, surroundings) {
      const oldest = Math.max(0, count - NODES + 1);
      let best = -Infinity, from = -1;
      // Across a silence no noise is needed to step on; the lead's start is as good as a beat.
      if (settled === 0 || node.at - settled > FAR_SECONDS * fs) {
        best = settledScore - pauseCost(node.at - settled, surroundings);
      }
      for (let i = count - 1, seen = 0; i >= oldest; i--) {
        const before = nodeOf(i);
        if (node.at - before.at > FAR_SECONDS * fs && seen >= 3) break;
        if (before.score > best) {
          const score = before.score - linkCost(before, node, surroundings, fs);
          if (score > best) {
            best = score;
            from = i;
          }
        }
        if (node.at - before.at >= MIN_RR_SECONDS * fs) seen++;
      }
      const slot = nodeOf(count++);
      slot.at = node.at;
      slot.logHeight = node.logHeight;
      slot.score = best + gain;
      slot.from = from;
    },
    settle(until, now, surroundings, found) {
      const oldest = Math.max(0, count - NODES);
      let end = -1, best = settledScore - pauseCost(now - settled, surroundings);
      for (let i = count - 1; i >= oldest && nodeOf(i).at > settled; i--) {
        const { at, score: scoreThere } = nodeOf(i), score = scoreThere - pauseCost(now - at, surroundings);
        if (score > best) {
          best = score;
          end = i;
        }
      }
      const first = found.length, before = settled;
      for (let i = end; i >= oldest; i = nodeOf(i).from) {
        const { at, score } = nodeOf(i);
        if (at <= settledUntil || (before > 0 && at - before < MIN_RR_SECONDS * fs)) break;
        if (at > until) continue;
        if (found.length === first) {
          settled = at;
          settledScore = score;
        }
        found.push(at);
      }
      reverseFrom(first, found);
      settledUntil = until;
    },
  };
}
