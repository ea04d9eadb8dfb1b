import assert from "node:assert/strict";

async function perf(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", "--allow-run", "tasks/perf/perf.ts", ...args],
    cwd: new URL("../../", import.meta.url),
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

Deno.test("perf train --json prints one entry for each engine and number of workers", async () => {
  const { code, stdout, stderr } = await perf(
    ..."train --json --noTfjs --model cnn --seconds 0.01".split(" "),
  );
  assert.equal(code, 0, stderr);
  const figures: Record<string, unknown>[] = JSON.parse(stdout);
  const workers = [...new Set([1, navigator.hardwareConcurrency])];
  assert.deepEqual(
    figures.map(({ engine, workers }) => [engine, workers]),
    ["wasm", "wasm-fused"].flatMap((engine) => workers.map((count) => [engine, count])),
  );
  for (const entry of figures) {
    assert.deepEqual(Object.keys(entry), [
      "model",
      "engine",
      "workers",
      "windowsPerSecond",
      "ratioToTfjsWasm",
      "peakRssMb",
    ]);
    assert.equal(entry.model, "cnn");
    assert.equal(entry.ratioToTfjsWasm, null);
    assert.ok((entry.windowsPerSecond as number) > 0 && (entry.peakRssMb as number) > 0);
  }
});

Deno.test("perf refuses an unknown topic or option with exit code 2, and explains itself", async () => {
  const topic = await perf("trian");
  assert.equal(topic.code, 2);
  assert.match(topic.stderr, /topic must be one of train, got trian/);
  const option = await perf("train", "--model", "gru");
  assert.equal(option.code, 2);
  assert.match(option.stderr, /--model must be one of lstm, cnn, got gru/);
  const seconds = await perf("train", "--seconds", "many");
  assert.equal(seconds.code, 2);
  const help = await perf("--help");
  assert.equal(help.code, 0);
  assert.match(help.stdout, /train: training speed/);
});
