import { MAX_ROW_BYTES } from "./layout.ts";
import { refuseIn } from "./refusal.ts";

const LINE_FEED = 10, RETURN = 13;

/** Text in how many bytes a character, as the file's first bytes tell. */
export type Encoding = "UTF-8" | "UTF-8 with BOM" | "UTF-16LE" | "UTF-16BE";

export type ByteSource = Iterator<Uint8Array> | AsyncIterator<Uint8Array>;

/** The bytes of a text file, encoding told and undone. */
export interface TextBytes {
  encoding: Encoding;
  /** The first bytes, as many as were asked for or the file has. UTF-8, without byte order mark. */
  head: Uint8Array;
  /** Whether the head is all there is. */
  isWhole: boolean;
  /** The head again and all behind it, in UTF-8. */
  chunks: AsyncGenerator<Uint8Array>;
}

/**
 * Takes the start of a text file, and turns UTF-16 into UTF-8 where a byte order mark says so.
 *
 * @param headBytes Bytes of text that the head is to hold.
 */
export async function openText(source: ByteSource, headBytes: number): Promise<TextBytes> {
  const raw = toIterator(source);
  const first = await take(raw, 3);
  const isUtf16 = first[0] === 0xff && first[1] === 0xfe || first[0] === 0xfe && first[1] === 0xff;
  const hasBom = first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf;
  const encoding = isUtf16
    ? first[0] === 0xff ? "UTF-16LE" : "UTF-16BE"
    : hasBom
    ? "UTF-8 with BOM"
    : "UTF-8";
  const begun = chain(hasBom ? first.subarray(3) : first, raw);
  const text = isUtf16 ? toUtf8(begun, encoding) : begun;
  const head = await take(text, headBytes);
  return {
    encoding,
    head: head.subarray(0, headBytes),
    isWhole: head.length < headBytes,
    chunks: chain(head, text),
  };
}

async function* toIterator(source: ByteSource): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { done, value } = await source.next();
      if (done) return;
      yield value;
    }
  } finally {
    await source.return?.();
  }
}

/** Joins chunks until they hold so many bytes, or end before. */
async function take(source: AsyncGenerator<Uint8Array>, bytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < bytes) {
    const { done, value } = await source.next();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

async function* chain(first: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for await (const chunk of rest) yield chunk;
  } finally {
    await rest.return(undefined);
  }
}

async function* toUtf8(source: AsyncGenerator<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding), encoder = new TextEncoder();
  for await (const chunk of source) yield encoder.encode(decoder.decode(chunk, { stream: true }));
  yield encoder.encode(decoder.decode());
}

/** Some whole lines of a file. */
export interface LineBlock {
  /** Whole lines, each with its line end. Valid until the next block is asked for. */
  bytes: Uint8Array;
  /** Whether the file ends here, without a line end: one was added. */
  lastLineIsOpen: boolean;
}

/**
 * Cuts chunks of bytes at line ends: LF, CR LF or CR. The memory needed is that of a chunk and of one line.
 *
 * @throws FormatError on a line of more than `MAX_ROW_BYTES`.
 */
export async function* wholeLines(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<LineBlock> {
  let buffer = new Uint8Array(2 ** 17), length = 0;
  for await (const chunk of chunks) {
    for (let taken = 0; taken < chunk.length;) {
      // A large chunk goes through the buffer in parts.
      const part = chunk.subarray(taken, taken + 2 ** 18);
      taken += part.length;
      if (length + part.length + 1 > buffer.length) {
        const larger = new Uint8Array(2 * (length + part.length));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(part, length);
      length += part.length;
      const end = lastLineEnd(buffer, length);
      if (end > 0) {
        yield { bytes: buffer.subarray(0, end), lastLineIsOpen: false };
        buffer.copyWithin(0, end, length);
        length -= end;
      }
      if (length > MAX_ROW_BYTES) {
        throw refuseIn(file)(`a row must have at most ${MAX_ROW_BYTES} bytes, got more`);
      }
    }
  }
  if (length === 0) return;
  const isOpen = buffer[length - 1] !== RETURN;
  if (isOpen) buffer[length++] = LINE_FEED;
  yield { bytes: buffer.subarray(0, length), lastLineIsOpen: isOpen };
}

/** Position behind the last line end, 0 where there is none. A CR at the very end may belong to an LF to come. */
function lastLineEnd(bytes: Uint8Array, length: number): number {
  const feed = bytes.lastIndexOf(LINE_FEED, length - 1) + 1;
  return Math.max(feed, feed + bytes.subarray(feed, Math.max(feed, length - 1)).lastIndexOf(RETURN) + 1);
}
