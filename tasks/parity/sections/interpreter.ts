import { bytesOf } from "../../../pipeline/lib/formats/tflite/graph.ts";
import type { ParitySection } from "../section.ts";
import { convertedArchitectures, type ConvertedModel, convertedOthers, predict } from "./converted_models.ts";
import { windowValues } from "./models.ts";

const isRecurrent = ({ model }: ConvertedModel) =>
  model.layers.some(({ kind }) => kind === "LSTM" || kind === "GRU" || kind === "Bidirectional");

/** Every .tflite file that the project writes, in the newest interpreter beside the library of 2.9 that it runs itself. */
export const interpreterSection: ParitySection = {
  name: "interpreter",
  doc: "Google's newest interpreter (LiteRT) runs the .tflite files as the library of 2.9 does",
  async run(folder, python) {
    const cases: { file: string; recurrent: boolean }[] = [];
    const write = async (converted: ConvertedModel) => {
      const { name, windows, files } = converted;
      for (const [form, bytes] of Object.entries(files)) {
        const file = `${name}.${form}`, outputs = predict(bytes, windows, windowValues(converted.model));
        await Deno.writeFile(`${folder}/${file}.tflite`, bytes);
        await Deno.writeFile(`${folder}/${file}.windows.f32`, bytesOf(windows));
        await Deno.writeFile(`${folder}/${file}.outputs.f32`, bytesOf(outputs));
        cases.push({ file, recurrent: isRecurrent(converted) });
      }
    };
    for (const converted of convertedArchitectures()) await write(converted);
    for await (const converted of convertedOthers()) await write(converted);
    await Deno.writeTextFile(`${folder}/cases.json`, JSON.stringify(cases));
    return await python("interpreter_check.py", folder);
  },
};
