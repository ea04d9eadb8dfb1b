/**
 * Installs the engine tfjs-node: `deno task setup:tfjs-node [--wheel] [--force]`.
 *
 * All of it goes into pipeline/lib/engine/tfjs/node/node_modules, which no stage may write to.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { StageError } from "../pipeline/lib/core/errors.ts";
import { checkEngine } from "../pipeline/lib/engine/check_engine.ts";
import { findTfjsNodeAddon, TFJS_NODE_FOLDER } from "../pipeline/lib/engine/tfjs/tfjs_packages.ts";
import { exitWith } from "../pipeline/lib/stage/exit.ts";
import { describeParams, type ParamSpec, parseFlags } from "../pipeline/lib/stage/params.ts";
import { createProgress } from "../pipeline/lib/stage/progress.ts";

const NAME = "setup:tfjs-node";
const FLAGS = {
  wheel: {
    type: "boolean",
    default: false,
    doc: "Build the addon against the C library of a TensorFlow wheel (pip), not the package's own download",
  },
  force: { type: "boolean", default: false, doc: "Install even when the engine works" },
  help: { type: "boolean", default: false, doc: "Print this and stop" },
} as const satisfies ParamSpec;

/** The folder that package.json of the engine lies in. */
const HOME = join(TFJS_NODE_FOLDER, "../../..");
const WHEEL_LIST = join(HOME, "tensorflow_wheel.txt");
const LOG = join(HOME, "node_modules/.setup.log");

const progress = createProgress(NAME);

interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  hint?: string;
}

/** @returns What the program printed to stdout. @throws StageError With its first errors when it fails; LOG has all of it. */
async function run(what: string, [program, ...args]: string[], options: RunOptions = {}): Promise<string> {
  const { cwd = HOME, env, hint } = options, started = performance.now();
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, env, stdin: "null" })
    .output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) {
    const lines = `${err}\n${out}`.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    const errors = lines.filter((line) => /error/i.test(line)),
      [first = "nothing"] = errors.length > 0 ? errors : lines;
    Deno.mkdirSync(dirname(LOG), { recursive: true });
    Deno.writeTextFileSync(LOG, `${out}\n${err}`);
    throw new StageError(`Cannot ${what}: ${program} must succeed, got "${first}" (all of it: ${LOG})`, {
      hint,
    });
  }
  progress.line(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return out;
}

/** Whether a program is there and answers. */
async function isThere(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdin: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** @throws StageError Naming all that is missing. */
async function checkTools(wheel: boolean): Promise<void> {
  if (wheel && !(Deno.build.os === "linux" && Deno.build.arch === "x86_64")) {
    throw new StageError(
      `Cannot use --wheel: the computer must be Linux on x86-64, got ${Deno.build.os} on ${Deno.build.arch}`,
      { hint: "leave --wheel out: the package's own download has libraries for other systems" },
    );
  }
  const tools: [name: string, ...command: string[]][] = [
    ["node (18 or newer)", "node", "--version"],
    ["npm", "npm", "--version"],
  ];
  if (wheel) {
    tools.push(
      ["python3 with pip", "python3", "-m", "pip", "--version"],
      ["make", "make", "--version"],
      ["g++", "g++", "--version"],
    );
  }
  const missing: string[] = [];
  for (const [name, program, ...args] of tools) {
    if (!await isThere(program, ...args)) missing.push(name);
  }
  if (missing.length === 0) return;
  throw new StageError(
    `Cannot install tfjs-node: all of ${tools.map(([name]) => name).join(", ")} must be there, ` +
      `got no ${missing.join(", no ")}`,
    {
      hint: "on Debian and Ubuntu: apt-get install nodejs npm python3-pip make g++",
    },
  );
}

/**
 * Unpacks headers and libraries from the wheel argv[1] to include and lib in the folder argv[2]; the links have the names by
 * which the addon is linked.
 */
const UNPACK = `
import os, sys, zipfile
wheel, deps = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
libraries = {"libtensorflow_cc.so.2": "libtensorflow.so", "libtensorflow_framework.so.2": "libtensorflow_framework.so"}
headers = [name for name in wheel.namelist() if name.startswith("tensorflow/include/tensorflow/") and name.endswith(".h")]
wheel.extractall(deps, headers + ["tensorflow/" + name for name in libraries])
os.rename(deps + "/tensorflow/include", deps + "/include")
os.rename(deps + "/tensorflow", deps + "/lib")
for name, link in libraries.items():
    os.symlink(name, deps + "/lib/" + link)
`;

/** Downloads the wheel, held by pip against its SHA-256, and puts what the addon needs of it where the addon looks for it. */
async function unpackWheel(): Promise<void> {
  const folder = join(HOME, "node_modules/.tensorflow_wheel");
  await run("download TensorFlow (232 MB)", [
    ..."python3 -m pip download --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes"
      .split(" "),
    // The Python that is here may be any: what needs one is not used.
    ..."--python-version 3.11 --implementation cp --abi cp311 --platform manylinux2014_x86_64".split(" "),
    ...["--requirement", WHEEL_LIST, "--dest", folder],
  ]);
  const wheel = [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name)).find((name) =>
    name.endsWith(".whl")
  );
  await run("unpack TensorFlow", ["python3", "-c", UNPACK, wheel!, join(TFJS_NODE_FOLDER, "deps")]);
  Deno.removeSync(folder, { recursive: true });
}

/** Builds the addon with the headers of the Node that is here, where it has them; else node-gyp downloads them. */
async function buildAddon(): Promise<void> {
  const node = (await run("ask for node's folder", ["node", "-p", "process.execPath"])).trim();
  const prefix = dirname(dirname(node)), hasHeaders = existsSync(join(prefix, "include/node/node_api.h"));
  const builder = join(HOME, "node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp");
  await run("build the addon", ["node", builder, "install", "--build-from-source"], {
    cwd: TFJS_NODE_FOLDER,
    env: hasHeaders ? { npm_config_nodedir: prefix } : {},
    hint:
      "node-gyp needs make, g++, python3 and node's headers (package libnode-dev, or a network to download them)",
  });
  for (const { name } of [...Deno.readDirSync(TFJS_NODE_FOLDER)]) {
    if (/^build/.test(name)) Deno.removeSync(join(TFJS_NODE_FOLDER, name), { recursive: true });
  }
}

await exitWith(NAME, async () => {
  const flags = parseFlags(Deno.args, FLAGS);
  if (flags.help) {
    return console.log(
      `deno task ${NAME} [flags]\n\nInstalls the training engine tfjs-node.\n\n${describeParams(FLAGS)}`,
    );
  }
  const wheel = flags.wheel === true;
  if (
    flags.force !== true && findTfjsNodeAddon() !== undefined && (await checkEngine("tfjs-node")).isUsable
  ) {
    return progress.line("already installed, and it trains");
  }
  await checkTools(wheel);
  await run("install the packages", ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
  if (wheel) {
    await unpackWheel();
    await buildAddon();
  } else {
    await run("install the native library", [
      "npm",
      "rebuild",
      "@tensorflow/tfjs-node",
      "--foreground-scripts",
    ], {
      hint:
        "where its host cannot be reached, build it from TensorFlow's wheel: `deno task setup:tfjs-node --wheel`",
    });
  }
  const { isUsable, reason } = await checkEngine("tfjs-node");
  if (!isUsable) throw new StageError(`Cannot use what was installed: ${reason}`);
  progress.line("installed, and it trains: `deno task train --engine tfjs-node`");
});
