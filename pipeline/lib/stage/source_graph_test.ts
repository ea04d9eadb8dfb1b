import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { STAGE_CHAIN } from "./catalogue.ts";
import { FRAME, sourceGraph } from "./source_graph.ts";
import { PROJECT, stageSources } from "./workspace.ts";

const graphOf = (files: Record<string, string>, packages = {}) =>
  Object.keys(sourceGraph("pipeline/x.ts", (path) => new TextEncoder().encode(files[path]), packages));

Deno.test("sourceGraph() follows imports of every form, files beside a module, and packages", () => {
  const files = {
    "pipeline/x.ts": 'import { a } from "./lib/a.ts";\nexport * from "./lib/b.ts";\nimport "./lib/c.ts";\n' +
      'import {\n  type D,\n  d,\n} from "./lib/d.ts";\nconst e = await import("./lib/e.ts");\n' +
      'const f = new URL("./lib/f.wasm", import.meta.url);\nimport zod from "zod";\nimport fs from "node:fs";',
    "pipeline/lib/a.ts": 'import "./b.ts";\nconst text = "import nothing";',
    "pipeline/lib/b.ts": 'import "./a.ts";',
    "pipeline/lib/c.ts": "",
    "pipeline/lib/d.ts": 'export type { E } from "../lib/e.ts";',
    "pipeline/lib/e.ts": "",
    "pipeline/lib/f.wasm": "binary import './nothing.ts'",
  };
  const expected = ["npm:zod@4", ...Object.keys(files)].sort();
  assert.deepEqual(graphOf(files, { zod: "npm:zod@4" }), expected);
});

Deno.test("sourceGraph() changes when a file that is imported changes", () => {
  const files = (text: string) => (path: string) =>
    new TextEncoder().encode(path === "pipeline/x.ts" ? 'import "./y.ts";' : text);
  assert.notDeepEqual(
    sourceGraph("pipeline/x.ts", files("1"), {}),
    sourceGraph("pipeline/x.ts", files("2"), {}),
  );
});

Deno.test("sourceGraph() knows the kernels and the native library, which no import names", () => {
  const train = Object.keys(stageSources("04_train"));
  for (const file of ["kernels.wasm", "kernels_fused.wasm"]) {
    assert.ok(train.includes(`pipeline/lib/engine/kernels/${file}`));
  }
  for (const stage of ["05_convert", "06_quantize", "08_benchmark"]) {
    assert.ok(
      Object.keys(stageSources(stage)).some((name) => name.startsWith("npm:tfjs-tflite-node@")),
      stage,
    );
  }
  assert.ok(Object.keys(stageSources("01_ingest")).includes("pipeline/lib/stage/inputs/record_source.ts"));
});

Deno.test("sourceGraph() of quantize holds what tunes a model, down to the kernels", () => {
  const quantize = Object.keys(stageSources("06_quantize"));
  for (
    const file of [
      "stage/tune_for_int8.ts",
      "quantize/qat/fine_tune.ts",
      "train/train_model.ts",
      "engine/kernels/kernels.wasm",
    ]
  ) assert.ok(quantize.includes(`pipeline/lib/${file}`), file);
});

Deno.test("the frame imports nothing that computes: what it imports is in no stage's graph", () => {
  const files = [...Deno.readDirSync(join(PROJECT, "pipeline/lib/stage"))].map(({ name }) => name)
    .filter((name) => FRAME.test(`pipeline/lib/stage/${name}`) && /(?<!_test)\.ts$/.test(name));
  assert.ok(files.includes("run.ts"));
  for (const file of files) {
    const text = Deno.readTextFileSync(join(PROJECT, "pipeline/lib/stage", file));
    for (const [, path] of text.matchAll(/from "\.\.\/([^"]+)"/g)) {
      // The checkpoint's format is that of training, which both stages that go on from one import themselves.
      assert.match(path, /^(core|formats|sources)\/|^train\/train_state\.ts$/, `${file} imports ${path}`);
    }
  }
});

interface ModuleInfo {
  specifier: string;
  dependencies?: { code?: { specifier: string }; type?: { specifier: string } }[];
}

/** The same walk over what Deno's own parser found. */
function walkDenoInfo(entry: string, modules: ModuleInfo[]): string[] {
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const found = new Set<string>(), waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path) || !path.startsWith("pipeline/") || FRAME.test(path)) continue;
    found.add(path);
    for (
      const { code, type } of bySpecifier.get(pathToFileURL(join(PROJECT, path)).href)?.dependencies ?? []
    ) {
      const specifier = code?.specifier ?? type?.specifier ?? "";
      if (specifier.startsWith("file:")) waiting.push(relative(PROJECT, fileURLToPath(specifier)));
    }
  }
  return [...found].sort();
}

for (const { name } of STAGE_CHAIN) {
  Deno.test(`sourceGraph() of ${name} finds every module that deno info finds`, async () => {
    const entry = `pipeline/${name}.ts`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: PROJECT,
    }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: ModuleInfo[] };
    const scanned = Object.keys(stageSources(name)).filter((path) => path.endsWith(".ts"));
    assert.deepEqual(scanned, walkDenoInfo(entry, modules));
  });
}
