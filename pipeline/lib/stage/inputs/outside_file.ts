import { StageError } from "../../core/errors.ts";
import { contentKind } from "../../formats/content_kind.ts";
import { statOrUndefined } from "../files.ts";

/** What a file is wanted to hold: how it is called, what it may be by its first bytes, and where one comes from. */
const CONTENTS = {
  keras: {
    what: "a Keras model (.h5, .keras)",
    kinds: ["HDF5", "a zip archive"],
    hint:
      "Keras writes one by model.save(), `deno task train` too; a .tflite is converted already: `deno task quantize FILE.tflite`",
  },
  tflite: {
    what: "a TFLite model (.tflite)",
    kinds: ["a TFLite model"],
    hint: "`deno task convert FILE.h5` makes one of a Keras model",
  },
  npy: {
    what: "windows as .npy or .csv",
    kinds: ["a .npy array"],
    hint:
      "NumPy writes one by numpy.save(); Datasets/*-train.csv, which `deno task export` writes, serve too",
  },
} as const;

type Content = keyof typeof CONTENTS;

/** Largest .tflite file that is read. */
export const MAX_TFLITE_BYTES = 2 ** 28;

/**
 * Checks that a path that the user gave leads to a file.
 *
 * @param action What is to be done with it, for example "read".
 * @throws {StageError} Nothing there, or something else.
 */
export function checkIsFile(path: string, action: string): Deno.FileInfo {
  const info = statOrUndefined(path);
  if (info?.isFile) return info;
  const [found, hint] = info === undefined
    ? ["nothing of that name", "check the path"]
    : info.isDirectory
    ? ["a folder", "name one of its files"]
    : ["a pipe or a device", "save what comes out of it to a file"];
  throw new StageError(`Cannot ${action} ${path}: it must be a file, got ${found}`, { hint });
}

/**
 * Refuses what is plainly another kind of file; what is none of the known ones is left to the format's reader.
 *
 * @throws {StageError} Another kind, or an empty file.
 */
export function checkContent(path: string, bytes: Uint8Array, content: Content): void {
  const { what, kinds, hint } = CONTENTS[content], kind = contentKind(bytes);
  if (kind === undefined || (kinds as readonly string[]).includes(kind)) return;
  throw new StageError(`Cannot read ${path}: it must be ${what}, got ${kind}`, { hint });
}

/**
 * Reads a file from anywhere.
 *
 * @param options.maxBytes Largest one that is wanted.
 * @param options.content What it is to hold; absent: anything.
 * @throws {StageError} No file there, or a larger one: before any of it is read; or one that holds something else.
 */
export function readFileFromOutside(
  path: string,
  { maxBytes, content }: { maxBytes: number; content?: Content },
): Uint8Array<ArrayBuffer> {
  const { size } = checkIsFile(path, "read");
  if (size > maxBytes) {
    throw new StageError(`Cannot read ${path}: it must have at most ${maxBytes} bytes, got ${size}`);
  }
  const bytes = Deno.readFileSync(path);
  if (content !== undefined) checkContent(path, bytes, content);
  return bytes;
}
