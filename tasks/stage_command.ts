import { join, resolve } from "node:path";
import { PROJECT } from "../pipeline/lib/stage/workspace.ts";

/**
 * Builds the command that deno.json gives for a stage's task, so that its permissions stand in one place.
 *
 * @param task For example "window".
 * @param options.cwd Folder that holds data/, Datasets/, models/ and Reports/; the project itself by default.
 * @param options.hosts Servers that the stage may reach besides those of its task.
 */
export function stageCommand(
  task: string,
  args: string[],
  options: { cwd?: string; hosts?: string[] } & Pick<Deno.CommandOptions, "stdout" | "stderr"> = {},
): Deno.Command {
  const { cwd = Deno.cwd(), hosts = [], stdout = "inherit", stderr = "inherit" } = options;
  const { tasks } = JSON.parse(Deno.readTextFileSync(join(PROJECT, "deno.json"))) as {
    tasks: Record<string, string | { command: string }>;
  };
  const entry = tasks[task], line = typeof entry === "string" ? entry : entry?.command;
  if (line === undefined) throw new RangeError(`Cannot run a stage: deno.json has no task ${task}`);
  const elsewhere = resolve(cwd) !== resolve(PROJECT);
  const [program, ...words] = line.split(" ").map((word) => {
    if (word.startsWith("--allow-net=") && hosts.length > 0) return `${word},${hosts.join(",")}`;
    if (!elsewhere) return word;
    if (word.startsWith("--allow-read=")) return `${word},${PROJECT}`;
    if (word.startsWith("--allow-ffi=")) {
      return word.replaceAll("node_modules", join(PROJECT, "node_modules"));
    }
    return word.startsWith("pipeline/") ? join(PROJECT, word) : word;
  });
  if (program !== "deno" || words[0] !== "run") {
    throw new RangeError(`Cannot run ${task}: must be a deno run task`);
  }
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...(elsewhere ? ["--config", join(PROJECT, "deno.json")] : []), ...words.slice(1), ...args],
    cwd,
    stdin: "null",
    stdout,
    stderr,
  });
}
