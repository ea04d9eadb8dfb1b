import { inflateSync } from "fflate";
import { crc32 } from "node:zlib";
import { FormatError } from "../../core/errors.ts";

const END_SIGNATURE = 0x06054b50, ENTRY_SIGNATURE = 0x02014b50, LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const MAX_ENTRIES = 10_000;
/** Weights hardly shrink; what grows more than this when it is unpacked was made to fill the memory. */
const MAX_EXPANSION = 200;
const ENCRYPTED = 1;
const STORED = 0, DEFLATED = 8;

/** A file within the zip as the directory at its end describes it. */
interface ZipEntry {
  name: string;
  flags: number;
  method: number;
  checksum: number;
  packedBytes: number;
  bytes: number;
  /** Offset of the header in front of its data. */
  localAt: number;
  /** Offset of the entry in the directory. */
  at: number;
}

/** A zip that is being read. */
interface ZipSource {
  bytes: Uint8Array;
  view: DataView;
  file?: string;
}

/**
 * Unpacks some of the files of a zip. The directory is read here and not by fflate, which unpacks, because that checks
 * neither names nor checksums.
 *
 * Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.4. Not supported: zip64, encryption, several disks, other methods
 * than "stored" and "deflated".
 *
 * @param largest Names that are wanted, with the most bytes that each may have. @param file For error texts.
 * @returns The contents of those that are there; stored ones share their memory with `bytes`.
 * @throws FormatError A damaged zip; a name twice, or one that leads out of a folder; a file that is larger than it may be
 * or that was packed to fill the memory.
 */
export function readZip(
  bytes: Uint8Array,
  largest: Record<string, number>,
  file?: string,
): Map<string, Uint8Array> {
  const source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), file };
  const names = new Set<string>(), contents = new Map<string, Uint8Array>();
  for (const entry of readDirectory(source)) {
    const { name, at } = entry;
    checkName(source, entry);
    if (names.has(name)) {
      throw zipError(source, `names must be unique, got ${JSON.stringify(name)} twice`, at);
    }
    names.add(name);
    if (Object.hasOwn(largest, name)) contents.set(name, unpack(source, entry, largest[name]));
  }
  return contents;
}

function readDirectory(source: ZipSource): ZipEntry[] {
  const { bytes, view } = source, end = findEnd(source);
  const count = view.getUint16(end + 10, true);
  const length = view.getUint32(end + 12, true), start = view.getUint32(end + 16, true);
  if (view.getUint32(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count) {
    throw zipError(source, "it must be in one part, got a part of several", end);
  }
  if (count > MAX_ENTRIES || start + length > end) {
    throw zipError(
      source,
      `its directory must hold at most ${MAX_ENTRIES} files and end before byte ${end}, got ${count} files and ` +
        `${length} bytes from byte ${start}`,
      end,
    );
  }
  const entries: ZipEntry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > end || view.getUint32(at, true) !== ENTRY_SIGNATURE) {
      throw zipError(source, `its directory must have ${count} entries, got ${i}`, at);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const next = at + ENTRY_BYTES + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw zipError(source, "an entry must end within the directory, got a longer one", at);
    entries.push({
      name: readName(source, bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes), at),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      packedBytes: view.getUint32(at + 20, true),
      bytes: view.getUint32(at + 24, true),
      localAt: view.getUint32(at + 42, true),
      at,
    });
    at = next;
  }
  return entries;
}

/** @returns The offset of the record at the end, behind which only its comment stands. */
function findEnd(source: ZipSource): number {
  const { bytes, view } = source, last = bytes.length - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--) {
    if (view.getUint32(at, true) === END_SIGNATURE && view.getUint16(at + 20, true) === last - at) return at;
  }
  throw zipError(source, "it must end in a directory, got none", Math.max(0, last));
}

function readName(source: ZipSource, bytes: Uint8Array, at: number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw zipError(source, "names must be UTF-8, got other bytes", at);
  }
}

function checkName(source: ZipSource, { name, at }: ZipEntry): void {
  const segments = name.replace(/\/$/, "").split("/");
  // deno-lint-ignore no-control-regex
  if (/[\\:\x00-\x1f]/.test(name) || segments.some((segment) => ["", ".", ".."].includes(segment))) {
    throw zipError(
      source,
      `names must be paths within the zip, got ${JSON.stringify(name.slice(0, 100))}`,
      at,
    );
  }
}

function unpack(source: ZipSource, entry: ZipEntry, largest: number): Uint8Array {
  const { name, method, flags, bytes: size, packedBytes, localAt, at } = entry;
  const fail = (what: string, byteOffset = at) =>
    zipError(source, `${JSON.stringify(name)} must ${what}`, byteOffset);
  if ((flags & ENCRYPTED) !== 0) throw fail("not be encrypted, got flags ".concat(String(flags)));
  if (method !== STORED && method !== DEFLATED) {
    throw fail(`be stored or deflated, got method ${method}`);
  }
  if (size > largest || size > packedBytes * MAX_EXPANSION) {
    throw fail(
      `have at most ${largest} bytes and ${MAX_EXPANSION} times its packed ones, got ${size} from ${packedBytes}`,
    );
  }
  if (
    localAt + LOCAL_BYTES > source.bytes.length || source.view.getUint32(localAt, true) !== LOCAL_SIGNATURE
  ) {
    throw fail("have a header in front of its data, got none", localAt);
  }
  const start = localAt + LOCAL_BYTES + source.view.getUint16(localAt + 26, true) +
    source.view.getUint16(localAt + 28, true);
  if (start + packedBytes > source.bytes.length) {
    throw fail(`end within the ${source.bytes.length} bytes, got ${packedBytes} from byte ${start}`, localAt);
  }
  const packed = source.bytes.subarray(start, start + packedBytes);
  const contents = method === STORED ? packed : inflate(packed, size);
  if (contents === undefined || contents.length !== size || crc32(contents) !== entry.checksum) {
    throw fail(`have ${size} bytes with the checksum of the directory, got others`, start);
  }
  return contents;
}

/** @returns Undefined when the bytes are no deflated data or give more than `size` bytes. */
function inflate(packed: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return inflateSync(packed, { out: new Uint8Array(size) });
  } catch {
    return undefined;
  }
}

function zipError({ file }: ZipSource, message: string, byteOffset: number): FormatError {
  return new FormatError(`Cannot read zip: ${message}`, { file, byteOffset });
}
