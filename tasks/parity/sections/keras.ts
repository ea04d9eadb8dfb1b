import { encodeKerasModel, encodeKerasV3Model } from "../../../pipeline/lib/artefacts/keras_model.ts";
import { createRng } from "../../../pipeline/lib/core/rng.ts";
import { ARCHITECTURES } from "../../../pipeline/lib/nn/architectures/architectures.ts";
import { forward } from "../../../pipeline/lib/nn/forward.ts";
import { initializeWeights } from "../../../pipeline/lib/nn/initialize.ts";
import { h5PartsToModel } from "../../../pipeline/lib/nn/keras_weights.ts";
import type { Model, Weights } from "../../../pipeline/lib/nn/model.ts";
import { outputShapes, valueCount } from "../../../pipeline/lib/nn/shapes.ts";
import type { ParitySection } from "../section.ts";

const SIZES = { windowSamples: 216, channels: 1, classes: 5 };
const WINDOWS = 64;
const GOLDENS = new URL("../../../pipeline/lib/nn/testdata/", import.meta.url);

interface NamedModel {
  name: string;
  model: Model;
  weights: Weights;
}

/** @returns The architectures, with weights whose biases are not 0: that would hide a wrong order of the gates. */
function architectures(): NamedModel[] {
  return Object.values(ARCHITECTURES).map(({ name, build }) => {
    const model = build(SIZES), rng = createRng(1), weights = initializeWeights(model, rng);
    for (const [weight, { data }] of weights) {
      // A variance is never negative.
      const change = weight.endsWith("variance") ? () => 0.1 * rng.uniform() : () => 0.1 * rng.normal();
      data.forEach((value, i) => data[i] = value + change());
    }
    return { name, model, weights };
  });
}

/** @returns What Keras itself made once: every kind of layer. */
async function goldens(): Promise<NamedModel[]> {
  const models: NamedModel[] = [];
  for await (const { name: file } of Deno.readDir(GOLDENS)) {
    if (!file.startsWith("keras")) continue;
    const golden = JSON.parse(await Deno.readTextFile(new URL(file, GOLDENS)));
    for (const layer of golden.layers) {
      for (const weight of layer.weights) weight.data = Float32Array.from(weight.data);
    }
    models.push({ name: file.replace(".json", ""), ...h5PartsToModel(golden) });
  }
  return models.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function writeModel(folder: string, { name, model, weights }: NamedModel): Promise<void> {
  const rng = createRng(2), shapes = outputShapes(model);
  const values = model.layers.filter(({ kind }) => kind === "InputLayer")
    .reduce((sum, layer) => sum + valueCount(shapes.get(layer.name)!), 0);
  const inputs = Float32Array.from({ length: WINDOWS * values }, rng.uniform);
  const outputs = forward(model, weights, inputs, WINDOWS);
  await Deno.writeFile(`${folder}/${name}.h5`, await encodeKerasModel(model, weights));
  await Deno.writeFile(`${folder}/${name}.keras`, await encodeKerasV3Model(model, weights));
  const stored = [...weights.values()].map(({ data }) => data);
  for (const [what, arrays] of Object.entries({ inputs: [inputs], outputs: [outputs], weights: stored })) {
    const bytes = arrays.map(({ buffer, byteOffset, byteLength }) =>
      new Uint8Array(buffer, byteOffset, byteLength)
    );
    await Deno.writeFile(
      `${folder}/${name}.${what}.f32`,
      new Uint8Array(await new Blob(bytes as BlobPart[]).arrayBuffer()),
    );
  }
}

/** Every architecture at full size and every golden model, written as .h5 and .keras, opened in Keras 2 and 3. */
export const kerasSection: ParitySection = {
  name: "keras",
  doc:
    "Keras 2 and 3 load the .h5 and .keras files and predict what the reference predicts; h5py finds the weights",
  async run(folder, python) {
    const models = [...architectures(), ...await goldens()];
    for (const model of models) await writeModel(folder, model);
    await Deno.writeTextFile(`${folder}/cases.json`, JSON.stringify(models.map(({ name }) => name)));
    return await python("keras_check.py", folder);
  },
};
