/** Runs the whole chain on synthetic ECG: nothing to download, every stage at work, half a minute. */
import { exitWith } from "../pipeline/lib/stage/exit.ts";
import { runToEnd, stageCommand } from "./stage_command.ts";

await exitWith("demo", async () => {
  const code = await runToEnd(stageCommand("all", ["--study", "demo", ...Deno.args]));
  if (code !== 0) Deno.exit(code);
  console.log(`
What you have now, all of it from synthetic signals:
  models/demo/<model>/   model.h5, model.tflite, model_int8.tflite, tflite-micro/, model_card.md and .json, SHA256SUMS
  Datasets/demo-*.csv    the beat windows with their labels
  Reports/summary-*.json what the table above says, and more
Next, on real patients' records: deno task all            (fetches the MIT-BIH Arrhythmia Database)
                             or: deno task all --source <folder with WFDB records>`);
});
