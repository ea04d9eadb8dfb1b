import { basename } from "node:path";
import { UsageError } from "../core/errors.ts";
import {
  camelCase,
  defaultsOf,
  describeParams,
  type Param,
  type ParamSpec,
  type ParamValues,
  parseFlags,
} from "./params.ts";

/** What a stage does with one file of the user's, apart from studies and the cache: `deno task <task> FILE [flags]`. */
export interface FileMode<S extends ParamSpec = ParamSpec> {
  /** How the file is named in the help, for example "FILE.h5|FILE.keras". */
  file: string;
  /** One line for `--help`. */
  doc: string;
  params: S;
  /** Prints what it did to stdout. */
  run(file: string, params: ParamValues<S>): Promise<void>;
}

const HELP = {
  help: { type: "boolean", default: false, doc: "Print this and stop" },
} as const satisfies ParamSpec;

/** Keeps the exact types of the parameters. */
export const fileMode = <const S extends ParamSpec>(mode: FileMode<S>): FileMode =>
  mode as unknown as FileMode;

/**
 * Looks for the words of a command line that are neither flags nor values of flags.
 *
 * @param spec Flags that are known; a word behind another one counts as its value.
 */
export function splitWords(args: readonly string[], spec: ParamSpec): { files: string[]; flags: string[] } {
  const files: string[] = [], flags: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i];
    if (!word.startsWith("-")) {
      files.push(word);
      continue;
    }
    flags.push(word);
    const name = camelCase(word.replace(/^-+/, ""));
    const takesNext = !word.includes("=") && word !== "-h" &&
      (spec[name]?.type !== "boolean" || /^(true|false)$/i.test(args[i + 1] ?? ""));
    if (takesNext && i + 1 < args.length) flags.push(args[++i]);
  }
  return { files, flags };
}

/** Folder for what is made of single files. */
const CONVERTED_FOLDER = "models/converted";
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;

/** The flag that names what is made of a file. */
export const outputParam = {
  type: "string",
  default: "",
  form: "letters, digits, _, . and -, at most 100",
  doc: `Name of the file in ${CONVERTED_FOLDER}; by default that of the file read`,
} as const satisfies Param;

/**
 * Names what is made of a file.
 *
 * @param output What the user wants it to be called; "": as the file.
 * @param suffix Put behind the name, for example ".tflite".
 * @returns Path from the project's root.
 * @throws {UsageError} A name that could lead out of the folder.
 */
export function convertedPath(file: string, output: string, suffix: string): string {
  const name = (output || basename(file).replace(/\.(h5|hdf5|keras|tflite)$/i, "")).replace(/\.tflite$/, "");
  if (!MODEL_NAME.test(name)) {
    throw new UsageError(
      `Cannot use ${output === "" ? "the file's name" : "--output"}: it must be ${outputParam.form}, got ${
        JSON.stringify(name)
      }${output === "" ? "; give another one by --output" : ""}`,
    );
  }
  return `${CONVERTED_FOLDER}/${name}${suffix}`;
}

/** The second use in a stage's `--help`. */
export function describeFileMode(task: string, { file, doc, params }: FileMode): string {
  return `deno task ${task} ${file} [flags]\n\n${doc}\n\nFlags:\n${describeParams(params)}`;
}

/**
 * Does a stage's work on one file if the command line names one.
 *
 * @param options.stageParams Flags of the stage's other use.
 * @returns False when no file is named.
 * @throws {UsageError} Several files, or a flag that this use does not have.
 */
export async function runFileMode(
  mode: FileMode,
  { args, stageParams, printHelp }: {
    args: readonly string[];
    stageParams: ParamSpec;
    printHelp: () => void;
  },
): Promise<boolean> {
  const { files, flags } = splitWords(args, { ...stageParams, ...mode.params, ...HELP });
  const [file] = files;
  if (file === undefined) return false;
  if (files.length > 1) {
    throw new UsageError(`Cannot read ${files[1]}: one file must be named at a time, got ${files.length}`);
  }
  const { help, ...given } = parseFlags(flags, { ...mode.params, ...HELP });
  if (help) printHelp();
  else await mode.run(file, { ...defaultsOf(mode.params), ...given } as ParamValues<ParamSpec>);
  return true;
}
