/** One second-order section: b0, b1, b2, a0, a1, a2 of (b0 + b1/z + b2/z^2) / (a0 + a1/z + a2/z^2), a0 = 1. */
export type SecondOrderSection = readonly [number, number, number, number, number, number];

/** What a Butterworth low-pass or high-pass is designed from. */
export interface CutoffDesign {
  /** Order of the filter, 1 to 12. */
  order: number;
  /** Frequency of -3 dB in Hz, in (0, fs / 2). */
  cutoffHz: number;
  /** Sampling rate in Hz, > 0. */
  fs: number;
}

/** What a Butterworth band-pass is designed from. */
export interface BandpassDesign {
  /** Order of each of the two edges, 1 to 12: the filter has twice as many poles. */
  order: number;
  /** Lower frequency of -3 dB in Hz, > 0. */
  lowHz: number;
  /** Upper frequency of -3 dB in Hz, in (lowHz, fs / 2). */
  highHz: number;
  /** Sampling rate in Hz, > 0. */
  fs: number;
}

interface Complex {
  re: number;
  im: number;
}

const multiply = (a: Complex, b: Complex): Complex => ({
  re: a.re * b.re - a.im * b.im,
  im: a.re * b.im + a.im * b.re,
});

function divide(a: Complex, b: Complex): Complex {
  const norm = b.re * b.re + b.im * b.im;
  return { re: (a.re * b.re + a.im * b.im) / norm, im: (a.im * b.re - a.re * b.im) / norm };
}

function squareRoot({ re, im }: Complex): Complex {
  const modulus = Math.hypot(re, im);
  return { re: Math.sqrt((modulus + re) / 2), im: (im < 0 ? -1 : 1) * Math.sqrt((modulus - re) / 2) };
}

function checkDesign(order: number, edgesHz: number[], fs: number): void {
  if (!Number.isInteger(order) || order < 1 || order > 12) {
    throw new RangeError(
      `Cannot design a Butterworth filter: order must be an integer in [1, 12], got ${order}`,
    );
  }
  let below = 0;
  for (const edge of edgesHz) {
    if (!(edge > below && edge < fs / 2)) {
      throw new RangeError(
        "Cannot design a Butterworth filter: frequencies must rise between 0 and half the sampling rate, " +
          `got ${edgesHz.join(" and ")} Hz at ${fs} Hz`,
      );
    }
    below = edge;
  }
}

/** Poles of the analog prototype of cut-off 1 rad/s: evenly on the left half of the unit circle. */
function prototypePoles(order: number): Complex[] {
  return Array.from({ length: order }, (_, k) => {
    // The middle pole of an odd order is exactly -1.
    if (2 * k + 1 === order) return { re: -1, im: 0 };
    const angle = Math.PI * (2 * k + 1 - order) / (2 * order);
    return { re: -Math.cos(angle), im: -Math.sin(angle) };
  });
}

// The bilinear transform is scaled to a sampling rate of 2 Hz, as SciPy does: s = 4 (z - 1) / (z + 1).
const BILINEAR = 4;

const prewarp = (hz: number, fs: number): number => BILINEAR * Math.tan(Math.PI * hz / fs);

/** Maps analog poles to the z plane and joins them with zeros at z = 1 (`zerosAtDc`) and z = -1 (the rest). */
function digitalSections(
  analogPoles: Complex[],
  analogGain: number,
  zerosAtDc: number,
): SecondOrderSection[] {
  let denominator: Complex = { re: 1, im: 0 };
  const poles = analogPoles.map((pole) => {
    const below = { re: BILINEAR - pole.re, im: -pole.im };
    denominator = multiply(denominator, below);
    return divide({ re: BILINEAR + pole.re, im: pole.im }, below);
  });
  const gain = analogGain * BILINEAR ** zerosAtDc * divide({ re: 1, im: 0 }, denominator).re;

  const zeros: number[] = poles.map((_, i) => i < zerosAtDc ? 1 : -1);
  // An odd order is filled up by a pole and a zero at the origin, which cancel.
  if (poles.length % 2 === 1) {
    poles.push({ re: 0, im: 0 });
    zeros.push(0);
  }
  const distanceToCircle = (pole: Complex) => Math.abs(1 - Math.hypot(pole.re, pole.im));
  const real = poles.filter((p) => p.im === 0).sort((p, q) => distanceToCircle(p) - distanceToCircle(q));
  const pairs = poles.filter((p) => p.im > 0).map((p): [Complex, Complex] => [p, { re: p.re, im: -p.im }]);
  for (let i = 0; i < real.length; i += 2) pairs.push([real[i], real[i + 1]]);
  pairs.sort(([p], [q]) => distanceToCircle(p) - distanceToCircle(q));

  const takeNearestZero = ({ re, im }: Complex): number => {
    const distances = zeros.map((zero) => Math.hypot(re - zero, im));
    return zeros.splice(distances.indexOf(Math.min(...distances)), 1)[0];
  };
  // The most resonant poles take the zeros nearest to them and come last, which keeps the values between the
  // sections small (the pairing of scipy.signal.zpk2sos).
  const sections = pairs.map(([p, q]): [number, number, number, number, number, number] => {
    const first = takeNearestZero(p), second = takeNearestZero(p);
    return [1, -(first + second), first * second, 1, -(p.re + q.re), multiply(p, q).re];
  }).reverse();
  for (let i = 0; i < 3; i++) sections[0][i] *= gain;
  return sections;
}

/**
 * Designs a Butterworth low-pass filter.
 *
 * Source: `scipy.signal.butter(order, cutoffHz, "lowpass", fs=fs, output="sos")`, whose sections it equals.
 *
 * @returns ceil(order / 2) second-order sections.
 * @throws RangeError if the order or the cut-off is out of range.
 */
export function butterworthLowpass({ order, cutoffHz, fs }: CutoffDesign): SecondOrderSection[] {
  checkDesign(order, [cutoffHz], fs);
  const cutoff = prewarp(cutoffHz, fs);
  const poles = prototypePoles(order).map(({ re, im }) => ({ re: re * cutoff, im: im * cutoff }));
  return digitalSections(poles, cutoff ** order, 0);
}

/**
 * Designs a Butterworth high-pass filter.
 *
 * Source: `scipy.signal.butter(order, cutoffHz, "highpass", fs=fs, output="sos")`, whose sections it equals.
 *
 * @returns ceil(order / 2) second-order sections.
 * @throws RangeError if the order or the cut-off is out of range.
 */
export function butterworthHighpass({ order, cutoffHz, fs }: CutoffDesign): SecondOrderSection[] {
  checkDesign(order, [cutoffHz], fs);
  const cutoff = prewarp(cutoffHz, fs);
  // 1 / p of a pole on the unit circle is its conjugate.
  const poles = prototypePoles(order).map(({ re, im }) => ({ re: re * cutoff, im: -im * cutoff }));
  return digitalSections(poles, 1, order);
}

/**
 * Designs a Butterworth band-pass filter.
 *
 * Source: `scipy.signal.butter(order, [lowHz, highHz], "bandpass", fs=fs, output="sos")`, whose sections it equals.
 *
 * @returns `order` second-order sections.
 * @throws RangeError if the order or a frequency is out of range.
 */
export function butterworthBandpass({ order, lowHz, highHz, fs }: BandpassDesign): SecondOrderSection[] {
  checkDesign(order, [lowHz, highHz], fs);
  const low = prewarp(lowHz, fs), high = prewarp(highHz, fs);
  const bandwidth = high - low;
  const poles = prototypePoles(order).flatMap(({ re, im }) => {
    const centre = { re: re * bandwidth / 2, im: im * bandwidth / 2 };
    const square = multiply(centre, centre);
    const offset = squareRoot({ re: square.re - low * high, im: square.im });
    return [
      { re: centre.re + offset.re, im: centre.im + offset.im },
      { re: centre.re - offset.re, im: centre.im - offset.im },
    ];
  });
  return digitalSections(poles, bandwidth ** order, order);
}
