/** A text file of signals in memory, made and read again in a process of its own: see csv.ts. */
import { parse } from "csv-parse";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import process from "node:process";
import { cpuSeconds } from "../cpu_seconds.ts";
import { readSignalCsv } from "../../pipeline/lib/formats/csv/signal_csv.ts";

/** What one measurement gives. */
export interface CsvMeasurement {
  bytes: number;
  samples: number;
  /** Processor time of the best of the passes. */
  seconds: number;
  peakRssMb: number;
}

/** A kind of text: header and rows. All have one lead but for `mitdb`, which has two. */
export interface TextKind {
  doc: string;
  header: string;
  /** Place of the lead that csv-parse's user reads, counted from 0. */
  column: number;
  samplingRate?: number;
  row: (i: number) => string;
}

const wave = (i: number): number => 0.6 * Math.sin(i / 50) + 0.3 * Math.sin(i / 3.7);
const adu = (i: number): number => 1024 + Math.round(200 * wave(i));

export const TEXT_KINDS: Record<string, TextKind> = {
  time: {
    doc: "time (s) and mV, three decimals",
    header: "time (s),ECG (mV)\n",
    column: 1,
    row: (i) => `${(i / 1000).toFixed(3)},${wave(i).toFixed(3)}\n`,
  },
  column: {
    doc: "one column, three decimals",
    header: "ECG\n",
    column: 0,
    samplingRate: 1000,
    row: (i) => `${wave(i).toFixed(3)}\n`,
  },
  mitdb: {
    doc: "MIT-BIH as CSV, integers",
    header: "'sample #','MLII','V5'\n",
    column: 1,
    samplingRate: 360,
    row: (i) => `${i},${adu(i)},${adu(i + 9)}\n`,
  },
  savetxt: {
    doc: "numpy.savetxt, 18 decimals",
    header: "",
    column: 0,
    samplingRate: 1000,
    row: (i) => `${wave(i).toExponential(18)}\n`,
  },
};

const CHUNK_BYTES = 2 ** 16, ROWS_AT_ONCE = 2 ** 12;

/** The text, made piece by piece. */
export function* makeText({ header, row }: TextKind, rows: number): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  if (header !== "") yield encoder.encode(header);
  for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, rows - from);
    yield encoder.encode(Array.from({ length: count }, (_, i) => row(from + i)).join(""));
  }
}

function joinChunks(chunks: Iterable<Uint8Array>): Uint8Array {
  const list = [...chunks], joined = new Uint8Array(list.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of list) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    yield await Promise.resolve(bytes.subarray(at, at + CHUNK_BYTES));
  }
}

async function readOwn(source: AsyncIterable<Uint8Array>, { samplingRate }: TextKind): Promise<number> {
  const { samples, leads } = await readSignalCsv(source, { file: "text", samplingRate }, () => () => {});
  return samples * leads.length;
}

/** The least that a user of csv-parse does: one column as numbers. */
async function readCsvParse(bytes: Uint8Array, { column, header }: TextKind): Promise<number> {
  let samples = new Float32Array(2 ** 20), length = 0;
  const parser = parse({
    from_line: header === "" ? 1 : 2,
    on_record: (row: string[]) => {
      if (length === samples.length) {
        const longer = new Float32Array(2 * length);
        longer.set(samples);
        samples = longer;
      }
      samples[length++] = Number(row[column]);
      return null;
    },
  });
  parser.resume();
  await pipeline(Readable.from(chunksOf(bytes), { objectMode: false }), parser);
  return length;
}

async function measure(
  reader: string,
  kind: TextKind,
  rows: number,
  passes: number,
): Promise<CsvMeasurement> {
  let bytes = 0, samples = 0, seconds = Infinity;
  if (reader === "stream") {
    const source = async function* () {
      for (const chunk of makeText(kind, rows)) {
        bytes += chunk.length;
        yield await Promise.resolve(chunk);
      }
    };
    const start = cpuSeconds();
    samples = await readOwn(source(), kind);
    seconds = cpuSeconds() - start;
  } else {
    const text = joinChunks(makeText(kind, rows));
    bytes = text.length;
    for (let pass = 0; pass < passes; pass++) {
      const start = cpuSeconds();
      samples = await (reader === "own" ? readOwn(chunksOf(text), kind) : readCsvParse(text, kind));
      seconds = Math.min(seconds, cpuSeconds() - start);
    }
  }
  return { bytes, samples, seconds, peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024) };
}

if (import.meta.main) {
  const [reader, kind, rows, passes] = Deno.args;
  console.log(JSON.stringify(await measure(reader, TEXT_KINDS[kind], Number(rows), Number(passes))));
}
