import { FormatError } from "../../core/errors.ts";

/** Makes the error for a rule that a file breaks, at a line counted from 1. */
export type Refuse = (rule: string, line?: number) => FormatError;

/** @param file Name of the file for messages. */
export const refuseIn = (file: string): Refuse => (rule, line) =>
  new FormatError(`Cannot read a signal: ${rule}`, { file, line });

/** Text of the file as it appears in messages. */
export const quote = (text: string): string => JSON.stringify(text.trim().slice(0, 40));
