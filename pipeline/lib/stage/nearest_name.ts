import { closest, distance } from "fastest-levenshtein";

/**
 * Finds the known name that a misspelt one probably stood for.
 *
 * @returns Undefined when nothing is near enough to be a help: more than half of the letters would have to change.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const byLowerCase = new Map(known.map((candidate) => [candidate.toLowerCase(), candidate]));
  const nearest = closest(name.toLowerCase(), [...byLowerCase.keys()]);
  return distance(name.toLowerCase(), nearest) <= Math.max(name.length, 2) / 2
    ? byLowerCase.get(nearest)
    : undefined;
}
