import { sumOf } from "./decode_frames.ts";
import type { Samples } from "./record.ts";
import { bytesOf, STORAGE_FORMATS } from "./storage_formats.ts";

type SampleEncoder = (samples: Samples, place: (i: number) => number, bytes: Uint8Array) => void;

const encode16: SampleEncoder = (samples, place, bytes) => {
  for (let i = 0; i < samples.length; i++) {
    const at = 2 * place(i);
    bytes[at] = samples[i] & 0xff;
    bytes[at + 1] = (samples[i] >> 8) & 0xff;
  }
};

const encode212: SampleEncoder = (samples, place, bytes) => {
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i], k = place(i), at = (k >> 1) * 3;
    if ((k & 1) === 0) {
      bytes[at] = value & 0xff;
      bytes[at + 1] |= (value >> 8) & 0x0f;
    } else {
      bytes[at + 1] |= (value >> 4) & 0xf0;
      bytes[at + 2] = value & 0xff;
    }
  }
};

const ENCODERS: ReadonlyMap<number, { bits: number; encode: SampleEncoder }> = new Map([
  [16, { bits: 16, encode: encode16 }],
  [212, { bits: 12, encode: encode212 }],
]);

/**
 * Encodes a signal file of format 16 or 212, the inverse of `decodeFrames`.
 *
 * Source: WFDB Applications Guide, signal(5).
 *
 * @param signals ADC units, one array a signal, each of `frames * samplesPerFrame` samples.
 * @param samplesPerFrame One entry a signal; 1 without it.
 * @returns As few bytes as the samples take, as the WFDB library writes them.
 * @throws {RangeError} When the format is another one, a sample does not fit or the lengths differ.
 */
export function encodeFrames(
  format: number,
  signals: readonly Samples[],
  samplesPerFrame: readonly number[] = signals.map(() => 1),
): Uint8Array<ArrayBuffer> {
  const encoder = ENCODERS.get(format);
  if (encoder === undefined) {
    throw new RangeError(
      `Cannot encode signals: format must be one of ${[...ENCODERS.keys()]}, got ${format}`,
    );
  }
  const frames = signals.length === 0 ? 0 : signals[0].length / samplesPerFrame[0];
  const other = signals.find((signal, s) => signal.length !== frames * samplesPerFrame[s]);
  if (other !== undefined || !Number.isInteger(frames)) {
    throw new RangeError(
      `Cannot encode signals: all must have ${frames} samples as the first has, got ${
        other?.length ?? frames
      }`,
    );
  }
  const perFrame = sumOf(samplesPerFrame);
  const bytes = new Uint8Array(bytesOf(STORAGE_FORMATS.get(format)!, frames * perFrame).least);
  let first = 0;
  signals.forEach((signal, s) => {
    const low = -(2 ** (encoder.bits - 1)), high = -low - 1, count = samplesPerFrame[s], start = first;
    const wrong = signal.findIndex((value) => value < low || value > high);
    if (wrong >= 0) {
      throw new RangeError(
        `Cannot encode format ${format}: samples must lie in ${low}..${high}, got ${
          signal[wrong]
        } at sample ${wrong} of signal ${s}`,
      );
    }
    const place = count === 1
      ? (i: number) => i * perFrame + start
      : (i: number) => Math.floor(i / count) * perFrame + start + i % count;
    encoder.encode(signal, place, bytes);
    first += count;
  });
  return bytes;
}
