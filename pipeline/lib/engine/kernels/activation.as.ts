// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
// Activations of whole tensors, element by element, and the slopes behind them.

import {
  hardSigmoid,
  hardSigmoidSlope,
  hyperbolicTangent,
  one,
  sigmoid,
  withoutDenormals,
} from "./math.as.ts";
import { ROW } from "./matrix.as.ts";

/**
 * Applies an activation to `rows` rows in place: 1 ReLU, 2 sigmoid, 3 tanh, 4 ReLU up to 6, 5 hard sigmoid of Keras 2, 6 of
 * Keras 3.
 */
export function activationForward(rows: usize, address: usize, activation: i32): void {
  if (activation == 2) return sigmoid(address, address, rows * ROW);
  if (activation == 3) return hyperbolicTangent(address, address, rows * ROW);
  if (activation >= 5) return hardSigmoid(address, address, rows * ROW, hardSlopeOf(activation));
  const zero = f32x4.splat(0);
  for (let at = address; at < address + rows * ROW; at += 16) v128.store(at, f32x4.pmax(v128.load(at), zero));
  if (activation != 4) return;
  const six = f32x4.splat(6);
  for (let at = address; at < address + rows * ROW; at += 16) v128.store(at, f32x4.pmin(v128.load(at), six));
}

/** Multiplies the gradient of `rows` rows by the activation's slope, which follows from its output y: y (1 - y), 1 - y^2. */
export function activationBackward(rows: usize, output: usize, gradient: usize, activation: i32): void {
  if (activation == 1) return reluBackward(rows, output, gradient);
  if (activation == 4) return relu6Backward(rows, output, gradient);
  if (activation >= 5) return hardSigmoidBackward(rows, output, gradient, hardSlopeOf(activation));
  for (let at: usize = 0; at < rows * ROW; at += 16) {
    const y = v128.load(output + at), squared = f32x4.mul(y, y);
    const slope = f32x4.sub(activation == 2 ? y : one(), squared);
    v128.store(gradient + at, withoutDenormals(f32x4.mul(v128.load(gradient + at), slope)));
  }
}

function hardSlopeOf(activation: i32): f32 {
  return activation == 5 ? 0.2 : 1.0 / 6.0;
}

/** Multiplies the gradient of `rows` rows by the slope of a hard sigmoid where its output is between its ends, by 0 elsewhere. */
function hardSigmoidBackward(rows: usize, output: usize, gradient: usize, slope: f32): void {
  for (let at: usize = 0; at < rows * ROW; at += 16) {
    const product = f32x4.mul(v128.load(gradient + at), hardSigmoidSlope(v128.load(output + at), slope));
    v128.store(gradient + at, withoutDenormals(product));
  }
}

/** Zeroes the gradient of `rows` rows where the output of ReLU up to 6 is not between its ends. */
function relu6Backward(rows: usize, output: usize, gradient: usize): void {
  const six = f32x4.splat(6);
  reluBackward(rows, output, gradient);
  for (let at: usize = 0; at < rows * ROW; at += 16) {
    const passes = f32x4.lt(v128.load(output + at), six);
    v128.store(gradient + at, v128.and(v128.load(gradient + at), passes));
  }
}

/** Zeroes the gradient of `rows` rows where the output of ReLU is not above 0. */
export function reluBackward(rows: usize, output: usize, gradient: usize): void {
  const zero = f32x4.splat(0);
  for (let at: usize = 0; at < rows * ROW; at += 16) {
    const passes = f32x4.gt(v128.load(output + at), zero);
    v128.store(gradient + at, v128.and(v128.load(gradient + at), passes));
  }
}
