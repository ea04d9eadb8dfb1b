import { FormatError } from "../../core/errors.ts";
import type { RecordHeader, SignalSpec } from "./record.ts";

/** Value that stands for a missing sample in format 212. It is left as it is by every decoder. */
export const MISSING_SAMPLE_212 = -2048;
/** Value that stands for a missing sample in format 16. It is left as it is by every decoder. */
export const MISSING_SAMPLE_16 = -32768;

const MAX_GROUP_SAMPLES = 2 ** 31 - 1;

/** What one signal file holds. */
export interface SignalLayout {
  /** Signals interleaved in the file, >= 1. */
  signals: number;
  /** Samples per signal, >= 0. */
  samples: number;
  /** Name of the file for error messages. */
  file?: string;
}

/**
 * Decodes format 212: two 12-bit two's complement samples in three bytes.
 *
 * Bits: byte 0 holds the low 8 bits of the first sample, byte 1 the high 4 bits of the first (low nibble) and of the
 * second (high nibble), byte 2 the low 8 bits of the second.
 * Source: WFDB Applications Guide, signal(5), "Format 212".
 *
 * @param bytes The file without its prolog. A file of an odd number of samples may end with its pair's unused third byte.
 * @returns ADC units, one array of `samples` values in -2048..2047 a signal.
 * @throws {FormatError} When the file is shorter or longer than `signals * samples` ask for.
 */
export function decodeFormat212(bytes: Uint8Array, layout: SignalLayout): Int16Array[] {
  checkLength(bytes.length, 212, layout);
  const { signals, samples } = layout;
  const decoded = Array.from({ length: signals }, () => new Int16Array(samples));
  if (signals % 2 === 0) {
    for (let s = 0; s < signals; s += 2) {
      decodePair212(bytes, (s / 2) * 3, (signals / 2) * 3, decoded[s], decoded[s + 1]);
    }
  } else {
    decoded.forEach((signal, s) => decodeEvery212(bytes, s, signals, signal));
  }
  return decoded;
}

/** The fast path: two signals whose samples share the same three bytes in each frame. */
function decodePair212(
  bytes: Uint8Array,
  start: number,
  stride: number,
  low: Int16Array,
  high: Int16Array,
): void {
  for (let i = 0, at = start; i < low.length; i++, at += stride) {
    const shared = bytes[at + 1];
    low[i] = ((shared << 28) >> 20) | bytes[at];
    high[i] = (((shared << 24) >> 28) << 8) | bytes[at + 2];
  }
}

/** Any layout: sample `start + i * stride` of the interleaved file. */
function decodeEvery212(bytes: Uint8Array, start: number, stride: number, out: Int16Array): void {
  for (let i = 0, k = start; i < out.length; i++, k += stride) {
    const at = (k >> 1) * 3;
    const shared = bytes[at + 1];
    out[i] = (k & 1) === 0
      ? ((shared << 28) >> 20) | bytes[at]
      : (((shared << 24) >> 28) << 8) | bytes[at + 2];
  }
}

/**
 * Decodes format 16: 16-bit two's complement samples, low byte first.
 *
 * Source: WFDB Applications Guide, signal(5), "Format 16".
 *
 * @param bytes The file without its prolog.
 * @returns ADC units, one array of `samples` values a signal.
 * @throws {FormatError} When the file is shorter or longer than `signals * samples` ask for.
 */
export function decodeFormat16(bytes: Uint8Array, layout: SignalLayout): Int16Array[] {
  checkLength(bytes.length, 16, layout);
  const { signals, samples } = layout;
  return Array.from({ length: signals }, (_, s) => {
    const signal = new Int16Array(samples);
    for (let i = 0, at = 2 * s; i < samples; i++, at += 2 * signals) {
      signal[i] = bytes[at] | (bytes[at + 1] << 8);
    }
    return signal;
  });
}

/**
 * Encodes format 212, the inverse of `decodeFormat212`.
 *
 * @param signals ADC units in -2048..2047, one array a signal, all of one length.
 * @returns `ceil(1.5 * samples)` bytes, as the WFDB library writes them.
 * @throws {RangeError} When a sample does not fit in 12 bits or the lengths differ.
 */
export function encodeFormat212(signals: readonly Int16Array[]): Uint8Array<ArrayBuffer> {
  const samples = commonLength(signals);
  const bytes = new Uint8Array(bytesOf(212, signals.length * samples));
  signals.forEach((signal, s) => {
    for (let i = 0, k = s; i < samples; i++, k += signals.length) {
      const value = signal[i];
      if (value < -2048 || value > 2047) {
        throw new RangeError(
          `Cannot encode format 212: samples must lie in -2048..2047, got ${value} at sample ${i} of signal ${s}`,
        );
      }
      const at = (k >> 1) * 3;
      if ((k & 1) === 0) {
        bytes[at] = value & 0xff;
        bytes[at + 1] |= (value >> 8) & 0x0f;
      } else {
        bytes[at + 1] |= (value >> 4) & 0xf0;
        bytes[at + 2] = value & 0xff;
      }
    }
  });
  return bytes;
}

/**
 * Encodes format 16, the inverse of `decodeFormat16`.
 *
 * @param signals ADC units, one array a signal, all of one length.
 * @returns Two bytes a sample, signals interleaved.
 * @throws {RangeError} When the lengths differ.
 */
export function encodeFormat16(signals: readonly Int16Array[]): Uint8Array<ArrayBuffer> {
  const samples = commonLength(signals);
  const bytes = new Uint8Array(bytesOf(16, signals.length * samples));
  signals.forEach((signal, s) => {
    for (let i = 0, at = 2 * s; i < samples; i++, at += 2 * signals.length) {
      bytes[at] = signal[i] & 0xff;
      bytes[at + 1] = (signal[i] >> 8) & 0xff;
    }
  });
  return bytes;
}

/**
 * Sums samples as a header's checksum field does.
 *
 * Source: WFDB Applications Guide, header(5), "checksum".
 *
 * @returns The sum modulo 2^16 as a signed number, -32768..32767.
 */
export function signalChecksum(samples: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum = (sum + samples[i]) | 0;
  return (sum << 16) >> 16;
}

/**
 * Decodes a record's signal files and verifies them against its header: length, first sample and checksum.
 *
 * Where the header does not say how many samples there are, the files' lengths do, and a checksum of 0 is a placeholder.
 * Source: WFDB Applications Guide, header(5) and signal(5).
 *
 * @param header Signals that share a file must stand together, as header(5) demands.
 * @param files Signal files by the name that the header gives them.
 * @returns ADC units, one array a signal in the header's order, all of one length.
 * @throws {FormatError} When a file is missing, has the wrong length, or does not hold what the header promises.
 */
export function readSignals(header: RecordHeader, files: ReadonlyMap<string, Uint8Array>): Int16Array[] {
  const signals: Int16Array[] = [];
  let samples = header.samples;
  for (const group of groupSignals(header)) {
    const { fileName: file, format, byteOffset } = group[0];
    const bytes = files.get(file);
    if (bytes === undefined) {
      throw new FormatError(
        `Cannot read record ${header.record}: signal file "${file}" must be present, got ${
          [...files.keys()].join(", ") || "none"
        }`,
        { file },
      );
    }
    if (byteOffset > bytes.length) {
      throw new FormatError(
        `Cannot read record ${header.record}: samples must start within the file, got byte offset ${byteOffset} in ${bytes.length} bytes`,
        { file },
      );
    }
    const data = bytes.subarray(byteOffset);
    samples ??= samplesIn(data.length, format, group.length, file);
    const decode = format === 212 ? decodeFormat212 : decodeFormat16;
    signals.push(...decode(data, { signals: group.length, samples, file }));
  }
  header.signals.forEach((spec, s) => verifySignal(header, spec, signals[s], s));
  return signals;
}

/**
 * Groups signals by their file.
 *
 * @returns The signal lines in the header's order, one list a file.
 * @throws {FormatError} When one file's signals do not stand together or differ in format or offset.
 */
export function groupSignals(header: RecordHeader): SignalSpec[][] {
  const groups: SignalSpec[][] = [];
  for (const spec of header.signals) {
    const file = spec.fileName;
    const last = groups.at(-1);
    if (last?.[0].fileName !== file) {
      if (groups.some((group) => group[0].fileName === file)) {
        throw new FormatError(
          `Cannot read record ${header.record}: signals of one file must stand together, got "${file}" twice`,
          { file },
        );
      }
      groups.push([spec]);
    } else if (last[0].format !== spec.format || last[0].byteOffset !== spec.byteOffset) {
      throw new FormatError(
        `Cannot read record ${header.record}: signals of one file must have one format and offset, got ${
          last[0].format
        }+${last[0].byteOffset} and ${spec.format}+${spec.byteOffset}`,
        { file },
      );
    } else {
      last.push(spec);
    }
  }
  return groups;
}

function verifySignal(header: RecordHeader, spec: SignalSpec, samples: Int16Array, index: number): void {
  const name = `record ${header.record}, signal ${index}${
    spec.description === "" ? "" : ` (${spec.description})`
  }`;
  const isPlaceholder = header.samples === undefined && spec.checksum === 0;
  if (isPlaceholder || samples.length === 0) return;
  if (spec.initialValueAdu !== undefined && samples[0] !== spec.initialValueAdu) {
    throw new FormatError(
      `Cannot read ${name}: first sample must be ${spec.initialValueAdu} as the header says, got ${
        samples[0]
      }; fetch the files again`,
      { file: spec.fileName },
    );
  }
  const checksum = signalChecksum(samples);
  if (spec.checksum !== undefined && checksum !== spec.checksum) {
    throw new FormatError(
      `Cannot read ${name}: checksum must be ${spec.checksum} as the header says, got ${checksum}; fetch the files again`,
      { file: spec.fileName },
    );
  }
}

function bytesOf(format: number, totalSamples: number): number {
  return format === 212 ? Math.ceil(totalSamples * 1.5) : totalSamples * 2;
}

/** How many samples fit in a file: a format 212 file may end after the second byte of a pair, with one sample in it. */
function capacityOf(format: number, bytes: number): number {
  return format === 212 ? Math.floor(bytes / 3) * 2 + (bytes % 3 === 2 ? 1 : 0) : Math.floor(bytes / 2);
}

function samplesIn(bytes: number, format: number, signals: number, file: string): number {
  const total = capacityOf(format, bytes);
  // The third byte of a last, half-used pair looks like one sample more.
  const isPadded = format === 212 && bytes % 3 === 0 && total % signals === 1;
  if (bytesOf(format, total) !== bytes || (total % signals !== 0 && !isPadded)) {
    throw new FormatError(
      `Cannot read format ${format}: the file must hold whole frames of ${signals} samples, got ${bytes} bytes`,
      { file },
    );
  }
  return Math.floor(total / signals);
}

function checkLength(bytes: number, format: number, { signals, samples, file }: SignalLayout): void {
  if (!Number.isSafeInteger(signals) || signals < 1 || !Number.isSafeInteger(samples) || samples < 0) {
    throw new RangeError(
      `Cannot decode format ${format}: signals must be >= 1 and samples >= 0, got ${signals} and ${samples}`,
    );
  }
  const total = signals * samples;
  const held = Math.floor(capacityOf(format, bytes) / signals);
  if (total > MAX_GROUP_SAMPLES || held < samples) {
    throw new FormatError(
      `Cannot decode format ${format}: the header promises ${samples} samples of ${signals} signals and the file must hold them, ` +
        `got ${held} samples in ${bytes} bytes; the file is truncated, fetch it again`,
      { file, byteOffset: bytes },
    );
  }
  const expected = bytesOf(format, total);
  const isPadded = format === 212 && total % 2 === 1 && bytes === expected + 1;
  if (bytes !== expected && !isPadded) {
    throw new FormatError(
      `Cannot decode format ${format}: ${samples} samples of ${signals} signals must take ${expected} bytes, got ${bytes}; ` +
        `the file does not belong to this header, fetch both again`,
      { file, byteOffset: expected },
    );
  }
}

function commonLength(signals: readonly Int16Array[]): number {
  const samples = signals[0]?.length ?? 0;
  const other = signals.find((signal) => signal.length !== samples);
  if (other !== undefined) {
    throw new RangeError(
      `Cannot encode signals: all must have ${samples} samples as the first has, got ${other.length}`,
    );
  }
  return samples;
}
