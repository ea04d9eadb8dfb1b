import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { UsageError } from "../../pipeline/lib/core/errors.ts";

/** Reads a topic's options. @throws UsageError One that the topic does not have, or a word that belongs to none. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(args: string[], options: Options) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
