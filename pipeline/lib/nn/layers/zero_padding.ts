import { z } from "zod";
import { layerOptions } from "./keras_options.ts";
import { checkRank, type LayerBase, type LayerKind, valueCount } from "./layer_kind.ts";

/** Zeros in front of an axis and behind it. */
export type Margins = [before: number, after: number];

/** Steps of zeros before and behind: [time, channels] -> [before + time + after, channels]. */
export interface ZeroPadding1DLayer extends LayerBase {
  kind: "ZeroPadding1D";
  /** Of the time. */
  padding: [Margins];
}

/** A frame of zeros: [height, width, channels] -> [top + height + bottom, left + width + right, channels]. */
export interface ZeroPadding2DLayer extends LayerBase {
  kind: "ZeroPadding2D";
  /** Of the rows and of the columns. */
  padding: [rows: Margins, columns: Margins];
}

const count = z.int().min(0);
const margins = z.tuple([count, count]);
const dataFormat = z.literal("channels_last").nullable().optional();

const options1d = layerOptions({ padding: margins, data_format: dataFormat });
const options2d = layerOptions({ padding: z.tuple([margins, margins]), data_format: dataFormat });

/** What both kinds have but for Keras' form of the padding. */
function paddingKind<L extends ZeroPadding1DLayer | ZeroPadding2DLayer>(rank: 2 | 3) {
  return {
    inputCount: 1,
    outputShape(layer: L, [input]: number[][]): number[] {
      checkRank(layer, input, rank);
      const valid = layer.padding.length === rank - 1 &&
        layer.padding.flat().every((size) => Number.isInteger(size) && size >= 0);
      if (!valid) {
        throw new RangeError(
          `Cannot use layer "${layer.name}": padding must be ${
            rank - 1
          } pairs of integers of at least 0, got ${JSON.stringify(layer.padding)}`,
        );
      }
      return input.map((size, axis) => {
        const [before, after] = layer.padding[axis] ?? [0, 0];
        return before + size + after;
      });
    },
    weights: () => [],
    prepare(
      layer: L,
      { inputShapes: [shape], outputShape }: { inputShapes: number[][]; outputShape: number[] },
    ) {
      const output = new Float64Array(valueCount(outputShape));
      // A sequence is an image of one row.
      const [[top], [left]] = rank === 3 ? layer.padding as [Margins, Margins] : [[0, 0], ...layer.padding];
      const [height, width, channels] = rank === 3 ? shape : [1, ...shape];
      const outRow = outputShape[rank - 2] * channels;
      return {
        output,
        run([input]: Float64Array[]) {
          for (let row = 0; row < height; row++) {
            const values = input.subarray(row * width * channels, (row + 1) * width * channels);
            output.set(values, (top + row) * outRow + left * channels);
          }
        },
      };
    },
  };
}

export const zeroPadding1dKind: LayerKind<ZeroPadding1DLayer, z.infer<typeof options1d>> = {
  kind: "ZeroPadding1D",
  ...paddingKind<ZeroPadding1DLayer>(2),
  kerasOptions: options1d,
  fromKeras: ({ padding }) => ({ padding: [padding] }),
  toKeras: ({ padding: [padding] }) => ({ padding }),
};

export const zeroPadding2dKind: LayerKind<ZeroPadding2DLayer, z.infer<typeof options2d>> = {
  kind: "ZeroPadding2D",
  ...paddingKind<ZeroPadding2DLayer>(3),
  kerasOptions: options2d,
  fromKeras: ({ padding }) => ({ padding }),
  toKeras: ({ padding }) => ({ padding, data_format: "channels_last" }),
};
