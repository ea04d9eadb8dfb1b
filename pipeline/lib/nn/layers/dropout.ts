import { z } from "zod";
import { anything, layerOptions } from "./keras_options.ts";
import type { LayerBase, LayerKind } from "./layer_kind.ts";
import { copyStep } from "./reshape.ts";

/**
 * Sets a share of its input to 0 while training and scales the rest by 1 / (1 - rate); hands its input on otherwise.
 *
 * Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014, scaled in
 * training as Keras does.
 */
export interface DropoutLayer extends LayerBase {
  kind: "Dropout";
  /** The share, in [0, 1). */
  rate: number;
}

const kerasOptions = layerOptions({ rate: z.number().min(0).lt(1), seed: anything });

/** Keras' seed is not kept: it would not give Keras' masks. A `noise_shape` is not supported. */
export const dropoutKind: LayerKind<DropoutLayer, z.infer<typeof kerasOptions>> = {
  kind: "Dropout",
  inputCount: 1,
  outputShape({ name, rate }, [input]) {
    if (!(rate >= 0 && rate < 1)) {
      throw new RangeError(`Cannot use layer "${name}": rate must be in [0, 1), got ${rate}`);
    }
    return [...input];
  },
  weights: () => [],
  kerasOptions,
  fromKeras: ({ rate }) => ({ rate }),
  toKeras: ({ rate }) => ({ rate, noise_shape: null, seed: null }),
  prepare: (_, { outputShape }) => copyStep(outputShape),
};

/** Which block of which step a mask is for. */
export interface MaskPosition {
  /** Unsigned 32 bits. */
  seed: number;
  /** Steps of training done before it. */
  step: number;
  /** Block of 32 windows within the batch. */
  block: number;
}

/** @returns The two 32-bit keys of a layer's mask; they depend on the layer's name and on the position, on nothing else. */
export function maskKeys(layer: string, { seed, step, block }: MaskPosition): [number, number] {
  // FNV-1a over the name.
  let name = 0x811c9dc5;
  for (let i = 0; i < layer.length; i++) name = Math.imul(name ^ layer.charCodeAt(i), 0x01000193);
  const first = mix(mix(mix(seed ^ name) + step) + block);
  return [first, mix(first ^ 0x9e3779b9)];
}

/**
 * Says whether a value is kept; the kernel computes the same.
 *
 * @param keys Of the block. @param index unit * 32 + sample. @param rate In [0, 1).
 */
export function isKept([first, second]: [number, number], index: number, rate: number): boolean {
  return mix(mix(index + first) ^ second) >>> 0 >= dropThreshold(rate);
}

/** @returns Of all 2^32 mixed numbers, those below it drop a value. */
export function dropThreshold(rate: number): number {
  return Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
}

/**
 * Turns 32 bits into others, one to one, so that near numbers become far ones.
 *
 * Source: Chris Wellons, "Prospecting for hash functions", 2018, lowbias32.
 */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}
