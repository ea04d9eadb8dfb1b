// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// A long short-term memory over the steps of a block.

import { fakeQuantize, isWithin } from "./fake_quantize.as.ts";
import {
  activateGates,
  hardSigmoidSlope,
  hyperbolicTangent,
  multiplyAdd,
  one,
  withoutDenormals,
} from "./math.as.ts";
import { gemmBlock, gemmSamples, GRADIENT_STEPS, packColumns, packRows, ROW } from "./matrix.as.ts";

/** Ends of the integers that hold a rounded hidden state, int8, and cell, int16. */
const HIDDEN_LOW: f32 = -128, HIDDEN_HIGH: f32 = 127, CELL_LOW: f32 = -32768, CELL_HIGH: f32 = 32767;

/**
 * All steps of an LSTM.
 *
 * @param columns units + inputs + 1. @param padded The same, rounded up to a multiple of 8.
 * @param weights [4 units][padded], columns: recurrent, input, bias, zeros; gate order i, f, c, o.
 * @param state [steps + 1][columns][32], rows as the first columns of `weights`: hidden state before the step, the
 *   step's input, 1. The hidden rows of step 0 are 0; the kernel writes those of the steps after it.
 * @param gates [steps][4 units][32], written: the gates after their activation.
 * @param cells [steps + 1][units][32], written from step 1; step 0 is 0.
 * @param scratch Floats for the packed weights: 4 units, rounded up to a multiple of 8, * columns.
 * @param hiddenStep, cellStep What hidden states, int8, and cells, int16, are rounded to multiples of; both 0: they are not.
 * @param hardSlope Slope of the hard sigmoid that the gates i, f, o have; 0: they have a sigmoid.
 */
export function lstmForward(
  steps: i32,
  units: usize,
  columns: usize,
  padded: usize,
  weights: usize,
  state: usize,
  gates: usize,
  cells: usize,
  scratch: usize,
  hiddenStep: f32,
  cellStep: f32,
  hardSlope: f32,
): void {
  const block = units * ROW;
  packRows(4 * units, columns, weights, padded << 2, scratch);
  for (let t = 0; t < steps; t++) {
    const now = state + <usize> t * columns * ROW, next = now + columns * ROW;
    const cell = cells + <usize> t * block;
    const gate = gates + <usize> t * 4 * block;
    gemmBlock(4 * units, columns, scratch, now, gate, false);
    activateGates(gate, gate, 2 * block, hardSlope);
    hyperbolicTangent(gate + 2 * block, gate + 2 * block, block);
    activateGates(gate + 3 * block, gate + 3 * block, block, hardSlope);
    for (let at: usize = 0; at < block; at += 16) {
      const g = gate + at;
      const written = f32x4.mul(v128.load(g), v128.load(g + 2 * block));
      v128.store(cell + block + at, multiplyAdd(v128.load(g + block), v128.load(cell + at), written));
    }
    if (cellStep != 0) fakeQuantize(units, cell + block, cell + block, cellStep, CELL_LOW, CELL_HIGH);
    hyperbolicTangent(cell + block, next, block);
    for (let at: usize = 0; at < block; at += 16) {
      v128.store(next + at, f32x4.mul(v128.load(gate + 3 * block + at), v128.load(next + at)));
    }
    if (hiddenStep != 0) fakeQuantize(units, next, next, hiddenStep, HIDDEN_LOW, HIDDEN_HIGH);
  }
}

/**
 * Backpropagation through all steps of an LSTM, after `lstmForward`; `gates` is overwritten by its gradient.
 *
 * @param outputGradient Gradient of the hidden state after step t, at t * outputStep bytes; with outputStep 0 there is
 *   one for the last step only.
 * @param hiddenGradient, cellGradient [units][32], 0 on entry.
 * @param inputs Channels of the input.
 * @param inputGradient [inputs][32] of step t, added to, at t * inputStep bytes; 0: not wanted.
 * @param weightGradient [4 units][padded], added to.
 * @param scratch Floats for the packed weights: 4 units for each unit and each input, both rounded up to a multiple
 *   of 8; behind them `samplePanelFloats` of the columns.
 * @param activated [units][32], scratch; 0: the hidden states tell tanh(cell), because nothing was rounded and no gate is 0.
 * @param hiddenStep, cellStep, hardSlope As in `lstmForward`; gradients pass straight through the rounding, and not at all
 *   where a value was moved to an end.
 */
export function lstmBackward(
  steps: i32,
  units: usize,
  inputs: usize,
  columns: usize,
  padded: usize,
  weights: usize,
  state: usize,
  gates: usize,
  cells: usize,
  outputGradient: usize,
  outputStep: usize,
  hiddenGradient: usize,
  cellGradient: usize,
  inputGradient: usize,
  inputStep: i32,
  weightGradient: usize,
  scratch: usize,
  activated: usize,
  hiddenStep: f32,
  cellStep: f32,
  hardSlope: f32,
): void {
  const hiddenInverse = f32x4.splat(1 / hiddenStep), cellInverse = f32x4.splat(1 / cellStep);
  const block = units * ROW, line = padded << 2, inputWeights = scratch + ((units + 7) & ~7) * 16 * units;
  const panels = inputWeights + ((inputs + 7) & ~7) * 16 * units;
  packColumns(units, 4 * units, weights, line, scratch);
  if (inputGradient != 0) packColumns(inputs, 4 * units, weights + (units << 2), line, inputWeights);
  for (let t = steps - 1; t >= 0; t--) {
    const now = state + <usize> t * columns * ROW;
    const cell = cells + <usize> t * block;
    const gate = gates + <usize> t * 4 * block;
    if (outputStep != 0 || t == steps - 1) {
      const given = outputGradient + <usize> t * outputStep;
      for (let at: usize = 0; at < block; at += 16) {
        v128.store(
          hiddenGradient + at,
          f32x4.add(v128.load(hiddenGradient + at), v128.load(given + at)),
        );
      }
    }
    if (activated != 0) hyperbolicTangent(cell + block, activated, block);
    for (let at: usize = 0; at < block; at += 16) {
      const g = gate + at;
      const i = v128.load(g), f = v128.load(g + block);
      const c = v128.load(g + 2 * block), o = v128.load(g + 3 * block);
      let tanhCell: v128, dh = v128.load(hiddenGradient + at);
      if (activated == 0) {
        // The hidden state is o * tanh(cell), and a sigmoid is never 0.
        tanhCell = f32x4.div(v128.load(now + columns * ROW + at), o);
      } else {
        tanhCell = v128.load(activated + at);
        const hidden = f32x4.mul(o, tanhCell);
        if (hiddenStep != 0) {
          dh = v128.and(
            dh,
            isWithin(hidden, hiddenInverse, f32x4.splat(HIDDEN_LOW), f32x4.splat(HIDDEN_HIGH)),
          );
        }
      }
      const dTanhCell = f32x4.sub(one(), f32x4.mul(tanhCell, tanhCell));
      let dc = multiplyAdd(f32x4.mul(dh, o), dTanhCell, v128.load(cellGradient + at));
      if (cellStep != 0) {
        const exact = multiplyAdd(f, v128.load(cell + at), f32x4.mul(i, c));
        dc = v128.and(dc, isWithin(exact, cellInverse, f32x4.splat(CELL_LOW), f32x4.splat(CELL_HIGH)));
      }
      let slopeI: v128, slopeF: v128, slopeO: v128;
      if (hardSlope == 0) {
        slopeI = f32x4.mul(i, f32x4.sub(one(), i)), slopeF = f32x4.mul(f, f32x4.sub(one(), f));
        slopeO = f32x4.mul(o, f32x4.sub(one(), o));
      } else {
        slopeI = hardSigmoidSlope(i, hardSlope), slopeF = hardSigmoidSlope(f, hardSlope);
        slopeO = hardSigmoidSlope(o, hardSlope);
      }
      const di = f32x4.mul(f32x4.mul(dc, c), slopeI);
      const df = f32x4.mul(f32x4.mul(dc, v128.load(cell + at)), slopeF);
      const dz = f32x4.mul(f32x4.mul(dc, i), f32x4.sub(one(), f32x4.mul(c, c)));
      const dOut = f32x4.mul(f32x4.mul(dh, tanhCell), slopeO);
      v128.store(g, withoutDenormals(di)), v128.store(g + block, withoutDenormals(df));
      v128.store(g + 2 * block, withoutDenormals(dz)), v128.store(g + 3 * block, withoutDenormals(dOut));
      v128.store(cellGradient + at, withoutDenormals(f32x4.mul(dc, f)));
    }
    if (t % GRADIENT_STEPS == 0) {
      const some = min(steps - t, GRADIENT_STEPS);
      gemmSamples(
        some,
        4 * units,
        columns,
        gate,
        4 * block,
        now,
        columns * ROW,
        weightGradient,
        line,
        panels,
      );
    }
    if (t > 0) gemmBlock(units, 4 * units, scratch, gate, hiddenGradient, false);
    if (inputGradient != 0) {
      gemmBlock(inputs, 4 * units, inputWeights, gate, inputGradient + <usize> (t * inputStep), true);
    }
  }
}
