import { isKept, maskKeys, type MaskPosition } from "../../nn/layers/dropout.ts";
import type { Layer, Model } from "../../nn/model.ts";
import { outputShapes, valueCount } from "../../nn/shapes.ts";
import { BLOCK_SAMPLES } from "../kernels/kernels.ts";

/** What one Dropout layer multiplies by. */
export interface DropoutMask {
  layer: string;
  rate: number;
  /** Of the layer, without the batch axis. */
  shape: number[];
}

/**
 * Makes the masks of Dropout layers further inputs of the model: TensorFlow.js draws its own from a generator that no seed
 * sets, while these are the same as those of the project's kernels.
 *
 * @returns The model with a Multiply for each Dropout, and the masks by the names of their InputLayers.
 */
export function maskDropout(model: Model): { model: Model; masks: Map<string, DropoutMask> } {
  const masks = new Map<string, DropoutMask>();
  if (!model.layers.some(({ kind }) => kind === "Dropout")) return { model, masks };
  const shapes = outputShapes(model), names = new Set(shapes.keys());
  const layers = model.layers.flatMap((layer): Layer[] => {
    if (layer.kind !== "Dropout") return [layer];
    const shape = shapes.get(layer.name)!;
    let name = `${layer.name}_mask`;
    while (names.has(name)) name += "_";
    names.add(name);
    masks.set(name, { layer: layer.name, rate: layer.rate, shape });
    return [
      { kind: "InputLayer", name, inputs: [], shape },
      { kind: "Multiply", name: layer.name, inputs: [...layer.inputs, name] },
    ];
  });
  return { model: { ...model, layers }, masks };
}

/**
 * @param count Windows of the batch. @param position Of the training step; undefined when the model predicts.
 * @returns 0 or 1 / (1 - rate), [count, ...shape]; 1 throughout when the model predicts.
 */
export function maskValues(
  { layer, rate, shape }: DropoutMask,
  count: number,
  position: Omit<MaskPosition, "block"> | undefined,
): Float32Array {
  const size = valueCount(shape), values = new Float32Array(count * size);
  if (position === undefined) return values.fill(1);
  const scale = 1 / (1 - rate);
  for (let window = 0; window < count; window++) {
    const sample = window % BLOCK_SAMPLES, block = (window - sample) / BLOCK_SAMPLES;
    const keys = maskKeys(layer, { ...position, block });
    for (let unit = 0; unit < size; unit++) {
      if (isKept(keys, unit * BLOCK_SAMPLES + sample, rate)) values[window * size + unit] = scale;
    }
  }
  return values;
}
