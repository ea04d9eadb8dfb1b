import { NULL_FORMAT } from "./storage_formats.ts";

/** What reading and writing a header have in common: ranges and forms of its fields. Source: header(5). */

export type Range = readonly [min: number, max: number];

export const MAX_INT32 = 2 ** 31 - 1;
export const INT32_RANGE: Range = [-MAX_INT32 - 1, MAX_INT32];
/** From one sample in 28 hours to 10 MHz: no recorder lies outside. */
export const FS_RANGE_HZ: Range = [1e-5, 1e7];
export const RESOLUTION_RANGE_BITS: Range = [1, 32];
export const SAMPLES_PER_FRAME_RANGE: Range = [1, 65535];
export const MAX_SIGNALS = 4096;
export const MAX_SEGMENTS = 65536;

export const TIME = /^\d{1,6}(?::\d{1,2}){0,2}(?:\.\d+)?$/;
export const DATE = /^\d{1,2}\/\d{1,2}\/\d{1,4}$/;
export const RECORD_NAME = /^[\w-]{1,200}$/;
// deno-lint-ignore no-control-regex -- control characters are what must not get in
export const CONTROL = /[\u0000-\u001f\u007f]/;

/** Name of a signal file or segment that there is none of. */
export const NO_FILE = "~";

/** @returns What is wrong with the name of a signal file, undefined when it names a file beside the header. */
export function fileNameProblem(fileName: string, format: number): string | undefined {
  if (fileName === NO_FILE && format === NULL_FORMAT) return undefined;
  if (fileName === NO_FILE || fileName === "-") {
    return "signals without a file of their own are not supported but in format 0";
  }
  if (/[/\\:]/.test(fileName) || fileName.includes("..") || fileName === "." || CONTROL.test(fileName)) {
    return "a signal file must lie beside its header, without a path in its name";
  }
  if (fileName.length > 255) return "the name of a signal file must have at most 255 characters";
  return undefined;
}
