import { encodeKerasModel } from "../../../pipeline/lib/artefacts/keras_model.ts";
import { bytesOf } from "../../../pipeline/lib/formats/tflite/graph.ts";
import { openTfliteLibrary } from "../../../pipeline/lib/runtime/tflite_ffi.ts";
import type { ParitySection } from "../section.ts";
import { convertedModels, predict, TEST_WINDOWS } from "./converted_models.ts";

/** Google's converter quits with a segmentation fault when it is to quantize a GRU. */
const WITHOUT_INT8 = ["gru"];

/** Google's converter on the same .h5 and the same calibration windows. */
export const converterSection: ParitySection = {
  name: "converter",
  doc: "Google's converter makes models with the same outputs and the same int8 weights",
  async run(folder, python) {
    const runtime = openTfliteLibrary(), cases = [];
    for (const { name, model, weights, calibration, windows, seconds, float32, int8 } of convertedModels()) {
      const outputs = predict(runtime, float32, windows);
      await Deno.writeFile(`${folder}/${name}.h5`, await encodeKerasModel(model, weights));
      await Deno.writeFile(`${folder}/${name}.calibration.f32`, bytesOf(calibration));
      await Deno.writeFile(`${folder}/${name}.windows.f32`, bytesOf(windows));
      await Deno.writeFile(`${folder}/${name}.outputs.f32`, bytesOf(outputs));
      await Deno.writeFile(`${folder}/${name}.tflite`, float32);
      await Deno.writeFile(`${folder}/${name}_int8.tflite`, int8);
      cases.push({ name, seconds, int8: !WITHOUT_INT8.includes(name), windows: TEST_WINDOWS });
    }
    await Deno.writeTextFile(`${folder}/cases.json`, JSON.stringify(cases));
    return await python("converter_check.py", folder);
  },
};
