import { join } from "node:path";
import { StageError } from "../../pipeline/lib/core/errors.ts";
import type { Progress } from "../../pipeline/lib/stage/progress.ts";
import { PROJECT } from "../../pipeline/lib/stage/workspace.ts";
import type { Check } from "./check.ts";

/** Where the virtual environment lies; git does not see it. */
const HOME = join(PROJECT, "data/parity/environment");
const PYTHON = join(HOME, Deno.build.os === "windows" ? "Scripts/python.exe" : "bin/python");
const REQUIREMENTS = join(PROJECT, "tasks/parity/requirements.txt");
/** Written when everything is installed: the requirements that it was installed by. */
const INSTALLED = join(HOME, "installed.txt");
/** The versions of Python that TensorFlow 2.21 has wheels for. */
const CHECK_VERSION =
  "import sys, venv, ensurepip; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 13) else 1)";

/** Runs a script of tasks/parity/sections and gives the checks that it prints. */
export type PythonRun = (script: string, ...args: string[]) => Promise<Check[]>;

/** @returns The Python to make the environment with; undefined when none fits. */
export async function findPython(wanted: readonly string[]): Promise<string | undefined> {
  for (const python of wanted) {
    try {
      const { success } = await new Deno.Command(python, {
        args: ["-c", CHECK_VERSION],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return python;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/**
 * Makes the environment of requirements.txt, or takes the one that an earlier run made of the same requirements.
 *
 * @param python As findPython() gives it.
 * @throws StageError When pip cannot install them.
 */
export async function openEnvironment(python: string, progress: Progress): Promise<PythonRun> {
  const requirements = Deno.readTextFileSync(REQUIREMENTS);
  if (readIfThere(INSTALLED) !== requirements) {
    progress.line("installing what is compared with (700 MB) to data/parity/environment");
    Deno.mkdirSync(HOME, { recursive: true });
    await install(python, ["-m", "venv", "--clear", HOME]);
    await install(PYTHON, [
      ..."-m pip install --quiet --disable-pip-version-check --requirement".split(" "),
      REQUIREMENTS,
    ]);
    Deno.writeTextFileSync(INSTALLED, requirements);
  }
  return async (script, ...args) => {
    const path = join(PROJECT, "tasks/parity/sections", script);
    const { success, stdout, stderr } = await new Deno.Command(PYTHON, {
      args: [path, ...args],
      stdin: "null",
    })
      .output();
    if (!success) {
      throw new StageError(`Cannot compare: ${script} must succeed, got "${lastLine(stderr)}"`);
    }
    // Libraries print there too.
    const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line, (_, value) => value === "NaN" ? NaN : value));
  };
}

async function install(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (success) return;
  throw new StageError(
    `Cannot install the environment: ${program} ${args[1]} must succeed, got "${lastLine(stderr)}"`,
    {
      hint:
        "a Python of 3.10 to 3.13 with venv and pip, and a package index that it reaches (--python names another)",
    },
  );
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const lastLine = (bytes: Uint8Array): string =>
  new TextDecoder().decode(bytes).trim().split("\n").at(-1) || "nothing";
