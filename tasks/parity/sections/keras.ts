import { encodeKerasModel, encodeKerasV3Model } from "../../../pipeline/lib/artefacts/keras_model.ts";
import { createRng } from "../../../pipeline/lib/core/rng.ts";
import { forward } from "../../../pipeline/lib/nn/forward.ts";
import { hardSigmoidsOf } from "../../../pipeline/lib/nn/keras_hard_sigmoid.ts";
import type { Model } from "../../../pipeline/lib/nn/model.ts";
import type { ParitySection } from "../section.ts";
import { architectures, goldens, type NamedModel, windowValues } from "./models.ts";

const WINDOWS = 64;

/** The versions of Keras that compute what a file holds, by its extension. */
type Readers = { h5?: number[]; keras?: number[] };

/** @returns Who reads a model as it is: what Keras 2 saves as .keras and what Keras 3 does differ, and ours is the newer form. */
function readersOf({ layers }: Model): Readers {
  const [hard] = layers.flatMap(hardSigmoidsOf);
  if (hard === undefined) return { h5: [2, 3], keras: [3] };
  return hard === "hard_sigmoid" ? { h5: [2] } : { keras: [3] };
}

/** @returns The case as `keras_check.py` reads it. */
async function writeModel(folder: string, { name, model, weights }: NamedModel) {
  const inputs = Float32Array.from({ length: WINDOWS * windowValues(model) }, createRng(2).uniform);
  const outputs = forward(model, weights, inputs, WINDOWS);
  const readers = readersOf(model);
  if (readers.h5) await Deno.writeFile(`${folder}/${name}.h5`, await encodeKerasModel(model, weights));
  if (readers.keras) {
    await Deno.writeFile(`${folder}/${name}.keras`, await encodeKerasV3Model(model, weights));
  }
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
  return { name, readers };
}

/** Every architecture at full size and every golden model, written as .h5 and .keras, opened in Keras 2 and 3. */
export const kerasSection: ParitySection = {
  name: "keras",
  doc:
    "Keras 2 and 3 load the .h5 and .keras files and predict what the reference predicts; h5py finds the weights",
  async run(folder, python) {
    const cases: Awaited<ReturnType<typeof writeModel>>[] = [];
    for (const model of [...architectures(), ...await goldens()]) cases.push(await writeModel(folder, model));
    await Deno.writeTextFile(`${folder}/cases.json`, JSON.stringify(cases));
    return await python("keras_check.py", folder);
  },
};
