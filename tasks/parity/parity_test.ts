import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT } from "../../pipeline/lib/stage/workspace.ts";
import { isPassed } from "./check.ts";

/** Runs the task on a computer where no program is found by its name. */
async function runWithoutPython(...flags: string[]) {
  const empty = await Deno.makeTempDir();
  const { code, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-read", "--allow-run", join(PROJECT, "tasks/parity/parity.ts"), ...flags],
    cwd: PROJECT,
    env: { PATH: empty },
  }).output();
  await Deno.remove(empty);
  return { code, text: new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout) };
}

Deno.test("parity is skipped by name where there is no Python, and fails there when it is required", async () => {
  const skipped = await runWithoutPython();
  assert.equal(skipped.code, 0, skipped.text);
  assert.match(skipped.text, /skipped: no Python .* is here: nothing was compared \(keras, .*records\)/);
  const required = await runWithoutPython("--require");
  assert.equal(required.code, 1, required.text);
  assert.match(required.text, /hint: name one with --python/);
});

Deno.test("parity refuses flags that it does not know", async () => {
  const { code, text } = await runWithoutPython("--section", "keras");
  assert.equal(code, 2, text);
  assert.match(text, /--sections/);
});

Deno.test("isPassed() takes no NaN", () => {
  const check = { case: "a", measure: "max error", value: 1, limit: 1 };
  assert.ok(isPassed(check));
  assert.ok(isPassed({ ...check, value: 5, limit: null }));
  assert.ok(!isPassed({ ...check, value: 1.1 }));
  assert.ok(!isPassed({ ...check, value: NaN }));
});
