import type { BitReader } from "./bit_reader.ts";

/** Coefficients of the fixed predictors of order 0 to 4: the last sample first. Source: RFC 9639, section 9.2.5. */
const FIXED = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];
const ESCAPE_BITS = [4, 5];

/**
 * Decodes one channel of a FLAC frame.
 *
 * Source: RFC 9639, section 9.2.
 *
 * @param bits Width of a sample, 4..25: a difference of two channels has one more than they.
 * @param out As long as the frame's block.
 * @throws {FormatError} When it breaks the format.
 */
export function decodeSubframe(reader: BitReader, bits: number, out: Int32Array): void {
  if (reader.unsigned(1) !== 0) reader.refuse("a subframe must begin with a 0");
  const type = reader.unsigned(6);
  const wasted = reader.unsigned(1) === 1 ? reader.unary() + 1 : 0;
  const width = bits - wasted;
  if (width < 1) reader.refuse("samples must keep a bit");
  if (type === 0) out.fill(reader.signed(width));
  else if (type === 1) { for (let i = 0; i < out.length; i++) out[i] = reader.signed(width); }
  else if (type >= 8 && type <= 12) {
    const order = type - 8;
    readWarmUp(reader, width, order, out);
    readResidual(reader, order, out);
    predict(out, FIXED[order], 0);
  } else if (type >= 32) {
    const order = type - 31;
    readWarmUp(reader, width, order, out);
    const precision = reader.unsigned(4) + 1, shift = reader.signed(5);
    if (precision === 16 || shift < 0) {
      reader.refuse("a predictor must have 1..15 bits and no negative shift");
    }
    const coefficients = Array.from({ length: order }, () => reader.signed(precision));
    readResidual(reader, order, out);
    predict(out, coefficients, shift);
  } else reader.refuse(`a subframe must be of a known type, got ${type}`);
  if (wasted > 0) { for (let i = 0; i < out.length; i++) out[i] <<= wasted; }
}

function readWarmUp(reader: BitReader, width: number, order: number, out: Int32Array): void {
  if (order > out.length) {
    reader.refuse(`a block must have the ${order} samples that begin it, got ${out.length}`);
  }
  for (let i = 0; i < order; i++) out[i] = reader.signed(width);
}

/** Reads the differences from the prediction into `out` behind the warm-up samples. */
function readResidual(reader: BitReader, order: number, out: Int32Array): void {
  const method = reader.unsigned(2), parts = 1 << reader.unsigned(4);
  const partSamples = out.length / parts;
  if (method > 1 || !Number.isInteger(partSamples) || partSamples < order) {
    reader.refuse("a residual must be coded in one of two ways, in equal parts that hold the first samples");
  }
  const parameterBits = ESCAPE_BITS[method], escape = (1 << parameterBits) - 1;
  for (let part = 0, i = order; part < parts; part++) {
    const parameter = reader.unsigned(parameterBits), end = (part + 1) * partSamples;
    if (parameter === escape) {
      const width = reader.unsigned(5);
      for (; i < end; i++) out[i] = width === 0 ? 0 : reader.signed(width);
      continue;
    }
    for (; i < end; i++) {
      const high = reader.unary(), value = (high << parameter) | reader.unsigned(parameter);
      out[i] = (value >>> 1) ^ -(value & 1);
    }
  }
}

/** Adds the prediction from the samples before: sums of up to 2^45, exact in a double. */
function predict(out: Int32Array, coefficients: readonly number[], shift: number): void {
  const order = coefficients.length, scale = 2 ** -shift, weights = Float64Array.from(coefficients).reverse();
  const end = out.length - order;
  for (let i = 0; i < end; i++) {
    let sum = 0;
    for (let k = 0; k < order; k++) sum += weights[k] * out[i + k];
    out[i + order] += Math.floor(sum * scale);
  }
}
