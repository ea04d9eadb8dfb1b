/**
 * Writes every architecture at full size and every golden model of pipeline/lib/nn/testdata as .h5 and .keras and has
 * Keras open them and predict (keras_open.py); fails where Keras differs from the reference forward pass. Run it once for
 * each version of Keras:
 *
 *   deno run --allow-read --allow-write --allow-run tasks/parity/keras_open.ts <python of an environment with Keras>
 */
import { createRng } from "../../pipeline/lib/core/rng.ts";
import { encodeKerasModel, encodeKerasV3Model } from "../../pipeline/lib/artefacts/keras_model.ts";
import { ARCHITECTURES } from "../../pipeline/lib/nn/architectures/architectures.ts";
import { forward } from "../../pipeline/lib/nn/forward.ts";
import { initializeWeights } from "../../pipeline/lib/nn/initialize.ts";
import { h5PartsToModel } from "../../pipeline/lib/nn/keras_weights.ts";
import type { Model, Weights } from "../../pipeline/lib/nn/model.ts";
import { outputShapes, valueCount } from "../../pipeline/lib/nn/shapes.ts";

const SIZES = { windowSamples: 216, channels: 1, classes: 5 };
const WINDOWS = 64;
const GOLDENS = new URL("../../pipeline/lib/nn/testdata/", import.meta.url);
/** Keras computes in float32; what these models give stays within this of float64. */
const KERAS_TOLERANCE = 1e-5;

interface ParityModel {
  name: string;
  model: Model;
  weights: Weights;
}

/** @returns The architectures, with weights whose biases are not 0: that would hide a wrong order of the gates. */
function architectures(): ParityModel[] {
  return Object.values(ARCHITECTURES).map(({ name, build }) => {
    const model = build(SIZES), rng = createRng(1), weights = initializeWeights(model, rng);
    for (const { data } of weights.values()) data.forEach((value, i) => data[i] = value + 0.1 * rng.normal());
    return { name, model, weights };
  });
}

/** @returns What Keras itself made once. */
async function goldens(): Promise<ParityModel[]> {
  const models = [];
  for await (const { name: file } of Deno.readDir(GOLDENS)) {
    const golden = JSON.parse(await Deno.readTextFile(new URL(file, GOLDENS)));
    for (const layer of golden.layers) {
      for (const weight of layer.weights) weight.data = Float32Array.from(weight.data);
    }
    models.push({ name: file.replace(".json", ""), ...h5PartsToModel(golden) });
  }
  return models;
}

async function writeModel(folder: string, { name, model, weights }: ParityModel): Promise<void> {
  const rng = createRng(2), shapes = outputShapes(model);
  const values = model.layers.filter(({ kind }) => kind === "InputLayer")
    .reduce((sum, layer) => sum + valueCount(shapes.get(layer.name)!), 0);
  const inputs = Float32Array.from({ length: WINDOWS * values }, rng.uniform);
  const outputs = forward(model, weights, inputs, WINDOWS);
  await Deno.writeFile(`${folder}/${name}.h5`, await encodeKerasModel(model, weights));
  await Deno.writeFile(`${folder}/${name}.keras`, await encodeKerasV3Model(model, weights));
  await Deno.writeTextFile(
    `${folder}/${name}.json`,
    JSON.stringify({ inputs: [...inputs], outputs: [...outputs] }),
  );
}

const [python] = Deno.args;
if (python === undefined) {
  console.error("Cannot open models in Keras: the path of a Python with Keras must be given, got none");
  Deno.exit(2);
}
const folder = await Deno.makeTempDir();
try {
  const models = [...architectures(), ...await goldens()];
  for (const model of models) await writeModel(folder, model);
  const script = new URL("keras_open.py", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(python, { args: [script, folder] }).output();
  const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line.startsWith("{"));
  console.log(lines.join("\n"));
  if (!success || lines.length !== 2 * models.length) {
    console.error(new TextDecoder().decode(stderr));
    Deno.exitCode = 1;
  } else if (lines.some((line) => !(JSON.parse(line).maxError < KERAS_TOLERANCE))) {
    console.error(`Cannot accept Keras' predictions: errors must be below ${KERAS_TOLERANCE}, got the above`);
    Deno.exitCode = 1;
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
