import { basename, dirname, relative, resolve } from "node:path";
import { printable } from "../../pipeline/lib/core/printable.ts";
import type { CsvParams } from "../../pipeline/lib/stage/inputs/csv_folder.ts";

/** What was found out about a file. */
export interface Inspection {
  /** The same for programs. */
  json: Record<string, unknown>;
  /** Lines for people. */
  lines: string[];
  /** Why the file could not be used, as the stage that would read it says it. */
  refusal?: unknown;
}

/** A kind of file that can be looked at. */
export interface FileKind {
  name: string;
  /** File names that are of this kind, for the help text. */
  files: string;
  /** @param path Of the file; @param names Names of all files in its folder. */
  matches(path: string, names: readonly string[]): boolean;
  /** Reads the file. What is wrong with it comes back as `refusal` or is thrown. */
  inspect(path: string, options: InspectOptions): Promise<Inspection> | Inspection;
}

/** What a kind is told besides the file. */
export interface InspectOptions {
  /** Names of all files in the file's folder. */
  names: readonly string[];
  /** Parameters with which 01_ingest would read a text file. */
  params: CsvParams;
  /** Flags as they were written, to be given to ingest too. */
  flags: readonly string[];
}

/** Sets facts below each other, their names to the left. Facts of several lines go on below their first one. */
export function factLines(
  facts: readonly (readonly [name: string, fact: string | readonly string[]])[],
): string[] {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.flatMap(([name, fact]) =>
    (typeof fact === "string" ? [fact] : fact).map((line, i) =>
      `  ${(i === 0 ? name : "").padEnd(width)}  ${printable(line)}`
    )
  );
}

const shellWord = (word: string): string =>
  /^[\w./:,=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The command that ingests a file's record alone. */
export function ingestCommand(path: string, record: string, flags: readonly string[]): string {
  const folder = relative(Deno.cwd(), resolve(dirname(path))) || ".";
  return ["deno task ingest --source", ...[folder, "--records", record, ...flags].map(shellWord)].join(" ");
}

/** First line of an inspection. */
export const titleOf = (path: string, what: string): string =>
  `${printable(basename(path))}: ${what}, ${bytesText(Deno.statSync(path).size)}`;

/** "65.5 kB". */
export function bytesText(bytes: number): string {
  const [factor, unit] = bytes < 1e3
    ? [1, "bytes"]
    : bytes < 1e6
    ? [1e3, "kB"]
    : bytes < 1e9
    ? [1e6, "MB"]
    : [1e9, "GB"];
  return `${Number((bytes / factor).toPrecision(3))} ${unit}`;
}

/** "650,000 samples, 1805.6 s (30:05.6)". */
export function lengthText(samples: number, fs: number): string {
  // Rounded first: 59.97 s are a minute on the clock too.
  const seconds = Math.round(10 * samples / fs) / 10,
    minutes = Math.floor(seconds / 60),
    hours = Math.floor(minutes / 60);
  const pad = (n: number) => String(n).padStart(2, "0");
  const clock = `${hours > 0 ? `${hours}:${pad(minutes % 60)}` : minutes}:${
    (seconds % 60).toFixed(1).padStart(4, "0")
  }`;
  return `${samples.toLocaleString("en")} ${samples === 1 ? "sample" : "samples"}, ${seconds.toFixed(1)} s${
    seconds < 60 ? "" : ` (${clock})`
  }`;
}
