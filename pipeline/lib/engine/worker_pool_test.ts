import assert from "node:assert/strict";
import { createWorkerPool } from "./worker_pool.ts";

const script = new URL("./testdata/crashing_worker.ts", import.meta.url);
const startPool = () => createWorkerPool({ script, starts: ["start", "start"], name: "the test" });

Deno.test("createWorkerPool() answers when all workers have answered", async () => {
  const pool = await startPool();
  await pool.run("work");
  await pool.run("work", 1);
  pool.close();
});

Deno.test("createWorkerPool() rejects when a worker reports an error, and ever after", async () => {
  const pool = await startPool();
  await assert.rejects(pool.run("fail"), /failed on purpose/);
  await assert.rejects(pool.run("work"), /failed on purpose/);
});

Deno.test("createWorkerPool() rejects when a worker crashes", async () => {
  const pool = await startPool();
  await assert.rejects(pool.run("crash"), /crashed on purpose/);
});

Deno.test("createWorkerPool() rejects when a worker cannot start", async () => {
  await assert.rejects(
    createWorkerPool({ script, starts: ["crash"], name: "the test" }),
    /crashed on purpose/,
  );
  const absent = new URL("./testdata/absent_worker.ts", import.meta.url);
  await assert.rejects(
    createWorkerPool({ script: absent, starts: ["start"], name: "the test" }),
    /the test failed/,
  );
});

Deno.test("createWorkerPool() close() ends workers that are blocked and rejects their call", async () => {
  const pool = await startPool();
  const rejected = assert.rejects(pool.run("spin"), /the test: it was closed/);
  pool.close();
  await rejected;
});

Deno.test("createWorkerPool() refuses calls that overlap", async () => {
  const pool = await startPool();
  const first = pool.run("work");
  await assert.rejects(pool.run("work"), /must not overlap/);
  await first;
  pool.close();
});
