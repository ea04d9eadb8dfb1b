import { estimateArena } from "../../../pipeline/lib/devices/arena.ts";
import { judgeTarget } from "../../../pipeline/lib/devices/targets/targets.ts";
import { velaTarget } from "../../../pipeline/lib/devices/targets/vela.ts";
import { bytesOf } from "../../../pipeline/lib/formats/tflite/graph.ts";
import { decodeTflite } from "../../../pipeline/lib/formats/tflite/reader.ts";
import type { ParitySection } from "../section.ts";
import { convertedArchitectures, predict } from "./converted_models.ts";
import { windowValues } from "./models.ts";

/** Every .tflite file that the project writes, on a microcontroller's interpreter and through an accelerator's compiler. */
export const devicesSection: ParitySection = {
  name: "devices",
  doc:
    "tflite-micro runs the .tflite files as TFLite 2.9 does, in the arena that is estimated; Arm's Vela takes the operators that its " +
    "table says",
  async run(folder, python) {
    const cases = [];
    for (const { name, windows, files, model } of convertedArchitectures()) {
      for (const form of ["float32", "int8"]) {
        const bytes = files[form], file = `${name}.${form}`, graph = decodeTflite(bytes, file);
        const outputs = predict(bytes, windows, windowValues(model));
        await Deno.writeFile(`${folder}/${file}.tflite`, bytes);
        await Deno.writeFile(`${folder}/${file}.windows.f32`, bytesOf(windows));
        await Deno.writeFile(`${folder}/${file}.outputs.f32`, bytesOf(outputs));
        cases.push({
          file,
          recurrent: name !== "cnn",
          arena: estimateArena(graph),
          velaCpu: form === "int8" ? judgeTarget(velaTarget, graph).findings.length : null,
        });
      }
    }
    await Deno.writeTextFile(`${folder}/cases.json`, JSON.stringify(cases));
    return await python("devices_check.py", folder);
  },
};
