/**
 * Compiles the training engine's SIMD kernels from AssemblyScript: `deno task kernels [--check]`.
 *
 * With `--check` nothing is written: the committed file must be byte for byte what the source compiles to.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const COMPILER = "npm:assemblyscript@0.28.20/asc";
const FLAGS = [
  ..."-O3 --runtime stub --noAssert --enable simd --enable threads --importMemory --sharedMemory".split(" "),
  ..."--initialMemory 1 --maximumMemory 65536".split(" "),
];
const USAGE = `Usage: deno task kernels [--check]

Compiles pipeline/lib/engine/kernels/kernels.as.ts to kernels.wasm.

  --check  Write nothing; fail when kernels.wasm is not what its source compiles to.
  --help   Show this text.`;

const KERNELS = new URL("../pipeline/lib/engine/kernels/", import.meta.url);

/** @throws Error With the compiler's own messages when the source does not compile. */
async function compileKernels(): Promise<Uint8Array> {
  const target = await Deno.makeTempFile({ dir: fileURLToPath(KERNELS), suffix: ".wasm" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ..."run --quiet --no-config --no-lock --allow-read --allow-write --allow-env".split(" "),
        COMPILER,
        "kernels.as.ts",
        ...FLAGS,
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
  const wasm = new URL("kernels.wasm", KERNELS), compiled = await compileKernels();
  if (!values.check) {
    await Deno.writeFile(wasm, compiled);
    console.log(`kernels.wasm: ${compiled.length} bytes`);
    return 0;
  }
  if (sameBytes(compiled, await Deno.readFile(wasm))) {
    console.log("kernels.wasm is what kernels.as.ts compiles to");
    return 0;
  }
  console.error("kernels.wasm is not what kernels.as.ts compiles to; run: deno task kernels");
  return 1;
}

if (import.meta.main) Deno.exit(await main());
