import type * as z from "zod";
import { FormatError } from "./errors.ts";

/**
 * Reads JSON that must fit a schema.
 *
 * @param options.what For example "a model card".
 * @throws {FormatError} With the file and the first place that does not fit.
 */
export function parseJson<T>(text: string, options: { schema: z.ZodType<T>; what: string; file: string }): T {
  const { schema, what, file } = options;
  let result: z.ZodSafeParseResult<T>;
  try {
    result = schema.safeParse(JSON.parse(text));
  } catch (error) {
    // A schema of any JSON walks into it as deep as it is nested, to the end of the stack.
    const must = error instanceof RangeError ? "nested less deep" : "JSON";
    throw new FormatError(`Cannot read ${what}: must be ${must}`, { file });
  }
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  throw new FormatError(`Cannot read ${what}: ${path.join(".") || "the file"}: ${message}`, { file });
}
