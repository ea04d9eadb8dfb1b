import { checkSignature, checkSpan, countStructure, hdf5Error, type Hdf5Source, readSize } from "./bytes.ts";
import { type Datatype, readDataspace, readDatatype } from "./datatype.ts";
import { type HeaderMessage, MESSAGE, readMessages } from "./object_header.ts";

/** An attribute with its place; its value is read by `readStrings`. */
export interface Attribute {
  name: string;
  datatype: Datatype;
  shape: number[];
  /** Address of the value. */
  at: number;
  /** Bytes between `at` and the end of the attribute. */
  length: number;
}

const MAX_NAME_BYTES = 1024;
const VARIABLE_STRING_BYTES = 16;

/**
 * Lists the attributes of an object.
 *
 * Source: HDF5 File Format Specification 3.0, IV.A.2.m.
 *
 * @param at Address of the object's header.
 * @throws FormatError A damaged header or attribute.
 */
export function readAttributes(source: Hdf5Source, at: number): Map<string, Attribute> {
  const attributes = readMessages(source, at)
    .filter(({ type }) => type === MESSAGE.attribute)
    .map((message) => readAttribute(source, message));
  return new Map(attributes.map((attribute) => [attribute.name, attribute]));
}

/**
 * Reads the strings of an attribute.
 *
 * @param maxBytes Largest length of one string that is taken.
 * @returns As many strings as the attribute has elements.
 * @throws FormatError An attribute of another type, a damaged one, text that is no UTF-8, or too long a string.
 */
export function readStrings(source: Hdf5Source, attribute: Attribute, maxBytes: number): string[] {
  const { datatype, shape, at, length } = attribute;
  const name = JSON.stringify(attribute.name);
  const count = shape.reduce((product, size) => product * size, 1);
  // Keras writes an empty list as an array of no numbers.
  if (count === 0) return [];
  if (datatype.kind !== "fixedString" && datatype.kind !== "variableString") {
    const found = datatype.kind === "other" ? datatype.description : datatype.kind;
    throw hdf5Error(source, `attribute ${name} must hold strings, got ${found}`, at);
  }
  const elementBytes = datatype.kind === "fixedString" ? datatype.bytes : VARIABLE_STRING_BYTES;
  if (count * elementBytes > length) {
    throw hdf5Error(
      source,
      `attribute ${name} of ${count} strings must fit its message, got ${length} bytes`,
      at,
    );
  }
  const collections = new Map<number, Map<number, Span>>();
  return Array.from({ length: count }, (_, i) => {
    const place = at + i * elementBytes;
    countStructure(source, place);
    const span = datatype.kind === "fixedString"
      ? { at: place, length: elementBytes }
      : findHeapObject(source, place, collections);
    if (span.length > maxBytes) {
      throw hdf5Error(
        source,
        `strings of ${name} must have at most ${maxBytes} bytes, got ${span.length}`,
        place,
      );
    }
    return decodeText(source, span);
  });
}

interface Span {
  at: number;
  length: number;
}

function readAttribute(source: Hdf5Source, { at, length }: HeaderMessage): Attribute {
  const { view } = source;
  if (length < 9) throw hdf5Error(source, `attribute must have at least 9 bytes, got ${length}`, at);
  const version = view.getUint8(at), flags = view.getUint8(at + 1);
  if (version < 1 || version > 3) {
    throw hdf5Error(source, `attribute must be of version 1 to 3, got ${version}`, at);
  }
  if (version > 1 && flags !== 0) {
    throw hdf5Error(source, `attribute must not share its datatype or dataspace, got flags ${flags}`, at + 1);
  }
  // Version 1 fills each part up to a multiple of 8 bytes.
  const padded = (size: number) => version === 1 ? Math.ceil(size / 8) * 8 : size;
  const nameLength = view.getUint16(at + 2, true);
  const datatypeLength = view.getUint16(at + 4, true), dataspaceLength = view.getUint16(at + 6, true);
  const nameAt = at + (version === 3 ? 9 : 8);
  const datatypeAt = nameAt + padded(nameLength);
  const dataspaceAt = datatypeAt + padded(datatypeLength);
  const valueAt = dataspaceAt + padded(dataspaceLength);
  if (valueAt > at + length) {
    throw hdf5Error(source, `attribute must fit its message of ${length} bytes, got ${valueAt - at}`, at);
  }
  if (nameLength > MAX_NAME_BYTES) {
    throw hdf5Error(
      source,
      `attribute name must have at most ${MAX_NAME_BYTES} bytes, got ${nameLength}`,
      at + 2,
    );
  }
  return {
    name: decodeText(source, { at: nameAt, length: nameLength }),
    datatype: readDatatype(source, { at: datatypeAt, length: datatypeLength }),
    shape: readDataspace(source, { at: dataspaceAt, length: dataspaceLength }),
    at: valueAt,
    length: at + length - valueAt,
  };
}

/** Source: HDF5 File Format Specification 3.0, III.E (global heap) and IV.B (reference to its objects). */
function findHeapObject(source: Hdf5Source, at: number, collections: Map<number, Map<number, Span>>): Span {
  const length = source.view.getUint32(at, true);
  if (length === 0) return { at, length };
  const address = readSize(source, at + 4), index = source.view.getUint32(at + 12, true);
  let objects = collections.get(address);
  if (objects === undefined) {
    objects = readHeapCollection(source, address);
    collections.set(address, objects);
  }
  const object = objects.get(index);
  if (object === undefined || object.length < length) {
    throw hdf5Error(
      source,
      `string must be object ${index} of the heap at ${address}, got none of its length`,
      at,
    );
  }
  return { at: object.at, length };
}

function readHeapCollection(source: Hdf5Source, at: number): Map<number, Span> {
  checkSignature(source, { signature: "GCOL", at, length: 16 });
  const length = readSize(source, at + 8);
  checkSpan(source, { what: "global heap collection", at, length });
  const objects = new Map<number, Span>();
  let next = at + 16;
  while (next + 16 <= at + length) {
    countStructure(source, next);
    const index = source.view.getUint16(next, true);
    // Object 0 is the free space up to the collection's end.
    if (index === 0) break;
    const object = { at: next + 16, length: readSize(source, next + 8) };
    if (object.at + object.length > at + length) {
      throw hdf5Error(source, `heap object must end within its collection, got ${object.length} bytes`, next);
    }
    objects.set(index, object);
    next = object.at + Math.ceil(object.length / 8) * 8;
  }
  return objects;
}

function decodeText(source: Hdf5Source, { at, length }: Span): string {
  const bytes = source.bytes.subarray(at, at + length);
  const end = bytes.indexOf(0);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(end === -1 ? bytes : bytes.subarray(0, end));
  } catch {
    throw hdf5Error(source, "text must be UTF-8, got other bytes", at);
  }
}
