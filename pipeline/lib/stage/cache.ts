import { join } from "node:path";
import { StageError } from "../core/errors.ts";
import { stageByName, type StageDeclaration } from "./catalogue.ts";
import { sha256Hex, statOrUndefined, writeAtomic } from "./files.ts";
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

/** @returns The output that a study has now, undefined when there is none. */
export function readCurrent(
  root: string,
  stage: string,
  study: string,
  variant?: string,
): Manifest | undefined {
  const text = readText(join(root, pointerName(stage, study, variant)));
  const key = text === undefined ? undefined : (JSON.parse(text) as { key: string }).key;
  return key === undefined ? undefined : readCached(root, stage, key);
}

function readText(path: string): string | undefined {
  return statOrUndefined(path) ? Deno.readTextFileSync(path) : undefined;
}

/** @returns Undefined unless the manifest and every file that it names are there in full length. */
export function readCached(root: string, stage: string, key: string): Manifest | undefined {
  const folder = cacheFolder(root, stage, key), path = join(folder, "manifest.json");
  const text = readText(path);
  if (text === undefined) return undefined;
  const manifest = parseManifest(text, path);
  const whole = (base: string) => (file: { path: string; bytes: number }) =>
    statOrUndefined(join(base, file.path))?.size === file.bytes;
  if (manifest.key !== key) return undefined;
  return manifest.outputs.every(whole(folder)) && manifest.published.every(whole(root))
    ? manifest
    : undefined;
}

/** One hash over all that a stage left behind: equal contents make later stages cached, whatever made them. */
export const contentHash = (manifest: Manifest): string =>
  sha256Hex(
    JSON.stringify([...manifest.outputs, ...manifest.published].map(({ path, sha256 }) => [path, sha256])),
  );

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
