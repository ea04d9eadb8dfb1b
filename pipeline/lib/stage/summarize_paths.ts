import { dirname } from "node:path";

/** Files of one folder that are still named one by one. */
const NAMED_FILES = 3;

/**
 * Names files in one line: a folder of many with its number of files, those of the folders in it included.
 *
 * @param paths With slashes, in any order.
 * @returns For example "Datasets/a.csv, models/demo/cnn (13 files)".
 */
export function summarizePaths(paths: readonly string[]): string {
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  const topOf = (path: string) =>
    folders.filter((folder) => path.startsWith(`${folder}/`)).reduce((a, b) => a.length < b.length ? a : b);
  return [...Map.groupBy(paths, topOf)].map(([folder, files]) =>
    files.length > NAMED_FILES ? `${folder} (${files.length} files)` : files.join(", ")
  ).join(", ");
}
