/** What this project uses of npm:fft.js 4, which carries no types. */
export default class FFT {
  /** @param size A power of two, >= 2. */
  constructor(size: number);
  /** Forward transform, unscaled. Both arrays hold `size` complex numbers as re, im, re, im; they must differ. */
  transform(out: Float64Array, data: Float64Array): void;
  /** Inverse transform, scaled by 1 / size. Same layout as `transform`. */
  inverseTransform(out: Float64Array, data: Float64Array): void;
}
