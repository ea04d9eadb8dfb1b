import { createHash } from "node:crypto";

/** Paths from the project's root, with "/" between folders, and the SHA-256 of each file in hex. */
export type SourceGraph = Record<string, string>;

/** Imports, re-exports, dynamic imports of a literal, `new URL("...", import.meta.url)`, `import.meta.resolve("...")`. */
const REFERENCE = new RegExp(
  [
    /(?:^|\n)(?:import|export)\s[\w\s{},*$]*?\bfrom\s*["']([^"'\n]+)["']/,
    /(?:^|\n)import\s*["']([^"'\n]+)["']/,
    /\bimport\(\s*["']([^"'\n]+)["']/,
    /new URL\(\s*["'](\.[^"'\n]+)["']\s*,\s*import\.meta\.url/,
    /import\.meta\.resolve\(\s*["']([^"'\n]+)["']/,
  ].map(({ source }) => source).join("|"),
  "g",
);

/**
 * Files of the frame: it moves files and computes none of them, so a change to it need not make every stage run again. What
 * tunes a model lies beside it and is a stage's work.
 */
export const FRAME = /^pipeline\/lib\/stage\/(?!tune_for_int8\.ts$)[^/]+$/;

/**
 * Finds every file of the project that decides what a script computes.
 *
 * Deviation from a true parser: imports are found by their form at the start of a statement; a test holds the result
 * against `deno info --json` for all stages. Packages count by the version that the import map gives them.
 *
 * @param entry Path of the script from the project's root.
 * @param read Reads a file of the project by its path from the root.
 * @param packages The import map: name -> versioned specifier.
 */
export function sourceGraph(
  entry: string,
  read: (path: string) => Uint8Array,
  packages: Record<string, string>,
): SourceGraph {
  const graph: SourceGraph = {};
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (path in graph || FRAME.test(path)) continue;
    const bytes = read(path);
    graph[path] = createHash("sha256").update(bytes).digest("hex");
    if (!path.endsWith(".ts")) continue;
    for (const [, ...forms] of new TextDecoder().decode(bytes).matchAll(REFERENCE)) {
      const specifier = forms.find((form) => form !== undefined)!;
      if (specifier.startsWith(".")) {
        waiting.push(new URL(specifier, `file:///${path}`).pathname.slice(1));
        continue;
      }
      // A package's file, "name/file", counts as the package.
      const name = Object.keys(packages).find((known) =>
        specifier === known || specifier.startsWith(`${known}/`)
      );
      if (name) graph[packages[name]] = createHash("sha256").update(packages[name]).digest("hex");
    }
  }
  return Object.fromEntries(Object.entries(graph).sort(([a], [b]) => (a < b ? -1 : 1)));
}
