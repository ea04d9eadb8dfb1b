// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// The GRU of gru.as.ts with everything rounded that its written-out int8 form holds as integers.

import { fakeQuantize } from "./fake_quantize.as.ts";
import { activateGates, hyperbolicTangent } from "./math.as.ts";
import { gemmBlock, packRows, ROW } from "./matrix.as.ts";

/** Bytes of one rounding: step, low, high. */
const ROUNDING: usize = 12;
/** The roundings of a step, in this order. */
const GIVEN_GATES: usize = 0, KEPT_GATES: usize = 1, GATE_SUM: usize = 2, GATES: usize = 3;
const GIVEN_CANDIDATE: usize = 4, KEPT_CANDIDATE: usize = 5, RESET: usize = 6, CANDIDATE_SUM: usize = 7;
const CANDIDATE: usize = 8, CHANGE: usize = 9, REMEMBERED: usize = 10, HIDDEN: usize = 11, KINDS: usize = 12;

/** Rounds rows in place; a step of 0 leaves them. */
function round(roundings: usize, kind: usize, rows: usize, address: usize): void {
  const at = roundings + kind * ROUNDING, step = load<f32>(at);
  if (step != 0) fakeQuantize(rows, address, address, step, load<f32>(at, 4), load<f32>(at, 8));
}

function add(target: usize, source: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(target + at, f32x4.add(v128.load(target + at), v128.load(source + at)));
  }
}

function multiply(target: usize, a: usize, b: usize, bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(target + at, f32x4.mul(v128.load(a + at), v128.load(b + at)));
  }
}

/**
 * All steps of a GRU, as `gruForward`, whose way back it shares: gradients pass straight through all roundings.
 *
 * @param scratch, hardSlope As there. @param work [2 units][32], scratch.
 * @param roundings [steps][12] of step, low and high, f32: what each step rounds, a step of 0 for what it does not.
 */
export function gruForwardRounded(
  steps: i32,
  units: usize,
  inputs: usize,
  padded: usize,
  weights: usize,
  state: usize,
  gates: usize,
  resetAfter: bool,
  scratch: usize,
  work: usize,
  roundings: usize,
  hardSlope: f32,
): void {
  const block = units * ROW, line = padded << 2, candidateWeights = weights + 2 * units * line;
  const given = inputs + 1, kept = units + (resetAfter ? 1 : 0), columns = given + kept;
  // Both biases of the gates belong to what is given.
  const first = columns - units, hidden = first * ROW;
  const keptGates = scratch + (((2 * units + 7) & ~7) * first << 2);
  const givenCandidate = keptGates + (((2 * units + 7) & ~7) * units << 2);
  const keptCandidate = givenCandidate + (((units + 7) & ~7) * given << 2);
  packRows(2 * units, first, weights, line, scratch);
  packRows(2 * units, units, weights + (first << 2), line, keptGates);
  packRows(units, given, candidateWeights, line, givenCandidate);
  packRows(units, kept, candidateWeights + (given << 2), line, keptCandidate);
  for (let t = 0; t < steps; t++, roundings += KINDS * ROUNDING) {
    const now = state + <usize> t * columns * ROW;
    const before = now + hidden, after = before + columns * ROW;
    const z = gates + <usize> t * 4 * block, r = z + block, c = r + block, extra = c + block;
    gemmBlock(2 * units, first, scratch, now, z, false);
    round(roundings, GIVEN_GATES, 2 * units, z);
    if (t > 0) {
      gemmBlock(2 * units, units, keptGates, before, work, false);
      round(roundings, KEPT_GATES, 2 * units, work);
      add(z, work, 2 * block);
      round(roundings, GATE_SUM, 2 * units, z);
    }
    activateGates(z, z, 2 * block, hardSlope);
    round(roundings, GATES, 2 * units, z);
    gemmBlock(units, given, givenCandidate, now, c, false);
    round(roundings, GIVEN_CANDIDATE, units, c);
    if (resetAfter) {
      gemmBlock(units, kept, keptCandidate, now + given * ROW, extra, false);
      round(roundings, KEPT_CANDIDATE, units, extra);
      multiply(work, r, extra, block);
      round(roundings, RESET, units, work);
    } else {
      multiply(extra, r, before, block);
      round(roundings, RESET, units, extra);
      gemmBlock(units, kept, keptCandidate, extra, work, false);
      round(roundings, KEPT_CANDIDATE, units, work);
    }
    add(c, work, block);
    round(roundings, CANDIDATE_SUM, units, c);
    hyperbolicTangent(c, c, block);
    round(roundings, CANDIDATE, units, c);
    for (let at: usize = 0; at < block; at += 16) {
      v128.store(work + at, f32x4.sub(v128.load(before + at), v128.load(c + at)));
    }
    round(roundings, CHANGE, units, work);
    multiply(work, z, work, block);
    round(roundings, REMEMBERED, units, work);
    add(work, c, block);
    round(roundings, HIDDEN, units, work);
    memory.copy(after, work, block);
  }
}
