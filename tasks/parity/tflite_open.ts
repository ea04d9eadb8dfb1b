/**
 * Writes every architecture at full size as .tflite, float32 and int8, and has Google's current interpreter run it
 * (tflite_open.py); fails where that differs from ours, whose kernels are those of TFLite 2.9:
 *
 *   deno run --allow-read --allow-write --allow-run --allow-ffi=node_modules tasks/parity/tflite_open.ts \
 *     <python of an environment with ai-edge-litert>
 */
import { convertToTflite } from "../../pipeline/lib/convert/convert.ts";
import { encodeTflite } from "../../pipeline/lib/formats/tflite/writer.ts";
import { ARCHITECTURES } from "../../pipeline/lib/nn/architectures/architectures.ts";
import { calibrate } from "../../pipeline/lib/quantize/observers.ts";
import { quantizeToInt8 } from "../../pipeline/lib/quantize/quantize_graph.ts";
import { beatWindows, livelyWeights } from "../../pipeline/lib/quantize/test_networks.ts";
import { openTfliteLibrary } from "../../pipeline/lib/runtime/tflite_ffi.ts";

const SIZES = { windowSamples: 216, channels: 1, classes: 5 };
const WINDOWS = 64;
/** Largest difference of a probability: rounding in float32, a few steps of 1/256 in int8. */
const TOLERANCES: Record<string, number> = { float32: 1e-5, int8: 4 / 256 };

const [python] = Deno.args;
if (python === undefined) {
  console.error("Cannot open models: the path of a Python with ai-edge-litert must be given, got none");
  Deno.exit(2);
}
const folder = await Deno.makeTempDir();
try {
  const runtime = openTfliteLibrary();
  const inputs = beatWindows(WINDOWS, SIZES.windowSamples);
  for (const { name, build } of Object.values(ARCHITECTURES)) {
    const model = build(SIZES), weights = livelyWeights(model);
    const float = convertToTflite(model, weights);
    const int8 = quantizeToInt8(float, calibrate(model, weights, inputs, WINDOWS));
    for (const [format, graph] of Object.entries({ float32: float, int8 })) {
      const bytes = encodeTflite(graph);
      using interpreter = runtime.createInterpreter(bytes);
      const outputs = Array.from({ length: WINDOWS }, (_, i) => [
        ...interpreter.run(inputs.subarray(i * SIZES.windowSamples, (i + 1) * SIZES.windowSamples)),
      ]).flat();
      await Deno.writeFile(`${folder}/${name}.${format}.tflite`, bytes);
      await Deno.writeTextFile(
        `${folder}/${name}.${format}.json`,
        JSON.stringify({ inputs: [...inputs], outputs }),
      );
    }
  }
  const script = new URL("tflite_open.py", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(python, { args: [script, folder] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  for (const line of new TextDecoder().decode(stdout).trim().split("\n")) {
    console.log(line);
    const { model, maxError } = JSON.parse(line);
    if (!(maxError <= TOLERANCES[model.split(".")[1]])) Deno.exitCode = 1;
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
