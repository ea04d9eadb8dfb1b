import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { PROJECT } from "./lib/stage/workspace.ts";

/** Rooms of pipeline/lib, from the ground up: a room imports from lower rows and from itself only. */
const ROWS = [
  ["core"],
  ["signal", "formats", "beats", "metrics", "nn"],
  ["sources", "devices", "engine", "convert", "reference", "runtime", "report", "artefacts"],
  ["train"],
  ["quantize"],
  ["stage"],
];

/** Rooms that may use the runtime's own functions; scripts and tasks may as well. */
const WITH_DENO = ["stage", "runtime", "engine"];

interface ModuleInfo {
  specifier: string;
  dependencies?: { code?: { specifier: string }; type?: { specifier: string } }[];
}

/** Files of the project by their path from its root, without tests. */
function sourceFiles(folder: string): string[] {
  return [...Deno.readDirSync(join(PROJECT, folder))].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) {
      return entry.name === "testdata" || entry.name === "node_modules" ? [] : sourceFiles(path);
    }
    return /\.ts$/.test(path) && !/(_test|\.as|\.d)\.ts$/.test(path) ? [path] : [];
  });
}

/** Every import between files of the project: [from, to]. */
async function readImports(): Promise<[string, string][]> {
  const entry = Deno.makeTempFileSync({ suffix: ".ts" });
  const files = [
    ...sourceFiles("pipeline"),
    ...sourceFiles("tasks"),
  ];
  Deno.writeTextFileSync(
    entry,
    files.map((path) => `import ${JSON.stringify(`file://${join(PROJECT, path)}`)};`).join("\n"),
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--config", join(PROJECT, "deno.json"), entry],
    cwd: PROJECT,
  }).output();
  Deno.removeSync(entry);
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: ModuleInfo[] };
  const local = (specifier: string | undefined): string | undefined => {
    if (!specifier?.startsWith("file:")) return undefined;
    const path = relative(PROJECT, fileURLToPath(specifier));
    return path.startsWith("pipeline/") || path.startsWith("tasks/") ? path : undefined;
  };
  return modules.flatMap((module) => {
    const from = local(module.specifier);
    const targets = (module.dependencies ?? []).map(({ code, type }) =>
      local(code?.specifier ?? type?.specifier)
    );
    return from === undefined
      ? []
      : targets.flatMap((to): [string, string][] => to === undefined ? [] : [[from, to]]);
  });
}

/** @returns The files of one circle of imports, undefined when there is none. */
function findCircle(imports: [string, string][]): string[] | undefined {
  const targets = Map.groupBy(imports, ([from]) => from), done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const [, to] of targets.get(path) ?? []) {
      const circle = visit(to, [...trail, path]);
      if (circle) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of targets.keys()) {
    const circle = visit(path, []);
    if (circle) return circle;
  }
  return undefined;
}

const roomOf = (path: string): string | undefined => /^pipeline\/lib\/([^/]+)\//.exec(path)?.[1];
const rowOf = (room: string): number => ROWS.findIndex((row) => row.includes(room));

Deno.test("every room of the library has its place in the layers", () => {
  const rooms = new Set(sourceFiles("pipeline/lib").map(roomOf));
  assert.deepEqual([...rooms].filter((room) => rowOf(room!) < 0), []);
});

Deno.test("rooms import from lower layers only, stages from the library only, and nothing goes in circles", async () => {
  const imports = await readImports();
  assert.ok(imports.length > 50, `only ${imports.length} imports were found`);
  const broken = imports.filter(([from, to]) => {
    const above = roomOf(from), below = roomOf(to);
    if (from.startsWith("tasks/")) return /^pipeline\/\d/.test(to);
    if (above === undefined) return below === undefined;
    return below === undefined || above !== below && rowOf(below) >= rowOf(above);
  });
  assert.deepEqual(broken.map(([from, to]) => `${from} imports ${to}`), []);
  assert.equal(findCircle(imports), undefined);
});

Deno.test("only the frame, the native runtime and the engine's start-up use Deno.*", () => {
  const users = sourceFiles("pipeline/lib").filter((path) =>
    !WITH_DENO.includes(roomOf(path)!) &&
    /^(?!\s*(\*|\/\/|\/\*)).*\bDeno\./m.test(Deno.readTextFileSync(join(PROJECT, path)))
  );
  assert.deepEqual(users, []);
});
