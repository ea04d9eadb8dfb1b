import { ACTIVATION } from "../../formats/tflite/schema.ts";
import { affineOf, integerLimits, type KernelContext, type Operand, option } from "../kernel.ts";
import { roundHalfAway } from "../fixed_point.ts";

/** Least and greatest value that a fused activation lets through. */
export interface ActivationRange {
  low: number;
  high: number;
}

/**
 * @returns The range of the operator's fused activation, in real numbers.
 * @throws RangeError An activation that is no clamping; no kernel of TFLite fuses one.
 */
export function activationRange(context: KernelContext): ActivationRange {
  switch (option(context, "fusedActivationFunction")) {
    case ACTIVATION.NONE:
      return { low: -Infinity, high: Infinity };
    case ACTIVATION.RELU:
      return { low: 0, high: Infinity };
    case ACTIVATION.RELU_N1_TO_1:
      return { low: -1, high: 1 };
    case ACTIVATION.RELU6:
      return { low: 0, high: 6 };
    default:
      throw new RangeError(
        `its fused activation must be NONE, RELU, RELU_N1_TO_1 or RELU6, ` +
          `got ${option(context, "fusedActivationFunction")}`,
      );
  }
}

/**
 * @returns The range of the operator's fused activation, in integers of the output.
 *
 * Source: CalculateActivationRangeQuantized in tensorflow/lite/kernels/kernel_util.cc of TensorFlow 2.9.
 */
export function integerActivationRange(context: KernelContext, output: Operand): ActivationRange {
  const { low, high } = activationRange(context), { scale, zeroPoint } = affineOf(output);
  const [least, greatest] = integerLimits(output);
  const quantized = (real: number) => zeroPoint + roundHalfAway(Math.fround(real / scale));
  return {
    low: low === -Infinity ? least : Math.max(least, quantized(low)),
    high: high === Infinity ? greatest : Math.min(greatest, quantized(high)),
  };
}
