import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { FormatError } from "../core/errors.ts";
import {
  decodeNpy,
  decodeNpyAs,
  type NpyDataTypes,
  type NpyDtype,
  npyHeader,
  type NpyInput,
  parseNpyHeader,
} from "../formats/npy/npy.ts";
import type { OutputFile } from "./manifest.ts";

/** A one-dimensional .npy file to which elements are added until it is closed. */
export interface ArrayWriter<D extends NpyDtype = NpyDtype> {
  append(elements: NpyDataTypes[D]): void;
  /** Reads elements [from, to) of those so far into an array of their own. */
  read(from: number, to: number): NpyDataTypes[D];
  /** Puts elements in the place of those from `from` on; none are added. */
  overwrite(from: number, elements: NpyDataTypes[D]): void;
  /** Puts the length into the header and says what was written. */
  close(): OutputFile;
}

/** A .npy file of which parts are read. */
export interface ArrayReader extends Disposable {
  dtype: NpyDtype;
  shape: number[];
  /** Reads elements [from, to), in C order, into an array of their own. */
  read(from: number, to: number): NpyDataTypes[NpyDtype];
  /** Reads elements from `from` on, in C order, until `target`, an array of the file's dtype, is full. */
  readInto(from: number, target: NpyInput["data"]): void;
}

const CHUNK_BYTES = 1 << 20;
/** More than any header of ours; numpy's own are as short. */
const HEAD_BYTES = 1 << 12;

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

function readAll(file: Deno.FsFile, bytes: Uint8Array): number {
  let done = 0;
  while (done < bytes.length) {
    const got = file.readSync(bytes.subarray(done));
    if (got === null) break;
    done += got;
  }
  return done;
}

const emptyArray = (dtype: NpyDtype) => decodeNpy(npyHeader(dtype, [0])).data;
const bytesPerElement = (dtype: NpyDtype): number => emptyArray(dtype).BYTES_PER_ELEMENT;

const bytesOf = ({ buffer, byteOffset, byteLength }: NpyInput["data"]): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function checkPart(from: number, to: number, elements: number): void {
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= elements)) {
    throw new RangeError(
      `Cannot read or write a part of an array: it must lie in 0 to ${elements}, got ${from} to ${to}`,
    );
  }
}

const becameShorter = (file: string) =>
  new FormatError("Cannot read an array: the file became shorter while it was read", { file });

/** Reads elements from where the file stands. */
function readElements<D extends NpyDtype>(
  file: Deno.FsFile,
  { dtype, elements, name }: { dtype: D; elements: number; name: string },
): NpyDataTypes[D] {
  const header = npyHeader(dtype, [elements]);
  const bytes = new Uint8Array(header.length + elements * bytesPerElement(dtype));
  bytes.set(header);
  if (readAll(file, bytes.subarray(header.length)) !== bytes.length - header.length) {
    throw becameShorter(name);
  }
  return decodeNpyAs(bytes, { dtype, file: name }).data;
}

/**
 * Creates a .npy file whose length is not known yet.
 *
 * @param name Goes into the result's `path`.
 */
export function createArrayFile<D extends NpyDtype>(path: string, name: string, dtype: D): ArrayWriter<D> {
  Deno.mkdirSync(dirname(path), { recursive: true });
  const file = Deno.openSync(path, { read: true, write: true, create: true, truncate: true });
  let elements = 0;
  // The header of one axis takes as many bytes for any length: it is filled up to a multiple of 64.
  const placeholder = npyHeader(dtype, [elements]);
  writeAll(file, placeholder);
  const elementBytes = bytesPerElement(dtype);
  const seekTo = (from: number, to: number) => {
    checkPart(from, to, elements);
    file.seekSync(placeholder.length + from * elementBytes, Deno.SeekMode.Start);
  };
  return {
    append(added) {
      seekTo(elements, elements);
      writeAll(file, bytesOf(added));
      elements += added.length;
    },
    read(from, to) {
      seekTo(from, to);
      return readElements(file, { dtype, elements: to - from, name });
    },
    overwrite(from, replacing) {
      seekTo(from, from + replacing.length);
      writeAll(file, bytesOf(replacing));
    },
    close() {
      const header = npyHeader(dtype, [elements]), hash = createHash("sha256");
      if (header.length !== placeholder.length) {
        throw new RangeError("Cannot close an array: its header grew");
      }
      file.seekSync(0, Deno.SeekMode.Start);
      writeAll(file, header);
      // The hash of the whole begins with the header, which is the last to be known.
      file.seekSync(0, Deno.SeekMode.Start);
      const chunk = new Uint8Array(CHUNK_BYTES);
      let bytes = 0;
      for (let got = readAll(file, chunk); got > 0; got = readAll(file, chunk)) {
        hash.update(chunk.subarray(0, got));
        bytes += got;
      }
      file.close();
      return { path: name, bytes, sha256: hash.digest("hex") };
    },
  };
}

/**
 * Opens a .npy file for reading parts of it.
 *
 * @param name Of the file, for messages.
 * @throws {FormatError} When its header is not one, or its length is not what the header says.
 */
export function openArrayFile(path: string, name: string): ArrayReader {
  const file = Deno.openSync(path);
  try {
    const head = new Uint8Array(HEAD_BYTES), got = readAll(file, head);
    const { dtype, shape, elements, dataOffset } = parseNpyHeader(head.subarray(0, got), name);
    const elementBytes = bytesPerElement(dtype), ArrayOfFile = emptyArray(dtype).constructor;
    const { size } = file.statSync();
    if (size !== dataOffset + elements * elementBytes) {
      throw new FormatError(
        `Cannot read an array: shape [${shape}] of ${dtype} must take ${elements * elementBytes} bytes ` +
          `behind the header, got ${size - dataOffset}`,
        { file: name, byteOffset: dataOffset },
      );
    }
    const seekTo = (from: number, to: number) => {
      checkPart(from, to, elements);
      file.seekSync(dataOffset + from * elementBytes, Deno.SeekMode.Start);
    };
    return {
      dtype,
      shape,
      read(from, to) {
        seekTo(from, to);
        return readElements(file, { dtype, elements: to - from, name });
      },
      readInto(from, target) {
        if (target.constructor !== ArrayOfFile) {
          throw new TypeError(
            `Cannot read a part of ${name}: its target must be ${ArrayOfFile.name}, got ${target.constructor.name}`,
          );
        }
        seekTo(from, from + target.length);
        const bytes = bytesOf(target);
        if (readAll(file, bytes) !== bytes.length) throw becameShorter(name);
      },
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
