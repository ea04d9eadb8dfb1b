// @deno-types="./fft_js.d.ts"
import FFT from "fft.js";

/**
 * Longest signal that the transforms of this module take, in samples: 3.2 hours at 360 Hz.
 * The chirp transform of the longest odd signal then works on 2^23 complex numbers, about 0.6 GB.
 */
export const MAX_DFT_LENGTH = 2 ** 22;

function checkLength(length: number): void {
  if (!Number.isInteger(length) || length < 1 || length > MAX_DFT_LENGTH) {
    throw new RangeError(
      `Cannot transform a signal: its length must be an integer in [1, ${MAX_DFT_LENGTH}], got ${length}`,
    );
  }
}

function conjugate(x: Float64Array): void {
  for (let i = 1; i < x.length; i += 2) x[i] = -x[i];
}

/**
 * Bluestein's algorithm: kn = (k^2 + n^2 - (k-n)^2) / 2 makes the DFT a convolution with a chirp, which
 * a power-of-two FFT computes.
 */
function chirpDft(x: Float64Array, length: number): Float64Array<ArrayBuffer> {
  let size = 2;
  while (size < 2 * length - 1) size *= 2;
  const fft = new FFT(size);

  const chirp = new Float64Array(2 * length);
  for (let k = 0; k < length; k++) {
    // k^2 is reduced modulo 2n while it is still an exact integer: the angle keeps full precision.
    const angle = -Math.PI * ((k * k) % (2 * length)) / length;
    chirp[2 * k] = Math.cos(angle);
    chirp[2 * k + 1] = Math.sin(angle);
  }

  const work = new Float64Array(2 * size);
  const kernel = new Float64Array(2 * size);
  for (let k = 0; k < length; k++) {
    const mirrored = 2 * ((size - k) % size);
    work[2 * k] = work[mirrored] = chirp[2 * k];
    work[2 * k + 1] = work[mirrored + 1] = -chirp[2 * k + 1];
  }
  fft.transform(kernel, work);

  work.fill(0);
  for (let i = 0; i < 2 * length; i += 2) {
    work[i] = x[i] * chirp[i] - x[i + 1] * chirp[i + 1];
    work[i + 1] = x[i] * chirp[i + 1] + x[i + 1] * chirp[i];
  }
  const product = new Float64Array(2 * size);
  fft.transform(product, work);
  for (let i = 0; i < 2 * size; i += 2) {
    const re = product[i] * kernel[i] - product[i + 1] * kernel[i + 1];
    product[i + 1] = product[i] * kernel[i + 1] + product[i + 1] * kernel[i];
    product[i] = re;
  }
  fft.inverseTransform(work, product);

  const out = new Float64Array(2 * length);
  for (let i = 0; i < 2 * length; i += 2) {
    out[i] = work[i] * chirp[i] - work[i + 1] * chirp[i + 1];
    out[i + 1] = work[i] * chirp[i + 1] + work[i + 1] * chirp[i];
  }
  return out;
}

/**
 * Computes the discrete Fourier transform of a complex signal of any length, unscaled.
 *
 * Source: Bluestein, "A linear filtering approach to the computation of discrete Fourier transform",
 * IEEE Trans. Audio Electroacoustics 18(4), 1970, on top of a power-of-two FFT.
 *
 * @param x Complex samples as re, im, re, im; 1 to MAX_DFT_LENGTH of them.
 * @returns The spectrum in the same layout and length.
 * @throws RangeError if the length is out of range.
 */
export function complexDft(x: Float64Array): Float64Array<ArrayBuffer> {
  const length = x.length / 2;
  checkLength(length);
  if (length === 1) return x.slice();
  if ((length & (length - 1)) !== 0) return chirpDft(x, length);
  const out = new Float64Array(2 * length);
  new FFT(length).transform(out, x);
  return out;
}

/** Inverse of complexDft(), scaled by 1 / length. Overwrites its input. */
function inverseComplexDft(spectrum: Float64Array): Float64Array<ArrayBuffer> {
  conjugate(spectrum);
  const out = complexDft(spectrum);
  conjugate(out);
  const scale = 2 / spectrum.length;
  for (let i = 0; i < out.length; i++) out[i] *= scale;
  return out;
}

/**
 * Computes the half spectrum of a real signal of any length, unscaled, as `numpy.fft.rfft` does.
 *
 * An even length costs one complex transform of half that length: the even samples travel as the real
 * part and the odd samples as the imaginary part.
 *
 * @param x Real samples, 1 to MAX_DFT_LENGTH.
 * @returns floor(n / 2) + 1 complex bins as re, im, re, im.
 * @throws RangeError if the length is out of range.
 */
export function realDft(x: Float64Array | Float32Array): Float64Array<ArrayBuffer> {
  const length = x.length;
  checkLength(length);
  const half = length >> 1;
  const out = new Float64Array(2 * half + 2);
  if (length % 2 === 1) {
    const padded = new Float64Array(2 * length);
    for (let i = 0; i < length; i++) padded[2 * i] = x[i];
    out.set(complexDft(padded).subarray(0, out.length));
    return out;
  }
  const packed = complexDft(Float64Array.from(x));
  for (let k = 0; k <= half; k++) {
    const a = 2 * (k % half), b = 2 * ((half - k) % half);
    const evenRe = (packed[a] + packed[b]) / 2, evenIm = (packed[a + 1] - packed[b + 1]) / 2;
    const oddRe = (packed[a + 1] + packed[b + 1]) / 2, oddIm = (packed[b] - packed[a]) / 2;
    const angle = -2 * Math.PI * k / length;
    const cos = Math.cos(angle), sin = Math.sin(angle);
    out[2 * k] = evenRe + cos * oddRe - sin * oddIm;
    out[2 * k + 1] = evenIm + cos * oddIm + sin * oddRe;
  }
  return out;
}

/**
 * Computes the real signal of a half spectrum, as `numpy.fft.irfft` does: inverse of realDft().
 *
 * @param spectrum floor(length / 2) + 1 complex bins as re, im, re, im. The imaginary parts of bin 0 and,
 * for an even length, of the last bin are taken as 0: no real signal has them.
 * @param length Samples of the signal, 1 to MAX_DFT_LENGTH.
 * @returns `length` real samples.
 * @throws RangeError if the lengths do not fit each other.
 */
export function inverseRealDft(spectrum: Float64Array, length: number): Float64Array<ArrayBuffer> {
  checkLength(length);
  const half = length >> 1;
  if (spectrum.length !== 2 * half + 2) {
    throw new RangeError(
      `Cannot invert a half spectrum: ${length} samples need ${half + 1} bins, got ${spectrum.length / 2}`,
    );
  }
  if (length % 2 === 1) {
    const full = new Float64Array(2 * length);
    full[0] = spectrum[0];
    for (let k = 1; k <= half; k++) {
      const mirrored = 2 * (length - k);
      full[2 * k] = full[mirrored] = spectrum[2 * k];
      full[2 * k + 1] = spectrum[2 * k + 1];
      full[mirrored + 1] = -spectrum[2 * k + 1];
    }
    const signal = inverseComplexDft(full);
    return Float64Array.from({ length }, (_, i) => signal[2 * i]);
  }
  const packed = new Float64Array(length);
  for (let k = 0; k < half; k++) {
    const a = 2 * k, b = 2 * (half - k);
    const imA = k === 0 ? 0 : spectrum[a + 1], imB = k === 0 ? 0 : spectrum[b + 1];
    const evenRe = (spectrum[a] + spectrum[b]) / 2, evenIm = (imA - imB) / 2;
    const diffRe = (spectrum[a] - spectrum[b]) / 2, diffIm = (imA + imB) / 2;
    const angle = 2 * Math.PI * k / length;
    const cos = Math.cos(angle), sin = Math.sin(angle);
    packed[a] = evenRe - (cos * diffIm + sin * diffRe);
    packed[a + 1] = evenIm + (cos * diffRe - sin * diffIm);
  }
  return inverseComplexDft(packed);
}
