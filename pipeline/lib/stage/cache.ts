import { join } from "node:path";
import { FormatError, StageError } from "../core/errors.ts";
import { stageByName, type StageDeclaration } from "./catalogue.ts";
import { createFileHasher, sha256Hex, statOrUndefined, writeAtomic } from "./files.ts";
import { type Manifest, parseManifest } from "./manifest.ts";
import type { ParamValue } from "./params.ts";
import type { SourceGraph } from "./source_graph.ts";

/** Something that a stage reads: another stage's output or a file from outside. */
export interface StageInput {
  /** For example "03_window", "04_train/cnn", or a file's name. */
  name: string;
  /** Cache key, where it is another stage's output. */
  key?: string;
  /** Hash over the contents. */
  sha256: string;
}

/** What one run of a stage would compute, and whether it is there already. */
export interface StagePlan {
  stage: StageDeclaration;
  variant?: string;
  params: Record<string, ParamValue>;
  inputs: StageInput[];
  upstream: Manifest[];
  sources: SourceGraph;
  key: string;
  /** The whole output, when the cache holds it. */
  cached?: Manifest;
  /** Why it would run, in words; "" when it is cached. */
  why: string;
}

const stageFolder = (root: string, stage: string) => join(root, "data", stage);

/** @returns data/<stage>/<key>, the key cut to 16 digits for people's eyes. */
export const cacheFolder = (root: string, stage: string, key: string): string =>
  join(stageFolder(root, stage), key.slice(0, 16));

const pointerName = (stage: string, study: string, variant?: string) =>
  `data/${stage}/current/${study}${variant === undefined ? "" : `.${variant}`}.json`;

/** Remembers which output a study has now: later stages of the study read that one. */
export function setCurrent(root: string, plan: StagePlan, study: string): void {
  const name = pointerName(plan.stage.name, study, plan.variant),
    text = JSON.stringify({ key: plan.key }) + "\n";
  if (readText(join(root, name)) !== text) writeAtomic(root, name, text);
}

/** @returns Key of the output that a study has now; undefined when there is none, or no telling. */
function readPointerKey(root: string, stage: string, study: string, variant?: string): string | undefined {
  const text = readText(join(root, pointerName(stage, study, variant)));
  return text === undefined ? undefined : /^\{"key":"([0-9a-f]{64})"\}\n$/.exec(text)?.[1];
}

/**
 * Finds what an earlier output of the study had published and this one does not: it stays, and may surprise.
 *
 * @returns Paths from the root of the files that are still there.
 */
export function findLeftOvers(root: string, plan: StagePlan, study: string, now: Manifest): string[] {
  const key = readPointerKey(root, plan.stage.name, study, plan.variant);
  const before = key === undefined ? undefined : readManifest(root, plan.stage.name, key);
  const kept = new Set(now.published.map(({ path }) => path));
  const left = (before?.published ?? []).map(({ path }) => path).filter((path) => !kept.has(path));
  return left.filter((path) => statOrUndefined(join(root, path)));
}

/** @returns The output that a study has now, undefined when there is none. */
export function readCurrent(
  root: string,
  stage: string,
  study: string,
  variant?: string,
): Manifest | undefined {
  const key = readPointerKey(root, stage, study, variant);
  return key === undefined ? undefined : readCached(root, stage, key);
}

/** @returns Undefined when there is none or it cannot be read: what it stood for is then made again. */
function readManifest(root: string, stage: string, key: string): Manifest | undefined {
  const path = join(cacheFolder(root, stage, key), "manifest.json"), text = readText(path);
  if (text === undefined) return undefined;
  try {
    const manifest = parseManifest(text, path);
    return manifest.key === key ? manifest : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function readText(path: string): string | undefined {
  return statOrUndefined(path)?.isFile ? Deno.readTextFileSync(path) : undefined;
}

/**
 * Finds an output in the cache.
 *
 * @returns Undefined unless the manifest is there, every file of the folder in full length, and every published file with
 *   its contents: others write to Datasets/ and models/ too.
 */
export function readCached(root: string, stage: string, key: string): Manifest | undefined {
  const manifest = readManifest(root, stage, key), folder = cacheFolder(root, stage, key);
  if (!manifest) return undefined;
  if (!manifest.outputs.every(({ path, bytes }) => statOrUndefined(join(folder, path))?.size === bytes)) {
    return undefined;
  }
  const hasher = createFileHasher(root);
  const isPublished = ({ path, bytes, sha256 }: Manifest["published"][number]) =>
    statOrUndefined(join(root, path))?.size === bytes && hasher.hash(join(root, path)).sha256 === sha256;
  const whole = manifest.published.every(isPublished);
  hasher.save();
  return whole ? manifest : undefined;
}

/** One hash over all that a stage left behind: equal contents make later stages cached, whatever made them. */
export const contentHash = (manifest: Manifest): string =>
  sha256Hex(JSON.stringify([
    manifest.synthetic,
    ...[...manifest.outputs, ...manifest.published].map(({ path, sha256 }) => [path, sha256]),
  ]));

/**
 * Says what a stage would compute from where things stand.
 *
 * @param options.external Files from outside that the stage reads.
 * @param options.current Finds the output of an upstream stage; by default the one that the study has now.
 * @returns One plan, or one for each value of the fan-out parameter.
 * @throws {StageError} When an upstream stage has no output for the study.
 */
export function planStage(options: {
  root: string;
  study: string;
  stage: StageDeclaration;
  params: Record<string, ParamValue>;
  sources: SourceGraph;
  external?: StageInput[];
  current?: (stage: string, variant?: string) => Manifest | undefined;
}): StagePlan[] {
  const { root, study, stage, params, sources, external = [] } = options;
  const current = options.current ?? ((name, variant) => readCurrent(root, name, study, variant));
  const variants = stage.fanOut === undefined ? [undefined] : params[stage.fanOut] as string[];
  return variants.map((variant) => {
    const upstream = stage.upstream.flatMap((name) => {
      const fansOut = stageByName(name).fanOut !== undefined;
      const wanted = !fansOut ? [undefined] : variant === undefined ? params.model as string[] : [variant];
      return wanted.map((model) =>
        current(name, model) ?? refuseMissing({ stage, study, name, variant: model })
      );
    });
    const inputs = [...upstream.map(inputOf), ...external];
    const ownParams = variant === undefined ? params : { ...params, [stage.fanOut!]: [variant] };
    const counted = Object.entries(ownParams).filter(([name]) => stage.params[name].inKey !== false).sort();
    const key = sha256Hex(JSON.stringify([
      stage.name,
      stage.publishesStudy ? study : "",
      counted,
      inputs.map(({ name, sha256 }) => [name, sha256]).sort(),
      sources,
    ]));
    const cached = readCached(root, stage.name, key);
    const plan: StagePlan = {
      stage,
      variant,
      params: ownParams,
      inputs,
      upstream,
      sources,
      key,
      cached,
      why: "",
    };
    if (!cached) plan.why = explain(readCurrent(root, stage.name, study, variant), plan);
    return plan;
  });
}

const inputOf = (manifest: Manifest): StageInput => ({
  name: manifest.variant === undefined ? manifest.stage : `${manifest.stage}/${manifest.variant}`,
  key: manifest.key,
  sha256: contentHash(manifest),
});

function refuseMissing(
  wanted: { stage: StageDeclaration; study: string; name: string; variant?: string },
): never {
  const { stage, study, name, variant } = wanted, { task } = stageByName(name);
  throw new StageError(
    `Cannot run ${stage.name}: the study ${study} has no output of ${name}${
      variant ? ` for the model ${variant}` : ""
    }`,
    {
      hint:
        `run \`deno task ${task} --study ${study}\` first, or the chain: \`deno task all --study ${study}\``,
    },
  );
}

function explain(before: Manifest | undefined, now: StagePlan): string {
  if (!before) return "not run yet for this study";
  const reasons: string[] = [];
  for (const [name, value] of Object.entries(now.params)) {
    const old = before.params[name];
    if (now.stage.params[name].inKey !== false && JSON.stringify(old) !== JSON.stringify(value)) {
      reasons.push(`${name} ${JSON.stringify(old)} -> ${JSON.stringify(value)}`);
    }
  }
  const oldInputs = new Map(before.inputs.map((input) => [input.name, input.sha256]));
  const changed = now.inputs.filter((input) => oldInputs.get(input.name) !== input.sha256).map((input) =>
    input.name
  );
  const names = new Set(now.inputs.map((input) => input.name));
  changed.push(...before.inputs.map((input) => input.name).filter((name) => !names.has(name)));
  if (changed.length > 0) reasons.push(`input ${summary(changed)} changed`);
  const files = [...new Set([...Object.keys(now.sources), ...Object.keys(before.sources)])]
    .filter((path) => now.sources[path] !== before.sources[path]);
  if (files.length > 0) reasons.push(`source ${summary(files)} changed`);
  return reasons.join("; ") || "its output is not whole";
}

const summary = (names: string[]) =>
  names.length <= 3 ? names.join(", ") : `${names[0]} and ${names.length - 1} more`;
