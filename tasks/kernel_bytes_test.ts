import assert from "node:assert/strict";
import { trainingV8Flags } from "./perf/v8_flags.ts";

/** Compiles the kernels at once as they are compiled when they have run for a while. */
const OPTIMIZED = "--no-liftoff";

async function run(v8Flags: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `--v8-flags=${v8Flags}`,
      "--allow-read=.",
      "tasks/kernel_bytes.ts",
    ],
    cwd: new URL("../", import.meta.url),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("V8 pairs the matrix products' instructions under the flags of training, and the bytes stay the same", async () => {
  const [flags] = trainingV8Flags();
  const plain = await run(OPTIMIZED);
  const paired = await run(`${flags.replace("--v8-flags=", "")},${OPTIMIZED},--trace-wasm-revectorize`);
  assert.match(plain[0], /^[0-9a-f]{64}$/);
  assert.equal(paired.at(-1), plain[0]);
  // V8 tries only where the processor has AVX2.
  if (!paired.some((line) => line.startsWith("Begin revec function"))) return;
  const products = paired.filter((line) => /Print \d+: Decided to vectorize, [1-9]/.test(line));
  assert.ok(products.length >= 2, `paired in ${products.length} functions`);
});
