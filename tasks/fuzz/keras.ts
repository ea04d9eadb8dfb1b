import { unzipSync, zipSync } from "fflate";
import { readAndConvert } from "./keras_model.ts";
import { damageBytes, damageJson, type FuzzTarget } from "./target.ts";

const FOLDER = new URL("../../pipeline/lib/formats/keras_v3/testdata/", import.meta.url);
const FILES = ["keras2_lstm", "keras3_lstm", "keras2_graph", "keras3_image_graph"];
const CONFIG = "config.json";

/**
 * Keras models in .keras: the zip itself is damaged, or one of the files within a zip whose checksums are right, or a value
 * of the configuration.
 */
export const kerasTarget: FuzzTarget = {
  doc: "Keras models in .keras",
  load: () => Promise.all(FILES.map((name) => Deno.readFile(new URL(`${name}.keras`, FOLDER)))),
  damage(file, rng) {
    const parts = unzipSync(file), names = Object.keys(parts);
    switch (rng.integer(3)) {
      case 0:
        return damageBytes(file, rng);
      case 1: {
        const name = names[rng.integer(names.length)];
        return zipSync({ ...parts, [name]: damageBytes(parts[name], rng) }, { level: 0 });
      }
      default: {
        const config = damageJson(JSON.parse(new TextDecoder().decode(parts[CONFIG])), rng);
        return zipSync({ ...parts, [CONFIG]: new TextEncoder().encode(JSON.stringify(config)) }, {
          level: 0,
        });
      }
    }
  },
  read: (bytes) => readAndConvert(bytes, "model.keras"),
};
