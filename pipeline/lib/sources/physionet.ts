import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { StageError, UsageError } from "../core/errors.ts";
import { createRng } from "../core/rng.ts";
import type { FileStore } from "./file_store.ts";
import { DOWNLOAD_HINT } from "./http_body.ts";
import {
  type DownloadContext,
  downloadFile,
  downloadText,
  hashInto,
  partName,
  type Retry,
} from "./http_download.ts";
import { parseSha256Sums, type Sha256Entry } from "./sha256sums.ts";

/** Files of the MIT-BIH Arrhythmia Database, version 1.0.0. */
export const MITDB_URL = "https://physionet.org/files/mitdb/1.0.0/";

/** List of digests; in a store it stands only when every selected file is there and verified. */
export const SUMS_FILE = "SHA256SUMS.txt";

/** Longest list of digests that is read: more than 100,000 files. */
const MAX_SUMS_BYTES = 16 * 1024 * 1024;

/** How far a download is. */
export interface DownloadProgress {
  /** File that moved on. */
  file: string;
  /** Bytes of that file that are there. */
  bytesDone: number;
  /** Size of that file, where the server says it. */
  bytesTotal?: number;
  /** Files that are there and verified. */
  filesDone: number;
  filesTotal: number;
}

/** Where a database comes from, where it goes, and how patiently. */
export interface DownloadOptions {
  /** Address of the folder that holds SHA256SUMS.txt (default `MITDB_URL`). */
  baseUrl?: string;
  store: FileStore;
  /** Default: the runtime's own. */
  fetch?: typeof globalThis.fetch;
  /** Files fetched at the same time, 1 to 16 (default 4). */
  concurrency?: number;
  /** Attempts a file after the first, >= 0 (default 5). */
  retries?: number;
  /** A connection that sends nothing for so long is given up, in ms (default 30,000). */
  timeoutMs?: number;
  /** A longer file is refused, in bytes (default 256 MiB). */
  maxFileBytes?: number;
  onProgress?: (progress: DownloadProgress) => void;
  /** Called before an attempt is repeated. */
  onRetry?: (retry: Retry) => void;
  /** Which of the listed files to fetch (default `selectRecordFiles`); names with a folder are never fetched. */
  select?: (entries: readonly Sha256Entry[]) => Sha256Entry[];
  /** Waits between two attempts; rejects when the signal is aborted. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What a download brought. */
export interface DownloadResult {
  /** Every selected file, now in the store and verified. */
  files: Sha256Entry[];
  /** Names of those that were not there before. */
  fetched: string[];
}

/**
 * Brings a database of PhysioNet's layout into a store: SHA256SUMS.txt first, then the selected files in parallel.
 *
 * A file that is there with the right SHA-256 is not fetched again; one with another is. A file grows under the name
 * `<name>.part`, is resumed there by a later run, and gets its name when its digest is right. SHA256SUMS.txt is a part
 * from before the first file until after the last: a store with SHA256SUMS.txt is complete, one that a run left
 * unfinished holds a part.
 *
 * @throws {StageError} When a file cannot be had; its message names file, address and reason.
 * @throws {FormatError} When SHA256SUMS.txt is not a list of digests.
 * @throws {UsageError} When `baseUrl` is no http address.
 * @throws {RangeError} On a concurrency out of range.
 */
export async function downloadDatabase(options: DownloadOptions): Promise<DownloadResult> {
  const { store, concurrency = 4, onProgress, select = selectRecordFiles } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 16) {
    throw new RangeError(
      `Cannot download a database: concurrency must be an integer in [1, 16], got ${concurrency}`,
    );
  }
  const base = parseBaseUrl(options.baseUrl ?? MITDB_URL);
  const failure = new AbortController();
  const context: DownloadContext = {
    store,
    fetch: options.fetch ?? globalThis.fetch,
    retries: options.retries ?? 5,
    timeoutMs: options.timeoutMs ?? 30_000,
    maxFileBytes: options.maxFileBytes ?? 256 * 1024 * 1024,
    signal: failure.signal,
    sleep: options.sleep ?? ((ms, signal) => wait(ms, undefined, { signal })),
    rng: createRng(1).fork("download"),
    onRetry: options.onRetry,
  };

  const sumsUrl = new URL(SUMS_FILE, base);
  const sums = await downloadText({ ...context, maxFileBytes: MAX_SUMS_BYTES }, sumsUrl, SUMS_FILE);
  const files = select(parseSha256Sums(sums, sumsUrl.href)).filter(({ name }) => !name.includes("/"));
  if (files.length === 0) {
    throw new StageError(`Cannot download a database from ${base}: ${SUMS_FILE} must name WFDB records`, {
      hint: DOWNLOAD_HINT,
    });
  }

  await storePart(store, SUMS_FILE, sums);
  const fetched: string[] = [];
  let filesDone = 0, next = 0;
  const fetchNext = async () => {
    while (next < files.length && !failure.signal.aborted) {
      const { name, sha256 } = files[next++];
      const report = (bytesDone: number, bytesTotal?: number) =>
        onProgress?.({ file: name, bytesDone, bytesTotal, filesDone, filesTotal: files.length });
      const hash = createHash("sha256");
      let bytes = await hashInto(hash, store, name);
      if (hash.digest("hex") !== sha256) {
        await store.remove(SUMS_FILE);
        const file = { url: new URL(encodeURIComponent(name), base), name, sha256 };
        await downloadFile(context, file, (done, total) => report(bytes = done, total));
        fetched.push(name);
      }
      filesDone++;
      report(bytes, bytes);
    }
  };
  const workers = Array.from({ length: concurrency }, () =>
    fetchNext().catch((error) => {
      // The first failure is the one to tell; the others only follow from ending the run.
      if (!failure.signal.aborted) failure.abort(error);
    }));
  await Promise.all(workers);
  failure.signal.throwIfAborted();

  await store.rename(partName(SUMS_FILE), SUMS_FILE);
  return { files, fetched };
}

/**
 * Picks what a reader of WFDB records needs: RECORDS and each record's header, signals and reference annotations, of the
 * list's own folder. Other annotators, older versions (102-0.atr) and the HTML directory stay behind.
 */
export function selectRecordFiles(entries: readonly Sha256Entry[]): Sha256Entry[] {
  const headers = new Set(entries.map(({ name }) => name).filter((name) => /^[^/]+\.hea$/.test(name)));
  return entries.filter(({ name }) => {
    const match = /^([^/]+)\.(?:hea|dat|atr)$/.exec(name);
    return match === null ? name === "RECORDS" && headers.size > 0 : headers.has(`${match[1]}.hea`);
  });
}

function parseBaseUrl(text: string): URL {
  const url = URL.parse(text.endsWith("/") ? text : `${text}/`);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new UsageError(
      `Cannot download a database: its address must begin with https:// or http://, got ${
        JSON.stringify(text)
      }`,
    );
  }
  return url;
}

async function storePart(store: FileStore, name: string, text: string): Promise<void> {
  await store.remove(partName(name));
  const writer = await store.append(partName(name));
  try {
    await writer.write(new TextEncoder().encode(text));
  } finally {
    await writer.close();
  }
}
