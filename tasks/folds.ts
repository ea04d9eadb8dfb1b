/** Cross-validates by patient: trains once for each fold, each a run of the train stage that is cached and resumed as any. */
import { UsageError } from "../pipeline/lib/core/errors.ts";
import { textTable } from "../pipeline/lib/report/text_table.ts";
import { STAGES } from "../pipeline/lib/stage/catalogue.ts";
import { exitWith } from "../pipeline/lib/stage/exit.ts";
import type { Manifest } from "../pipeline/lib/stage/manifest.ts";
import { describeParams, type ParamSpec, parseFlags } from "../pipeline/lib/stage/params.ts";
import { createProgress } from "../pipeline/lib/stage/progress.ts";
import { FRAME_FLAGS } from "../pipeline/lib/stage/run.ts";
import { stageCommand } from "./stage_command.ts";

const { fold: _fold, folds: _folds, ...TRAIN_FLAGS } = STAGES.train.params;
const FLAGS = {
  folds: {
    type: "int",
    default: 5,
    min: 2,
    max: 1000,
    doc: "Number of folds, at most that of the patients",
  },
  study: FRAME_FLAGS.study,
  force: FRAME_FLAGS.force,
  json: { type: "boolean", default: false, doc: "Print the figures to stdout as JSON" },
  help: FRAME_FLAGS.help,
} as const satisfies ParamSpec;

const HELP =
  `deno task folds [flags]\n\nTrains each model once for each fold of the patients of the training and validation splits, ` +
  `validates it on that fold, and prints the figures and their mean. Test patients take no part. Each fold also picks ` +
  `its own best epoch, which flatters the figures a little: they are for comparing trainings. What is cached is not ` +
  `trained again; the models of the study stay as they are.\n\nFlags:\n${describeParams(FLAGS)}\n\n` +
  `Parameters of train:\n${describeParams(TRAIN_FLAGS)}`;

/** The figures that the table shows, by their name in counts.best. */
const FIGURES = {
  validationAccuracy: "accuracy %",
  validationBalancedAccuracy: "balanced %",
  validationMacroF1: "macro-F1 %",
} as const;

/** What one fold of one model gave. */
interface FoldOutcome {
  model: string;
  fold: number;
  heldOut: string[];
  windows: number;
  bestEpoch: number;
  /** By name in `FIGURES`, in [0, 1]. */
  figures: Record<string, number>;
}

async function runFold(args: string[], fold: number): Promise<FoldOutcome[]> {
  const command = stageCommand("train", [...args, "--fold", String(fold), "--json"], { stdout: "piped" });
  const { code, stdout } = await command.output();
  if (code !== 0) Deno.exit(code);
  const manifests = JSON.parse(new TextDecoder().decode(stdout)) as Manifest[];
  return manifests.map(({ variant, counts }) => {
    const best = counts.best as Record<string, number>;
    return {
      model: variant!,
      fold,
      heldOut: counts.heldOut as string[],
      windows: counts.validationWindows as number,
      bestEpoch: counts.bestEpoch as number,
      figures: Object.fromEntries(Object.keys(FIGURES).map((name) => [name, best[name]])),
    };
  });
}

/** Mean and standard deviation (of a sample) of one figure over the folds. */
function spread(values: number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${percent(mean)} ± ${percent(Math.sqrt(squares / (values.length - 1)))}`;
}

const percent = (value: number): string => (100 * value).toFixed(2);

/** One table a model: a row a fold, the mean below. */
function describeModel(outcomes: FoldOutcome[]): string {
  const rows = outcomes.map(({ fold, windows, bestEpoch, figures, heldOut }) => [
    String(fold),
    String(windows),
    String(bestEpoch),
    ...Object.keys(FIGURES).map((name) => percent(figures[name])),
    heldOut.join(" "),
  ]);
  const means = Object.keys(FIGURES).map((name) => spread(outcomes.map(({ figures }) => figures[name])));
  const header = ["fold", "windows", "best epoch", ...Object.values(FIGURES), "patients held out"];
  const [{ model }] = outcomes;
  return `${model}\n${textTable(header, rows)}\nmean ± deviation: ${
    Object.values(FIGURES).map((name, i) => `${name.replace(" %", "")} ${means[i]} %`).join(", ")
  }`;
}

await exitWith("folds", async () => {
  const flags = parseFlags(Deno.args, { ...TRAIN_FLAGS, ...FLAGS });
  if (flags.help) return console.log(HELP);
  if (Array.isArray(flags.model) && flags.model.length === 0) {
    throw new UsageError("Cannot use --model: there must be a model to cross-validate, got none");
  }
  const { json, folds = FLAGS.folds.default, ...others } = flags;
  const args = Object.entries({ ...others, folds }).map(([name, value]) => `--${name}=${value}`);
  const progress = createProgress("folds"), outcomes: FoldOutcome[] = [];
  for (let fold = 1; fold <= Number(folds); fold++) {
    progress.line(`fold ${fold} of ${folds}`);
    outcomes.push(...await runFold(args, fold));
  }
  if (json) return console.log(JSON.stringify(outcomes, null, 2));
  const models = [...new Set(outcomes.map(({ model }) => model))];
  console.log(
    models.map((model) => describeModel(outcomes.filter((outcome) => outcome.model === model))).join("\n\n"),
  );
});
