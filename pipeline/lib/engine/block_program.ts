import { kindOf } from "../nn/layers/layer_kinds.ts";
import type { Layer, Model } from "../nn/model.ts";
import { outputShapes, weightShapes } from "../nn/shapes.ts";
import { BLOCK_SAMPLES, type Machine, ROW_BYTES } from "./kernels/kernels.ts";
import { type BlockContext, type BlockOp, type BlockTensor, type Pass, roundUp } from "./layers/block.ts";
import { compileRounded, roundRows } from "./layers/fake_quantize.ts";
import { checkLayers, compileLayer } from "./layers/layer_compilers.ts";
import type { Rounding, Roundings } from "./layers/rounding.ts";
import { checkSoftmaxOutput } from "./softmax_output.ts";

/** Where one of the model's weights lies among the parameters. */
export interface ParameterPlace {
  /** "<layer>/<weight>". */
  name: string;
  shape: number[];
  /** Element (row, column), the last axis being the column, lies at offset + column * columnStride + row, in floats. */
  offset: number;
  columnStride: number;
}

/** Weights that follow the blocks' statistics: see `reserveMoving`. */
export interface MovingParameters {
  /** In floats, a multiple of 4. */
  offset: number;
  count: number;
  momentum: number;
}

/** Where a program computes. */
export interface ProgramAddresses {
  /** Byte address of the parameters. */
  parameters: number;
  /** Byte address of the zeroed memory for one block. */
  scratch: number;
}

/** A model as a sequence of kernel calls on one block of 32 samples. */
export interface BlockProgram {
  /** The InputLayers in the model's order, each [values][32 samples]: a window's values are theirs, one behind the other. */
  inputs: BlockTensor[];
  /** Scores before softmax, [classes][32 samples]. */
  logits: BlockTensor;
  /** Byte address of [classes][32 samples]. */
  probabilities: number;
  /** Byte address of i32 [32]. */
  labels: number;
  /** Byte address of f32 [32]: what each sample's loss is multiplied by, 0 for a sample that is not there. */
  sampleWeights: number;
  parameterPlaces: ParameterPlace[];
  /** The parameters that the optimizer leaves alone. */
  movingParameters: MovingParameters[];
  /** Floats of all parameters with their padding, a multiple of 4. */
  parameterCount: number;
  /** Bytes from `scratch` that the program uses. */
  scratchBytes: number;
  /** Done once before the first block. */
  prepare(machine: Machine): void;
  /** From `inputs` to `probabilities`. */
  forward(machine: Machine, pass: Pass): void;
  /**
   * Adds the gradients of the block's weighted loss; after `forward`, once.
   *
   * @param to.gradients Byte address, laid out as the parameters.
   * @param to.differentiateLoss Writes the loss's gradient by the logits to theirs, which is 0.
   */
  backward(
    machine: Machine,
    to: { gradients: number; differentiateLoss: () => void },
    pass: Pass,
  ): void;
}

/**
 * Compiles a model for the kernels.
 *
 * Supported: the kinds of layers in layers/layer_compilers.ts, any number of InputLayers, and as the output classes from a
 * Dense or an Activation layer with softmax.
 *
 * @param roundings Activations that layers see rounded. The model's output stays as it is: the loss would be infinite at a
 *   probability that is rounded to 0.
 * @throws TypeError A layer or activation that the kernels do not have, by name.
 * @throws RangeError, TypeError A model that does not fit together.
 */
export function compileBlockProgram(
  model: Model,
  addresses: ProgramAddresses,
  roundings: Roundings = {},
): BlockProgram {
  const shapes = outputShapes(model);
  checkLayers(model);
  const margins = readMargins(model, shapes);
  const tensors = new Map<string, BlockTensor>();
  const places = new Map<string, Omit<ParameterPlace, "name" | "shape">>();
  const gradients: { address: number; bytes: number }[] = [];
  const movingParameters: MovingParameters[] = [];
  const ops: BlockOp[] = [];
  let scratch = addresses.scratch, parameterCount = 0;

  const allocate = (floats: number): number => {
    const address = scratch;
    scratch = roundUp(scratch + 4 * floats, 64);
    return address;
  };
  const reserve = (floats: number): number => {
    const offset = parameterCount;
    parameterCount += roundUp(floats, 4);
    return offset;
  };
  const allocateTensor = (layer: Layer): BlockTensor => {
    const shape = shapes.get(layer.name)!;
    if (shape.length > 2) {
      throw new TypeError(
        `Cannot train layer "${layer.name}": its output must be [features] or [time, channels], got [${
          shape.join(", ")
        }]`,
      );
    }
    const [steps, channels] = shape.length === 2 ? shape : [1, shape[0]];
    const { before, after } = margins.get(layer.name) ?? { before: 0, after: 0 };
    const size = (before + steps + after) * channels * BLOCK_SAMPLES, margin = before * channels * ROW_BYTES;
    const address = allocate(size) + margin;
    if (layer.kind === "InputLayer") return { steps, channels, address, gradient: 0 };
    const gradient = allocate(size);
    gradients.push({ address: gradient, bytes: 4 * size });
    return { steps, channels, address, gradient: gradient + margin };
  };

  for (const layer of model.layers) {
    const output = allocateTensor(layer);
    tensors.set(layer.name, output);
    const rounding = roundings[layer.name] as Rounding | undefined;
    if (layer.kind === "InputLayer") {
      if (rounding !== undefined) ops.push(compileRoundedInput(output, rounding));
      continue;
    }
    const isModelOutput = layer.name === model.output;
    const context: BlockContext = {
      inputs: layer.inputs.map((input) => tensors.get(input)!),
      output,
      isModelOutput,
      parameters: addresses.parameters,
      allocate,
      reserve,
      reserveMoving(floats, momentum) {
        const offset = reserve(floats);
        movingParameters.push({ offset, count: parameterCount - offset, momentum });
        return offset;
      },
      rounding: (what) => roundings[what === undefined ? layer.name : `${layer.name}/${what}`],
      place: ({ name, ...place }) => places.set(`${layer.name}/${name}`, place),
    };
    const compile = (context: BlockContext) => compileLayer(layer, context);
    ops.push(compileRounded(isModelOutput ? undefined : rounding, context, compile));
  }

  checkSoftmaxOutput(model, shapes);
  const logits = tensors.get(model.output)!, classes = logits.channels;
  const probabilities = allocate(classes * BLOCK_SAMPLES);
  const labels = allocate(BLOCK_SAMPLES), sampleWeights = allocate(BLOCK_SAMPLES);
  const backwardOps = ops.toReversed();
  return {
    inputs: model.layers.filter(({ kind }) => kind === "InputLayer").map(({ name }) => tensors.get(name)!),
    logits,
    probabilities,
    labels,
    sampleWeights,
    parameterPlaces: weightShapes(model).map((weight) => ({ ...weight, ...places.get(weight.name)! })),
    movingParameters,
    parameterCount,
    scratchBytes: scratch - addresses.scratch,
    prepare(machine) {
      for (const op of ops) op.prepare?.(machine);
    },
    forward(machine, pass) {
      for (const op of ops) op.forward(machine, pass);
      machine.kernels.softmaxForward(classes, logits.address, probabilities);
    },
    backward(machine, { gradients: parameterGradients, differentiateLoss }, pass) {
      for (const { address, bytes } of gradients) machine.kernels.zero(address, bytes);
      differentiateLoss();
      for (const op of backwardOps) op.backward(machine, parameterGradients, pass);
    },
  };
}

/** What a window's values are rounded to before anything reads them. */
function compileRoundedInput({ steps, channels, address }: BlockTensor, rounding: Rounding): BlockOp {
  return {
    forward: (machine) => roundRows(machine, rounding, steps * channels, address),
    backward() {},
  };
}

/** @returns The zero steps that a layer's readers want before and after its output, by layer name. */
function readMargins(model: Model, shapes: Map<string, number[]>) {
  const margins = new Map<string, { before: number; after: number }>();
  for (const layer of model.layers) {
    const kind = kindOf(layer), [name] = layer.inputs;
    if (kind.margins === undefined) continue;
    const { padLeft, padRight } = kind.margins(layer, shapes.get(name)![0]);
    const { before, after } = margins.get(name) ?? { before: 0, after: 0 };
    margins.set(name, { before: Math.max(before, padLeft), after: Math.max(after, padRight) });
  }
  return margins;
}
