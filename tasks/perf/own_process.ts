import { StageError } from "../../pipeline/lib/core/errors.ts";
import { PROJECT } from "../../pipeline/lib/stage/workspace.ts";

/**
 * Measures in a process of its own, in the project's folder, so that memory is its own and neither other work nor what
 * was compiled for it disturbs.
 *
 * @param what What is measured, for the message.
 * @param args Flags for `deno run`, the script, and the script's arguments.
 * @returns What it printed as JSON.
 * @throws StageError It failed; the message has the first line that it said.
 */
export async function measureApart<Figures>(
  what: string,
  args: string[],
  environment: Pick<Deno.CommandOptions, "clearEnv"> = {},
): Promise<Figures> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...args],
    cwd: PROJECT,
    ...environment,
  }).output();
  if (!success) {
    const [reason] = new TextDecoder().decode(stderr).trim().split("\n");
    throw new StageError(`Cannot measure ${what}: ${reason}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}
