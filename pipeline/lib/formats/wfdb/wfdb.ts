import { FormatError } from "../../core/errors.ts";
import { annotationTimeResolution, decodeAnnotations, encodeAnnotations } from "./annotations.ts";
import { formatHeader, parseHeader } from "./header.ts";
import type { SignalSpec, WfdbRecord } from "./record.ts";
import { encodeFormat16, encodeFormat212, groupSignals, readSignals, signalChecksum } from "./signal.ts";

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
 * Reads a WFDB record: header, signals (length, first sample and checksum verified) and annotations.
 *
 * @returns The record; its header's `samples` is filled in where the header said nothing.
 * @throws {FormatError} When a file breaks its format, when the header is of another record than its name says, or when
 *   the annotations count in other units than the record's samples.
 */
export function readRecord(
  { header: { name, text }, files, annotations: annotationBytes }: RecordFiles,
): WfdbRecord {
  const header = parseHeader(text, name);
  const stem = name.replace(/^.*[/\\]/, "").replace(/\.hea$/, "");
  if (stem !== header.record) {
    throw new FormatError(
      `Cannot read record: the header must be of the record "${stem}" that its file is named after, got "${header.record}"`,
      {
        file: name,
      },
    );
  }
  const signals = readSignals(header, files);
  const annotationFile = `${header.record}.atr`;
  const annotations = annotationBytes === undefined ? [] : decodeAnnotations(annotationBytes, annotationFile);
  const resolution = annotationTimeResolution(annotations);
  if (resolution !== undefined && Math.abs(resolution - header.fs) > 1e-6 * header.fs) {
    throw new FormatError(
      `Cannot read record ${header.record}: annotations must count in samples at ${header.fs} Hz, got a time resolution of ${resolution} Hz`,
      { file: annotationFile },
    );
  }
  const samples = header.samples ?? signals[0]?.length;
  return { header: samples === undefined ? header : { ...header, samples }, signals, annotations };
}

/**
 * Encodes a record into its files, the inverse of `readRecord`.
 *
 * The header's `samples`, initial values and checksums are computed from the signals; signal files begin at byte 0
 * whatever `byteOffset` says, because a record does not hold a file's prolog.
 *
 * @returns File name -> bytes: `<record>.hea`, the signal files that the header names, and `<record>.atr` when the
 *   record has annotations.
 * @throws {RangeError} When a value does not fit its format, or two files would have one name.
 * @throws {FormatError} When the header scatters the signals of one file or gives them two formats.
 */
export function encodeRecord(record: WfdbRecord): Map<string, Uint8Array<ArrayBuffer>> {
  const { header, signals, annotations } = record;
  if (signals.length !== header.signals.length) {
    throw new RangeError(
      `Cannot encode record ${header.record}: the header must describe each signal, got ${header.signals.length} descriptions of ${signals.length} signals`,
    );
  }
  const lengths = new Set(signals.map((signal) => signal.length));
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
  let first = 0;
  for (const group of groupSignals(complete)) {
    const encode = group[0].format === 212 ? encodeFormat212 : encodeFormat16;
    add(group[0].fileName, encode(signals.slice(first, first + group.length)));
    first += group.length;
  }
  if (annotations.length > 0) add(`${header.record}.atr`, encodeAnnotations(annotations));
  return files;
}
