import { FormatError } from "../../core/errors.ts";
import type { DecodedSamples } from "./record.ts";
import { bytesOf, capacityOf, STORAGE_FORMATS, type StorageFormat } from "./storage_formats.ts";

/** What one signal file holds: frames, one behind the other, of some samples of each signal. */
export interface FrameLayout {
  /** Frames, >= 0. */
  frames: number;
  /** Samples in a frame, >= 1, one entry a signal. */
  samplesPerFrame: readonly number[];
  /** Name of the file for error messages. */
  file?: string;
  /** True when other data may follow the frames, as where the segments of a record share a file. */
  isPart?: boolean;
}

/**
 * Decodes an uncompressed signal file.
 *
 * Source: WFDB Applications Guide, signal(5).
 *
 * @param format Number of a format in `STORAGE_FORMATS`.
 * @param bytes The file without its prolog. It may end with the unused bytes of its last group of samples.
 * @param only Indices of the signals to decode; all without it.
 * @returns ADC units, one array of `frames * samplesPerFrame` values a signal; for format 8 the differences.
 * @throws {FormatError} When the file is shorter than the layout asks for, or longer where it is no part.
 */
export function decodeFrames(
  format: number,
  bytes: Uint8Array,
  layout: FrameLayout,
  only: readonly number[] = [...layout.samplesPerFrame.keys()],
): DecodedSamples[] {
  checkFileLength(format, bytes.length, layout);
  const storage = storageOf(format);
  const { frames, samplesPerFrame } = layout, step = sumOf(samplesPerFrame);
  return only.map((signal) => {
    const perFrame = samplesPerFrame[signal], place = sumOf(samplesPerFrame.slice(0, signal));
    const out = new (storage.wide ? Int32Array : Int16Array)(frames * perFrame);
    for (let k = 0; k < perFrame; k++) {
      storage.decode(bytes, { first: place + k, step, outFirst: k, outStep: perFrame }, out);
    }
    return out;
  });
}

/** "samples of 2 signals", or where a frame holds more than one sample of some, "frames of 9 samples". */
function frameWords({ samplesPerFrame }: Pick<FrameLayout, "samplesPerFrame">): string {
  const total = sumOf(samplesPerFrame), signals = samplesPerFrame.length;
  return total === signals ? `samples of ${signals} signals` : `frames of ${total} samples`;
}

/**
 * Finds how many frames a file holds, which must be whole ones.
 *
 * @throws {FormatError} When bytes are left over.
 */
export function framesIn(
  format: number,
  bytes: number,
  { samplesPerFrame, file }: Pick<FrameLayout, "samplesPerFrame" | "file">,
): number {
  const storage = storageOf(format), perFrame = sumOf(samplesPerFrame);
  const frames = Math.floor(capacityOf(storage, bytes) / perFrame);
  // The unused bytes of the last group look like some samples more.
  const { least, padded } = bytesOf(storage, frames * perFrame);
  if (bytes !== least && bytes !== padded) {
    throw new FormatError(
      `Cannot read format ${format}: the file must hold whole frames of ${perFrame} samples, got ${bytes} bytes`,
      { file },
    );
  }
  return frames;
}

/**
 * Holds the length of a file against its layout.
 *
 * @throws {FormatError} When the file is shorter than the layout asks for, or longer where it is no part.
 */
export function checkFileLength(format: number, bytes: number, layout: FrameLayout): void {
  const storage = storageOf(format),
    { frames, samplesPerFrame, file, isPart } = layout,
    perFrame = sumOf(samplesPerFrame);
  const isCount = (count: number, least: number) => Number.isSafeInteger(count) && count >= least;
  if (
    samplesPerFrame.length === 0 || !samplesPerFrame.every((count) => isCount(count, 1)) ||
    !isCount(frames, 0)
  ) {
    throw new RangeError(
      `Cannot decode format ${format}: frames must be >= 0 and samples per frame >= 1, got ${frames} and ${samplesPerFrame}`,
    );
  }
  const total = perFrame * frames, held = Math.floor(capacityOf(storage, bytes) / perFrame);
  const words = frameWords(layout);
  if (held < frames) {
    throw new FormatError(
      `Cannot decode format ${format}: the header promises ${frames} ${words} and the file must hold them, ` +
        `got ${held} ${words.split(" ")[0]} in ${bytes} bytes; the file is truncated, fetch it again`,
      { file, byteOffset: bytes },
    );
  }
  const { least, padded } = bytesOf(storage, total);
  if (bytes !== least && bytes !== padded && !isPart) {
    throw new FormatError(
      `Cannot decode format ${format}: ${frames} ${words} must take ${least} bytes, got ${bytes}; ` +
        `the file does not belong to this header, fetch both again`,
      { file, byteOffset: least },
    );
  }
}

function storageOf(format: number): StorageFormat {
  const storage = STORAGE_FORMATS.get(format);
  if (storage === undefined) {
    throw new RangeError(
      `Cannot decode signals: format must be one of ${[...STORAGE_FORMATS.keys()]}, got ${format}`,
    );
  }
  return storage;
}

/** Samples of all signals in a frame. */
export function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
