import { z } from "zod";
import { layerOptions } from "./keras_options.ts";
import { checkSize, type LayerBase, type LayerKind, type LayerStep, valueCount } from "./layer_kind.ts";

/** All values of a window in one axis, row-major: [time, channels] -> [time * channels]. */
export interface FlattenLayer extends LayerBase {
  kind: "Flatten";
}

/** The same values, row-major, in another shape. */
export interface ReshapeLayer extends LayerBase {
  kind: "Reshape";
  /** [features], [time, channels] or [height, width, channels]; one size may be -1, which is what remains. */
  targetShape: number[];
}

const flattenOptions = layerOptions({ data_format: z.literal("channels_last").optional() });

export const flattenKind: LayerKind<FlattenLayer, z.infer<typeof flattenOptions>> = {
  kind: "Flatten",
  inputCount: 1,
  outputShape: (_, [input]) => [valueCount(input)],
  weights: () => [],
  kerasOptions: flattenOptions,
  fromKeras: () => ({}),
  toKeras: () => ({ data_format: "channels_last" }),
  prepare: (_, { outputShape }) => copyStep(outputShape),
};

const reshapeOptions = layerOptions({ target_shape: z.array(z.int()).min(1) });

export const reshapeKind: LayerKind<ReshapeLayer, z.infer<typeof reshapeOptions>> = {
  kind: "Reshape",
  inputCount: 1,
  outputShape({ name, targetShape }, [input]) {
    if (targetShape.length < 1 || targetShape.length > 3) {
      throw new RangeError(
        `Cannot use layer "${name}": targetShape must be [features], [time, channels] or [height, width, channels], got [${
          targetShape.join(", ")
        }]`,
      );
    }
    const known = targetShape.filter((size) => size !== -1), values = valueCount(input);
    const shape = targetShape.map((size) => size === -1 ? values / valueCount(known) : size);
    const isFilled = valueCount(shape) === values && shape.every(Number.isInteger);
    if (!isFilled || known.length < targetShape.length - 1) {
      throw new RangeError(
        `Cannot use layer "${name}": targetShape must hold the ${values} values of its input, at most one size being -1, got [${
          targetShape.join(", ")
        }]`,
      );
    }
    shape.forEach((size) => checkSize(name, "targetShape", size));
    return shape;
  },
  weights: () => [],
  kerasOptions: reshapeOptions,
  fromKeras: ({ target_shape: targetShape }) => ({ targetShape }),
  toKeras: ({ targetShape }) => ({ target_shape: targetShape }),
  prepare: (_, { outputShape }) => copyStep(outputShape),
};

/** A step that hands its input's values on. */
export function copyStep(outputShape: number[]): LayerStep {
  const output = new Float64Array(valueCount(outputShape));
  return { output, run: ([input]) => output.set(input) };
}
