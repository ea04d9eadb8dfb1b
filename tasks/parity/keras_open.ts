/**
 * Writes every architecture at full size as .h5 and has Keras open it and predict (keras_open.py); fails where Keras
 * differs from the reference forward pass. Run it once for each version of Keras:
 *
 *   deno run --allow-read --allow-write --allow-run tasks/parity/keras_open.ts <python of an environment with Keras>
 */
import { createRng } from "../../pipeline/lib/core/rng.ts";
import { encodeKerasH5 } from "../../pipeline/lib/formats/keras_h5/encode.ts";
import { ARCHITECTURES } from "../../pipeline/lib/nn/architectures/architectures.ts";
import { forward } from "../../pipeline/lib/nn/forward.ts";
import { initializeWeights } from "../../pipeline/lib/nn/initialize.ts";
import { modelToH5Parts } from "../../pipeline/lib/nn/keras_weights.ts";

const SIZES = { windowSamples: 216, channels: 1, classes: 5 };
const WINDOWS = 64;
/** Keras computes in float32; a softmax of these models stays within this of float64. */
const KERAS_TOLERANCE = 1e-5;

const [python] = Deno.args;
if (python === undefined) {
  console.error("Cannot open models in Keras: the path of a Python with Keras must be given, got none");
  Deno.exit(2);
}
const folder = await Deno.makeTempDir();
try {
  for (const { name, build } of Object.values(ARCHITECTURES)) {
    const model = build(SIZES), rng = createRng(1);
    const weights = initializeWeights(model, rng);
    // Biases of 0 would hide a wrong order of the gates.
    for (const { data } of weights.values()) data.forEach((value, i) => data[i] = value + 0.1 * rng.normal());
    const inputs = Float32Array.from({ length: WINDOWS * SIZES.windowSamples }, rng.uniform);
    const outputs = forward(model, weights, inputs, WINDOWS);
    await Deno.writeFile(`${folder}/${name}.h5`, await encodeKerasH5(modelToH5Parts(model, weights)));
    await Deno.writeTextFile(
      `${folder}/${name}.json`,
      JSON.stringify({ inputs: [...inputs], outputs: [...outputs] }),
    );
  }
  const script = new URL("keras_open.py", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(python, { args: [script, folder] }).output();
  const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line.startsWith("{"));
  console.log(lines.join("\n"));
  if (!success || lines.length !== Object.keys(ARCHITECTURES).length) {
    console.error(new TextDecoder().decode(stderr));
    Deno.exitCode = 1;
  } else if (lines.some((line) => !(JSON.parse(line).maxError < KERAS_TOLERANCE))) {
    console.error(`Cannot accept Keras' predictions: errors must be below ${KERAS_TOLERANCE}, got the above`);
    Deno.exitCode = 1;
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
