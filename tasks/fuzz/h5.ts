import { decodeKerasH5 } from "../../pipeline/lib/formats/keras_h5/decode.ts";
import { encodeKerasH5 } from "../../pipeline/lib/formats/keras_h5/encode.ts";
import { readAndConvert } from "./keras_model.ts";
import { damageBytes, damageJson, type FuzzTarget } from "./target.ts";

const FOLDER = new URL("../../pipeline/lib/formats/keras_h5/testdata/", import.meta.url);
/** Small ones: a sequence, a convolution, images, both directions, a graph; of both versions of Keras. */
const FILES = [
  "keras2_lstm",
  "keras3_lstm",
  "keras2_cnn",
  "keras3_images",
  "keras2_bidirectional",
  "keras22_graph",
];
/** Of the files that are damaged in their configuration alone: writing them anew takes most of the time. */
const CONFIGURATION_SHARE = 0.15;

/** Keras models in HDF5: bytes are damaged, or values of the configuration in a file that is whole. */
export const h5Target: FuzzTarget = {
  doc: "Keras models in .h5",
  load: () => Promise.all(FILES.map((name) => Deno.readFile(new URL(`${name}.h5`, FOLDER)))),
  async damage(file, rng) {
    if (rng.uniform() > CONFIGURATION_SHARE) return damageBytes(file, rng);
    const model = decodeKerasH5(file);
    return await encodeKerasH5({ ...model, config: damageJson(model.config, rng) });
  },
  read: (bytes) => readAndConvert(bytes, "model.h5"),
};
