import type { TfliteModel, TfliteOperator, TfliteQuantization } from "../formats/tflite/graph.ts";
import { type ConstantForms, floatConstant } from "./constants.ts";
import { quantizeBias, quantizeWeights } from "./integer_params.ts";
import type { Ranges } from "./ranges.ts";

/** A graph on its way to integers. */
export interface Int8Graph {
  /** The float graph: constants are read from it. */
  readonly original: TfliteModel;
  /** The copy that is changed. */
  readonly model: TfliteModel;
  readonly constants: ConstantForms;
  readonly ranges: Ranges;
  /** @throws RangeError A tensor that is no activation. */
  quantizationOf(tensor: number): TfliteQuantization;
}

/** Positions of an operator's inputs. */
export interface WeightPlaces {
  input: number;
  weights: number;
  /** Undefined where these weights have none. */
  bias?: number;
  axis?: number;
}

/** Replaces an operator's weights and, if it has one, bias by integers. */
export function quantizeWeighted(
  operator: TfliteOperator,
  { input, weights, bias, axis }: WeightPlaces,
  { original, constants, quantizationOf }: Int8Graph,
): void {
  const [inputScale] = quantizationOf(operator.inputs[input]).scale;
  const biasValues = bias === undefined ? undefined : floatConstant(original, operator, bias);
  const kernel = quantizeWeights(floatConstant(original, operator, weights)!, {
    shape: original.tensors[operator.inputs[weights]].shape,
    axis,
    bias: biasValues && { values: biasValues, inputScale },
  });
  constants.replace(operator, weights, { type: "INT8", ...kernel });
  if (biasValues === undefined) return;
  const quantizedBias = quantizeBias(biasValues, inputScale, kernel.quantization.scale);
  constants.replace(operator, bias!, { type: "INT32", ...quantizedBias });
}
