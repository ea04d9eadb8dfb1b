import {
  decodeBytes,
  decodeDifferences,
  decodeFormat160,
  decodeFormat212,
  decodeFormat310,
  decodeFormat311,
  decodeFormat61,
  decodeWords,
  decodeWords24,
  decodeWords32,
  type SampleDecoder,
} from "./sample_decoders.ts";

/** What samples of a format are like. */
export interface SampleTraits {
  /** True when samples need more than 16 bits. */
  wide: boolean;
  /** Value that stands for a missing sample. Decoders leave it as it is. */
  missing: number;
}

/** How an uncompressed signal file stores samples. */
export interface StorageFormat extends SampleTraits {
  /** Bytes that the first 0, 1, 2 ... samples of a group take; the last entry is a whole group. */
  groupBytes: readonly number[];
  decode: SampleDecoder;
}

/** How a FLAC signal file stores samples. */
export interface FlacFormat extends SampleTraits {
  /** Most bits that a sample may have. */
  bits: number;
}

/** The format number of a signal without a file: all its samples are missing. */
export const NULL_FORMAT = 0;
/** A missing sample of 16 bits, WFDB_INVALID_SAMPLE of the C library. */
const MISSING_16 = -(2 ** 15);
const MISSING_24 = -(2 ** 23);
const MISSING_32 = -(2 ** 31);

const NULL_TRAITS: SampleTraits = { wide: false, missing: MISSING_16 };

const narrow = (missing: number, decode: SampleDecoder, ...groupBytes: number[]): StorageFormat => ({
  wide: false,
  missing,
  groupBytes: [0, ...groupBytes],
  decode,
});

const wide = (missing: number, decode: SampleDecoder, bytes: number): StorageFormat => ({
  wide: true,
  missing,
  groupBytes: [0, bytes],
  decode,
});

/**
 * The formats of uncompressed signal files by number.
 *
 * Source: WFDB Applications Guide, signal(5).
 * Deviation: format 8 can mark no sample as missing; the mark that it has here is put by this library only, where skew
 * or a gap leaves nothing.
 */
export const STORAGE_FORMATS: ReadonlyMap<number, StorageFormat> = new Map([
  [8, wide(MISSING_32, decodeDifferences, 1)],
  [16, narrow(MISSING_16, decodeWords, 2)],
  [24, wide(MISSING_24, decodeWords24, 3)],
  [32, wide(MISSING_32, decodeWords32, 4)],
  [61, narrow(MISSING_16, decodeFormat61, 2)],
  [80, narrow(-(2 ** 7), decodeBytes, 1)],
  [160, narrow(MISSING_16, decodeFormat160, 2)],
  [212, narrow(-(2 ** 11), decodeFormat212, 2, 3)],
  [310, narrow(-(2 ** 9), decodeFormat310, 2, 4, 4)],
  [311, narrow(-(2 ** 9), decodeFormat311, 2, 3, 4)],
]);

/** The formats of FLAC signal files by number. Source: WFDB Applications Guide, signal(5). */
export const FLAC_FORMATS: ReadonlyMap<number, FlacFormat> = new Map([
  [508, { bits: 8, wide: false, missing: -(2 ** 7) }],
  [516, { bits: 16, wide: false, missing: MISSING_16 }],
  [524, { bits: 24, wide: true, missing: MISSING_24 }],
]);

/** Every format number that a header may give. */
export const SIGNAL_FORMATS: readonly number[] = [
  NULL_FORMAT,
  ...STORAGE_FORMATS.keys(),
  ...FLAC_FORMATS.keys(),
];

/**
 * Says what samples of a format are like.
 *
 * @throws {RangeError} When there is no format of that number.
 */
export function sampleTraits(format: number): SampleTraits {
  const traits = format === NULL_FORMAT
    ? NULL_TRAITS
    : STORAGE_FORMATS.get(format) ?? FLAC_FORMATS.get(format);
  if (traits === undefined) {
    throw new RangeError(`Cannot find a storage format: it must be one of ${SIGNAL_FORMATS}, got ${format}`);
  }
  return traits;
}

/** @returns The bytes that so many samples take at least, and with the unused rest of their last group. */
export function bytesOf({ groupBytes }: StorageFormat, samples: number): { least: number; padded: number } {
  const group = groupBytes.length - 1, groups = Math.floor(samples / group), rest = samples % group;
  const least = groups * groupBytes[group] + groupBytes[rest];
  return { least, padded: rest === 0 ? least : (groups + 1) * groupBytes[group] };
}

/** @returns How many samples fit in so many bytes. */
export function capacityOf({ groupBytes }: StorageFormat, bytes: number): number {
  const group = groupBytes.length - 1, whole = groupBytes[group];
  const rest = bytes % whole;
  return Math.floor(bytes / whole) * group + groupBytes.findLastIndex((needed) => needed <= rest);
}
