/** Reading of text files in tests. */
import assert from "node:assert/strict";
import { FormatError } from "../../core/errors.ts";
import { readSignalCsv, type SignalCsv, type SignalCsvOptions } from "./signal_csv.ts";

type Source = string | AsyncIterable<Uint8Array>;

/** Reads a file and collects the samples of its leads; those of the first one stand on the top. */
export async function collect(source: Source, options: SignalCsvOptions) {
  const blocks: number[][] = [];
  const result: SignalCsv = await readSignalCsv(source, options, (_, i) => {
    blocks[i] = [];
    return (samples) => {
      for (const sample of samples) blocks[i].push(sample);
    };
  });
  for (const [i, lead] of result.leads.entries()) assert.equal(lead.samples, blocks[i].length);
  return {
    ...result,
    all: blocks,
    samples: blocks[0],
    lead: result.leads[0],
    names: result.leads.map(({ name }) => name),
  };
}

/** Reads a file at 250 Hz where nothing else is said. */
export const read = (text: Source, options: Partial<SignalCsvOptions> = { samplingRate: 250 }) =>
  collect(text, { file: "signal.csv", ...options });
export const samplesOf = async (text: string, options?: Partial<SignalCsvOptions>) =>
  (await read(text, options)).samples;

/** Checks that reading fails with a FormatError of the file that holds all the words, on the line if one is given. */
export async function refuses(
  text: string,
  words: string[],
  line?: number,
  options?: Partial<SignalCsvOptions>,
) {
  await assert.rejects(read(text, options), (error: unknown) => {
    assert.ok(error instanceof FormatError, String(error));
    for (const word of words) {
      assert.ok(error.message.includes(word), `"${word}" is not in: ${error.message}`);
    }
    assert.equal(error.line, line, error.message);
    assert.equal(error.file, "signal.csv");
    return true;
  });
}

/** No incidents. */
export const NONE = { count: 0, samples: 0, lines: [] };

/** A table of times and one lead whose sample i is i % 7. */
export const timed = (name: string, times: (string | number)[]) =>
  `${name},ECG\n${times.map((time, i) => `${time},${i % 7}`).join("\n")}\n`;
/** An array by its elements' indices. */
export const grid = <T>(n: number, make: (i: number) => T): T[] =>
  Array.from({ length: n }, (_, i) => make(i));

/** The text's bytes in chunks of the given sizes, over and over; notes whether it was closed. */
export function chunked(text: string | Uint8Array, sizes: number[]) {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const state = { closed: false };
  async function* chunks() {
    try {
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length];
        yield await Promise.resolve(bytes.subarray(at, at + size));
        at += size;
      }
    } finally {
      state.closed = true;
    }
  }
  return { source: chunks(), state };
}
