import { FormatError, StageError, UsageError } from "../core/errors.ts";
import { printable } from "../core/printable.ts";

/** 0 done, 1 failed, 2 wrong usage. */
const EXIT_FAILED = 1, EXIT_USAGE = 2;

/** No space, quota exceeded, file too large; the runtime gives the number in the message and not always a code. */
const FULL = /\(os error (28|122|27)\)|ENOSPC|EDQUOT|EFBIG/;

const FILE_ERRORS = [
  Deno.errors.NotFound,
  Deno.errors.AlreadyExists,
  Deno.errors.IsADirectory,
  Deno.errors.NotADirectory,
];

/** @returns True for an error of a write that the disk had no room for. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && FULL.test(`${(error as { code?: string }).code} ${error.message}`);

/**
 * Says in one line what went wrong, and in another what to do about it.
 *
 * @returns Undefined for an error that is nobody's input but a fault of the program: that one deserves its stack.
 */
export function explainError(error: unknown): { message: string; hint?: string } | undefined {
  if (error instanceof UsageError) return { message: error.message };
  if (error instanceof StageError) return { message: error.message, hint: error.hint };
  if (error instanceof FormatError) return { message: error.message };
  if (!(error instanceof Error)) return undefined;
  if (isDiskFull(error)) {
    return {
      message: `Cannot write: ${error.message}`,
      hint: "free some space (data/ holds only what can be made again) and give the same command again",
    };
  }
  if (error instanceof Deno.errors.NotCapable) {
    return { message: error.message, hint: "start it with `deno task`, which grants what the stage needs" };
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return {
      message: error.message,
      hint: "the folder belongs to someone else or is read-only: check its permissions",
    };
  }
  if (FILE_ERRORS.some((type) => error instanceof type)) {
    return {
      message: error.message,
      hint: "a file or folder is missing, in the way, or of the other kind: move it away",
    };
  }
  return undefined;
}

/** Runs a program's body and ends the process with the exit code that its outcome calls for. */
export async function exitWith(name: string, body: () => Promise<void> | void): Promise<void> {
  try {
    await body();
  } catch (error) {
    const explained = explainError(error);
    const text = explained?.message ?? (error instanceof Error ? `${error.stack}` : String(error));
    console.error(`[${name}] error: ${text.split("\n").map(printable).join("\n")}`);
    if (explained?.hint) console.error(`[${name}] hint: ${explained.hint}`);
    Deno.exit(error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED);
  }
}
