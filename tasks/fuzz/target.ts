import { FormatError } from "../../pipeline/lib/core/errors.ts";
import { createRng, type Rng } from "../../pipeline/lib/core/rng.ts";

/** A kind of file whose reader is held against damaged files. */
export interface FuzzTarget {
  /** One line for `--help`. */
  doc: string;
  /** @returns Whole files, small ones: how long a run takes is their doing. */
  load(): Promise<Uint8Array[]>;
  /** Makes a damaged file; {@linkcode damageBytes} where bytes are all that is to be damaged. */
  damage(file: Uint8Array, rng: Rng): Uint8Array | Promise<Uint8Array>;
  /** Reads a file as the program does. @throws FormatError It is refused; every other error is a fault of the reader. */
  read(bytes: Uint8Array): unknown;
  /** Gives up what reading needed, after the last file. */
  close?(): Promise<void>;
}

/** Which files are made. */
export interface FuzzOptions {
  count: number;
  seed: number;
  /** Number of the first file, to read one again. */
  first?: number;
  /** Called before each file is read. */
  onFile?: (index: number) => void;
}

/** How a run went. */
export interface FuzzSummary {
  files: number;
  /** Files that were refused by a FormatError; the others were read. */
  refused: number;
  /** Longest that one file took. */
  slowestMs: number;
}

/** Longest that reading one file may take. */
const MAX_FILE_MS = 20_000;
const MAX_FLIPS = 12;

/**
 * Has a reader read damaged files: it must read them or throw a FormatError, in time.
 *
 * File i of a seed is always the same one.
 *
 * @throws Error Names the file's number, for `first`.
 */
export async function fuzz(
  target: FuzzTarget,
  options: FuzzOptions,
): Promise<FuzzSummary> {
  try {
    return await readDamaged(target, options);
  } finally {
    await target.close?.();
  }
}

async function readDamaged(
  { load, damage, read }: FuzzTarget,
  { count, seed, first = 0, onFile }: FuzzOptions,
): Promise<FuzzSummary> {
  const files = await load(), rng = createRng(seed);
  let refused = 0, slowestMs = 0;
  for (let index = first; index < first + count; index++) {
    const bytes = await damage(files[index % files.length], rng.fork(String(index)));
    onFile?.(index);
    const startedMs = performance.now();
    try {
      await read(bytes);
    } catch (error) {
      if (!(error instanceof FormatError)) {
        throw new Error(
          `Cannot accept file ${index} of seed ${seed}: it must be read or refused by a FormatError`,
          {
            cause: error,
          },
        );
      }
      refused++;
    }
    const ms = performance.now() - startedMs;
    if (ms > MAX_FILE_MS) {
      throw new Error(`Cannot accept file ${index} of seed ${seed}: it must be read in time, got ${ms} ms`);
    }
    slowestMs = Math.max(slowestMs, ms);
  }
  return { files: count, refused, slowestMs };
}

/** Cuts a file short, or changes some of its bytes to others or to such as it has elsewhere, or both. */
export function damageBytes(file: Uint8Array, rng: Rng): Uint8Array {
  const bytes = rng.uniform() < 0.2 ? file.slice(0, rng.integer(file.length)) : file.slice();
  for (let flips = 1 + rng.integer(MAX_FLIPS); flips > 0 && bytes.length > 0; flips--) {
    // Addresses and sizes are small numbers among zeros: bytes from elsewhere make plausible ones.
    const at = rng.integer(bytes.length);
    bytes[at] = rng.uniform() < 0.5 ? rng.integer(256) : bytes[rng.integer(bytes.length)];
  }
  return bytes;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Values that programs seldom expect. */
const STRANGE: readonly Json[] = [
  null,
  true,
  false,
  0,
  1,
  2,
  -1,
  0.5,
  1e9,
  1e308,
  "",
  "linear",
  "constructor",
  "__proto__",
  [],
  {},
  [[]],
];

/** @returns A copy of some JSON in which one to four values were replaced, moved, doubled or taken out. */
export function damageJson(value: unknown, rng: Rng): unknown {
  const copy = { root: structuredClone(value) as Json };
  for (let changes = 1 + rng.integer(4); changes > 0; changes--) changeOnePlace(copy, rng);
  return copy.root;
}

function changeOnePlace(root: { [key: string]: Json }, rng: Rng): void {
  const places: [holder: Json[] | { [key: string]: Json }, key: string][] = [];
  const walk = (holder: Json): void => {
    if (typeof holder !== "object" || holder === null) return;
    for (const [key, inner] of Object.entries(holder)) {
      places.push([holder, key]);
      walk(inner);
    }
  };
  walk(root);
  const pick = () => places[rng.integer(places.length)];
  const [holder, key] = pick(), inner = holder as Record<string, Json>;
  const [otherHolder, otherKey] = pick(), other = (otherHolder as Record<string, Json>)[otherKey];
  switch (rng.integer(4)) {
    case 0:
      inner[key] = STRANGE[rng.integer(STRANGE.length)];
      return;
    case 1:
      inner[key] = structuredClone(other);
      return;
    case 2:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else if (holder !== root) delete inner[key];
      return;
    case 3:
      if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(inner[key]));
      else if (typeof inner[key] === "number") inner[key] = (inner[key] as number) + 1;
      return;
  }
}
