/** The integer types that inputs and outputs of quantized models have. */
export type QuantizedArray = Int8Array | Uint8Array | Int16Array;

/** How integers stand for real numbers: real = scale (integer - zeroPoint). */
export interface AffineQuantization {
  /** > 0. */
  scale: number;
  zeroPoint: number;
}

const RANGES: readonly [new (n: number) => QuantizedArray, number, number][] = [
  [Int8Array, -128, 127],
  [Uint8Array, 0, 255],
  [Int16Array, -32768, 32767],
];

/**
 * Quantizes values into an integer array: integer = round(value / scale) + zeroPoint, halves away from zero,
 * clamped to the type's range; NaN gives the zero point.
 *
 * Source: TFLite 8-bit quantization specification; TfLiteRound in tensorflow/lite/kernels/internal/cppmath.h.
 *
 * @param values Real values.
 * @param output Written, as long as `values`.
 * @throws RangeError Lengths that differ.
 */
export function quantizeValues(
  values: Float32Array,
  { scale, zeroPoint }: AffineQuantization,
  output: QuantizedArray,
): void {
  checkLength("quantize", values.length, output.length);
  const [, low, high] = RANGES.find(([type]) => output instanceof type)!;
  for (let i = 0; i < values.length; i++) {
    const real = values[i] / scale;
    const rounded = (real < 0 ? -Math.round(-real) : Math.round(real)) + zeroPoint;
    output[i] = rounded < low ? low : rounded > high ? high : Number.isNaN(rounded) ? zeroPoint : rounded;
  }
}

/** @returns Values quantized to int8; see `quantizeValues`. */
export function quantizeInput(values: Float32Array, scale: number, zeroPoint: number): Int8Array {
  const output = new Int8Array(values.length);
  quantizeValues(values, { scale, zeroPoint }, output);
  return output;
}

/**
 * Turns integers into the real values that they stand for.
 *
 * @param output Written, as long as `values`.
 * @throws RangeError Lengths that differ.
 */
export function dequantizeValues(
  values: QuantizedArray,
  { scale, zeroPoint }: AffineQuantization,
  output: Float32Array,
): void {
  checkLength("dequantize", values.length, output.length);
  for (let i = 0; i < values.length; i++) output[i] = scale * (values[i] - zeroPoint);
}

/** @returns The real values that integers stand for. */
export function dequantizeOutput(values: QuantizedArray, scale: number, zeroPoint: number): Float32Array {
  const output = new Float32Array(values.length);
  dequantizeValues(values, { scale, zeroPoint }, output);
  return output;
}

function checkLength(verb: string, values: number, output: number): void {
  if (values !== output) {
    throw new RangeError(`Cannot ${verb} values: output must hold ${values} values, got ${output}`);
  }
}
