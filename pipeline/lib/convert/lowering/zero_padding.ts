import type { ZeroPadding1DLayer, ZeroPadding2DLayer } from "../../nn/model.ts";
import { pad } from "../operations.ts";
import type { Lowering } from "./context.ts";
import { onImages } from "./images.ts";

/** Lowers steps of zeros to PAD over images of height 1: not all runtimes pad sequences. */
export const lowerZeroPadding1D: Lowering<ZeroPadding1DLayer> = (
  { name, padding: [steps] },
  { graph, inputs: [input] },
) =>
  onImages(
    graph,
    input,
    { layer: name, name },
    (image, imageName) => pad(graph, image, { name: imageName, paddings: [[0, 0], [0, 0], steps, [0, 0]] }),
  );

/** Lowers a frame of zeros to PAD. */
export const lowerZeroPadding2D: Lowering<ZeroPadding2DLayer> = (
  { name, padding: [rows, columns] },
  { graph, inputs: [input] },
) => pad(graph, input, { name, paddings: [[0, 0], rows, columns, [0, 0]] });
