import { zipSync } from "fflate";
import { writeDatasets, writeHdf5 } from "../keras_h5/hdf5/write.ts";
import { decodeKerasV3 } from "./decode.ts";
import { type KerasV3, PARTS } from "./keras_v3.ts";

/**
 * Writes a model as Keras saves it to .keras, so that `keras.models.load_model` opens it, without compilation state.
 *
 * The same model gives the same bytes: the date in it is always the same, as are those of the zip's files.
 * Source: Keras 3, keras/src/saving/saving_lib.py.
 *
 * @throws FormatError A model beyond the limits of `decodeKerasV3`.
 */
export async function encodeKerasV3({ config, variables, kerasVersion }: KerasV3): Promise<Uint8Array> {
  const weights = await writeHdf5((file) => {
    // The model's own variables: none, but Keras looks for them.
    file.create_group("vars");
    writeDatasets(file, [...variables].map(([name, dataset]) => ({ name, ...dataset })));
  });
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const bytes = zipSync({
    [PARTS.metadata]: json({ keras_version: kerasVersion, date_saved: "1980-01-01@00:00:00" }),
    [PARTS.config]: json(config),
    [PARTS.weights]: weights,
  }, { level: 0, mtime: new Date(1980, 0, 1) });
  // The C library reports failures on stderr only; what cannot be read back is not handed out.
  decodeKerasV3(bytes);
  return bytes;
}
