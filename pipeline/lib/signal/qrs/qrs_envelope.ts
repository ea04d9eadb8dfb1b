/** Rate in Hz near which the lead is filtered: QRS complexes have next to nothing above a quarter of it. */
const RATE_HZ = 125;
/** The envelope is smoother than the lead: every second sample of it is enough. */
const HOP = 2;

/** Frequency in Hz at which the wavelet passes most, and its order: the higher, the narrower the band. */
export const WAVELET = { peakHz: 13, order: 5 };

/** Half of the wavelet's length in units of its own time constant: there it has fallen to 4 % of its height. */
const WAVELET_REACH = 1.6;

/** The strength of QRS-like oscillation in a lead that arrives in pieces. */
export interface QrsEnvelope {
  /** Rate of the envelope in Hz, about 62 and the same part of the lead's rate throughout. */
  readonly fs: number;
  /** Which sample of the lead a sample of the envelope stands on. */
  leadSample(at: number): number;
  /** Takes at most one second of finite samples. @returns The samples of the envelope that they complete, valid until the next call. */
  push(ecg: Float32Array): Float64Array;
  /** Ends the lead, which goes on as its mirror image. @returns The last samples. */
  finish(): Float64Array;
}

/**
 * Samples the wavelet (1 - i t / tau)^-(order + 1) on the right of its middle; on the left its real part is the same and its
 * imaginary part the negative. Its spectrum is f^order exp(-2 pi f tau) for f > 0 and nothing for f < 0, with the peak at
 * order / (2 pi tau).
 *
 * @returns Real and imaginary parts at t = k / fs, k = 1..length.
 */
export function sampleWavelet(fs: number): { even: Float64Array; odd: Float64Array } {
  const { peakHz, order } = WAVELET, tau = order / (2 * Math.PI * peakHz);
  const length = Math.round(WAVELET_REACH * tau * fs);
  const even = new Float64Array(length), odd = new Float64Array(length);
  for (let k = 0; k < length; k++) {
    const u = (k + 1) / fs / tau, phase = (order + 1) * Math.atan(u);
    const size = (1 + u * u) ** (-(order + 1) / 2) / (tau * fs);
    even[k] = size * Math.cos(phase);
    odd[k] = size * Math.sin(phase);
  }
  return { even, odd };
}

/**
 * Creates the envelope of a lead: means of `step` samples, convolved with a Cauchy (Klauder) wavelet, of whose complex result the
 * absolute value is taken.
 *
 * A complex wavelet answers to any shape of QRS complex, upright, inverted or biphasic, with one smooth hump, where a real filter
 * answers with several that would have to be smeared together. The band at half the height is 7 to 21 Hz at any rate. A constant lead gives
 * exactly 0. Before its first sample the lead is taken as constant, and the last 0.1 s of a lead have no envelope.
 *
 * Source: Holschneider, "Wavelets: an analysis tool", 1995, for the wavelet; Benitez et al., Comput. Biol. Med. 31(5), 2001, for
 * finding QRS complexes by the envelope of an analytic signal.
 *
 * @param leadFs Sampling rate of the lead in Hz.
 */
export function createQrsEnvelope(leadFs: number): QrsEnvelope {
  const step = Math.max(1, Math.round(leadFs / RATE_HZ)), rate = leadFs / step, share = 1 / step;
  const { even, odd } = sampleWavelet(rate), reach = even.length;
  const capacity = Math.ceil(rate) + HOP;
  // The lead at the lower rate: `reach` samples on both sides of those whose envelope is wanted.
  const means = new Float64Array(2 * reach + capacity), out = new Float64Array(capacity);
  let filled = 0, sum = 0, count = 0, next = reach;

  const addSample = (value: number) => {
    sum += value;
    if (++count < step) return;
    const mean = sum * share;
    if (filled === 0) {
      means.fill(mean, 0, reach);
      filled = reach;
    }
    means[filled++] = mean;
    sum = count = 0;
  };
  const average = (ecg: Float32Array) => {
    let i = 0;
    while (i < ecg.length && (count > 0 || filled === 0)) addSample(ecg[i++]);
    let to = filled;
    for (const last = ecg.length - step; i <= last;) {
      let total = 0;
      for (const end = i + step; i < end; i++) total += ecg[i];
      means[to++] = total * share;
    }
    filled = to;
    while (i < ecg.length) addSample(ecg[i++]);
  };
  const convolve = (): number => {
    let made = 0, at = next;
    for (const end = filled - reach; at < end; at += HOP) {
      // Differences to the middle sample: the real part of the wavelet then adds up to 0 however it was cut off.
      const twice = 2 * means[at];
      let re = 0, im = 0;
      for (let k = 0; k < reach; k++) {
        const after = means[at + k + 1], before = means[at - k - 1];
        re += even[k] * (after + before - twice);
        im += odd[k] * (after - before);
      }
      out[made++] = Math.sqrt(re * re + im * im);
    }
    next = at;
    return made;
  };
  const envelope = () => {
    const made = convolve(), done = next - reach;
    means.copyWithin(0, done, filled);
    filled -= done;
    next = reach;
    return out.subarray(0, made);
  };
  return {
    fs: rate / HOP,
    leadSample: (at) => Math.round((HOP * at + 0.5) * step - 0.5),
    push(ecg) {
      average(ecg);
      return envelope();
    },
    finish() {
      for (let k = filled - 1, end = k - reach; k > Math.max(0, end); k--) means[filled++] = means[k];
      return envelope();
    },
  };
}
