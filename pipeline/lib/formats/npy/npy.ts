import { FormatError } from "../../core/errors.ts";

/** Typed array of each NumPy dtype that this library reads and writes. */
export interface NpyDataTypes {
  "<f4": Float32Array<ArrayBuffer>;
  "<f8": Float64Array<ArrayBuffer>;
  "<i2": Int16Array<ArrayBuffer>;
  "<u2": Uint16Array<ArrayBuffer>;
  "<i4": Int32Array<ArrayBuffer>;
  "<u4": Uint32Array<ArrayBuffer>;
  "|u1": Uint8Array<ArrayBuffer>;
  "|i1": Int8Array<ArrayBuffer>;
}

/** NumPy's name of an element type: byte order, kind, bytes an element. */
export type NpyDtype = keyof NpyDataTypes;

/** An array as a .npy file holds it. */
export interface NpyArray<D extends NpyDtype = NpyDtype> {
  dtype: D;
  /** Length of each axis; [] for a single number. */
  shape: number[];
  /** Elements in C order: the last axis runs fastest. */
  data: NpyDataTypes[D];
}

/** What encoding needs of an array: any buffer will do, and the dtype is that of `data` when it is left out. */
export interface NpyInput {
  dtype?: NpyDtype;
  shape: readonly number[];
  data:
    | Float32Array
    | Float64Array
    | Int16Array
    | Uint16Array
    | Int32Array
    | Uint32Array
    | Uint8Array
    | Int8Array;
}

/** A .npy file's header. */
export interface NpyHeader {
  dtype: NpyDtype;
  shape: number[];
  /** Product of the shape; 1 for a single number. */
  elements: number;
  /** Where the elements begin in the file, in bytes. */
  dataOffset: number;
}

const CONSTRUCTORS = {
  "<f4": Float32Array,
  "<f8": Float64Array,
  "<i2": Int16Array,
  "<u2": Uint16Array,
  "<i4": Int32Array,
  "<u4": Uint32Array,
  "|u1": Uint8Array,
  "|i1": Int8Array,
} as const;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const ALIGNMENT = 64;
const MAX_AXES = 64; // numpy's own limit
const MAX_HEADER_CHARS = 65535;
/** Keeps the count of bytes of the widest dtype an exact number. */
const MAX_ELEMENTS = 2 ** 50;

/**
 * Encodes the header of a .npy file of version 1.0, for a caller that writes the elements behind it piece by piece.
 *
 * Source: NEP 1, "A Simple File Format for NumPy Arrays"; numpy.lib.format.
 *
 * @param dtype Element type; elements are little endian.
 * @param shape Length of each axis, each >= 0, at most 64 axes.
 * @returns The header, padded so that the elements begin at a multiple of 64 bytes.
 * @throws {RangeError} When the shape is not one.
 */
export function npyHeader(dtype: NpyDtype, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  if (!Object.hasOwn(CONSTRUCTORS, dtype)) {
    throw new RangeError(
      `Cannot encode .npy: dtype must be one of ${Object.keys(CONSTRUCTORS).join(" ")}, got ${dtype}`,
    );
  }
  if (
    shape.length > MAX_AXES || !shape.every((n) => Number.isSafeInteger(n) && n >= 0) || !isCountable(shape)
  ) {
    throw new RangeError(
      `Cannot encode .npy: shape must be at most ${MAX_AXES} integers >= 0 with a product of at most 2^50, got [${shape}]`,
    );
  }
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${axes}), }`;
  const prefix = MAGIC.length + 4;
  const total = Math.ceil((prefix + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(total).fill(0x20, prefix + text.length);
  bytes.set([...MAGIC, 1, 0, (total - prefix) & 0xff, (total - prefix) >> 8]);
  bytes.set(new TextEncoder().encode(text), prefix);
  bytes[total - 1] = 0x0a;
  return bytes;
}

/**
 * Encodes an array as a .npy file of version 1.0, little endian, C order.
 *
 * Source: NEP 1, "A Simple File Format for NumPy Arrays".
 *
 * @returns The whole file, a copy of the data.
 * @throws {RangeError} When dtype, shape and data do not fit together.
 */
export function encodeNpy({ dtype, shape, data }: NpyInput): Uint8Array<ArrayBuffer> {
  const known = Object.keys(CONSTRUCTORS) as NpyDtype[];
  const actual = known.find((name) => data instanceof CONSTRUCTORS[name]);
  if (actual === undefined || (dtype ?? actual) !== actual) {
    throw new RangeError(
      `Cannot encode .npy: data must be of dtype ${dtype ?? known.join(" ")}, got ${data?.constructor?.name}`,
    );
  }
  const header = npyHeader(actual, shape);
  const elements = productOf(shape);
  if (elements !== data.length) {
    throw new RangeError(
      `Cannot encode .npy: shape [${shape}] must have ${data.length} elements as the data has, got ${elements}`,
    );
  }
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

/**
 * Parses the header of a .npy file of version 1.0 or 2.0.
 *
 * Source: NEP 1, "A Simple File Format for NumPy Arrays".
 * Not supported and refused by name: Fortran order, big endian, version 3.0, dtypes other than NpyDtype.
 *
 * @param bytes The file, or as much of its beginning as holds the header.
 * @param file Name of the file for error messages.
 * @throws {FormatError} When the header is not one, or of an array that is not supported.
 */
export function parseNpyHeader(bytes: Uint8Array, file?: string): NpyHeader {
  const refuse = (rule: string, got: unknown, byteOffset: number): never => {
    throw new FormatError(`Cannot decode .npy: ${rule}, got ${got}`, { file, byteOffset });
  };
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    refuse("the file must begin with \\x93NUMPY and a header", `${bytes.length} bytes that do not`, 0);
  }
  const [major, minor] = [bytes[6], bytes[7]];
  if ((major !== 1 && major !== 2) || minor !== 0) {
    refuse("version must be 1.0 or 2.0", `${major}.${minor}`, 6);
  }
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) {
    refuse("the header's length must lie within the file", `${bytes.length} bytes`, 8);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset)[major === 1 ? "getUint16" : "getUint32"](
    8,
    true,
  );
  const dataOffset = start + length;
  if (length > MAX_HEADER_CHARS || dataOffset > bytes.length) {
    refuse(
      `a header of at most ${MAX_HEADER_CHARS} bytes must lie within the file`,
      `${length} in ${bytes.length} bytes`,
      8,
    );
  }
  const text = new TextDecoder("latin1").decode(bytes.subarray(start, dataOffset));
  const fields = parseDict(text);
  const descr = fields?.get("descr"), order = fields?.get("fortran_order"), shapeText = fields?.get("shape");
  if (fields?.size !== 3 || descr === undefined || order === undefined || shapeText === undefined) {
    return refuse(
      "the header must be a dict of descr, fortran_order and shape",
      JSON.stringify(text.slice(0, 80).trim()),
      start,
    );
  }
  if (descr.startsWith("[")) refuse("structured dtypes are not supported", descr.slice(0, 80), start);
  const dtype = /^(['"])(.*)\1$/.exec(descr)?.[2] ??
    refuse("descr must be a string", descr.slice(0, 80), start);
  if (dtype.startsWith(">")) refuse("big endian is not supported", dtype.slice(0, 80), start);
  if (!isDtype(dtype)) {
    return refuse(`dtype must be one of ${Object.keys(CONSTRUCTORS).join(" ")}`, dtype.slice(0, 80), start);
  }
  if (order === "True") {
    refuse("Fortran order is not supported, save np.ascontiguousarray(x)", "fortran_order True", start);
  }
  if (order !== "False") refuse("fortran_order must be True or False", order.slice(0, 80), start);
  const shape = parseShape(shapeText);
  if (shape === undefined) {
    return refuse(
      `shape must be at most ${MAX_AXES} integers >= 0 with a product of at most 2^50`,
      shapeText.slice(0, 80),
      start,
    );
  }
  return { dtype, shape, elements: productOf(shape), dataOffset };
}

/**
 * Decodes a .npy file of version 1.0 or 2.0.
 *
 * Source: NEP 1, "A Simple File Format for NumPy Arrays".
 *
 * @param bytes The whole file.
 * @param file Name of the file for error messages.
 * @returns The array; `data` is a view of `bytes` where the elements' alignment allows it, otherwise a copy.
 * @throws {FormatError} As `parseNpyHeader`, and when the file is shorter or longer than its header says.
 */
export function decodeNpy(bytes: Uint8Array<ArrayBuffer>, file?: string): NpyArray {
  const { dtype, shape, elements, dataOffset } = parseNpyHeader(bytes, file);
  const Constructor = CONSTRUCTORS[dtype];
  const size = Constructor.BYTES_PER_ELEMENT;
  if (bytes.length - dataOffset !== elements * size) {
    throw new FormatError(
      `Cannot decode .npy: shape [${shape}] of ${dtype} must take ${
        elements * size
      } bytes behind the header, got ${bytes.length - dataOffset}`,
      { file, byteOffset: dataOffset },
    );
  }
  const start = bytes.byteOffset + dataOffset;
  const data = start % size === 0
    ? new Constructor(bytes.buffer, start, elements)
    : new Constructor(bytes.slice(dataOffset).buffer, 0, elements);
  return { dtype, shape, data };
}

/**
 * Decodes a .npy file whose dtype the caller knows.
 *
 * @param expected `dtype`; `shape` where it is known too, with -1 for an axis of any length; `file` for error messages.
 * @returns As `decodeNpy`, with the type of that dtype.
 * @throws {FormatError} As `decodeNpy`, and when the file holds another dtype or shape.
 */
export function decodeNpyAs<D extends NpyDtype>(
  bytes: Uint8Array<ArrayBuffer>,
  expected: { dtype: D; shape?: readonly number[]; file?: string },
): NpyArray<D> {
  const array = decodeNpy(bytes, expected.file);
  if (array.dtype !== expected.dtype) {
    throw new FormatError(`Cannot decode .npy: dtype must be ${expected.dtype}, got ${array.dtype}`, {
      file: expected.file,
    });
  }
  const { shape } = expected;
  if (
    shape !== undefined &&
    (shape.length !== array.shape.length || shape.some((n, i) => n !== -1 && n !== array.shape[i]))
  ) {
    throw new FormatError(`Cannot decode .npy: shape must be [${shape}], got [${array.shape}]`, {
      file: expected.file,
    });
  }
  return array as NpyArray<D>;
}

function isDtype(name: string): name is NpyDtype {
  return Object.hasOwn(CONSTRUCTORS, name);
}

function productOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The product of the axes other than 0 must be exact: [2^40, 2^40, 0] is no shape either. */
function isCountable(shape: readonly number[]): boolean {
  return productOf(shape.filter((n) => n !== 0)) <= MAX_ELEMENTS;
}

/** Reads a Python dict literal of strings, booleans, tuples and lists as key -> the value's text. */
function parseDict(text: string): Map<string, string> | undefined {
  const body = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1];
  if (body === undefined) return undefined;
  const entry = /\s*(['"])(\w+)\1\s*:\s*('[^']*'|"[^"]*"|\([^()]*\)|\[.*\]|\w+)\s*(,|$)/sy;
  const fields = new Map<string, string>();
  while (entry.lastIndex < body.trimEnd().length) {
    const match = entry.exec(body);
    if (match === null || fields.has(match[2])) return undefined;
    fields.set(match[2], match[3]);
  }
  return fields;
}

/** Reads a tuple of integers; Python 2 wrote long ones with an L behind them. */
function parseShape(text: string): number[] | undefined {
  const inner = /^\((.*)\)$/s.exec(text)?.[1].trim();
  if (inner === undefined) return undefined;
  const items = inner === "" ? [] : inner.replace(/,$/, "").split(",").map((item) => item.trim());
  if (items.length > MAX_AXES || !items.every((item) => /^\d{1,16}L?$/.test(item))) return undefined;
  const isTuple = items.length !== 1 || inner.endsWith(",");
  const shape = items.map((item) => parseInt(item, 10));
  return isTuple && isCountable(shape) ? shape : undefined;
}
