import { checkSpan, hdf5Error, type Hdf5Source, readSize, UNDEFINED_ADDRESS } from "./bytes.ts";
import { readDataspace, readDatatype } from "./datatype.ts";
import { type HeaderMessage, MESSAGE, readMessages, requireMessage } from "./object_header.ts";

/** A dataset of float32 numbers, row-major. */
export interface FloatDataset {
  shape: number[];
  data: Float32Array;
}

const COMPACT = 0, CONTIGUOUS = 1;

/**
 * Reads a dataset of little-endian float32 numbers.
 *
 * Source: HDF5 File Format Specification 3.0, IV.A.2.i (layout versions 3 and 4). Chunked, compressed and external
 * datasets, which Keras does not write, and other types are not supported.
 *
 * @param at Address of the dataset's object header.
 * @throws FormatError A dataset that is damaged or of another kind.
 */
export function readFloatDataset(source: Hdf5Source, at: number): FloatDataset {
  const messages = readMessages(source, at);
  const what = "a dataset";
  const datatype = readDatatype(source, requireMessage(source, messages, { type: "datatype", what, at }));
  if (datatype.kind !== "float32") {
    const found = datatype.kind === "other" ? datatype.description : datatype.kind;
    throw hdf5Error(source, `dataset must hold little-endian float32, got ${found}`, at);
  }
  if (messages.some(({ type }) => type === MESSAGE.filters || type === MESSAGE.externalFiles)) {
    throw hdf5Error(source, "dataset must be stored plainly, got filters or external files", at);
  }
  const shape = readDataspace(source, requireMessage(source, messages, { type: "dataspace", what, at }));
  const count = shape.reduce((product, size) => product * size, 1);
  if (count * 4 > source.valueBytesLeft) {
    throw hdf5Error(source, `datasets must be smaller than their file, got shape [${shape.join(", ")}]`, at);
  }
  source.valueBytesLeft -= count * 4;
  const start = locateValues(
    source,
    requireMessage(source, messages, { type: "layout", what, at }),
    count * 4,
  );
  // A copy, because the values need not stand at a multiple of 4 bytes.
  return { shape, data: new Float32Array(source.bytes.slice(start, start + count * 4).buffer) };
}

function locateValues(source: Hdf5Source, { at, length }: HeaderMessage, valueBytes: number): number {
  if (length < 4) throw hdf5Error(source, `layout must have at least 4 bytes, got ${length}`, at);
  const [version, layoutClass] = source.bytes.subarray(at, at + 2);
  if (version !== 3 && version !== 4) {
    throw hdf5Error(source, `layout must be of version 3 or 4, got ${version}`, at);
  }
  if (layoutClass === COMPACT) {
    const size = source.view.getUint16(at + 2, true);
    if (size < valueBytes || 4 + size > length) {
      throw hdf5Error(source, `layout must hold ${valueBytes} bytes of values, got ${size}`, at);
    }
    return at + 4;
  }
  if (layoutClass !== CONTIGUOUS || length < 18) {
    throw hdf5Error(source, `layout must be compact or contiguous, got class ${layoutClass}`, at);
  }
  if (valueBytes === 0) return at;
  if (source.view.getBigUint64(at + 2, true) === UNDEFINED_ADDRESS) {
    throw hdf5Error(source, "dataset must have values, got one that was never written", at);
  }
  const start = readSize(source, at + 2), size = readSize(source, at + 10);
  if (size < valueBytes) {
    throw hdf5Error(source, `layout must hold ${valueBytes} bytes of values, got ${size}`, at);
  }
  checkSpan(source, { what: "dataset", at: start, length: valueBytes });
  return start;
}
