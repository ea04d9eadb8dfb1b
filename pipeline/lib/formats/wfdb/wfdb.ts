import { FormatError } from "../../core/errors.ts";
import {
  annotationTimeResolution,
  decodeAnnotations,
  encodeAnnotations,
  isTimeResolution,
} from "./annotations.ts";
import { encodeFrames } from "./encode_frames.ts";
import { formatHeader } from "./format_header.ts";
import { parseHeader } from "./header.ts";
import type { Annotation, RecordHeader, SignalSpec, WfdbRecord } from "./record.ts";
import { groupSignals, readSignals, signalChecksum } from "./signal.ts";

/** The bytes of a record's files, read by whoever owns the disk or the network. */
export interface RecordFiles {
  /** Path or name of the header, "100.hea", and its text. */
  header: { name: string; text: string };
  /** Signal files by the name that the header gives them, without a folder. */
  files: ReadonlyMap<string, Uint8Array>;
  /** Annotation file (.atr); without it the record has no annotations. */
  annotations?: Uint8Array;
}

/**
 * Reads a WFDB record of one segment: header, signals (length, first sample and checksum verified) and annotations.
 *
 * @returns The record; its header's `samples` is filled in where the header said nothing.
 * @throws {FormatError} When a file breaks its format, when the header is of another record than its name says, or when
 *   the record has many segments, which `planRecord` reads.
 */
export function readRecord(
  { header: { name, text }, files, annotations: annotationBytes }: RecordFiles,
): WfdbRecord {
  const header = readHeader(text, name);
  if (header.segments !== undefined) {
    throw new FormatError(
      `Cannot read record ${header.record} at once: it must be of one segment, got ${header.segments.length}`,
      { file: name },
    );
  }
  const signals = readSignals(header, files);
  const annotations = annotationBytes === undefined ? [] : readAnnotations(header, annotationBytes);
  const [first] = header.signals;
  const samples = header.samples ??
    (first === undefined ? undefined : signals[0].length / first.samplesPerFrame);
  return { header: samples === undefined ? header : { ...header, samples }, signals, annotations };
}

/**
 * Parses a header and holds it against the name of its file.
 *
 * @param name Path or name of the header, "100.hea".
 * @throws {FormatError} As `parseHeader`, and when the header is of another record.
 */
export function readHeader(text: string, name: string): RecordHeader {
  const header = parseHeader(text, name);
  const stem = name.replace(/^.*[/\\]/, "").replace(/\.hea$/, "");
  if (stem !== header.record) {
    throw new FormatError(
      `Cannot read record: the header must be of the record "${stem}" that its file is named after, got "${header.record}"`,
      { file: name },
    );
  }
  return header;
}

/**
 * Decodes a record's annotations and has them count in its frames.
 *
 * A file that defines a time resolution of its own is converted, each time to the nearest frame (halves upwards), as the
 * library's getann() does, and the note that defines it is left out, because it is true no longer.
 *
 * @throws {FormatError} When the file breaks its format or its times cannot be converted.
 */
export function readAnnotations({ record, fs }: RecordHeader, bytes: Uint8Array): Annotation[] {
  const file = `${record}.atr`, annotations = decodeAnnotations(bytes, file);
  const resolution = annotationTimeResolution(annotations);
  if (resolution === undefined || Math.abs(resolution - fs) <= 1e-6 * fs) return annotations;
  const frames = annotations.filter(({ sample, aux }) => sample !== 0 || !isTimeResolution(aux))
    .map((annotation) => ({
      ...annotation,
      sample: Math.floor(annotation.sample * (fs / resolution) + 0.5),
    }));
  if (!frames.every(({ sample }) => Number.isSafeInteger(sample))) {
    throw new FormatError(
      `Cannot read record ${record}: annotations must count in ticks like its ${fs} Hz, got a time resolution of ${resolution} Hz`,
      { file },
    );
  }
  return frames;
}

/**
 * Encodes a record into its files, the inverse of `readRecord`.
 *
 * The header's `samples`, initial values and checksums are computed from the signals; signal files begin at byte 0
 * whatever `byteOffset` says and have no skew, because a record does not hold a file's prolog and has its skew put right.
 *
 * @returns File name -> bytes: `<record>.hea`, the signal files that the header names, and `<record>.atr` when the
 *   record has annotations.
 * @throws {RangeError} When a value does not fit its format, a format is not 16 or 212, or two files would have one name.
 * @throws {FormatError} When the header scatters the signals of one file or gives them two formats.
 */
export function encodeRecord(record: WfdbRecord): Map<string, Uint8Array<ArrayBuffer>> {
  const { header, signals, annotations } = record;
  if (signals.length !== header.signals.length) {
    throw new RangeError(
      `Cannot encode record ${header.record}: the header must describe each signal, got ${header.signals.length} descriptions of ${signals.length} signals`,
    );
  }
  const lengths = new Set(signals.map((signal, s) => signal.length / header.signals[s].samplesPerFrame));
  if (lengths.size > 1) {
    throw new RangeError(
      `Cannot encode record ${header.record}: signals must have one length, got ${
        [...lengths].join(" and ")
      }`,
    );
  }
  const [samples = header.samples] = lengths;
  const specs = header.signals.map((spec, s): SignalSpec => ({
    ...spec,
    byteOffset: 0,
    skewFrames: 0,
    initialValueAdu: signals[s][0] ?? spec.adcZeroAdu,
    checksum: signalChecksum(signals[s]),
  }));
  const complete = { ...header, samples, signals: specs };
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const add = (name: string, bytes: Uint8Array<ArrayBuffer>) => {
    if (files.has(name)) {
      throw new RangeError(
        `Cannot encode record ${header.record}: file names must differ, got "${name}" twice`,
      );
    }
    files.set(name, bytes);
  };
  add(`${header.record}.hea`, new TextEncoder().encode(formatHeader(complete)));
  for (const { first, specs } of groupSignals(complete)) {
    const [{ fileName, format }] = specs, samplesPerFrame = specs.map((spec) => spec.samplesPerFrame);
    add(fileName, encodeFrames(format, signals.slice(first, first + specs.length), samplesPerFrame));
  }
  if (annotations.length > 0) add(`${header.record}.atr`, encodeAnnotations(annotations));
  return files;
}
