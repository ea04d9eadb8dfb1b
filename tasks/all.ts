/** Runs the chain of stages, each as a program of its own with the permissions that deno.json gives it. */
import { AAMI_CLASSES } from "../pipeline/lib/beats/aami.ts";
import { checkConvertible } from "../pipeline/lib/convert/convert.ts";
import { UsageError } from "../pipeline/lib/core/errors.ts";
import { ARCHITECTURES } from "../pipeline/lib/nn/architectures/architectures.ts";
import {
  planStage,
  readCached,
  readCurrent,
  setCurrent,
  type StagePlan,
} from "../pipeline/lib/stage/cache.ts";
import { STAGE_CHAIN, type StageDeclaration, STAGES } from "../pipeline/lib/stage/catalogue.ts";
import { exitWith } from "../pipeline/lib/stage/exit.ts";
import type { Manifest } from "../pipeline/lib/stage/manifest.ts";
import { describeParams, type ParamSpec, type ParamValue, parseFlags } from "../pipeline/lib/stage/params.ts";
import { createProgress } from "../pipeline/lib/stage/progress.ts";
import { FRAME_FLAGS, shortKey } from "../pipeline/lib/stage/run.ts";
import { stageParams, type Study } from "../pipeline/lib/stage/study.ts";
import { loadStudy, stageSources } from "../pipeline/lib/stage/workspace.ts";
import { runToEnd, stageCommand } from "./stage_command.ts";

const TASKS = STAGE_CHAIN.map((stage) => stage.task);

const ALL_FLAGS = {
  study: FRAME_FLAGS.study,
  from: { type: "string", default: TASKS[0], choices: TASKS, doc: "First stage to run" },
  to: { type: "string", default: TASKS[TASKS.length - 1], choices: TASKS, doc: "Last stage to run" },
  force: { type: "boolean", default: false, doc: "Run even what the cache holds" },
  dryRun: FRAME_FLAGS.dryRun,
  graph: {
    type: "boolean",
    default: false,
    doc: "Print the stages, what they read and where they stand, and stop",
  },
  json: { type: "boolean", default: false, doc: "With --dryRun or --graph: print it to stdout as JSON" },
  help: FRAME_FLAGS.help,
} as const satisfies ParamSpec;

/** Every parameter of every stage; one that several stages declare goes to all of them. */
const STAGE_FLAGS: ParamSpec = Object.assign({}, ...STAGE_CHAIN.map((stage) => stage.params));

const progress = createProgress("all");

function helpText(): string {
  const stages = STAGE_CHAIN.map(({ name, task, doc, params }) =>
    `${name} (${task}): ${doc}\n${describeParams(params)}`
  );
  return `deno task all [flags]\n\nRuns the chain of stages; what the cache holds is not run again. A parameter that several ` +
    `stages have goes to all of them.\n\nFlags:\n${describeParams(ALL_FLAGS)}\n\n` +
    `Parameters of the stages (defaults < study file < flags):\n\n${stages.join("\n\n")}`;
}

/** A stage that looks outside data/ first (a source folder, models, datasets) can only say itself where it stands. */
const looksOutside = (stage: StageDeclaration): boolean => stage.upstream.length === 0;

function planInside(
  stage: StageDeclaration,
  study: Study,
  flags: Record<string, ParamValue>,
  current?: (stage: string, variant?: string) => Manifest | undefined,
): StagePlan[] {
  return planStage({
    root: Deno.cwd(),
    study: study.name,
    stage,
    params: stageParams(stage, study, flags),
    sources: stageSources(stage.name),
    current,
  });
}

function argsOf(stage: StageDeclaration, study: Study, flags: Record<string, ParamValue>): string[] {
  const own = Object.entries(flags).filter(([name]) => Object.hasOwn(stage.params, name));
  const args = own.map(([name, value]) =>
    `--${name}=${Array.isArray(value) ? value.join(",") || "none" : value}`
  );
  if (stage.task === "bench" && flags.rerun === undefined && flags.force !== true) args.push("--rerun=False");
  if (flags.force && stage.task !== "bench") args.push("--force");
  return ["--study", study.name, ...args];
}

/** Where one stage, or one model of it, stands. */
interface Standing {
  stage: StageDeclaration;
  variant?: string;
  /** Key of the output that the cache holds; undefined when the stage would run. */
  cachedKey?: string;
  why: string;
}

/** A stage whose input would change cannot know its key before: it would run as well. */
async function survey(
  chain: readonly StageDeclaration[],
  study: Study,
  flags: Record<string, ParamValue>,
): Promise<Standing[]> {
  const root = Deno.cwd(), standings: Standing[] = [];
  const planned = new Map<string, Manifest | undefined>();
  const note = (stage: StageDeclaration, key: string | undefined, why: string, variant?: string) => {
    standings.push({ stage, variant, cachedKey: key, why });
    planned.set(
      `${stage.name}/${variant}`,
      key === undefined ? undefined : readCached(root, stage.name, key),
    );
  };
  const changing = () => standings.filter((standing) => standing.cachedKey === undefined);
  for (const stage of chain) {
    const blockers = stage.upstream.filter((name) =>
      changing().some((standing) => standing.stage.name === name)
    );
    if (looksOutside(stage)) {
      if (stage.task === "bench" && hasNothingToMeasure(study, flags)) continue;
      if (stage.task === "bench" && changing().some((standing) => standing.stage.task === "export")) {
        note(stage, undefined, "models and datasets would be written anew");
        continue;
      }
      const command = stageCommand(stage.task, [...argsOf(stage, study, flags), "--dryRun", "--json"], {
        stdout: "piped",
        stderr: "piped",
      });
      const { code, stdout, stderr } = await command.output();
      if (code !== 0) {
        Deno.stderr.writeSync(stderr);
        Deno.exit(code);
      }
      const plan = JSON.parse(new TextDecoder().decode(stdout)) as {
        key: string;
        cached: boolean;
        why: string;
      };
      note(stage, plan.cached ? plan.key : undefined, plan.why);
    } else if (blockers.length > 0) {
      note(stage, undefined, `${blockers.join(", ")} would run`);
    } else {
      const current = (name: string, variant?: string) =>
        planned.has(`${name}/${variant}`)
          ? planned.get(`${name}/${variant}`)
          : readCurrent(root, name, study.name, variant);
      for (const plan of planInside(stage, study, flags, current)) {
        const cached = plan.cached !== undefined && flags.force !== true;
        note(stage, cached ? plan.key : undefined, plan.why || "forced", plan.variant);
      }
    }
  }
  return standings;
}

const describe = ({ variant, cachedKey, why }: Standing): string =>
  (variant === undefined ? "" : `${variant}: `) +
  (cachedKey === undefined ? `would run: ${why}` : `cached ${shortKey({ key: cachedKey })}`);

/** The chain as text: what each stage reads and where it stands. */
function drawGraph(standings: Standing[]): string {
  return standings.map((standing) => {
    const { stage } = standing;
    const reads = stage.task === "ingest"
      ? ["source"]
      : stage.task === "bench"
      ? ["models/", "Datasets/"]
      : stage.upstream;
    return `${stage.name.padEnd(14)} <- ${reads.join(", ")}\n${" ".repeat(14)}    ${describe(standing)}`;
  }).join("\n");
}

/** Host of the mirror that a flag or the study names: the only server that a run may reach besides PhysioNet. */
function mirrorHosts(study: Study, flags: Record<string, ParamValue>): string[] {
  const { mirror } = stageParams(STAGES.ingest, study, flags);
  if (mirror === "") return [];
  const url = URL.parse(mirror);
  if (!url) throw new UsageError(`Cannot use --mirror: must be an address, got ${JSON.stringify(mirror)}`);
  return [url.host];
}

/** A collaborator's CSV files give datasets and no model: then there is nothing to measure. */
function hasNothingToMeasure(study: Study, flags: Record<string, ParamValue>): boolean {
  return stageParams(STAGES.export, study, flags).model.length === 0;
}

async function runChain(chain: readonly StageDeclaration[], study: Study, flags: Record<string, ParamValue>) {
  const startedMs = performance.now(), root = Deno.cwd();
  for (const stage of chain) {
    if (stage === STAGES.bench as StageDeclaration && hasNothingToMeasure(study, flags)) {
      createProgress(stage.name).line("left out: no model was asked for");
      continue;
    }
    const plans = looksOutside(stage) || flags.force ? undefined : planInside(stage, study, flags);
    if (plans?.every((plan) => plan.cached)) {
      for (const plan of plans) {
        createProgress(stage.name).line(describe({ ...plan, cachedKey: plan.key }));
        setCurrent(root, plan, study.name);
      }
      continue;
    }
    const hosts = stage.task === "ingest" ? mirrorHosts(study, flags) : [];
    const code = await runToEnd(stageCommand(stage.task, argsOf(stage, study, flags), { hosts }));
    if (code !== 0) Deno.exit(code);
  }
  progress.line(`done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

/** @throws {UsageError} A flag that none of the stages that are to run would read. */
function refuseIdleFlags(chain: readonly StageDeclaration[], flags: Record<string, ParamValue>): void {
  for (const name of Object.keys(flags)) {
    if (Object.hasOwn(ALL_FLAGS, name) || chain.some((stage) => Object.hasOwn(stage.params, name))) continue;
    const readers = STAGE_CHAIN.filter((stage) => Object.hasOwn(stage.params, name)).map((stage) =>
      stage.task
    );
    throw new UsageError(
      `Cannot use --${name}: it is for ${
        readers.join(" and ")
      }, which is not among the stages to run (--from, --to)`,
    );
  }
}

/** @throws {StageError} A model that would be trained in vain, because convert would stop at it. */
function refuseUnconvertible(study: Study, flags: Record<string, ParamValue>): void {
  const { windowSamples } = stageParams(STAGES.window, study, flags);
  const sizes = { windowSamples, channels: 1, classes: AAMI_CLASSES.length };
  for (const name of stageParams(STAGES.convert, study, flags).model) {
    const hint = `it can be trained to model.h5: deno task all --to train --model ${name}`;
    checkConvertible(name, ARCHITECTURES[name].build(sizes), hint);
  }
}

await exitWith("all", async () => {
  const flags = parseFlags(Deno.args, { ...STAGE_FLAGS, ...ALL_FLAGS });
  if (flags.help) return console.log(helpText());
  const study = loadStudy(String(flags.study ?? ALL_FLAGS.study.default));
  const from = TASKS.indexOf(String(flags.from ?? TASKS[0])),
    to = TASKS.indexOf(String(flags.to ?? TASKS.at(-1)));
  if (to < from) {
    throw new UsageError(`Cannot run from ${TASKS[from]} to ${TASKS[to]}: the order is ${TASKS.join(", ")}`);
  }
  const chain = STAGE_CHAIN.slice(from, to + 1);
  refuseIdleFlags(chain, flags);
  for (const stage of chain) {
    const params = stageParams(stage, study, flags);
    if (!stage.isTrial?.(params)) continue;
    throw new UsageError(`Cannot run the chain: ${stage.task} would make what later stages cannot read`);
  }
  if (chain.includes(STAGES.convert as StageDeclaration)) refuseUnconvertible(study, flags);
  if (!flags.graph && !flags.dryRun) return await runChain(chain, study, flags);
  const standings = await survey(chain, study, flags);
  if (flags.json) {
    const rows = standings.map(({ stage, variant, cachedKey, why }) => ({
      stage: stage.name,
      variant,
      reads: stage.upstream,
      cachedKey,
      why: cachedKey === undefined ? why : undefined,
    }));
    console.log(JSON.stringify(rows, null, 2));
  } else if (flags.graph) console.log(drawGraph(standings));
  else for (const standing of standings) createProgress(standing.stage.name).line(describe(standing));
});
