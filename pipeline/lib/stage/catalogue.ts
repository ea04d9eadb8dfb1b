import type { StageDeclaration } from "./stages/declaration.ts";
import { benchmark } from "./stages/benchmark.ts";
import { convert } from "./stages/convert.ts";
import { exportStage } from "./stages/export.ts";
import { ingest } from "./stages/ingest.ts";
import { preprocess } from "./stages/preprocess.ts";
import { quantize } from "./stages/quantize.ts";
import { train } from "./stages/train.ts";
import { window } from "./stages/window.ts";

export { csvParams } from "./stages/ingest.ts";
export { ENGINE_NAMES, MODEL_NAMES, type StageDeclaration } from "./stages/declaration.ts";

/** The eight stages by the name of their task, in the order of the chain. */
export const STAGES = {
  ingest,
  preprocess,
  window,
  train,
  convert,
  quantize,
  export: exportStage,
  bench: benchmark,
};

/** The eight stages in the order of the chain. */
export const STAGE_CHAIN: readonly StageDeclaration[] = Object.values(STAGES);

/** @throws {RangeError} When no stage has this name. */
export function stageByName(name: string): StageDeclaration {
  const found = STAGE_CHAIN.find((stage) => stage.name === name);
  if (!found) throw new RangeError(`Cannot find a stage: no stage is called ${name}`);
  return found;
}
