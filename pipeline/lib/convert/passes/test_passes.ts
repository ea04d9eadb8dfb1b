import type { TfliteModel } from "../../formats/tflite/graph.ts";
import type { Model } from "../../nn/model.ts";
import { lowerModel } from "../convert.ts";
import { livelyWeights } from "../test_models.ts";
import type { Pass } from "./pass.ts";

/** @returns The plainly lowered graph of a model after some passes. */
export function after(model: Model, ...passes: Pass[]): TfliteModel {
  return passes.reduce((graph, pass) => pass(graph), lowerModel(model, livelyWeights(model), {}));
}

/** @returns Operators in order, with what is fused into them: "CONV_2D+1". */
export function operatorsOf({ operators }: TfliteModel): string[] {
  return operators.map(({ operator, options }) =>
    options?.fusedActivationFunction ? `${operator}+${options.fusedActivationFunction}` : operator
  );
}

/** @returns A tensor by its name. */
export const named = (graph: TfliteModel, name: string) =>
  graph.tensors.find((tensor) => tensor.name === name)!;
