import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { StageError } from "../core/errors.ts";
import {
  cacheFolder,
  contentHash,
  planStage,
  readCached,
  readCurrent,
  setCurrent,
  type StagePlan,
} from "./cache.ts";
import { STAGES } from "./catalogue.ts";
import { sha256Hex } from "./files.ts";
import type { Manifest } from "./manifest.ts";
import { defaultsOf, type ParamValue } from "./params.ts";
import { openWorkFolder, type WorkFolder } from "./work_folder.ts";

const SOURCES = { "pipeline/03_window.ts": sha256Hex("code") };

function manifestOf(plan: StagePlan, content: string): Manifest {
  return {
    layout: 1,
    stage: plan.stage.name,
    variant: plan.variant,
    key: plan.key,
    study: "test",
    synthetic: false,
    params: plan.params,
    inputs: plan.inputs,
    sources: plan.sources,
    outputs: [{ path: "out.txt", bytes: content.length, sha256: sha256Hex(content) }],
    published: [],
    counts: {},
    versions: {},
    seconds: 0,
    peakRssMb: 0,
    finishedAt: "2026-01-01T00:00:00Z",
  };
}

async function open(root: string, plan: StagePlan, options: { force?: boolean; onWait?: () => void } = {}) {
  return await openWorkFolder({ root, plan, force: false, onWait: () => {}, ...options });
}

async function produce(root: string, plan: StagePlan, content: string): Promise<Manifest> {
  using work = await open(root, plan, { force: true }) as WorkFolder;
  Deno.writeTextFileSync(join(work.path, "out.txt"), content);
  const manifest = manifestOf(plan, content);
  work.complete(manifest);
  return manifest;
}

function planPreprocess(
  root: string,
  params: Record<string, ParamValue> = {},
  sources = SOURCES,
  records = "records",
): StagePlan {
  const upstream = manifestOf({
    stage: STAGES.ingest,
    params: {},
    inputs: [],
    upstream: [],
    sources: {},
    key: sha256Hex("ingest"),
    why: "",
  }, records);
  return planStage({
    root,
    study: "test",
    stage: STAGES.preprocess,
    params: { ...defaultsOf(STAGES.preprocess.params), ...params } as Record<string, ParamValue>,
    sources,
    current: () => upstream,
  })[0];
}

Deno.test("planStage() gives the same key for the same work and another for other parameters, inputs or sources", () => {
  const root = Deno.makeTempDirSync();
  const key = planPreprocess(root).key;
  assert.equal(planPreprocess(root).key, key);
  assert.notEqual(planPreprocess(root, { lowHz: 1 }).key, key);
  assert.notEqual(planPreprocess(root, {}, { "pipeline/03_window.ts": sha256Hex("other code") }).key, key);
  assert.notEqual(planPreprocess(root, {}, SOURCES, "other records").key, key);
});

Deno.test("planStage() leaves parameters that cannot change a result out of the key", () => {
  const root = Deno.makeTempDirSync();
  const plan = (params: Record<string, ParamValue>) =>
    planStage({
      root,
      study: "test",
      stage: STAGES.ingest,
      params: { ...defaultsOf(STAGES.ingest.params), ...params } as Record<string, ParamValue>,
      sources: SOURCES,
    })[0].key;
  assert.equal(plan({ mirror: "http://127.0.0.1/" }), plan({}));
  assert.notEqual(plan({ seed: 2 }), plan({}));
});

Deno.test("planStage() finds what a run left and says why another would run", async () => {
  const root = Deno.makeTempDirSync();
  assert.equal(planPreprocess(root).why, "not run yet for this study");
  await produce(root, planPreprocess(root), "signal");
  setCurrent(root, planPreprocess(root), "test");
  const again = planPreprocess(root);
  assert.ok(again.cached);
  assert.equal(again.why, "");
  assert.equal(readCurrent(root, "02_preprocess", "test")?.key, again.key);
  assert.equal(planPreprocess(root, { lowHz: 1 }).why, "lowHz 0.5 -> 1");
  assert.equal(
    planPreprocess(root, {}, { "pipeline/03_window.ts": sha256Hex("other code") }).why,
    "source pipeline/03_window.ts changed",
  );
});

Deno.test("planStage() without an upstream output says which command makes it", () => {
  assert.throws(
    () =>
      planStage({
        root: Deno.makeTempDirSync(),
        study: "test",
        stage: STAGES.window,
        params: defaultsOf(STAGES.window.params) as Record<string, ParamValue>,
        sources: SOURCES,
      }),
    (error: StageError) =>
      error instanceof StageError && /deno task preprocess --study test/.test(error.hint!),
  );
});

Deno.test("planStage() makes one plan for each model", () => {
  const root = Deno.makeTempDirSync(), upstream = planPreprocess(root);
  const plans = planStage({
    root,
    study: "test",
    stage: STAGES.train,
    params: defaultsOf(STAGES.train.params) as Record<string, ParamValue>,
    sources: SOURCES,
    current: () => manifestOf(upstream, "windows"),
  });
  assert.deepEqual(plans.map((plan) => plan.variant), ["cnn", "lstm"]);
  assert.notEqual(plans[0].key, plans[1].key);
});

Deno.test("readCached() takes nothing for whole that is not", async () => {
  const root = Deno.makeTempDirSync(), plan = planPreprocess(root);
  const { key } = await produce(root, plan, "signal");
  assert.ok(readCached(root, "02_preprocess", key));
  const path = join(cacheFolder(root, "02_preprocess", key), "out.txt");
  Deno.truncateSync(path, 3);
  assert.equal(readCached(root, "02_preprocess", key), undefined);
  Deno.removeSync(path);
  assert.equal(readCached(root, "02_preprocess", key), undefined);
});

Deno.test("contentHash() depends on contents and not on when they were made", async () => {
  const root = Deno.makeTempDirSync(), plan = planPreprocess(root);
  const first = await produce(root, plan, "signal"), second = { ...first, seconds: 9, finishedAt: "later" };
  assert.equal(contentHash(first), contentHash(second));
  assert.notEqual(contentHash(first), contentHash(manifestOf(plan, "other")));
});

Deno.test("openWorkFolder() keeps a checkpoint for the next run and wipes half-written outputs", async () => {
  const root = Deno.makeTempDirSync(), plan = planPreprocess(root);
  {
    using failed = await open(root, plan) as WorkFolder;
    failed.writeCheckpoint(Uint8Array.of(1, 2, 3));
    Deno.writeTextFileSync(join(failed.path, "half"), "half");
  }
  {
    using work = await open(root, plan) as WorkFolder;
    assert.deepEqual(work.readCheckpoint(), Uint8Array.of(1, 2, 3));
    assert.throws(() => Deno.statSync(join(work.path, "half")), Deno.errors.NotFound);
  }
  using forced = await open(root, plan, { force: true }) as WorkFolder;
  assert.equal(forced.readCheckpoint(), undefined);
});

Deno.test("openWorkFolder() gives the space of a failed run back", async () => {
  const root = Deno.makeTempDirSync(), plan = planPreprocess(root);
  {
    using failed = await open(root, plan) as WorkFolder;
    Deno.writeTextFileSync(join(failed.path, "half"), "half");
  }
  assert.deepEqual([...Deno.readDirSync(join(root, "data/02_preprocess"))], []);
});

Deno.test("openWorkFolder() sweeps away what killed runs of other work left, not what runs or can go on", async () => {
  const root = Deno.makeTempDirSync(), stageFolder = join(root, "data/02_preprocess");
  const leave = (name: string, file: string) => {
    Deno.mkdirSync(join(stageFolder, name), { recursive: true });
    for (const each of ["lock", "half", file]) Deno.writeTextFileSync(join(stageFolder, name, each), "");
  };
  leave("killed.partial", "half");
  leave("resumable.partial", "checkpoint");
  using running = await open(root, planPreprocess(root, { lowHz: 1 })) as WorkFolder;
  Deno.writeTextFileSync(join(running.path, "half"), "half");
  using _own = await open(root, planPreprocess(root)) as WorkFolder;
  const files = (name: string) =>
    [...Deno.readDirSync(join(stageFolder, name))].map((entry) => entry.name).sort();
  assert.throws(() => files("killed.partial"), Deno.errors.NotFound);
  assert.deepEqual(files("resumable.partial"), ["checkpoint", "lock"]);
  assert.deepEqual(files(basename(running.path)), ["half", "lock"]);
});

Deno.test("openWorkFolder() sweeps beside runs that sweep too and rename their folders away", async () => {
  const root = Deno.makeTempDirSync();
  const failures = await Promise.all(["a", "b"].map((who) => {
    const worker = new Worker(new URL("./test_work_folders.ts", import.meta.url), { type: "module" });
    const { promise, resolve } = Promise.withResolvers<string>();
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ root, who, count: 150 });
    return promise.finally(() => worker.terminate());
  }));
  assert.deepEqual(failures, ["", ""]);
  Deno.removeSync(root, { recursive: true });
});

Deno.test("openWorkFolder() lets a second run wait for the first and take its output", async () => {
  const root = Deno.makeTempDirSync(), plan = planPreprocess(root);
  const first = await open(root, plan) as WorkFolder;
  let waited = false;
  const second = open(root, plan, { onWait: () => waited = true });
  Deno.writeTextFileSync(join(first.path, "out.txt"), "signal");
  first.complete(manifestOf(plan, "signal"));
  first[Symbol.dispose]();
  const taken = await second;
  assert.ok(waited);
  assert.ok("key" in taken);
  assert.equal(taken.key, plan.key);
});
