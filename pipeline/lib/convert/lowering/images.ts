import type { GraphBuilder } from "../graph_builder.ts";
import { reshape, shapeOf } from "../operations.ts";

/**
 * Computes on images of height 1, which TFLite's convolutions and poolings want in place of sequences.
 *
 * @param sequence [batch, time, channels].
 * @param names Of the layer, which the image is named after, and of the output.
 * @param compute Adds operators from [batch, 1, time, channels] to such an image, named as it is told. @returns Its index.
 * @returns Index of the tensor `name`, [batch, time, channels].
 */
export function onImages(
  graph: GraphBuilder,
  sequence: number,
  { layer, name }: { layer: string; name: string },
  compute: (image: number, name: string) => number,
): number {
  const [batch, time, channels] = shapeOf(graph, sequence);
  const image = reshape(graph, sequence, {
    name: `${layer}/input_image`,
    shape: [batch, 1, time, channels],
  });
  const result = compute(image, `${name}/image`), [, , outTime, outChannels] = shapeOf(graph, result);
  return reshape(graph, result, { name, shape: [batch, outTime, outChannels] });
}
