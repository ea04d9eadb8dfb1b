import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { StageError } from "../core/errors.ts";
import type { OutputFile } from "./manifest.ts";

/** @returns SHA-256 in hex. */
export const sha256Hex = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

/** @returns True when the path exists and is a file. */
export function isFile(path: string): boolean {
  return statOrUndefined(path)?.isFile ?? false;
}

/** @returns Undefined when nothing is there, or a link that leads nowhere. */
export function statOrUndefined(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    const { NotFound, NotADirectory, FilesystemLoop } = Deno.errors;
    if ([NotFound, NotADirectory, FilesystemLoop].some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** @throws {StageError} When the name could leave the folder that it is to be put into. */
export function checkOutputName(name: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/.test(name)) {
    throw new StageError(`Cannot write ${JSON.stringify(name)}: must be a plain name inside its folder`);
  }
  return name;
}

/** A file being written piece by piece, hashed on the way. */
export interface OutputWriter {
  write(chunk: Uint8Array): void;
  /** Closes the file and says what was written. */
  close(): OutputFile;
}

/** @param name Goes into the result's `path`. */
function openHashedFile(path: string, name: string): OutputWriter {
  Deno.mkdirSync(dirname(path), { recursive: true });
  const file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const hash = createHash("sha256");
  let bytes = 0;
  return {
    write(chunk) {
      for (let done = 0; done < chunk.length;) done += file.writeSync(chunk.subarray(done));
      hash.update(chunk);
      bytes += chunk.length;
    },
    close() {
      file.close();
      return { path: name, bytes, sha256: hash.digest("hex") };
    },
  };
}

/**
 * Opens a file that takes its name only when it is whole: a reader sees the old content or the new, never a part.
 *
 * @param name Path from `root`.
 */
export function openAtomic(root: string, name: string): OutputWriter {
  // One name for every run: what a killed one left is written over by the next.
  const path = join(root, name), temporary = `${path}.partial`;
  const writer = openHashedFile(temporary, name);
  return {
    write(chunk) {
      try {
        writer.write(chunk);
      } catch (error) {
        writer.close();
        Deno.removeSync(temporary);
        throw error;
      }
    },
    close() {
      const written = writer.close();
      Deno.renameSync(temporary, path);
      return written;
    },
  };
}

/** Writes a whole file under its name at once, see {@linkcode openAtomic}. */
export function writeAtomic(root: string, name: string, content: Uint8Array | string): OutputFile {
  const writer = openAtomic(root, name);
  writer.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
  return writer.close();
}

/** Opens a file of an output folder that gets its own name as a whole later. */
export const openInFolder = (folder: string, name: string): OutputWriter =>
  openHashedFile(join(folder, checkOutputName(name)), name);

/** Renames a folder into place, replacing an older one of that name. */
export function replaceFolder(from: string, to: string): void {
  const old = `${to}.old-${Deno.pid}`;
  const replaces = statOrUndefined(to) !== undefined;
  if (replaces) Deno.renameSync(to, old);
  Deno.renameSync(from, to);
  if (replaces) Deno.removeSync(old, { recursive: true });
}

interface RememberedHash {
  bytes: number;
  modifiedMs: number;
  sha256: string;
}

/** Hashes files from outside the cache and remembers the hash while size and time of modification stay the same. */
export interface FileHasher {
  /** @returns SHA-256 in hex and the size in bytes. */
  hash(path: string): { bytes: number; sha256: string };
  /** Writes what was learned to disk. */
  save(): void;
}

const HASH_MEMORY = "data/file_hashes.json";
const CHUNK_BYTES = 1 << 20;

/** @param root Project folder, whose data/ keeps the memory. */
export function createFileHasher(root: string): FileHasher {
  let known: Record<string, RememberedHash> = {};
  try {
    known = JSON.parse(Deno.readTextFileSync(join(root, HASH_MEMORY)));
  } catch {
    // No memory, or a broken one, costs time and nothing else.
  }
  const fresh: Record<string, RememberedHash> = {};
  return {
    hash(path) {
      const real = Deno.realPathSync(path), info = Deno.statSync(real);
      const modifiedMs = info.mtime?.getTime() ?? -1;
      const remembered = known[real];
      if (remembered?.bytes === info.size && remembered.modifiedMs === modifiedMs && modifiedMs !== -1) {
        return { bytes: remembered.bytes, sha256: remembered.sha256 };
      }
      const hash = createHash("sha256"), chunk = new Uint8Array(CHUNK_BYTES);
      using file = Deno.openSync(real);
      for (let got = file.readSync(chunk); got !== null; got = file.readSync(chunk)) {
        hash.update(chunk.subarray(0, got));
      }
      fresh[real] = { bytes: info.size, modifiedMs, sha256: hash.digest("hex") };
      return { bytes: info.size, sha256: fresh[real].sha256 };
    },
    save() {
      if (Object.keys(fresh).length === 0) return;
      try {
        writeAtomic(root, HASH_MEMORY, JSON.stringify({ ...known, ...fresh }));
      } catch {
        // Next time the files are hashed again.
      }
    },
  };
}
