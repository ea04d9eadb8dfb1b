import type { TfliteModel } from "../../formats/tflite/graph.ts";
import { operatorName } from "../../formats/tflite/verify.ts";
import { edgeTpuTarget } from "./edge_tpu.ts";
import type { DeviceTarget, TargetFinding } from "./target.ts";
import { tfliteTarget } from "./tflite.ts";
import { tfliteMicroTarget } from "./tflite_micro.ts";
import { velaTarget } from "./vela.ts";

/** Who runs .tflite files, as far as tables say it; no compiler is run. */
const DEVICE_TARGETS: readonly DeviceTarget[] = [
  tfliteTarget,
  tfliteMicroTarget,
  edgeTpuTarget,
  velaTarget,
];

/** What a target makes of a model. */
export interface TargetVerdict {
  target: string;
  source: string;
  /** `partly`: a processor has to compute the operators that `findings` name. */
  accepts: "yes" | "partly" | "no";
  findings: TargetFinding[];
}

/** Looks a model up in each table. */
export const judgeTargets = (model: TfliteModel): TargetVerdict[] =>
  DEVICE_TARGETS.map((target) => judgeTarget(target, model));

/** Looks a model up in one table. */
export function judgeTarget(
  { name, source, otherwise, check }: DeviceTarget,
  model: TfliteModel,
): TargetVerdict {
  const findings = check(model);
  const isPartly = otherwise === "cpu" && findings.length < model.operators.length &&
    findings.every(({ operator }) => operator !== undefined);
  return {
    target: name,
    source,
    accepts: findings.length === 0 ? "yes" : isPartly ? "partly" : "no",
    findings,
  };
}

/**
 * Says what a target does not take, the same about several operators of a kind once.
 *
 * @returns One text each, for example "2 CONV_2D: strides of at most 3 only, got 1 x 4" or "9 times TANH: not in the table".
 */
export function findingTexts(findings: readonly TargetFinding[], { operators }: TfliteModel): string[] {
  const groups = Map.groupBy(
    findings,
    ({ operator, problem }) =>
      operator === undefined ? problem : `${operatorName(operators[operator])}: ${problem}`,
  );
  return [...groups].map(([text, [{ operator }, ...others]]) => {
    if (others.length > 0) return `${others.length + 1} times ${text}`;
    return operator === undefined ? text : `${operator} ${text}`;
  });
}
