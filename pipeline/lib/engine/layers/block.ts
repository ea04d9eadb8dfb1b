import type { MaskPosition } from "../../nn/layers/dropout.ts";
import type { Machine } from "../kernels/kernels.ts";
import type { Rounding } from "./rounding.ts";

/** A layer's output for one block of 32 samples: [steps][channels][32]; [features] is one step. */
export interface BlockTensor {
  steps: number;
  channels: number;
  /** Byte address of step 0. Rows of zeros stand before and after where a reader pads. */
  address: number;
  /** Byte address of the gradient's step 0, with the same margins; 0 where none is needed. */
  gradient: number;
}

/** What is to be known of the block that is computed. */
export interface Pass {
  /** Whether layers act as in training. */
  training: boolean;
  /** Windows of the block that are there, 1 to 32; the others are 0 and count for nothing. */
  samples: number;
  /** Which block of which step it is: what is drawn at random follows from it alone. */
  position: MaskPosition;
}

/** One layer's two passes over a block. */
export interface BlockOp {
  /** Done once before the first block. */
  prepare?(machine: Machine): void;
  forward(machine: Machine, pass: Pass): void;
  /**
   * Adds to the gradients of the inputs and of the parameters; the output's gradient may be overwritten.
   *
   * @param gradients Byte address of the parameters' gradients, laid out as the parameters are.
   */
  backward(machine: Machine, gradients: number, pass: Pass): void;
}

/** Where a weight lies among the parameters: element (row, column) at offset + column * columnStride + row, in floats. */
export interface WeightPlace {
  /** Within the layer, for example "kernel". */
  name: string;
  offset: number;
  columnStride: number;
}

/** What a layer is compiled from. */
export interface BlockContext {
  /** What the layer reads, in its order. */
  inputs: BlockTensor[];
  output: BlockTensor;
  /** Whether the output is the model's: its softmax is left to the loss. */
  isModelOutput: boolean;
  /** Byte address of all parameters. */
  parameters: number;
  /** Reserves zeroed memory for one block's computation. @returns Its byte address. */
  allocate(floats: number): number;
  /** Reserves parameters that begin at 0. @returns Their offset in floats, a multiple of 4. */
  reserve(floats: number): number;
  /**
   * Reserves weights that follow the mean of the blocks' statistics instead of a gradient. Each block's backward pass adds its
   * statistics times its samples at their places among the gradients.
   *
   * @param momentum Share of their old value that a step keeps. @returns As `reserve`.
   */
  reserveMoving(floats: number, momentum: number): number;
  /** @returns What the layer's tensor "<layer>/<what>", or its output, is rounded to; undefined: it is not. */
  rounding(what?: string): Rounding | undefined;
  /** Says where a weight of the model lies. */
  place(weight: WeightPlace): void;
}

/** Rounds up to a multiple. */
export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
