import assert from "node:assert/strict";
import { join } from "node:path";
import { ENGINES } from "../pipeline/lib/engine/engines.ts";
import { findTfjsNodeAddon, isTfjsWasmInstalled } from "../pipeline/lib/engine/tfjs/tfjs_packages.ts";
import { finishedKeys, inFolder, run, runOk, SMALL } from "./test_stages.ts";

/** A test run installs nothing: what needs an absent engine is skipped by name. */
const INSTALLED: Record<string, boolean> = {
  "tfjs-wasm": isTfjsWasmInstalled(),
  "tfjs-node": findTfjsNodeAddon() !== undefined,
};

async function prepareWindows(cwd: string): Promise<void> {
  await runOk(cwd, "ingest", ...SMALL);
  await runOk(cwd, "preprocess");
  await runOk(cwd, "window");
}

const trainOnce = (engine: string) => ["--model", "cnn", "--epochs", "1", "--engine", engine];

/** The loss of the only epoch of the only training in a folder. */
function lossOf(cwd: string): number {
  const [key] = finishedKeys(cwd, "04_train");
  const [{ loss }] = JSON.parse(Deno.readTextFileSync(join(cwd, "data/04_train", key, "history.json")));
  return loss;
}

for (const [engine, isInstalled] of Object.entries(INSTALLED)) {
  Deno.test({
    name:
      `[${engine}] train --engine ${engine} trains as the project's kernels do, with the task's permissions`,
    ignore: !isInstalled,
    fn: () =>
      inFolder(async (cwd) => {
        await prepareWindows(cwd);
        await runOk(cwd, "train", ...trainOnce("wasm"));
        const expected = lossOf(cwd);
        Deno.removeSync(join(cwd, "data/04_train"), { recursive: true });
        await runOk(cwd, "train", ...trainOnce(engine));
        const loss = lossOf(cwd);
        assert.ok(Math.abs(loss - expected) < 1e-4, `loss ${loss} is not ${expected}`);
        await runOk(cwd, "convert", "--model", "cnn");
      }),
  });

  Deno.test({
    name: `train --engine ${engine} without its packages says how to install them`,
    ignore: isInstalled,
    fn: () =>
      inFolder(async (cwd) => {
        await prepareWindows(cwd);
        const { code, stderr } = await run(cwd, "train", ...trainOnce(engine));
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(`Cannot use the engine ${engine}: .* must be installed, got none`));
        assert.match(stderr, new RegExp(`hint: run \`deno task setup:${engine}\``));
        assert.doesNotMatch(stderr, /\n\s+at /);
      }),
  });
}

Deno.test("doctor --json says of every engine and runtime whether it can be used here", async () => {
  const { stdout } = await runOk(Deno.cwd(), "doctor", "--json");
  const findings: Record<string, unknown>[] = JSON.parse(stdout);
  for (const { kind, name, isUsable, reason } of findings) {
    assert.ok(
      typeof kind === "string" && typeof isUsable === "boolean" && typeof reason === "string",
      String(name),
    );
  }
  const isUsable = (name: string) => findings.find((finding) => finding.name === name)?.isUsable;
  assert.deepEqual(
    findings.filter(({ kind }) => kind === "engine").map(({ name }) => name),
    Object.keys(ENGINES),
  );
  assert.equal(isUsable("wasm"), true);
  for (const [engine, isInstalled] of Object.entries(INSTALLED)) {
    assert.equal(isUsable(engine), isInstalled, engine);
  }
  for (const name of ["tflite", "xnnpack", "simd"]) assert.equal(isUsable(name), true, name);
});
