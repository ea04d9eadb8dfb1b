import { StageError } from "../core/errors.ts";

/** How to speak with a server. */
export interface ConnectionOptions {
  fetch: typeof globalThis.fetch;
  /** A connection that sends nothing for so long is given up, in ms. */
  timeoutMs: number;
  /** A longer body is refused, in bytes. */
  maxFileBytes: number;
  /** Ends every download of the run once one has failed for good. */
  signal: AbortSignal;
}

/** What a user can do when a server does not deliver. */
export const DOWNLOAD_HINT =
  "Run the same command again to go on where this one stopped, or name another server of the same layout with " +
  "--mirror URL, or records that you already have with --source <folder>.";

/** A failure that may pass: worth another attempt. */
export class PassingError extends Error {
  constructor(reason: string, readonly retryAfterMs = 0) {
    super(reason);
  }
}

/** A response on its way. */
export interface OpenBody {
  /** Where in the file it begins. */
  offset: number;
  /** Size of the whole file in bytes, where the server says it. */
  total?: number;
  /** Throws a PassingError when the connection breaks, stalls, or ends before `total`. */
  chunks: AsyncIterable<Uint8Array>;
  /** Lets go of the connection; to be called in every case. */
  close(): void;
}

/**
 * Asks for a file from byte `from` on. A server that ignores the range, or has nothing there, is asked or taken from
 * the file's beginning.
 *
 * @throws {PassingError} When another attempt may help.
 * @throws {StageError} When none will.
 */
export async function openBody(
  options: ConnectionOptions,
  url: URL,
  from: number,
): Promise<OpenBody> {
  const { timeoutMs, maxFileBytes } = options;
  const connection = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expectBytes = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => connection.abort(new PassingError(`the server sent nothing for ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
  };
  const close = () => {
    clearTimeout(timer);
    connection.abort();
  };
  const fromNetwork = async <T>(promise: Promise<T>): Promise<T> => {
    try {
      return await promise;
    } catch (error) {
      throw networkError(error, url, options.signal, connection.signal);
    }
  };

  expectBytes();
  try {
    // A compressed body would make lengths and ranges count something else than the file's bytes.
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (from > 0) headers.range = `bytes=${from}-`;
    const signal = AbortSignal.any([options.signal, connection.signal]);
    const response = await fromNetwork(options.fetch(url, { headers, signal }));
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    const isRest = response.status === 206 && range !== null && Number(range[1]) === from;
    if (from > 0 && (response.status === 416 || (response.status === 206 && !isRest))) {
      close();
      return await openBody(options, url, 0);
    }
    if (!(response.status === 200 || isRest)) throw statusError(response, url);

    const offset = isRest ? from : 0;
    const length = response.headers.has("content-encoding")
      ? ""
      : response.headers.get("content-length") ?? "";
    const total = /^\d+$/.test(length) ? offset + Number(length) : undefined;
    const checkLength = (bytes: number) => {
      if (bytes > maxFileBytes) {
        throw new StageError(
          `Cannot download ${url}: the file must have at most ${maxFileBytes} bytes, got ${bytes} or more`,
          { hint: "Check that the address is that of a database of WFDB records." },
        );
      }
    };
    checkLength(total ?? 0);

    const readChunks = async function* () {
      const reader = response.body?.getReader();
      let bytes = offset;
      for (;;) {
        const next = reader === undefined ? undefined : await fromNetwork(reader.read());
        if (next?.value === undefined) break;
        expectBytes();
        bytes += next.value.length;
        checkLength(bytes);
        yield next.value;
      }
      if (total !== undefined && bytes !== total) {
        throw new PassingError(`the connection ended after ${bytes} of ${total} bytes`);
      }
    };
    return { offset, total, chunks: readChunks(), close };
  } catch (error) {
    close();
    throw error;
  }
}

function networkError(error: unknown, url: URL, run: AbortSignal, connection: AbortSignal): unknown {
  if (run.aborted) return run.reason;
  if (connection.aborted) return connection.reason;
  const { name, message, cause } = error instanceof Error ? error : new Error(String(error));
  if (name === "NotCapable") {
    return new StageError(`Cannot download ${url}: this program may not reach ${url.host}`, {
      hint: `\`deno task all --to ingest --mirror <address>\` grants what it needs.`,
      cause: error,
    });
  }
  // fetch itself says no more than "fetch failed"; which step failed is in the cause, behind the address once more.
  const reason = cause instanceof Error ? cause.message : message;
  return new PassingError(reason.replace(/^error sending request for url \([^)]*\): /, ""));
}

function statusError(response: Response, url: URL): Error {
  const { status } = response, answer = `the server answers ${status} ${response.statusText}`.trimEnd();
  if (status === 408 || status === 429 || status >= 500) {
    return new PassingError(answer, retryAfterMs(response.headers.get("retry-after")));
  }
  const name = decodeURIComponent(url.pathname.split("/").at(-1)!);
  return new StageError(`Cannot download ${name} from ${url}: ${answer}`, { hint: DOWNLOAD_HINT });
}

/** Source: RFC 9110, section 10.2.3: a number of seconds or a date. */
function retryAfterMs(header: string | null): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return ms > 0 ? ms : 0;
}
