import { FormatError } from "../../../core/errors.ts";

/** An HDF5 file that is being read; addresses count from its first byte. */
export interface Hdf5Source {
  bytes: Uint8Array;
  view: DataView;
  /** Name for error messages. */
  file?: string;
  /** Links of the groups that were read, by the address of the group. */
  groups: Map<number, Map<string, number>>;
  /** Structures that may still be read. */
  structuresLeft: number;
  /** Bytes of datasets that may still be read: names that repeat must not multiply the file's size. */
  valueBytesLeft: number;
}

/**
 * Structures (messages, links, tree nodes, strings) that are read of one file. Damaged files can point from many
 * places to the same bytes or run in circles; a model of Keras with 1000 layers has some 50,000.
 */
const MAX_STRUCTURES = 500_000;

/** An address that stands for "nowhere". Source: HDF5 File Format Specification 3.0, I.C. */
export const UNDEFINED_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** @param bytes The whole file; its format is not yet checked. */
export function openSource(bytes: Uint8Array, file?: string): Hdf5Source {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    bytes,
    view,
    file,
    groups: new Map(),
    structuresLeft: MAX_STRUCTURES,
    valueBytesLeft: bytes.length,
  };
}

/**
 * Counts one structure that is about to be read.
 *
 * @throws FormatError The file holds, or pretends to hold, too many.
 */
export function countStructure(source: Hdf5Source, at: number): void {
  if (source.structuresLeft-- === 0) {
    throw hdf5Error(source, `a file must hold at most ${MAX_STRUCTURES} structures, got more`, at);
  }
}

/** A format error at a byte of the file. */
export function hdf5Error(source: Hdf5Source, message: string, byteOffset: number): FormatError {
  return new FormatError(`Cannot read HDF5: ${message}`, { file: source.file, byteOffset });
}

/**
 * Checks that a structure lies within the file.
 *
 * @throws FormatError It does not.
 */
export function checkSpan(
  source: Hdf5Source,
  { what, at, length }: { what: string; at: number; length: number },
): void {
  if (at + length > source.bytes.length) {
    throw hdf5Error(
      source,
      `${what} must end within the ${source.bytes.length} bytes, got ${length} bytes`,
      at,
    );
  }
}

/**
 * Checks a structure's signature and that at least its fixed part lies within the file.
 *
 * @param signature Four ASCII characters.
 * @param length Bytes of the fixed part with the signature.
 * @throws FormatError Another signature, or the end of the file.
 */
export function checkSignature(
  source: Hdf5Source,
  { signature, at, length }: { signature: string; at: number; length: number },
): void {
  checkSpan(source, { what: `"${signature}" structure`, at, length });
  const found = String.fromCharCode(...source.bytes.subarray(at, at + signature.length));
  if (found !== signature) {
    throw hdf5Error(source, `signature must be "${signature}", got ${JSON.stringify(found)}`, at);
  }
}

/**
 * Reads a 64-bit length or address as a number.
 *
 * @throws FormatError A number beyond the file's length: no structure, count or address can be larger.
 */
export function readSize(source: Hdf5Source, at: number): number {
  const size = source.view.getBigUint64(at, true);
  if (size > BigInt(source.bytes.length)) {
    throw hdf5Error(
      source,
      `size or address must be at most the ${source.bytes.length} bytes, got ${size}`,
      at,
    );
  }
  return Number(size);
}
