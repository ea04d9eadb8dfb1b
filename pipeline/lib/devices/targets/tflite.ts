import { modelProblem } from "../../formats/tflite/verify.ts";
import type { DeviceTarget } from "./target.ts";

/** The library that this project runs models in. */
export const tfliteTarget: DeviceTarget = {
  name: "TFLite 2.9",
  source:
    "operators and versions asked of the TFLite 2.9.0 library one by one, 2026-11; refused too is what it computes wrongly",
  otherwise: "refused",
  check: (model) => {
    const problem = modelProblem(model);
    return problem === undefined ? [] : [problem];
  },
};
