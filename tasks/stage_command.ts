import { join, resolve } from "node:path";
import { PROJECT } from "../pipeline/lib/stage/workspace.ts";

export interface StageCommandOptions {
  /** Folder that holds data/, Datasets/, models/ and Reports/; the project itself by default. */
  cwd?: string;
  /** Servers that the stage may reach besides those of its task. */
  hosts?: string[];
}

/**
 * Builds the arguments for Deno that deno.json gives for a stage's task, so that its permissions stand in one place.
 *
 * @param task For example "window".
 */
export function stageArguments(task: string, args: string[], options: StageCommandOptions = {}): string[] {
  const { cwd = Deno.cwd(), hosts = [] } = options;
  const { tasks } = JSON.parse(Deno.readTextFileSync(join(PROJECT, "deno.json"))) as {
    tasks: Record<string, string>;
  };
  if (tasks[task] === undefined) throw new RangeError(`Cannot run a stage: deno.json has no task ${task}`);
  const elsewhere = resolve(cwd) !== resolve(PROJECT);
  const [program, run, ...words] = tasks[task].split(" ").map((word) => {
    if (word.startsWith("--allow-net=") && hosts.length > 0) return `${word},${hosts.join(",")}`;
    if (!elsewhere) return word;
    if (word.startsWith("--allow-read=")) return `${word},${PROJECT}`;
    if (word.startsWith("--allow-ffi=")) {
      return word.replace(/[^=,]+(?=,|$)/g, (path) => join(PROJECT, path));
    }
    return word.startsWith("pipeline/") || word.startsWith("tasks/") ? join(PROJECT, word) : word;
  });
  if (program !== "deno" || run !== "run") {
    throw new RangeError(`Cannot run ${task}: must be a deno run task`);
  }
  return ["run", ...(elsewhere ? ["--config", join(PROJECT, "deno.json")] : []), ...words, ...args];
}

/** The command that runs a stage; see {@linkcode stageArguments}. */
export function stageCommand(
  task: string,
  args: string[],
  options: StageCommandOptions & Pick<Deno.CommandOptions, "stdout" | "stderr"> = {},
): Deno.Command {
  const { cwd = Deno.cwd(), stdout = "inherit", stderr = "inherit" } = options;
  return new Deno.Command(Deno.execPath(), {
    args: stageArguments(task, args, options),
    cwd,
    stdin: "null",
    stdout,
    stderr,
  });
}

/**
 * Runs a command to its end; who ends this program (Ctrl-C, kill) ends the command with it.
 *
 * @returns The exit code.
 */
export async function runToEnd(command: Deno.Command): Promise<number> {
  const child = command.spawn(),
    signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const handlers = signals.map((signal) => {
    const handler = () => child.kill(signal);
    Deno.addSignalListener(signal, handler);
    return () => Deno.removeSignalListener(signal, handler);
  });
  const { code, signal } = await child.status;
  for (const remove of handlers) remove();
  if (signal) console.error(`stopped by ${signal}; the same command goes on where this one was`);
  return code;
}
