// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// A gated recurrent unit over the steps of a block.

import {
  activateGates,
  hardSigmoidSlope,
  hyperbolicTangent,
  multiplyAdd,
  one,
  withoutDenormals,
} from "./math.as.ts";
import { gemmBlock, gemmSamples, GRADIENT_STEPS, packColumns, packRows, ROW } from "./matrix.as.ts";

/**
 * All steps of a GRU.
 *
 * @param padded Columns of `weights`, rounded up to a multiple of 8.
 * @param weights [3 units][padded], columns: input, its bias, with `resetAfter` the hidden state's bias, hidden state,
 *   zeros; gate order z, r, h.
 * @param state [steps + 1][columns][32], rows as the columns of `weights`: the step's input, 1 for each bias, hidden state
 *   before the step. The hidden rows of step 0 are 0; the kernel writes those of the steps after it.
 * @param gates [steps][4 units][32], written: z, r, the candidate c, and with `resetAfter` the part of c's sum that r is
 *   multiplied with, else r times the hidden state.
 * @param scratch Floats for the packed weights: `columns` for each of 2 units and each of `units`, both rounded up to a
 *   multiple of 8.
 * @param hardSlope Slope of the hard sigmoid that the gates z, r have; 0: they have a sigmoid.
 */
export function gruForward(
  steps: i32,
  units: usize,
  inputs: usize,
  padded: usize,
  weights: usize,
  state: usize,
  gates: usize,
  resetAfter: bool,
  scratch: usize,
  hardSlope: f32,
): void {
  const block = units * ROW, line = padded << 2, candidateWeights = weights + 2 * units * line;
  // Rows of the state that are multiplied in one: the input with its bias, the hidden state with its.
  const given = inputs + 1, kept = units + (resetAfter ? 1 : 0), columns = given + kept;
  const hidden = (columns - units) * ROW;
  const givenPacked = scratch + (((2 * units + 7) & ~7) * columns << 2);
  const keptPacked = givenPacked + (((units + 7) & ~7) * given << 2);
  packRows(2 * units, columns, weights, line, scratch);
  packRows(units, given, candidateWeights, line, givenPacked);
  packRows(units, kept, candidateWeights + (given << 2), line, keptPacked);
  for (let t = 0; t < steps; t++) {
    const now = state + <usize> t * columns * ROW;
    const before = now + hidden, after = before + columns * ROW;
    const z = gates + <usize> t * 4 * block, r = z + block, c = r + block, extra = c + block;
    gemmBlock(2 * units, columns, scratch, now, z, false);
    activateGates(z, z, 2 * block, hardSlope);
    gemmBlock(units, given, givenPacked, now, c, false);
    if (resetAfter) {
      gemmBlock(units, kept, keptPacked, now + given * ROW, extra, false);
      for (let at: usize = 0; at < block; at += 16) {
        v128.store(c + at, multiplyAdd(v128.load(r + at), v128.load(extra + at), v128.load(c + at)));
      }
    } else {
      for (let at: usize = 0; at < block; at += 16) {
        v128.store(extra + at, f32x4.mul(v128.load(r + at), v128.load(before + at)));
      }
      gemmBlock(units, kept, keptPacked, extra, c, true);
    }
    hyperbolicTangent(c, c, block);
    for (let at: usize = 0; at < block; at += 16) {
      const candidate = v128.load(c + at), change = f32x4.sub(v128.load(before + at), candidate);
      v128.store(after + at, multiplyAdd(v128.load(z + at), change, candidate));
    }
  }
}

/**
 * Backpropagation through all steps of a GRU, after `gruForward`; `gates` is overwritten by its gradient.
 *
 * @param outputGradient Gradient of the hidden state after step t, at t * outputStep bytes; with outputStep 0 there is
 *   one for the last step only.
 * @param hiddenGradient [units][32], 0 on entry. @param resetGradient [units][32], scratch.
 * @param inputGradient [inputs][32] of step t, added to, at t * inputStep bytes; 0: not wanted.
 * @param weightGradient [3 units][padded], added to.
 * @param scratch Floats for the packed weights: 3 units for each unit and each input, both rounded up to a multiple
 *   of 8; behind them `samplePanelFloats` of the columns.
 * @param hardSlope As in `gruForward`.
 */
export function gruBackward(
  steps: i32,
  units: usize,
  inputs: usize,
  padded: usize,
  weights: usize,
  state: usize,
  gates: usize,
  outputGradient: usize,
  outputStep: usize,
  hiddenGradient: usize,
  resetGradient: usize,
  inputGradient: usize,
  inputStep: i32,
  weightGradient: usize,
  resetAfter: bool,
  scratch: usize,
  hardSlope: f32,
): void {
  const block = units * ROW, line = padded << 2, candidateRow = 2 * units * line;
  const given = inputs + 1, kept = units + (resetAfter ? 1 : 0), columns = given + kept;
  const first = columns - units, hidden = first * ROW;
  const candidatePacked = scratch + (((units + 7) & ~7) * 2 * units << 2);
  const inputPacked = candidatePacked + (((units + 7) & ~7) * units << 2);
  const panels = inputPacked + (((inputs + 7) & ~7) * 3 * units << 2);
  packColumns(units, 2 * units, weights + (first << 2), line, scratch);
  packColumns(units, units, weights + candidateRow + (first << 2), line, candidatePacked);
  if (inputGradient != 0) packColumns(inputs, 3 * units, weights, line, inputPacked);
  for (let t = steps - 1; t >= 0; t--) {
    const now = state + <usize> t * columns * ROW, before = now + hidden;
    const z = gates + <usize> t * 4 * block, r = z + block, c = r + block, extra = c + block;
    if (outputStep != 0 || t == steps - 1) {
      const wanted = outputGradient + <usize> t * outputStep;
      for (let at: usize = 0; at < block; at += 16) {
        v128.store(
          hiddenGradient + at,
          f32x4.add(v128.load(hiddenGradient + at), v128.load(wanted + at)),
        );
      }
    }
    for (let at: usize = 0; at < block; at += 16) {
      const update = v128.load(z + at), candidate = v128.load(c + at), dh = v128.load(hiddenGradient + at);
      const share = f32x4.sub(one(), update), kept = f32x4.mul(dh, update);
      const change = f32x4.sub(v128.load(before + at), candidate);
      const dc = f32x4.mul(
        f32x4.mul(dh, share),
        f32x4.sub(one(), f32x4.mul(candidate, candidate)),
      );
      const dUpdate = hardSlope == 0
        ? f32x4.mul(kept, share)
        : f32x4.mul(dh, hardSigmoidSlope(update, hardSlope));
      v128.store(z + at, withoutDenormals(f32x4.mul(dUpdate, change)));
      v128.store(c + at, withoutDenormals(dc));
      v128.store(hiddenGradient + at, withoutDenormals(kept));
      if (resetAfter) {
        const reset = v128.load(r + at), dExtra = f32x4.mul(dc, reset);
        const dReset = hardSlope == 0
          ? f32x4.mul(dExtra, f32x4.sub(one(), reset))
          : f32x4.mul(dc, hardSigmoidSlope(reset, hardSlope));
        v128.store(r + at, withoutDenormals(f32x4.mul(dReset, v128.load(extra + at))));
        v128.store(extra + at, withoutDenormals(dExtra));
      }
    }
    if (resetAfter) {
      if (t > 0) gemmBlock(units, units, candidatePacked, extra, hiddenGradient, true);
    } else {
      gemmBlock(units, units, candidatePacked, c, resetGradient, false);
      for (let at: usize = 0; at < block; at += 16) {
        const reset = v128.load(r + at), dProduct = v128.load(resetGradient + at);
        const passed = f32x4.mul(dProduct, reset);
        const dReset = hardSlope == 0
          ? f32x4.mul(passed, f32x4.sub(one(), reset))
          : f32x4.mul(dProduct, hardSigmoidSlope(reset, hardSlope));
        v128.store(r + at, withoutDenormals(f32x4.mul(dReset, v128.load(before + at))));
        const dh = f32x4.add(v128.load(hiddenGradient + at), passed);
        v128.store(hiddenGradient + at, withoutDenormals(dh));
      }
    }
    if (t > 0) gemmBlock(units, 2 * units, scratch, z, hiddenGradient, true);
    if (t % GRADIENT_STEPS == 0) {
      const some = min(steps - t, GRADIENT_STEPS), stepA = 4 * block, stepB = columns * ROW;
      const target = weightGradient + candidateRow, keptTarget = target + (given << 2);
      gemmSamples(some, 2 * units, columns, z, stepA, now, stepB, weightGradient, line, panels);
      gemmSamples(some, units, given, c, stepA, now, stepB, target, line, panels);
      if (resetAfter) {
        gemmSamples(some, units, kept, extra, stepA, now + given * ROW, stepB, keptTarget, line, panels);
      } else gemmSamples(some, units, kept, c, stepA, extra, stepA, keptTarget, line, panels);
    }
    if (inputGradient != 0) {
      gemmBlock(inputs, 3 * units, inputPacked, z, inputGradient + <usize> (t * inputStep), true);
    }
  }
}
