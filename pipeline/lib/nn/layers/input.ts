import { z } from "zod";
import { FormatError } from "../../core/errors.ts";
import { dtype, off, size } from "./keras_options.ts";
import { checkSize, type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/** Entry point; `shape` without the batch axis, for example [216, 1], or [32, 32, 3] of images. */
export interface InputLayer extends LayerBase {
  kind: "InputLayer";
  shape: number[];
}

/** [batch, ...shape]; null where the size is open. */
const batchShape = z.array(size.nullable());

/** Of Keras 2 (batch_input_shape) and 3 (batch_shape). */
const kerasOptions = z.object({
  name: z.string(),
  dtype,
  batch_input_shape: batchShape.optional(),
  batch_shape: batchShape.optional(),
  sparse: off,
  ragged: off,
  optional: off,
}).catchall(z.null());

export const inputKind: LayerKind<InputLayer, z.infer<typeof kerasOptions>> = {
  kind: "InputLayer",
  inputCount: 0,
  outputShape({ name, shape }) {
    if (shape.length < 1 || shape.length > 3) {
      throw new RangeError(
        `Cannot use layer "${name}": shape must be [features], [time, channels] or [height, width, channels], got [${
          shape.join(", ")
        }]`,
      );
    }
    shape.forEach((size) => checkSize(name, "shape", size));
    return [...shape];
  },
  weights: () => [],
  kerasOptions,
  fromKeras({ name, batch_input_shape, batch_shape }) {
    const [, ...shape] = batch_input_shape ?? batch_shape ?? [];
    if (shape.length === 0 || shape.includes(null)) {
      throw new FormatError(
        `Cannot read layer ${JSON.stringify(name)}: every axis but the batch must have a size, got ${
          JSON.stringify(shape)
        }`,
      );
    }
    return { shape: shape as number[] };
  },
  toKeras: ({ shape }) => ({
    batch_input_shape: [null, ...shape],
    dtype: "float32",
    sparse: false,
    ragged: false,
  }),
  prepare: (_, { outputShape }) => ({ output: new Float64Array(valueCount(outputShape)), run: () => {} }),
};
