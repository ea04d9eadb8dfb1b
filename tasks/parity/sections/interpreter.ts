import { bytesOf } from "../../../pipeline/lib/formats/tflite/graph.ts";
import { openTfliteLibrary } from "../../../pipeline/lib/runtime/tflite_ffi.ts";
import type { ParitySection } from "../section.ts";
import { convertedModels, predict } from "./converted_models.ts";

/** Every .tflite file that the project writes, in the newest interpreter beside the library of 2.9 that it runs itself. */
export const interpreterSection: ParitySection = {
  name: "interpreter",
  doc: "Google's newest interpreter (LiteRT) runs the .tflite files as the library of 2.9 does",
  async run(folder, python) {
    const runtime = openTfliteLibrary(), cases = [];
    for (const { name, windows, float32, int8 } of convertedModels()) {
      for (const [form, bytes] of Object.entries({ float32, int8 })) {
        const file = `${name}.${form}`;
        await Deno.writeFile(`${folder}/${file}.tflite`, bytes);
        await Deno.writeFile(`${folder}/${file}.windows.f32`, bytesOf(windows));
        await Deno.writeFile(`${folder}/${file}.outputs.f32`, bytesOf(predict(runtime, bytes, windows)));
        cases.push({ file, form, recurrent: name !== "cnn" });
      }
    }
    await Deno.writeTextFile(`${folder}/cases.json`, JSON.stringify(cases));
    return await python("interpreter_check.py", folder);
  },
};
