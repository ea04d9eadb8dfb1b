/** Holds the project against the originals: `deno task parity`. Needs Python; nothing else of the project does. */
import { join } from "node:path";
import { StageError } from "../../pipeline/lib/core/errors.ts";
import { textTable } from "../../pipeline/lib/report/text_table.ts";
import { exitWith } from "../../pipeline/lib/stage/exit.ts";
import { describeParams, type ParamSpec, parseFlags } from "../../pipeline/lib/stage/params.ts";
import { createProgress } from "../../pipeline/lib/stage/progress.ts";
import { PROJECT } from "../../pipeline/lib/stage/workspace.ts";
import { type Check, isPassed } from "./check.ts";
import { findPython, openEnvironment } from "./python_environment.ts";
import type { ParitySection } from "./section.ts";
import { converterSection } from "./sections/converter.ts";
import { devicesSection } from "./sections/devices.ts";
import { interpreterSection } from "./sections/interpreter.ts";
import { kerasSection } from "./sections/keras.ts";
import { metricsSection } from "./sections/metrics.ts";
import { recordsSection } from "./sections/records.ts";
import { signalSection } from "./sections/signal.ts";

const SECTIONS: readonly ParitySection[] = [
  kerasSection,
  converterSection,
  interpreterSection,
  devicesSection,
  signalSection,
  metricsSection,
  recordsSection,
];
const NAME = "parity";
const REPORT = "Reports/parity.json";
const FLAGS = {
  python: {
    type: "string",
    default: "",
    doc:
      "Python 3.10 to 3.13 that the environment is made with; by default the first that fits of python3.13 ... python3",
  },
  sections: {
    type: "list",
    default: SECTIONS.map(({ name }) => name),
    choices: SECTIONS.map(({ name }) => name),
    doc: "What to compare",
  },
  whole: {
    type: "boolean",
    default: false,
    doc: "Print every comparison; the report has all of them anyway",
  },
  require: { type: "boolean", default: false, doc: "Fail when something has to be skipped" },
  help: { type: "boolean", default: false, doc: "Print this and stop" },
} as const satisfies ParamSpec;
const PYTHONS = ["python3.13", "python3.12", "python3.11", "python3.10", "python3", "python"];

const progress = createProgress(NAME);

/** What a section gave, or why it was left out. */
interface SectionReport {
  name: string;
  doc: string;
  skipped?: string;
  seconds?: number;
  checks: Check[];
}

function writeReport(sections: SectionReport[]): void {
  const passed = sections.every(({ checks }) => checks.every(isPassed));
  const requirements = Deno.readTextFileSync(join(PROJECT, "tasks/parity/requirements.txt"));
  const report = {
    schemaVersion: 1,
    made: new Date().toISOString(),
    against: requirements.split("\n").filter((line) => /^[a-z]/i.test(line)),
    passed,
    sections,
  };
  const path = join(PROJECT, REPORT);
  Deno.writeTextFileSync(`${path}.part`, JSON.stringify(report, null, 2) + "\n");
  Deno.renameSync(`${path}.part`, path);
}

const formatNumber = (value: number): string =>
  Number.isInteger(value) || !Number.isFinite(value)
    ? String(value)
    : Math.abs(value) < 1e-3
    ? value.toExponential(1)
    : value.toPrecision(4);

/** Prints the figures that stand to be read, what differs, and of the rest how many there are and which is the nearest to its limit. */
function printTable(sections: SectionReport[], whole: boolean): void {
  const rows = sections.flatMap(({ name, checks }) => {
    const limited = checks.filter(({ limit }) => limit !== null);
    const share = ({ value, limit }: Check) => limit === 0 ? value : value / limit!;
    const worst = limited.toSorted((a, b) => share(b) - share(a))[0];
    const shown = checks.filter((check) =>
      whole || check.limit === null || !isPassed(check) || check === worst
    );
    return shown.map((check) => [
      name,
      check.case + (check === worst && !whole ? ` (the nearest to its limit of ${limited.length})` : ""),
      check.measure,
      formatNumber(check.value),
      check.limit === null ? "" : formatNumber(check.limit),
      check.limit === null ? "" : isPassed(check) ? "ok" : "DIFFERS",
    ]);
  });
  if (rows.length > 0) console.log(textTable(["section", "case", "measure", "value", "limit", ""], rows));
}

await exitWith(NAME, async () => {
  const flags = parseFlags(Deno.args, FLAGS);
  if (flags.help) {
    return console.log(
      `deno task ${NAME} [flags]\n\nHolds what this project computes against the originals: ` +
        `${
          SECTIONS.map(({ doc }) => doc).join("; ")
        }.\nThe report is ${REPORT}; the originals are installed once, to ` +
        `data/parity/environment.\n\n${describeParams(FLAGS)}`,
    );
  }
  const wanted = flags.sections as string[] | undefined;
  const chosen = SECTIONS.filter(({ name }) => wanted === undefined || wanted.includes(name));
  const python = await findPython(flags.python ? [String(flags.python)] : PYTHONS);
  if (python === undefined) {
    const reason = `no Python of 3.10 to 3.13 with venv is here: nothing was compared (${
      chosen.map(({ name }) => name).join(", ")
    })`;
    if (flags.require || flags.python) {
      throw new StageError(`Cannot compare: ${reason}`, { hint: "name one with --python" });
    }
    return progress.line(`skipped: ${reason}`);
  }
  const run = await openEnvironment(python, progress);
  const work = join(PROJECT, "data/parity/work");
  const reports: SectionReport[] = [];
  for (const { name, doc, missing, run: compare } of chosen) {
    const skipped = missing?.();
    if (skipped !== undefined) {
      progress.line(`skipped ${name}: ${skipped}`);
      reports.push({ name, doc, skipped, checks: [] });
      continue;
    }
    progress.line(doc);
    const started = performance.now(), folder = join(work, name);
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    await Deno.mkdir(folder, { recursive: true });
    const checks = await compare(folder, run);
    if (checks.length === 0) {
      throw new StageError(`Cannot compare ${name}: there must be something to compare, got nothing`);
    }
    reports.push({ name, doc, seconds: Math.round((performance.now() - started) / 100) / 10, checks });
  }
  await Deno.remove(work, { recursive: true }).catch(() => {});
  writeReport(reports);
  printTable(reports, flags.whole === true);
  const checks = reports.flatMap((report) => report.checks),
    limited = checks.filter(({ limit }) => limit !== null);
  const differing = checks.filter((check) => !isPassed(check));
  progress.line(`${limited.length - differing.length} of ${limited.length} agree; ${REPORT}`);
  if (differing.length > 0) {
    throw new StageError(
      `Cannot vouch for the project: ${differing.length} figures must be within their limits, got ${
        differing.map((check) => `${check.case} ${check.measure} ${formatNumber(check.value)}`).join(", ")
      }`,
    );
  }
  const left = reports.filter((report) => report.skipped !== undefined);
  if (flags.require && left.length > 0) {
    throw new StageError(
      `Cannot compare everything: nothing may be skipped, got ${left.map(({ name }) => name).join(", ")}`,
    );
  }
});
