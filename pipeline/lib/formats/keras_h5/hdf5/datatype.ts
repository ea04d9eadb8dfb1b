import { hdf5Error, type Hdf5Source, readSize } from "./bytes.ts";

/** What of the datatypes is told apart here. */
export type Datatype =
  | { kind: "float32" }
  /** Strings of a fixed length in bytes, ended or filled by NUL. */
  | { kind: "fixedString"; bytes: number }
  /** Strings in the global heap. */
  | { kind: "variableString" }
  | { kind: "other"; description: string };

/** A structure within a header message. */
interface Part {
  at: number;
  length: number;
}

const FLOAT = 1, STRING = 3, VARIABLE_LENGTH = 9;
const CLASS_NAMES = [
  "integer",
  "float",
  "time",
  "string",
  "bit field",
  "opaque",
  "compound",
  "reference",
  "enum",
  "variable length",
  "array",
];
const MAX_RANK = 8;

/**
 * Bytes 0 to 19 of the datatype message of IEEE 754 binary32, little endian: class and version, bit field, size, then
 * bit offset, precision, exponent (place and size), mantissa (place and size), exponent bias.
 */
const IEEE_FLOAT32 = [0x11, 0x20, 0x1f, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];

/**
 * Reads a datatype message.
 *
 * Source: HDF5 File Format Specification 3.0, IV.A.2.d.
 *
 * @throws FormatError A message that is too short.
 */
export function readDatatype(source: Hdf5Source, { at, length }: Part): Datatype {
  if (length < 8) throw hdf5Error(source, `datatype must have at least 8 bytes, got ${length}`, at);
  const { bytes, view } = source;
  const typeClass = bytes[at] & 0x0f, size = view.getUint32(at + 4, true);
  if (typeClass === STRING && size > 0) return { kind: "fixedString", bytes: size };
  if (typeClass === VARIABLE_LENGTH && (bytes[at + 1] & 0x0f) === 1 && size === 16) {
    return { kind: "variableString" };
  }
  // Versions 1 to 3 of the message, in the upper half of the first byte, do not differ for floats.
  const isFloat32 = typeClass === FLOAT && length >= IEEE_FLOAT32.length &&
    IEEE_FLOAT32.every((byte, i) => i === 0 || bytes[at + i] === byte);
  if (isFloat32) return { kind: "float32" };
  return { kind: "other", description: `${CLASS_NAMES[typeClass] ?? "unknown"} of ${size} bytes` };
}

/**
 * Reads a dataspace message.
 *
 * Source: HDF5 File Format Specification 3.0, IV.A.2.b.
 *
 * @returns The shape, [] for a scalar; a null dataspace is [0].
 * @throws FormatError A damaged message, more than 8 axes or an axis longer than the file.
 */
export function readDataspace(source: Hdf5Source, { at, length }: Part): number[] {
  if (length < 4) throw hdf5Error(source, `dataspace must have at least 4 bytes, got ${length}`, at);
  const [version, rank, , type] = source.bytes.subarray(at, at + 4);
  if (version !== 1 && version !== 2) {
    throw hdf5Error(source, `dataspace must be of version 1 or 2, got ${version}`, at);
  }
  if (rank > MAX_RANK) {
    throw hdf5Error(source, `dataspace must have at most ${MAX_RANK} axes, got ${rank}`, at + 1);
  }
  const isNull = version === 2 && type === 2;
  if (isNull) return [0];
  const sizes = at + (version === 1 ? 8 : 4);
  if (sizes + 8 * rank > at + length) {
    throw hdf5Error(source, `dataspace of ${rank} axes must fit its message, got ${length} bytes`, at);
  }
  return Array.from({ length: rank }, (_, i) => readSize(source, sizes + 8 * i));
}
