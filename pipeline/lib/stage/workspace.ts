import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../core/errors.ts";
import { nearestName } from "./nearest_name.ts";
import { isFile, statOrUndefined } from "./files.ts";
import { type SourceGraph, sourceGraph } from "./source_graph.ts";
import { checkStudyName, parseStudy, type Study } from "./study.ts";

/** Where the project's own files lie; data/, Datasets/, models/ and Reports/ lie in the current folder. */
export const PROJECT = fileURLToPath(new URL("../../../", import.meta.url));

/** The current folder's studies where it has some, else the project's; mostly the two are one. */
function studiesFolder(): string {
  const own = join(Deno.cwd(), "tasks/studies");
  return statOrUndefined(own)?.isDirectory ? own : join(PROJECT, "tasks/studies");
}

/** @throws {UsageError} When there is no such study; names the nearest one. */
export function loadStudy(name: string): Study {
  checkStudyName(name);
  const path = join(studiesFolder(), `${name}.json`);
  if (isFile(path)) return parseStudy(name, Deno.readTextFileSync(path));
  const known = listStudies(), near = nearestName(name, known);
  throw new UsageError(
    `Unknown study "${name}": ${
      near ? `did you mean "${near}"?` : `tasks/studies holds ${known.join(", ")}`
    }`,
  );
}

/** @returns Names of the studies in tasks/studies. */
export function listStudies(): string[] {
  const files = [...Deno.readDirSync(studiesFolder())].map((entry) => entry.name);
  return files.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length)).sort();
}

const sourceBytes = new Map<string, Uint8Array>();

/** @returns The files of the project that decide what a stage computes, see {@linkcode sourceGraph}. */
export function stageSources(stage: string): SourceGraph {
  const { imports } = JSON.parse(Deno.readTextFileSync(join(PROJECT, "deno.json")));
  const read = (path: string): Uint8Array => {
    const bytes = sourceBytes.get(path) ?? Deno.readFileSync(join(PROJECT, path));
    sourceBytes.set(path, bytes);
    return bytes;
  };
  return sourceGraph(`pipeline/${stage}.ts`, read, imports);
}
