import { FormatError, type FormatErrorPlace } from "../../core/errors.ts";

/** Largest configuration in bytes; one of 1000 layers has some 3 MB. */
export const MAX_CONFIG_BYTES = 2 ** 23;
/** Lists and objects within each other; a layer's initializer is some 10 deep. */
const MAX_DEPTH = 64;

/**
 * Reads the JSON that Keras keeps a model's configuration in.
 *
 * @param what Its name in the file, for messages.
 * @throws FormatError Other text; or lists within lists by the million, which take memory and, shown in a message, time.
 */
export function parseConfig(text: string, what: string, place: FormatErrorPlace): unknown {
  checkDepth(text, what, place);
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`Cannot read Keras model: ${what} must be JSON, got other text`, place);
  }
}

function checkDepth(text: string, what: string, place: FormatErrorPlace): void {
  let depth = 0, inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === "\\") i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
    if (depth > MAX_DEPTH) {
      throw new FormatError(
        `Cannot read Keras model: ${what} must be at most ${MAX_DEPTH} lists and objects deep, got more`,
        place,
      );
    }
  }
}
