import process from "node:process";
import { findLeftOvers, planStage, setCurrent, type StageInput, type StagePlan } from "./cache.ts";
import type { StageDeclaration } from "./catalogue.ts";
import { createFileHasher, type FileHasher } from "./files.ts";
import { describeFileMode, type FileMode, runFileMode } from "./file_mode.ts";
import { exitWith } from "./exit.ts";
import type { Manifest } from "./manifest.ts";
import { describeParams, type ParamSpec, type ParamValues, parseFlags } from "./params.ts";
import { createProgress, type Progress } from "./progress.ts";
import { COUNTS_FILE, createContext, type StageContext } from "./stage_context.ts";
import { stageParams } from "./study.ts";
import { openWorkFolder } from "./work_folder.ts";
import { summarizePaths } from "./summarize_paths.ts";
import { loadStudy, stageSources } from "./workspace.ts";

/** Flags that every stage takes besides its own parameters. */
export const FRAME_FLAGS = {
  study: {
    type: "string",
    default: "inter-patient",
    doc: "Parameters of all stages: a file of tasks/studies",
  },
  force: { type: "boolean", default: false, doc: "Run even when the cache holds the output" },
  dryRun: { type: "boolean", default: false, doc: "Say what would run and why, and stop" },
  json: { type: "boolean", default: false, doc: "Print the manifest of the output to stdout" },
  help: { type: "boolean", default: false, doc: "Print this and stop" },
} as const satisfies ParamSpec;

type Json = Manifest["counts"][string];

/** What a stage says of its work. */
export interface StageResult {
  /**
   * What was counted: read, dropped and why. It follows from the inputs alone, and later stages read it (counts.json).
   */
  counts: Record<string, Json>;
  /** What another run of the same work would measure differently: speeds, threads. */
  measured?: Record<string, Json>;
  /** The same for people, in one line without the stage's name. */
  summary: string;
  /** What people look at: printed to stdout. */
  table?: string;
  /** True when a source says so; what comes from upstream is added by the frame. */
  synthetic?: boolean;
}

/** What a stage may do before its key is known: find (or fetch) files from outside. */
export interface PrepareContext<S extends ParamSpec> {
  params: ParamValues<S>;
  root: string;
  study: string;
  /** Whether the user named the study; else it is the default one. */
  isStudyNamed: boolean;
  dryRun: boolean;
  progress: Progress;
  hasher: FileHasher;
}

/** The work of a stage; `E` is what `prepare` hands to `run`. */
export interface StageWork<S extends ParamSpec, E = undefined> {
  prepare?(context: PrepareContext<S>): Promise<{ inputs: StageInput[]; external: E }>;
  run(context: StageContext<S>, external: E): Promise<StageResult> | StageResult;
  /** True: run again even when the cache holds the output. */
  always?(params: ParamValues<S>): boolean;
}

/**
 * Runs a stage as the program that it is: flags in, outputs in the cache, one line to stderr, an exit code.
 *
 * @param fileMode What it does instead when the command line names a file.
 */
export async function runStage<S extends ParamSpec, E = undefined>(
  stage: StageDeclaration<S>,
  work: StageWork<S, E>,
  fileMode?: FileMode,
): Promise<void> {
  await exitWith(stage.name, async () => {
    const { args } = Deno, printHelp = () => console.log(helpText(stage, fileMode));
    if (
      fileMode && await runFileMode(fileMode, {
        args,
        stageParams: { ...stage.params, ...FRAME_FLAGS },
        printHelp,
      })
    ) return;
    await runStageWith(stage, work, { args, printHelp });
  });
}

function helpText(stage: StageDeclaration, fileMode?: FileMode): string {
  const study =
    `deno task ${stage.task} [flags]\n\n${stage.doc}\n\nParameters (defaults < study file < flags):\n${
      describeParams(stage.params)
    }\n\nFlags:\n${describeParams(FRAME_FLAGS)}`;
  return fileMode === undefined ? study : `${study}\n\n${describeFileMode(stage.task, fileMode)}`;
}

async function runStageWith<S extends ParamSpec, E>(
  stage: StageDeclaration<S>,
  work: StageWork<S, E>,
  { args, printHelp }: { args: string[]; printHelp: () => void },
): Promise<void> {
  const flags = parseFlags(args, { ...stage.params, ...FRAME_FLAGS });
  if (flags.help) return printHelp();
  const study = loadStudy(String(flags.study ?? FRAME_FLAGS.study.default));
  const params = stageParams(stage, study, flags);
  const root = Deno.cwd(), dryRun = flags.dryRun === true, progress = createProgress(stage.name);
  const hasher = createFileHasher(root), isStudyNamed = flags.study !== undefined;
  const prepared = await work.prepare?.({
    params,
    root,
    study: study.name,
    isStudyNamed,
    dryRun,
    progress,
    hasher,
  });
  if (!dryRun) hasher.save();
  const plans = planStage({
    root,
    study: study.name,
    stage: stage as StageDeclaration,
    params,
    sources: stageSources(stage.name),
    external: prepared?.inputs,
  });
  const manifests: unknown[] = [];
  if (plans.length === 0) progress.line("nothing to do: no model was asked for");
  for (const plan of plans) {
    const label = plan.variant === undefined ? "" : `${plan.variant}: `;
    const force = flags.force === true || work.always?.(params) === true;
    if (dryRun) {
      progress.line(
        label + (plan.cached && !force ? `cached ${shortKey(plan)}` : `would run: ${plan.why || "forced"}`),
      );
      manifests.push({
        stage: stage.name,
        variant: plan.variant,
        key: plan.key,
        cached: plan.cached !== undefined && !force,
        why: plan.why || "forced",
      });
      continue;
    }
    const manifest = plan.cached && !force ? plan.cached : await runPlan<S, E>({
      root,
      study: study.name,
      plan,
      force,
      progress,
      run: (context) => work.run(context, prepared?.external as E),
      printTable: flags.json !== true,
    });
    if (manifest === plan.cached) progress.line(`${label}cached ${shortKey(plan)}`);
    if (stage.publishesStudy) {
      const left = findLeftOvers(root, plan, study.name, manifest);
      if (left.length > 0) progress.line(`left as they are, from an earlier run: ${summarizePaths(left)}`);
    }
    if (!stage.isTrial?.(params)) setCurrent(root, plan, study.name);
    manifests.push(manifest);
  }
  if (flags.json) console.log(JSON.stringify(stage.fanOut ? manifests : manifests[0], null, 2));
}

/** @returns The part of a plan's key that its folder is named by. */
export const shortKey = (plan: { key: string }): string => plan.key.slice(0, 16);

async function runPlan<S extends ParamSpec, E>(options: {
  root: string;
  study: string;
  plan: StagePlan;
  force: boolean;
  progress: Progress;
  run: (context: StageContext<S>) => Promise<StageResult> | StageResult;
  printTable: boolean;
}): Promise<Manifest> {
  const { root, study, plan, force, progress, printTable } = options;
  const startedMs = performance.now();
  const opened = await openWorkFolder({
    root,
    plan,
    force,
    onWait: () => progress.line("waiting for another run of the same work to end"),
  });
  if ("key" in opened) return opened;
  using work = opened;
  const { context, outputs, published } = createContext<S>({ root, study, plan, progress, work });
  const result = await options.run(context);
  context.write(COUNTS_FILE, JSON.stringify(result.counts, null, 1));
  const seconds = (performance.now() - startedMs) / 1000;
  const manifest: Manifest = {
    layout: 1,
    stage: plan.stage.name,
    variant: plan.variant,
    key: plan.key,
    study,
    synthetic: context.synthetic || result.synthetic === true,
    params: plan.params,
    inputs: plan.inputs,
    sources: plan.sources,
    outputs,
    published,
    counts: result.counts,
    measured: result.measured,
    versions: { deno: Deno.version.deno, v8: Deno.version.v8, os: Deno.build.os, arch: Deno.build.arch },
    seconds: Number(seconds.toFixed(3)),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    finishedAt: new Date().toISOString(),
  };
  work.complete(manifest);
  if (printTable && result.table !== undefined) console.log(result.table);
  const label = plan.variant === undefined ? "" : `${plan.variant}: `;
  progress.line(
    `${label}${result.summary} (${seconds.toFixed(1)} s, ${manifest.peakRssMb} MB) ${shortKey(plan)}`,
  );
  return manifest;
}
