import { checkSignature, checkSpan, countStructure, hdf5Error, type Hdf5Source, readSize } from "./bytes.ts";
import { readMessages, requireMessage } from "./object_header.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const SUPERBLOCK_0_BYTES = 96;
const SYMBOL_ENTRY_BYTES = 40;
const SOFT_LINK = 2;
const MAX_NAME_BYTES = 1024;

/**
 * Reads the superblock of versions 0 and 1.
 *
 * Source: HDF5 File Format Specification 3.0, II.A. Not supported: user blocks, addresses of other than 8 bytes, and
 * the versions 2 and 3 that libver "v108" and later write.
 *
 * @returns Address of the root group's object header.
 * @throws FormatError Bytes that are no such file, or a file that was cut short.
 */
export function readSuperblock(source: Hdf5Source): number {
  const { bytes, view } = source;
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    throw hdf5Error(source, "the first 8 bytes must be the HDF5 signature, got others", 0);
  }
  checkSpan(source, { what: "superblock", at: 0, length: SUPERBLOCK_0_BYTES + 4 });
  const version = view.getUint8(8);
  if (version > 1) {
    throw hdf5Error(source, `superblock must be of version 0 or 1 (libver "earliest"), got ${version}`, 8);
  }
  const offsetBytes = view.getUint8(13), lengthBytes = view.getUint8(14);
  if (offsetBytes !== 8 || lengthBytes !== 8) {
    throw hdf5Error(
      source,
      `offsets and lengths must have 8 bytes, got ${offsetBytes} and ${lengthBytes}`,
      13,
    );
  }
  const addresses = version === 0 ? 24 : 28;
  const base = readSize(source, addresses);
  if (base !== 0) throw hdf5Error(source, `base address must be 0, got ${base}`, addresses);
  const endOfFile = view.getBigUint64(addresses + 16, true);
  if (endOfFile > BigInt(bytes.length)) {
    throw hdf5Error(
      source,
      `the file must have the ${endOfFile} bytes that it says itself, got ${bytes.length}: it was cut short, copy or ` +
        "download it again",
      addresses + 16,
    );
  }
  return readSize(source, addresses + 40);
}

/**
 * Lists what a group holds.
 *
 * Source: HDF5 File Format Specification 3.0, III.A.1 (B-tree version 1), III.B (symbol table nodes), III.D (local
 * heap). Groups of the newer kind (link messages) and soft links are not supported.
 *
 * @param at Address of the group's object header.
 * @returns Addresses of object headers by name.
 * @throws FormatError An object that is no such group, or a damaged one.
 */
export function readLinks(source: Hdf5Source, at: number): Map<string, number> {
  const known = source.groups.get(at);
  if (known !== undefined) return known;
  const messages = readMessages(source, at);
  const table = requireMessage(source, messages, { type: "symbolTable", what: "a group", at });
  if (table.length < 16) {
    throw hdf5Error(source, `symbol table must have 16 bytes, got ${table.length}`, table.at);
  }
  const names = readLocalHeap(source, readSize(source, table.at + 8));
  const links = new Map<string, number>();
  const nodes: { at: number; level?: number }[] = [{ at: readSize(source, table.at) }];
  for (let n = 0; n < nodes.length; n++) {
    const node = nodes[n];
    countStructure(source, node.at);
    if (node.level === -1) readSymbols(source, { at: node.at, names, links });
    else nodes.push(...readTreeNode(source, node));
  }
  source.groups.set(at, links);
  return links;
}

/**
 * Follows a path of links.
 *
 * @param at Address of the group that the path starts in.
 * @param path Names with "/" between them.
 * @returns Address of the object's header.
 * @throws FormatError No such object.
 */
export function resolvePath(source: Hdf5Source, at: number, path: string): number {
  let address = at;
  for (const name of path.split("/")) {
    const next = readLinks(source, address).get(name);
    if (next === undefined) {
      throw hdf5Error(
        source,
        `the group must hold ${JSON.stringify(name)} of path ${JSON.stringify(path)}, got nothing`,
        address,
      );
    }
    address = next;
  }
  return address;
}

interface LocalHeap {
  at: number;
  length: number;
}

function readLocalHeap(source: Hdf5Source, at: number): LocalHeap {
  checkSignature(source, { signature: "HEAP", at, length: 32 });
  const heap = { at: readSize(source, at + 24), length: readSize(source, at + 8) };
  checkSpan(source, { what: "local heap", ...heap });
  return heap;
}

function readTreeNode(
  source: Hdf5Source,
  { at, level: expectedLevel }: { at: number; level?: number },
): { at: number; level: number }[] {
  checkSignature(source, { signature: "TREE", at, length: 24 });
  const type = source.view.getUint8(at + 4), level = source.view.getUint8(at + 5);
  const entries = source.view.getUint16(at + 6, true);
  if (type !== 0) throw hdf5Error(source, `B-tree of a group must be of type 0, got ${type}`, at + 4);
  // Levels that fall by one cannot run in a circle.
  if (expectedLevel !== undefined && level !== expectedLevel) {
    throw hdf5Error(source, `B-tree node must be of level ${expectedLevel}, got ${level}`, at + 5);
  }
  checkSpan(source, { what: "B-tree node", at, length: 24 + 16 * entries });
  return Array.from({ length: entries }, (_, i) => ({
    at: readSize(source, at + 32 + 16 * i),
    level: level - 1,
  }));
}

function readSymbols(
  source: Hdf5Source,
  { at, names, links }: { at: number; names: LocalHeap; links: Map<string, number> },
): void {
  checkSignature(source, { signature: "SNOD", at, length: 8 });
  const count = source.view.getUint16(at + 6, true);
  checkSpan(source, { what: "symbol table node", at, length: 8 + SYMBOL_ENTRY_BYTES * count });
  for (let i = 0; i < count; i++) {
    const entry = at + 8 + SYMBOL_ENTRY_BYTES * i;
    countStructure(source, entry);
    const name = readName(source, names, readSize(source, entry));
    if (source.view.getUint32(entry + 16, true) === SOFT_LINK) {
      throw hdf5Error(source, `links must be hard, got the soft link ${JSON.stringify(name)}`, entry);
    }
    links.set(name, readSize(source, entry + 8));
  }
}

function readName(source: Hdf5Source, heap: LocalHeap, offset: number): string {
  const start = heap.at + offset;
  const limit = Math.min(heap.at + heap.length, start + MAX_NAME_BYTES);
  const end = source.bytes.subarray(0, limit).indexOf(0, start);
  if (end === -1 || start >= limit) {
    throw hdf5Error(
      source,
      `link name must end within ${MAX_NAME_BYTES} bytes of its heap, got no end`,
      start,
    );
  }
  return new TextDecoder().decode(source.bytes.subarray(start, end));
}
