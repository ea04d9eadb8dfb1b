import { printable } from "./printable.ts";

/** Where in a file a format error was found. */
export interface FormatErrorPlace {
  /** Path or name of the offending file. */
  file?: string;
  /** Offset of the offending byte from the start of the file. */
  byteOffset?: number;
  /** Line of a text file, counted from 1. */
  line?: number;
}

/**
 * A file that does not hold what its format demands. The message names the place where it went wrong, in one line: control
 * characters, which only the file can have brought, are shown as "?".
 */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly file?: string;
  readonly byteOffset?: number;
  readonly line?: number;

  constructor(message: string, place: FormatErrorPlace = {}) {
    const where = [
      place.file,
      place.line === undefined ? undefined : `line ${place.line}`,
      place.byteOffset === undefined ? undefined : `byte ${place.byteOffset}`,
    ].filter((part) => part !== undefined).join(", ");
    super(printable(where === "" ? message : `${message} (${where})`));
    this.file = place.file;
    this.byteOffset = place.byteOffset;
    this.line = place.line;
  }
}

/** A stage that cannot do its work. `hint` tells the user what to do about it. */
export class StageError extends Error {
  override readonly name = "StageError";
  readonly hint?: string;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
  }
}

/** A command line or study file that does not say what it should: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
