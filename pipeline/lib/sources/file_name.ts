/**
 * Tells whether a name found in someone else's file may be used as the name of a file in a folder of ours.
 *
 * @returns False for an empty name, "." and "..", and for one with a separator of any system, a drive's colon or a
 * control character.
 */
export function isPlainFileName(name: string): boolean {
  // deno-lint-ignore no-control-regex
  return name !== "" && !/^\.{1,2}$|[\u0000-\u001f\u007f/\\:]/.test(name);
}
