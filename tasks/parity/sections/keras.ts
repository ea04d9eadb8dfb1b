import { encodeKerasModel, encodeKerasV3Model } from "../../../pipeline/lib/artefacts/keras_model.ts";
import { createRng } from "../../../pipeline/lib/core/rng.ts";
import { forward } from "../../../pipeline/lib/nn/forward.ts";
import type { ParitySection } from "../section.ts";
import { architectures, goldens, type NamedModel, windowValues } from "./models.ts";

const WINDOWS = 64;

async function writeModel(folder: string, { name, model, weights }: NamedModel): Promise<void> {
  const inputs = Float32Array.from({ length: WINDOWS * windowValues(model) }, createRng(2).uniform);
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
