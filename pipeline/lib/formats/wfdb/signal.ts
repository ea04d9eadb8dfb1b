import { FormatError } from "../../core/errors.ts";
import { checkFileLength, decodeFrames, framesIn, sumOf } from "./decode_frames.ts";
import { decodeFlac } from "./flac.ts";
import type { DecodedSamples, RecordHeader, Samples, SignalSpec } from "./record.ts";
import { bytesOf, FLAC_FORMATS, NULL_FORMAT, sampleTraits, STORAGE_FORMATS } from "./storage_formats.ts";

/** No file bounds the length of signals without one. */
const MAX_NULL_SAMPLES = 2 ** 27;
/** Samples of all signals of a file that are decoded at a time. */
const PART_SAMPLES = 2 ** 21;
/** So many frames are whole groups of samples in every format, however many samples a frame has. */
const GROUPED_FRAMES = 6;

/** A signal file of which parts are read. */
export interface SignalFile {
  /** Length in bytes. */
  size: number;
  /** Reads bytes [from, to), which lie within the file. */
  read(from: number, to: number): Uint8Array;
}

/** Signals that share a file. */
export interface SignalGroup {
  /** Index of the first in the header; the others follow it. */
  first: number;
  specs: SignalSpec[];
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

/** How to read a signal. */
interface PartOptions {
  /** Length of the record in frames; the file's own without it. */
  frames?: number;
  /** True when the file may hold more than the record. */
  isPart?: boolean;
  /** Samples of all signals of the file to decode at a time. */
  partSamples?: number;
}

/** A file that is in memory already. */
export const fileInMemory = (bytes: Uint8Array): SignalFile => ({
  size: bytes.length,
  read: (from, to) => bytes.subarray(from, to),
});

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
 * @returns ADC units, one array of `samples * samplesPerFrame` values a wanted signal.
 * @throws {FormatError} When a file is missing, has the wrong length, or does not hold what the header promises.
 */
export function readSignals(
  header: RecordHeader,
  files: ReadonlyMap<string, Uint8Array>,
  { only = [...header.signals.keys()] }: { only?: readonly number[] } = {},
): DecodedSamples[] {
  const unknown = only.find((index) => header.signals[index] === undefined);
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot read record ${header.record}: signals must be indices below ${header.signals.length}, got ${unknown}`,
    );
  }
  const groups = groupSignals(header);
  const wanted = new Set(only), hasFile = (index: number) => header.signals[index].format !== NULL_FORMAT;
  const signals = new Map<number, DecodedSamples>();
  let frames = header.samples;
  // Signals without a file come last: they are as long as the others.
  for (const index of [...wanted].sort((a, b) => Number(hasFile(b)) - Number(hasFile(a)) || a - b)) {
    const { fileName: name, format, samplesPerFrame } = header.signals[index];
    const bytes = files.get(name);
    if (bytes === undefined && hasFile(index)) {
      throw new FormatError(
        `Cannot read record ${header.record}: signal file "${name}" must be present, got ${
          [...files.keys()].join(", ") || "none"
        }`,
        { file: name },
      );
    }
    const file = fileInMemory(bytes ?? new Uint8Array());
    const parts = [...partsOf(header, groups, index, file, { frames, partSamples: Infinity })];
    const signal = parts.length === 1 ? parts[0] : joinSamples(format, parts);
    frames ??= signal.length / samplesPerFrame;
    signals.set(index, signal);
  }
  return only.map((index) => signals.get(index)!);
}

/**
 * Decodes one signal of a record part by part, so that a file need not fit in memory; a FLAC file must.
 *
 * @param file The signal's file; not asked for anything where the signal has none.
 * @yields The signal as `readSignals` gives it, in parts of memory of their own.
 * @throws {FormatError} As `readSignals`; a wrong checksum is known after the last part.
 */
export function readSignalParts(
  header: RecordHeader,
  index: number,
  file: SignalFile,
  options: PartOptions = {},
): Generator<DecodedSamples> {
  return partsOf(header, groupSignals(header), index, file, { frames: header.samples, ...options });
}

function* partsOf(
  header: RecordHeader,
  groups: readonly SignalGroup[],
  index: number,
  file: SignalFile,
  options: PartOptions,
): Generator<DecodedSamples> {
  const spec = header.signals[index], { format, samplesPerFrame } = spec;
  const group = groups.findLast(({ first }) => first <= index);
  if (format === NULL_FORMAT || group === undefined) {
    yield nullSignal(header, spec, options.frames ?? 0);
    return;
  }
  const { frames, parts } = FLAC_FORMATS.has(format)
    ? decodeFlacFile(group, index - group.first, file, options)
    : decodeStoredFile(header, group, index - group.first, file, options);
  if (spec.skewFrames > frames) {
    throw new FormatError(
      `Cannot read record ${header.record}: skew must be shorter than its ${frames} frames, got ${spec.skewFrames}`,
      { file: `${header.record}.hea` },
    );
  }
  const skew = spec.skewFrames * samplesPerFrame;
  let skip = skew, sum = spec.initialValueAdu ?? spec.adcZeroAdu, checksum = 0;
  let first: number | undefined;
  for (const part of parts) {
    if (format === 8) sum = integrate(part, sum);
    checksum = signalChecksum(part) + checksum;
    first ??= part[0];
    const kept = part.subarray(Math.min(skip, part.length));
    skip -= part.length - kept.length;
    yield kept;
  }
  verifySignal(header, spec, { index, first, checksum: (checksum << 16) >> 16 });
  if (skew > 0) yield makeSamples(format, skew).fill(sampleTraits(format).missing);
}

/** The frames of an uncompressed file and one of its signals, `place` counting from the file's first. */
function decodeStoredFile(
  header: RecordHeader,
  { specs }: SignalGroup,
  place: number,
  file: SignalFile,
  { frames: known, isPart, partSamples = PART_SAMPLES }: PartOptions,
): { frames: number; parts: Iterable<DecodedSamples> } {
  const { fileName: name, format, byteOffset } = specs[0], storage = STORAGE_FORMATS.get(format)!;
  const samplesPerFrame = specs.map((spec) => spec.samplesPerFrame), perFrame = sumOf(samplesPerFrame);
  if (byteOffset > file.size) {
    throw new FormatError(
      `Cannot read record ${header.record}: samples must start within the file, got byte offset ${byteOffset} in ${file.size} bytes`,
      { file: name },
    );
  }
  const size = file.size - byteOffset;
  const frames = known ?? framesIn(format, size, { samplesPerFrame, file: name });
  checkFileLength(format, size, { frames, samplesPerFrame, file: name, isPart });
  const atOnce = Math.max(1, Math.floor(partSamples / perFrame / GROUPED_FRAMES)) * GROUPED_FRAMES;
  function* parts() {
    for (let from = 0; from < frames; from += atOnce) {
      const to = Math.min(from + atOnce, frames);
      const [start, end] = [from, to].map((frame) => byteOffset + bytesOf(storage, frame * perFrame).least);
      const layout = { frames: to - from, samplesPerFrame, file: name };
      yield decodeFrames(format, file.read(start, end), layout, [place])[0];
    }
  }
  return { frames, parts: parts() };
}

/** The same of a FLAC file, which is decoded as a whole. */
function decodeFlacFile(
  { specs }: SignalGroup,
  place: number,
  file: SignalFile,
  { frames, isPart }: PartOptions,
): { frames: number; parts: Iterable<DecodedSamples> } {
  const { fileName: name, format, byteOffset, samplesPerFrame } = specs[0];
  const other = specs.find((spec) => spec.samplesPerFrame !== samplesPerFrame);
  if (other !== undefined) {
    throw new FormatError(
      `Cannot read format ${format}: signals of one FLAC file must have one number of samples per frame, got ` +
        `${samplesPerFrame} and ${other.samplesPerFrame}`,
      { file: name },
    );
  }
  const { signals, samples } = decodeFlac(file.read(0, file.size), {
    channels: specs.length,
    ...FLAC_FORMATS.get(format)!,
    // The header counts the offset of a compressed file in samples.
    skip: byteOffset,
    samples: frames === undefined ? undefined : frames * samplesPerFrame,
    only: [place],
    isPart,
    file: name,
  });
  if (samples % samplesPerFrame !== 0) {
    throw new FormatError(
      `Cannot read format ${format}: the file must hold whole frames of ${samplesPerFrame} samples a signal, got ${samples}`,
      { file: name },
    );
  }
  return { frames: samples / samplesPerFrame, parts: signals };
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

function makeSamples(format: number, length: number): DecodedSamples {
  return new (sampleTraits(format).wide ? Int32Array : Int16Array)(length);
}

function joinSamples(format: number, parts: readonly DecodedSamples[]): DecodedSamples {
  const whole = makeSamples(format, parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Format 8: differences -> samples. @returns The last sample, from which the next part goes on. */
function integrate(samples: DecodedSamples, start: number): number {
  let sum = start;
  for (let i = 0; i < samples.length; i++) samples[i] = sum = (sum + samples[i]) | 0;
  return sum;
}

function nullSignal(header: RecordHeader, spec: SignalSpec, frames: number): DecodedSamples {
  const samples = frames * spec.samplesPerFrame, most = Math.floor(MAX_NULL_SAMPLES / header.signals.length);
  if (samples > most) {
    throw new FormatError(
      `Cannot read record ${header.record}: a signal without a file must have at most ${most} samples, got ${samples}`,
      { file: `${header.record}.hea` },
    );
  }
  return makeSamples(NULL_FORMAT, samples).fill(sampleTraits(NULL_FORMAT).missing);
}

/** A first sample is believed where a checksum proves it: some writers give 0 for one that is missing. */
function verifySignal(
  header: RecordHeader,
  spec: SignalSpec,
  { index, first, checksum }: { index: number; first?: number; checksum: number },
): void {
  const { checksum: promised, initialValueAdu } = spec;
  const isPlaceholder = header.samples === undefined && promised === 0;
  if (isPlaceholder || first === undefined || checksum === promised) return;
  const refuse = (what: string, expected: number, got: number): never => {
    const name = spec.description === "" ? "" : ` (${spec.description})`;
    throw new FormatError(
      `Cannot read record ${header.record}, signal ${index}${name}: ${what} must be ${expected} as the header says, ` +
        `got ${got}; fetch the files again`,
      { file: spec.fileName },
    );
  };
  if (initialValueAdu !== undefined && first !== initialValueAdu) {
    refuse("first sample", initialValueAdu, first);
  }
  if (promised !== undefined) refuse("checksum", promised, checksum);
}
