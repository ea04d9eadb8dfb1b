/** Says how a file would be read, or what a model holds and who runs it: `deno task inspect FILE`. */
import { basename, dirname } from "node:path";
import { StageError, UsageError } from "../pipeline/lib/core/errors.ts";
import { csvParams } from "../pipeline/lib/stage/catalogue.ts";
import { exitWith, explainError } from "../pipeline/lib/stage/exit.ts";
import { splitWords } from "../pipeline/lib/stage/file_mode.ts";
import type { CsvParams } from "../pipeline/lib/stage/inputs/csv_folder.ts";
import { checkIsFile } from "../pipeline/lib/stage/inputs/outside_file.ts";
import { defaultsOf, describeParams, type ParamSpec, parseFlags } from "../pipeline/lib/stage/params.ts";
import { csvKind } from "./inspect/csv.ts";
import type { FileKind } from "./inspect/inspection.ts";
import { kerasKind } from "./inspect/keras.ts";
import { tfliteKind } from "./inspect/tflite.ts";
import { wfdbKind } from "./inspect/wfdb.ts";

/** The first kind that a file matches reads it. */
const KINDS: readonly FileKind[] = [tfliteKind, kerasKind, wfdbKind, csvKind];

const FLAGS = {
  ...csvParams,
  json: { type: "boolean", default: false, doc: "Print what was found as JSON" },
  help: { type: "boolean", default: false, doc: "Print this and stop" },
} as const satisfies ParamSpec;

async function main(): Promise<void> {
  const { files, flags } = splitWords(Deno.args, FLAGS);
  const { json, help, ...given } = parseFlags(flags, FLAGS);
  if (help === true) {
    console.log(
      "deno task inspect FILE [flags]\n\nSays how ingest would read a file: layout, leads, sampling rate, length, what would be repaired, and the " +
        `command for it; of a model what it holds, what it takes to run and who runs it.\nFiles: ${
          KINDS.map(({ files }) => files).join("; ")
        }.\n\nFlags:\n${describeParams(FLAGS)}`,
    );
    return;
  }
  if (files.length !== 1) {
    throw new UsageError(`Cannot inspect: one file must be named, got ${files.length} (--help tells more)`);
  }
  const [path] = files;
  checkIsFile(path, "inspect");
  const names = [...Deno.readDirSync(dirname(path))].filter((entry) => !entry.isDirectory).map(({ name }) =>
    name
  );
  const kind = KINDS.find((kind) => kind.matches(path, names));
  if (kind === undefined) {
    throw new StageError(
      `Cannot inspect ${path}: it must be one of ${KINDS.map(({ files }) => files).join(", ")}`,
      {
        hint: "text files of samples end in .csv, .tsv or .txt",
      },
    );
  }
  const { json: facts, lines, refusal } = await kind.inspect(path, {
    names,
    params: { ...defaultsOf(csvParams), ...given } as CsvParams,
    flags: Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]),
  });
  const explained = refusal === undefined ? undefined : explainError(refusal);
  if (json === true) {
    console.log(
      JSON.stringify({ file: basename(path), kind: kind.name, ...facts, refusal: explained }, null, 1),
    );
  } else console.log(lines.join("\n"));
  if (refusal !== undefined) throw refusal;
}

await exitWith("inspect", main);
