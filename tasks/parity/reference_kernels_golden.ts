/**
 * Golden outputs for pipeline/lib/reference/ from the reference kernels of LiteRT.
 *
 * Requires: pip install ai-edge-litert==2.3.0 numpy==2.4.6
 * Run from the project's root:
 * deno run --allow-read --allow-write --allow-run tasks/parity/reference_kernels_golden.ts <python>
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRng } from "../../pipeline/lib/core/rng.ts";
import { bytesOf } from "../../pipeline/lib/formats/tflite/graph.ts";
import { encodeTflite } from "../../pipeline/lib/formats/tflite/writer.ts";
import { operatorGraph, randomInputs } from "../../pipeline/lib/reference/test_graphs.ts";
import { INT8_GRAPHS, LATER_INT8_GRAPHS } from "../../pipeline/lib/reference/test_int8_graphs.ts";

const OUT = "pipeline/lib/reference/testdata/reference_kernels.json";
/** Later releases compute these in other forms than 2.9; the tests hold those against the 2.9 library. */
const CHANGED = /^(MEAN|SUM|FULLY_CONNECTED)/;
const ROUNDS = 2;

const [python] = Deno.args, work = Deno.makeTempDirSync(), rng = createRng(77);
const graphs = Object.entries({ ...INT8_GRAPHS, ...LATER_INT8_GRAPHS }).filter(([name]) =>
  !CHANGED.test(name)
).map(([name, test]) => {
  const model = operatorGraph(test);
  const inputs = Array.from(
    { length: ROUNDS },
    () => randomInputs(model, rng).map((values) => bytesOf(values).toBase64()),
  );
  return { name, model: encodeTflite(model).toBase64(), inputs };
});
Deno.writeTextFileSync(join(work, "graphs.json"), JSON.stringify(graphs));
const script = fileURLToPath(import.meta.resolve("./reference_kernels_golden.py"));
const { success } = new Deno.Command(python, { args: [script, work] }).outputSync();
if (!success) throw new Error(`Cannot make golden outputs: ${script} must succeed, got a failure`);
const golden = JSON.parse(Deno.readTextFileSync(join(work, "golden.json")));
Deno.mkdirSync("pipeline/lib/reference/testdata", { recursive: true });
Deno.writeTextFileSync(OUT, `${JSON.stringify(golden)}\n`);
Deno.removeSync(work, { recursive: true });
