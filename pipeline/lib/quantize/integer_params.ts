import type { TfliteQuantization } from "../formats/tflite/graph.ts";
import type { Range } from "./ranges.ts";

const INT8_MIN = -128, INT8_MAX = 127;
/** Biases stay below half of the int32 range, so that the accumulator has room for the products. */
const BIAS_LIMIT = 2 ** 30;
/** Cells of 8 and more put out the same: from 5.9 on, tanh is 1 to the 15 bits that the LSTM kernel has of it. */
const MAX_CELL_INTEGER_BITS = 3;

/** Softmax and logistic outputs, whose range is known: 1/256 a step from 0. Source: TFLite quantization spec. */
export const PROBABILITY_QUANTIZATION: Readonly<TfliteQuantization> = perTensor(1 / 256, INT8_MIN);
/** Tanh outputs: 1/128 a step, symmetric. Source: TFLite quantization spec. */
export const TANH_QUANTIZATION: Readonly<TfliteQuantization> = perTensor(1 / 128, 0);

/** @returns Quantization with one scale for the whole tensor. */
export function perTensor(scale: number, zeroPoint: number): TfliteQuantization {
  return { scale: [scale], zeroPoint: [zeroPoint], quantizedDimension: 0 };
}

/**
 * Rounds halves away from zero, as TFLite does; Math.round(-2.5) is -2.
 *
 * Source: TfliteRound in tensorflow/lite/kernels/internal/cppmath.h.
 */
export function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

/**
 * Chooses an activation's asymmetric int8 quantization; the range is widened to hold 0, which must be exact
 * because padding writes it.
 *
 * Source: Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
 * inference", 2018, section 3; float32 arithmetic as in TensorFlow's calibration.
 */
export function activationQuantization({ min, max }: Range): TfliteQuantization {
  const low = Math.min(Math.fround(min), 0), high = Math.max(Math.fround(max), 0);
  const scale = positiveScale(Math.fround((high - low) / (INT8_MAX - INT8_MIN)));
  const zeroPoint = roundHalfAway(INT8_MIN - low / scale);
  return perTensor(scale, Math.min(Math.max(zeroPoint, INT8_MIN), INT8_MAX));
}

/**
 * Chooses the hidden state's quantization: symmetric. The specification allows any zero point, but the kernel
 * of TFLite 2.9 subtracts it where later ones add it, so that only 0 means the same to all.
 */
export function hiddenQuantization({ min, max }: Range): TfliteQuantization {
  return perTensor(positiveScale(Math.fround(Math.max(Math.abs(min), Math.abs(max)) / INT8_MAX)), 0);
}

/**
 * Chooses the cell state's int16 quantization: the least power of two that holds the range, from 1 to 8.
 *
 * Cells beyond 8 saturate there, where tanh has long been 1. All cells of a layer share the step, and what a cell takes in
 * or forgets in one time step is lost when it is below half of it: a single cell that counts to 64 would stop all others.
 *
 * Source: TFLite quantization spec, LSTM. Deviation: TensorFlow holds the whole range, whatever it is; its older LSTM kernel
 * cuts cells at 16 (tensorflow/lite/kernels/internal/reference/lstm_cell.h).
 */
export function cellQuantization({ min, max }: Range): TfliteQuantization {
  const magnitude = Math.max(Math.abs(min), Math.abs(max));
  let integerBits = 0;
  while (integerBits < MAX_CELL_INTEGER_BITS && 2 ** integerBits < magnitude) integerBits++;
  return perTensor(2 ** (integerBits - 15), 0);
}

/** @returns Values of a tensor with one scale as int8, halves away from zero. */
export function quantizeActivations(
  values: Float32Array,
  { scale: [scale], zeroPoint: [zeroPoint] }: TfliteQuantization,
): Int8Array {
  return Int8Array.from(
    values,
    (value) => Math.min(Math.max(roundHalfAway(value / scale) + zeroPoint, INT8_MIN), INT8_MAX),
  );
}

/** How weights are quantized. */
export interface WeightOptions {
  /** Shape of the weights. */
  shape: readonly number[];
  /** The axis with a scale an index; undefined for one scale. */
  axis?: number;
  /** Biases that belong to the weights, one an output channel, and the scale of the input. */
  bias?: { values: Float32Array; inputScale: number };
}

/**
 * Quantizes weights to int8, symmetric in [-127, 127]; a scale is widened where its bias would overflow
 * int32.
 *
 * Source: TFLite quantization spec, sections on per-axis and symmetric quantization;
 * SymmetricPerChannelQuantization in tensorflow/lite/tools/optimize/quantization_utils.cc.
 *
 * @param weights Row-major.
 */
export function quantizeWeights(
  weights: Float32Array,
  { shape, axis, bias }: WeightOptions,
): { values: Int8Array; quantization: TfliteQuantization } {
  const channels = axis === undefined ? 1 : shape[axis];
  const stride = axis === undefined ? weights.length : shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const channelOf = (i: number) => Math.floor(i / stride) % channels;
  const magnitudes = new Float32Array(channels);
  for (let i = 0; i < weights.length; i++) {
    const channel = channelOf(i);
    magnitudes[channel] = Math.max(magnitudes[channel], Math.abs(weights[i]));
  }
  const scale = Array.from(magnitudes, (magnitude) => positiveScale(Math.fround(magnitude / INT8_MAX)));
  // TensorFlow multiplies by 127 / magnitude in float32: dividing by the scale rounds a few weights to the
  // other side.
  const inverse = Array.from(
    magnitudes,
    (magnitude) => magnitude > 0 ? Math.fround(INT8_MAX / magnitude) : 1,
  );
  bias?.values.forEach((value, i) => {
    const channel = channels === 1 ? 0 : i;
    const least = Math.fround(Math.abs(value) / (bias.inputScale * BIAS_LIMIT));
    if (scale[channel] >= least) return;
    scale[channel] = least;
    inverse[channel] = Math.fround(1 / least);
  });
  const values = new Int8Array(weights.length);
  for (let i = 0; i < weights.length; i++) {
    const rounded = roundHalfAway(Math.fround(weights[i] * inverse[channelOf(i)]));
    values[i] = Math.min(Math.max(rounded, -INT8_MAX), INT8_MAX);
  }
  return { values, quantization: { scale, zeroPoint: scale.map(() => 0), quantizedDimension: axis ?? 0 } };
}

/**
 * Quantizes a bias to int32 in the accumulator's scale, input scale times weight scale.
 *
 * Source: TFLite quantization spec, FULLY_CONNECTED and CONV_2D, bias.
 *
 * @param weightScales One, or one a channel.
 */
export function quantizeBias(
  bias: Float32Array,
  inputScale: number,
  weightScales: number[],
): { values: Int32Array; quantization: TfliteQuantization } {
  const scale = weightScales.map((weightScale) => Math.fround(inputScale * weightScale));
  const values = Int32Array.from(
    bias,
    (value, i) => roundHalfAway(value / scale[scale.length === 1 ? 0 : i]),
  );
  return { values, quantization: { scale, zeroPoint: scale.map(() => 0), quantizedDimension: 0 } };
}

/** A tensor of zeros has no scale of its own; any does. */
function positiveScale(scale: number): number {
  return scale > 0 ? scale : 1;
}
