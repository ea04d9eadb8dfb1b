/** Stages as programs, for tests. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { stageArguments } from "./stage_command.ts";

const decoder = new TextDecoder();

/** What a program left. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a stage as the user does: as a program with the permissions of its task, in a folder of its own. */
export async function run(cwd: string, task: string, ...args: string[]): Promise<Outcome> {
  const command = new Deno.Command(Deno.execPath(), {
    // The tests' own servers are on loopback, which no task grants.
    args: stageArguments(task, args, { cwd, hosts: ["127.0.0.1"] }),
    cwd,
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** As run(), for what must succeed. */
export async function runOk(cwd: string, task: string, ...args: string[]): Promise<Outcome> {
  const outcome = await run(cwd, task, ...args);
  assert.equal(outcome.code, 0, outcome.stderr);
  return outcome;
}

/** Gives a test a folder of its own. */
export async function inFolder(body: (cwd: string) => Promise<void>): Promise<void> {
  const cwd = Deno.makeTempDirSync({ prefix: "ecg-stages-" });
  try {
    await body(cwd);
  } finally {
    Deno.removeSync(cwd, { recursive: true });
  }
}

/** Source of six short records. */
export const SMALL = ["--source", "synthetic", "--patients", "6", "--minutes", "0.5"];

/** A folder of six true WFDB records. */
export async function makeRecords(cwd: string): Promise<string> {
  const folder = join(cwd, "records");
  const made = join(cwd, "made");
  Deno.mkdirSync(made);
  await runOk(made, "ingest", ...SMALL);
  const [key] = finishedKeys(made, "01_ingest");
  Deno.renameSync(join(made, "data/01_ingest", key, "wfdb"), folder);
  return folder;
}

/** Names of the cache folders of a stage that count as whole. */
export function finishedKeys(cwd: string, stage: string): string[] {
  try {
    return [...Deno.readDirSync(join(cwd, "data", stage))].map((entry) => entry.name)
      .filter((name) => /^[0-9a-f]{16}$/.test(name));
  } catch {
    return [];
  }
}
