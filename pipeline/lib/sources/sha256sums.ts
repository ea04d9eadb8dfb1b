import { FormatError } from "../core/errors.ts";
import { isPlainFileName } from "./file_name.ts";

/** One line of a SHA256SUMS.txt. */
export interface Sha256Entry {
  /** Path relative to the list's folder, parts joined by "/"; never leads out of that folder. */
  name: string;
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
}

/** A digest, one blank, a blank or "*" where sha256sum wrote it (PhysioNet leaves it out), and the name. */
const LINE = /^([0-9a-fA-F]{64}) [ *]?(\S.*)$/;

/**
 * Parses the list of digests that a PhysioNet database comes with.
 *
 * The list is what tells a client which files to write, so that a name is refused that could lead out of the folder:
 * absolute, with "..", an empty or "." part, a backslash, a colon or a control character.
 *
 * @param text Lines of "<64 hex digits> <name>", each ended by a line feed.
 * @param file Name of the list for error messages.
 * @throws {FormatError} On any other line, a refused or repeated name, an empty list, a list cut off in a line.
 */
export function parseSha256Sums(text: string, file = "SHA256SUMS.txt"): Sha256Entry[] {
  const refuse = (demand: string, got: string, line: number): never => {
    const shown = got.length > 60 ? `${got.slice(0, 60)}...` : got;
    throw new FormatError(`Cannot read checksums: ${demand}, got ${JSON.stringify(shown)}`, { file, line });
  };
  const lines = text.split("\n");
  const rest = lines.pop()!;
  if (rest !== "") refuse("the last line must end with a line feed", rest, lines.length + 1);
  if (lines.length === 0) throw new FormatError("Cannot read checksums: the list is empty", { file });

  const names = new Set<string>();
  return lines.map((line, i) => {
    const match = LINE.exec(line) ?? refuse("a line must be 64 hexadecimal digits and a name", line, i + 1);
    const [, digest, name] = match;
    if (!name.split("/").every(isPlainFileName)) {
      refuse("a name must stay inside the database's folder", name, i + 1);
    }
    if (names.has(name)) refuse("a name must stand only once", name, i + 1);
    names.add(name);
    return { name, sha256: digest.toLowerCase() };
  });
}
