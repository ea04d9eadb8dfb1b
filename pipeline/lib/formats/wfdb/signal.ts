import { FormatError } from "../../core/errors.ts";
import { decodeFlac } from "./flac.ts";
import type { DecodedSamples, RecordHeader, Samples, SignalSpec } from "./record.ts";
import {
  bytesOf,
  capacityOf,
  FLAC_FORMATS,
  NULL_FORMAT,
  sampleTraits,
  STORAGE_FORMATS,
  type StorageFormat,
} from "./storage_formats.ts";

/** No file bounds the length of signals without one. */
const MAX_NULL_SAMPLES = 2 ** 27;

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

/** Signals that share a file. */
export interface SignalGroup {
  /** Index of the first in the header; the others follow it. */
  first: number;
  specs: SignalSpec[];
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
  const storage = STORAGE_FORMATS.get(format);
  if (storage === undefined) {
    throw new RangeError(
      `Cannot decode signals: format must be one of ${[...STORAGE_FORMATS.keys()]}, got ${format}`,
    );
  }
  checkLength(storage, format, bytes.length, layout);
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

/**
 * Sums samples as a header's checksum field does.
 *
 * Source: WFDB Applications Guide, header(5), "checksum".
 *
 * @returns The sum modulo 2^16 as a signed number, -32768..32767.
 */
export function signalChecksum(samples: Samples): number {
  // Two sums side by side: one addition need not wait for the other.
  let even = 0, odd = 0;
  for (let i = 1; i < samples.length; i += 2) {
    even = (even + samples[i - 1]) | 0;
    odd = (odd + samples[i]) | 0;
  }
  const last = samples.length % 2 === 1 ? samples[samples.length - 1] : 0;
  return ((even + odd + last) << 16) >> 16;
}

/**
 * Decodes a record's signal files and verifies them against its header: length, first sample and checksum.
 *
 * Where the header does not say how many samples there are, the files' lengths do, and a checksum of 0 is a placeholder. A
 * first sample counts only where there is no checksum.
 * Skew is put right: a skewed signal begins so many frames into its file, and its last ones are marked as missing.
 * Source: WFDB Applications Guide, header(5) and signal(5).
 *
 * @param header Of a record of one segment. Signals that share a file must stand together, as header(5) demands.
 * @param files Signal files by the name that the header gives them; those of the wanted signals suffice.
 * @param options.only Indices of the wanted signals, in the wanted order; all without it. Only these are decoded.
 * @param options.isPart True when the files may hold more than the record.
 * @returns ADC units, one array of `samples * samplesPerFrame` values a wanted signal.
 * @throws {FormatError} When a file is missing, has the wrong length, or does not hold what the header promises.
 */
export function readSignals(
  header: RecordHeader,
  files: ReadonlyMap<string, Uint8Array>,
  { only = [...header.signals.keys()], isPart }: { only?: readonly number[]; isPart?: boolean } = {},
): DecodedSamples[] {
  const unknown = only.find((index) => header.signals[index] === undefined);
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot read record ${header.record}: signals must be indices below ${header.signals.length}, got ${unknown}`,
    );
  }
  const once = [...new Set(only)], signals = new Map<number, DecodedSamples>();
  let frames = header.samples;
  for (const { first, specs } of groupSignals(header)) {
    const wanted = once.map((index) => index - first).filter((index) => specs[index] !== undefined);
    if (wanted.length === 0) continue;
    const file = decodeFile(header, specs, files, { frames, wanted, isPart });
    frames ??= file.frames;
    wanted.forEach((index, i) => {
      verifySignal(header, specs[index], file.signals[i], first + index);
      removeSkew(header, specs[index], file.signals[i]);
      signals.set(first + index, file.signals[i]);
    });
  }
  return only.map((index) =>
    signals.get(index) ?? nullSignal(header, header.signals[index], frames ?? 0, only.length)
  );
}

/** Decodes the wanted signals of one file, `wanted` counting from the file's first. */
function decodeFile(
  header: RecordHeader,
  specs: SignalSpec[],
  files: ReadonlyMap<string, Uint8Array>,
  { frames, wanted, isPart }: { frames?: number; wanted: number[]; isPart?: boolean },
): { frames: number; signals: DecodedSamples[] } {
  const { fileName: file, format, byteOffset } = specs[0];
  const bytes = files.get(file);
  if (bytes === undefined) {
    throw new FormatError(
      `Cannot read record ${header.record}: signal file "${file}" must be present, got ${
        [...files.keys()].join(", ") || "none"
      }`,
      { file },
    );
  }
  const samplesPerFrame = specs.map((spec) => spec.samplesPerFrame);
  const flac = FLAC_FORMATS.get(format);
  if (flac !== undefined) {
    if (samplesPerFrame.some((count) => count !== samplesPerFrame[0])) {
      throw new FormatError(
        `Cannot read format ${format}: signals of one FLAC file must have one number of samples per frame, got ${samplesPerFrame}`,
        { file },
      );
    }
    const { signals, samples } = decodeFlac(bytes, {
      channels: specs.length,
      ...flac,
      // The header counts the offset of a compressed file in samples.
      skip: byteOffset,
      samples: frames === undefined ? undefined : frames * samplesPerFrame[0],
      only: wanted,
      isPart,
      file,
    });
    if (samples % samplesPerFrame[0] !== 0) {
      throw new FormatError(
        `Cannot read format ${format}: the file must hold whole frames of ${
          samplesPerFrame[0]
        } samples a signal, got ${samples}`,
        { file },
      );
    }
    return { frames: samples / samplesPerFrame[0], signals };
  }
  if (byteOffset > bytes.length) {
    throw new FormatError(
      `Cannot read record ${header.record}: samples must start within the file, got byte offset ${byteOffset} in ${bytes.length} bytes`,
      { file },
    );
  }
  const data = bytes.subarray(byteOffset);
  frames ??= framesIn(STORAGE_FORMATS.get(format)!, format, data.length, { samplesPerFrame, file });
  const signals = decodeFrames(format, data, { frames, samplesPerFrame, file, isPart }, wanted);
  if (format === 8) {
    wanted.forEach((index, i) =>
      integrate(signals[i], specs[index].initialValueAdu ?? specs[index].adcZeroAdu)
    );
  }
  return { frames, signals };
}

/**
 * Groups signals by their file; signals without a file belong to no group.
 *
 * @returns In the header's order, one group a file.
 * @throws {FormatError} When one file's signals do not stand together or differ in format or offset.
 */
export function groupSignals(header: RecordHeader): SignalGroup[] {
  const groups: SignalGroup[] = [];
  for (const [index, spec] of header.signals.entries()) {
    if (spec.format === NULL_FORMAT) continue;
    const file = spec.fileName, last = groups.at(-1);
    if (last === undefined || last.specs[0].fileName !== file || last.first + last.specs.length !== index) {
      if (groups.some(({ specs }) => specs[0].fileName === file)) {
        throw new FormatError(
          `Cannot read record ${header.record}: signals of one file must stand together, got "${file}" twice`,
          { file },
        );
      }
      groups.push({ first: index, specs: [spec] });
      continue;
    }
    const { format, byteOffset } = last.specs[0];
    if (format !== spec.format || byteOffset !== spec.byteOffset) {
      throw new FormatError(
        `Cannot read record ${header.record}: signals of one file must have one format and offset, got ` +
          `${format}+${byteOffset} and ${spec.format}+${spec.byteOffset}`,
        { file },
      );
    }
    last.specs.push(spec);
  }
  return groups;
}

/** Format 8: differences -> samples. */
function integrate(samples: Samples, start: number): void {
  for (let i = 0, sum = start; i < samples.length; i++) samples[i] = sum = (sum + samples[i]) | 0;
}

function nullSignal(header: RecordHeader, spec: SignalSpec, frames: number, wanted: number): DecodedSamples {
  const samples = frames * spec.samplesPerFrame;
  if (samples * wanted > MAX_NULL_SAMPLES) {
    throw new FormatError(
      `Cannot read record ${header.record}: signals without a file must have at most ${MAX_NULL_SAMPLES} samples, ` +
        `got ${samples} in each of ${wanted}`,
      { file: `${header.record}.hea` },
    );
  }
  return new Int16Array(samples).fill(sampleTraits(NULL_FORMAT).missing);
}

function removeSkew(header: RecordHeader, spec: SignalSpec, samples: Samples): void {
  const skew = spec.skewFrames * spec.samplesPerFrame;
  if (skew === 0) return;
  if (skew > samples.length) {
    throw new FormatError(
      `Cannot read record ${header.record}: skew must be shorter than the signal's ${samples.length} samples, got ${skew}`,
      { file: `${header.record}.hea` },
    );
  }
  samples.copyWithin(0, skew).fill(sampleTraits(spec.format).missing, samples.length - skew);
}

/** A first sample is believed where a checksum proves it: some writers give 0 for one that is missing. */
function verifySignal(header: RecordHeader, spec: SignalSpec, samples: Samples, index: number): void {
  const { checksum: promised, initialValueAdu: first } = spec;
  const isPlaceholder = header.samples === undefined && promised === 0;
  if (isPlaceholder || samples.length === 0) return;
  const checksum = promised === undefined ? undefined : signalChecksum(samples);
  if (checksum !== undefined && checksum === promised) return;
  const refuse = (what: string, expected: number, got: number): never => {
    const name = spec.description === "" ? "" : ` (${spec.description})`;
    throw new FormatError(
      `Cannot read record ${header.record}, signal ${index}${name}: ${what} must be ${expected} as the header says, ` +
        `got ${got}; fetch the files again`,
      { file: spec.fileName },
    );
  };
  if (first !== undefined && samples[0] !== first) refuse("first sample", first, samples[0]);
  if (promised !== undefined) refuse("checksum", promised, checksum!);
}

/** "samples of 2 signals", or where a frame holds more than one sample of some, "frames of 9 samples". */
function frameWords({ samplesPerFrame }: Pick<FrameLayout, "samplesPerFrame">): string {
  const total = sumOf(samplesPerFrame), signals = samplesPerFrame.length;
  return total === signals ? `samples of ${signals} signals` : `frames of ${total} samples`;
}

/** How many frames a file holds, which must be whole ones. */
function framesIn(
  storage: StorageFormat,
  format: number,
  bytes: number,
  { samplesPerFrame, file }: Pick<FrameLayout, "samplesPerFrame" | "file">,
): number {
  const perFrame = sumOf(samplesPerFrame), frames = Math.floor(capacityOf(storage, bytes) / perFrame);
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

function checkLength(storage: StorageFormat, format: number, bytes: number, layout: FrameLayout): void {
  const { frames, samplesPerFrame, file, isPart } = layout, perFrame = sumOf(samplesPerFrame);
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

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
