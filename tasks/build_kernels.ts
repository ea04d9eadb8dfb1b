/**
 * Compiles the training engine's SIMD kernels from AssemblyScript: `deno task kernels [--check]`.
 *
 * With `--check` nothing is written: the committed files must be byte for byte what the source compiles to.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const COMPILER = "npm:assemblyscript@0.28.20/asc";
const FLAGS = [
  ..."-O3 --runtime stub --noAssert --enable simd --enable threads --importMemory --sharedMemory".split(" "),
  ..."--initialMemory 1 --maximumMemory 65536".split(" "),
];
/** Files and what the compiler needs for each beside `FLAGS`. */
const TARGETS: Record<string, string[]> = {
  "kernels.wasm": [],
  "kernels_fused.wasm": ["--enable", "relaxed-simd"],
};
const USAGE = `Usage: deno task kernels [--check]

Compiles pipeline/lib/engine/kernels/kernels.as.ts to kernels.wasm and kernels_fused.wasm.

  --check  Write nothing; fail when a file is not what the source compiles to.
  --help   Show this text.`;

const KERNELS = new URL("../pipeline/lib/engine/kernels/", import.meta.url);

/** @throws Error With the compiler's own messages when the source does not compile. */
async function compileKernels(flags: string[]): Promise<Uint8Array> {
  const target = await Deno.makeTempFile({ dir: fileURLToPath(KERNELS), suffix: ".wasm" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ..."run --quiet --no-config --no-lock --allow-read --allow-write --allow-env".split(" "),
        COMPILER,
        "kernels.as.ts",
        ...FLAGS,
        ...flags,
        "-o",
        target,
      ],
      cwd: KERNELS,
      stdout: "null",
    }).output();
    if (!success) throw new Error(`Cannot compile kernels.as.ts:\n${new TextDecoder().decode(stderr)}`);
    return await Deno.readFile(target);
  } finally {
    await Deno.remove(target);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

async function main(): Promise<number> {
  let values: { check?: boolean; help?: boolean };
  try {
    ({ values } = parseArgs({
      args: Deno.args,
      options: { check: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    }));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  let differing = 0;
  for (const [name, flags] of Object.entries(TARGETS)) {
    const compiled = await compileKernels(flags), file = new URL(name, KERNELS);
    if (!values.check) {
      await Deno.writeFile(file, compiled);
      console.log(`${name}: ${compiled.length} bytes`);
    } else if (sameBytes(compiled, await Deno.readFile(file))) {
      console.log(`${name} is what kernels.as.ts compiles to`);
    } else {
      console.error(`${name} is not what kernels.as.ts compiles to; run: deno task kernels`);
      differing++;
    }
  }
  return differing === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
