import { createHash, type Hash } from "node:crypto";
import { StageError } from "../core/errors.ts";
import type { Rng } from "../core/rng.ts";
import type { FileStore } from "./file_store.ts";
import { type ConnectionOptions, DOWNLOAD_HINT, openBody, PassingError } from "./http_body.ts";

/** What the downloads of one run share. */
export interface DownloadContext extends ConnectionOptions {
  store: FileStore;
  /** Attempts after the first, >= 0. */
  retries: number;
  /** Waits, or rejects when the signal is aborted. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Jitter of the waits. */
  rng: Rng;
  /** Called before each wait. */
  onRetry?: (retry: Retry) => void;
}

/** A failed attempt that will be repeated. */
export interface Retry {
  /** Name of the file. */
  file: string;
  /** The attempt that failed, from 1. */
  attempt: number;
  reason: string;
  delayMs: number;
}

/** A file to fetch. */
export interface RemoteFile {
  url: URL;
  /** Name in the store. */
  name: string;
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
}

const FIRST_DELAY_MS = 500, MAX_DELAY_MS = 30_000, MAX_RETRY_AFTER_MS = 60_000;

/** Name under which a file grows until its digest is verified. */
export function partName(name: string): string {
  return `${name}.part`;
}

/**
 * Fetches one file into the store, resuming a part that an earlier run left. The file gets its name only when its
 * SHA-256 is right.
 *
 * @param onBytes Told of the bytes that are there and, where the server says it, how many there will be.
 * @throws {StageError} When the server has no such file, or all attempts failed, or the body is too long.
 */
export async function downloadFile(
  context: DownloadContext,
  file: RemoteFile,
  onBytes: (done: number, total?: number) => void = () => {},
): Promise<void> {
  await withRetries(context, file.name, file.url, () => attemptFile(context, file, onBytes));
}

/**
 * Fetches a short text.
 *
 * @param name What the text is called in error messages.
 * @throws {StageError} As `downloadFile`.
 */
export async function downloadText(context: DownloadContext, url: URL, name: string): Promise<string> {
  return await withRetries(context, name, url, async () => {
    const body = await openBody(context, url, 0);
    const decoder = new TextDecoder();
    let text = "";
    try {
      for await (const chunk of body.chunks) text += decoder.decode(chunk, { stream: true });
    } finally {
      body.close();
    }
    return text + decoder.decode();
  });
}

async function withRetries<T>(
  context: DownloadContext,
  file: string,
  url: URL,
  attemptOnce: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    context.signal.throwIfAborted();
    try {
      return await attemptOnce();
    } catch (error) {
      if (!(error instanceof PassingError) || context.signal.aborted) throw error;
      if (attempt > context.retries) {
        const times = attempt === 1 ? "1 attempt" : `${attempt} attempts`;
        throw new StageError(`Cannot download ${file} from ${url}: ${error.message} (${times})`, {
          hint: DOWNLOAD_HINT,
        });
      }
      const backoff = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)) *
        (0.5 + 0.5 * context.rng.uniform());
      const delayMs = Math.round(Math.max(backoff, Math.min(error.retryAfterMs, MAX_RETRY_AFTER_MS)));
      context.onRetry?.({ file, attempt, reason: error.message, delayMs });
      await context.sleep(delayMs, context.signal);
    }
  }
}

async function attemptFile(
  context: DownloadContext,
  { url, name, sha256 }: RemoteFile,
  onBytes: (done: number, total?: number) => void,
): Promise<void> {
  const { store } = context, part = partName(name);
  let hash = createHash("sha256");
  let bytes = await hashInto(hash, store, part);
  // A run killed between the last byte and the renaming left a part with nothing more to ask for.
  if (bytes > 0 && hash.copy().digest("hex") === sha256) {
    onBytes(bytes, bytes);
    await store.rename(part, name);
    return;
  }
  const body = await openBody(context, url, bytes);
  try {
    if (body.offset !== bytes) {
      await store.remove(part);
      bytes = 0;
      hash = createHash("sha256");
    }
    onBytes(bytes, body.total);
    const writer = await store.append(part);
    try {
      for await (const chunk of body.chunks) {
        await writer.write(chunk);
        hash.update(chunk);
        bytes += chunk.length;
        onBytes(bytes, body.total);
      }
    } finally {
      await writer.close();
    }
  } finally {
    body.close();
  }
  const got = hash.digest("hex");
  if (got !== sha256) {
    await store.remove(part);
    throw new PassingError(`the SHA-256 of its ${bytes} bytes must be ${sha256}, got ${got}`);
  }
  await store.rename(part, name);
}

/** Adds a file's bytes to a hash. @returns How many there were: 0 where there is no such file. */
export async function hashInto(hash: Hash, store: FileStore, name: string): Promise<number> {
  if (await store.size(name) === undefined) return 0;
  let bytes = 0;
  for await (const chunk of store.read(name)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return bytes;
}
