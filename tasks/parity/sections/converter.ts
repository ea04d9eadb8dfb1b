import { encodeKerasModel } from "../../../pipeline/lib/artefacts/keras_model.ts";
import { bytesOf } from "../../../pipeline/lib/formats/tflite/graph.ts";
import { forward } from "../../../pipeline/lib/nn/forward.ts";
import type { ParitySection } from "../section.ts";
import { convertedArchitectures, type ConvertedModel, convertedOthers } from "./converted_models.ts";
import { inputShapes, windowValues } from "./models.ts";

/** Google's converter leaves a normalization before a convolution where this project folds it. */
const WITHOUT_INT8 = ["keras2_normalization"];
/**
 * Google's converter makes a loop of a GRU, which not every runtime takes, and ends with a segmentation fault when it is to
 * quantize that. Held against this project's is what it makes of a GRU that Keras unrolls; its int8 weights cannot be
 * compared, because the three gates are one matrix there.
 */
const UNROLLED = ["gru"];
/** Google's converter takes minutes for small recurrent networks of many kinds; the architectures hold those. */
const canGoogleConvert = ({ model }: ConvertedModel) =>
  inputShapes(model).length === 1 &&
  model.layers.every(({ kind }) => kind !== "LSTM" && kind !== "GRU" && kind !== "Bidirectional");

async function writeCase(folder: string, converted: ConvertedModel) {
  const { name, model, weights, calibration, windows, seconds, files } = converted;
  const outputs = forward(model, weights, windows, windows.length / windowValues(model));
  await Deno.writeFile(`${folder}/${name}.h5`, await encodeKerasModel(model, weights));
  for (const [what, values] of Object.entries({ calibration, windows, outputs })) {
    await Deno.writeFile(`${folder}/${name}.${what}.f32`, bytesOf(values));
  }
  for (const form of ["float32", "int8"]) {
    await Deno.writeFile(`${folder}/${name}.${form}.tflite`, files[form]);
  }
  return { name, seconds, int8: !WITHOUT_INT8.includes(name), unrolled: UNROLLED.includes(name) };
}

/** Google's converter on the same .h5 and the same calibration windows; models with one input. */
export const converterSection: ParitySection = {
  name: "converter",
  doc: "Google's converter makes models with the same outputs and the same int8 weights",
  async run(folder, python) {
    const cases: (Awaited<ReturnType<typeof writeCase>> & { timed: boolean })[] = [];
    for (const converted of convertedArchitectures()) {
      cases.push({ ...await writeCase(folder, converted), timed: true });
    }
    for await (const converted of convertedOthers()) {
      if (!canGoogleConvert(converted)) continue;
      cases.push({ ...await writeCase(folder, converted), timed: false });
    }
    await Deno.writeTextFile(`${folder}/cases.json`, JSON.stringify(cases));
    return await python("converter_check.py", folder);
  },
};
