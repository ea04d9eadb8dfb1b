import { elementCount } from "./graph.ts";
import { constantOf, normalAxis, numberOption, type OperatorContext } from "./operator_context.ts";
import { PADDING } from "./schema.ts";

/** @returns The shape that every output must have, or what is wrong. */
export type ShapeRule = (context: OperatorContext) => number[] | string;

/** Largest filter, stride, dilation and padding: the kernels keep some of them in 16 bits. */
const MAX_EXTENT = 32767;
/** Broadcasting kernels walk this many axes. */
const MAX_BROADCAST_RANK = 4;

export const sameShape: ShapeRule = ({ inputs }) => inputs[0]!.shape;

export const broadcastShape: ShapeRule = ({ inputs: [a, b] }) => {
  if (a!.shape.join() === b!.shape.join()) return a!.shape;
  const rank = Math.max(a!.shape.length, b!.shape.length);
  if (rank > MAX_BROADCAST_RANK) {
    return `its inputs must have at most ${MAX_BROADCAST_RANK} axes or one shape, got ${rank}`;
  }
  const size = (shape: number[], axis: number) => shape[axis - rank + shape.length] ?? 1;
  const shape = Array.from(
    { length: rank },
    (_, axis) => Math.max(size(a!.shape, axis), size(b!.shape, axis)),
  );
  const fits = [a!.shape, b!.shape].every((operand) =>
    shape.every((extent, axis) => [1, extent].includes(size(operand, axis)))
  );
  return fits ? shape : `its inputs must have sizes that are equal or 1, got [${a!.shape}] and [${b!.shape}]`;
};

export const reducedShape: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!;
  const axes = [...constantOf(context, 1)].map((axis) => normalAxis(axis, shape.length)!);
  if (new Set(axes).size !== axes.length) return `its axes must differ, got ${axes}`;
  if (context.operator.options!.keepDims === true) {
    return shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  }
  return shape.filter((_, axis) => !axes.includes(axis));
};

interface Extents {
  filter: readonly [height: number, width: number];
  channels: number;
}

function slidingShape(context: OperatorContext, { filter, channels }: Extents): number[] | string {
  const { shape } = context.inputs[0]!;
  if (shape.length !== 4) return `its input must have 4 axes, got ${shape.length}`;
  const stride = [numberOption(context, "strideH"), numberOption(context, "strideW")];
  const dilation = ["dilationHFactor", "dilationWFactor"].map((name) =>
    Number(context.operator.options![name] ?? 1)
  );
  const wrong = [...filter, ...stride, ...dilation].find((value) => !(value >= 1 && value <= MAX_EXTENT));
  if (wrong !== undefined) {
    return `its filter, strides and dilations must be positive and at most ${MAX_EXTENT}, got ${wrong}`;
  }
  const isSame = numberOption(context, "padding") === PADDING.SAME;
  const extents = filter.map((size, i) => {
    const covered = isSame ? 1 : (size - 1) * dilation[i] + 1;
    return Math.floor((shape[1 + i] - covered) / stride[i]) + 1;
  });
  return extents.every((extent) => extent >= 1)
    ? [shape[0], ...extents, channels]
    : `its filter must fit into the input [${shape}], got ${filter.join(" x ")}`;
}

export const pooledShape: ShapeRule = (context) =>
  slidingShape(context, {
    filter: [numberOption(context, "filterHeight"), numberOption(context, "filterWidth")],
    channels: context.inputs[0]!.shape[3],
  });

/** @param channelAxis Axis of the weights with the output channels. */
export const convolvedShape = (channelAxis: 0 | 3): ShapeRule => (context) => {
  const [input, weights, bias] = context.inputs;
  if (weights!.shape.length !== 4) return `its weights must have 4 axes, got ${weights!.shape.length}`;
  const channels = weights!.shape[channelAxis], inChannels = input!.shape[3];
  if (channelAxis === 0 && inChannels !== weights!.shape[3]) {
    return `its input must have ${weights!.shape[3]} channels, got [${input!.shape}]`;
  }
  if (channelAxis === 3) {
    const multiplier = numberOption(context, "depthMultiplier");
    if (weights!.shape[0] !== 1) return `its weights must begin with 1, got [${weights!.shape}]`;
    if (multiplier * inChannels !== channels) {
      return `depthMultiplier times input channels must be ${channels}, got ${multiplier} times ${inChannels}`;
    }
  }
  const { scale = [], quantizedDimension } = weights!.quantization ?? {};
  if (scale.length > 1 && quantizedDimension !== channelAxis) {
    return `its weights must have a scale an index of axis ${channelAxis}, got axis ${quantizedDimension}`;
  }
  return biasProblem(bias?.shape, channels) ??
    slidingShape(context, { filter: [weights!.shape[1], weights!.shape[2]], channels });
};

export const denseShape: ShapeRule = ({ operator, inputs: [input, weights, bias] }) => {
  if (weights!.shape.length !== 2) return `its weights must have 2 axes, got ${weights!.shape.length}`;
  const [units, features] = weights!.shape, { weightsFormat, keepNumDims } = operator.options!;
  if (weightsFormat !== 0) return `its weightsFormat must be 0 (not shuffled), got ${weightsFormat}`;
  const scales = weights!.quantization?.scale.length ?? 0;
  if (weights!.type === "INT8" && scales > 1) {
    return `its INT8 weights must have 1 scale, because TFLite 2.9 takes the first for all channels, got ${scales}`;
  }
  const problem = biasProblem(bias?.shape, units);
  if (problem !== undefined) return problem;
  const count = elementCount(input!.shape);
  if (count % features !== 0) {
    return `its input must hold a multiple of ${features} values, got [${input!.shape}]`;
  }
  if (!keepNumDims) return [count / features, units];
  return input!.shape[input!.shape.length - 1] === features
    ? [...input!.shape.slice(0, -1), units]
    : `its input must end with ${features}, got [${input!.shape}]`;
};

/** Without peephole, projection and layer normalization weights, batch first. */
export const lstmShape: ShapeRule = ({ operator, inputs }) => {
  const [input] = inputs, hidden = inputs[18]!;
  if (input!.shape.length !== 3 || hidden.shape.length !== 2) {
    return `its input must have 3 axes and its states 2, got [${input!.shape}] and [${hidden.shape}]`;
  }
  if (operator.options!.timeMajor === true) return "it must have the batch first, got time first";
  if (inputs.some((tensor, i) => tensor !== undefined && LSTM_ABSENT.includes(i))) {
    return "it must have no peephole, projection and layer normalization weights, got some";
  }
  const [batch, steps, features] = input!.shape, units = hidden.shape[1];
  const expected = (position: number): number[] => {
    if (position >= 18) return [batch, units];
    if (position >= 12) return [units];
    return position >= 5 ? [units, units] : [units, features];
  };
  for (const position of [1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 15, 18, 19]) {
    const { shape } = inputs[position]!;
    if (shape.join() !== expected(position).join()) {
      return `its input ${position} must be [${expected(position)}], got [${shape}]`;
    }
  }
  if (![inputs[18], inputs[19]].every((state) => state!.isVariable)) {
    return "its states must be variables, got others";
  }
  return [batch, steps, units];
};

/** Positions of the LSTM's inputs that must be absent. */
export const LSTM_ABSENT: readonly number[] = [9, 10, 11, 16, 17, 20, 21, 22, 23];

export const concatenatedShape: ShapeRule = (context) => {
  const [first, ...rest] = context.inputs.map((tensor) => tensor!.shape);
  const axis = normalAxis(numberOption(context, "axis"), first.length);
  if (axis === undefined) {
    return `its axis must be one of ${first.length}, got ${numberOption(context, "axis")}`;
  }
  const fits = rest.every((shape) =>
    shape.length === first.length && shape.every((size, i) => i === axis || size === first[i])
  );
  if (!fits) return `its inputs must differ only in axis ${axis}, got [${first}] and others`;
  return first.map((size, i) => i === axis ? rest.reduce((sum, shape) => sum + shape[i], size) : size);
};

export const expandedShape: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!, [axis] = constantOf(context, 1);
  const at = normalAxis(axis, shape.length + 1);
  return at === undefined
    ? `its axis must be one of ${shape.length + 1}, got ${axis}`
    : shape.toSpliced(at, 0, 1);
};

export const paddedShape: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!, paddings = constantOf(context, 1);
  const wrong = paddings.find((value) => value < 0 || value > MAX_EXTENT);
  if (wrong !== undefined) return `its paddings must be in [0, ${MAX_EXTENT}], got ${wrong}`;
  if (context.inputs[1]!.shape.join() !== `${shape.length},2`) {
    return `its paddings must be [${shape.length}, 2], got [${context.inputs[1]!.shape}]`;
  }
  return shape.map((size, axis) => size + paddings[2 * axis] + paddings[2 * axis + 1]);
};

export const reshapedShape: ShapeRule = (context) => {
  const { inputs, operator } = context, count = elementCount(inputs[0]!.shape);
  const target = inputs.length > 1
    ? [...constantOf(context, 1)]
    : [...(operator.options?.newShape as number[] ?? [])];
  if (inputs.length > 1 && inputs[1]!.shape.length !== 1) {
    return "its shape input must have 1 axis, got another";
  }
  const open = target.indexOf(-1),
    known = target.reduce((product, size, i) => i === open ? product : product * size, 1);
  if (open !== -1 && known > 0) target[open] = count / known;
  return elementCount(target) === count && target.every((size) => Number.isInteger(size) && size > 0)
    ? target
    : `its target must hold ${count} values, got [${target}]`;
};

/** Halves, thirds ... of the second input. */
export const splitShape: ShapeRule = (context) => {
  const { shape } = context.inputs[1]!, [axis] = constantOf(context, 0);
  const at = normalAxis(axis, shape.length)!, parts = context.outputs.length;
  if (numberOption(context, "numSplits") !== parts) {
    return `numSplits must be its number of outputs, got ${numberOption(context, "numSplits")}`;
  }
  return shape[at] % parts === 0
    ? shape.with(at, shape[at] / parts)
    : `its axis must be a multiple of ${parts}, got ${shape[at]}`;
};

export const squeezedShape: ShapeRule = ({ inputs, operator }) => {
  const { shape } = inputs[0]!, listed = operator.options!.squeezeDims as number[];
  const axes = listed.length > 0
    ? listed.map((axis) => normalAxis(axis, shape.length) ?? -1)
    : [...shape.keys()].filter((axis) => shape[axis] === 1);
  return axes.every((axis) => shape[axis] === 1)
    ? shape.filter((_, axis) => !axes.includes(axis))
    : `its squeezeDims must be axes of size 1 of [${shape}], got ${listed}`;
};

export const slicedShape: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!, { options } = context.operator;
  if (options!.ellipsisMask !== 0 || options!.newAxisMask !== 0) {
    return "its ellipsisMask and newAxisMask must be 0, got others";
  }
  const [begin, end, strides] = [1, 2, 3].map((position) => constantOf(context, position));
  if ([begin, end, strides].some((list) => list.length !== shape.length)) {
    return `its begin, end and strides must hold ${shape.length} values, got others`;
  }
  const isSet = (mask: string, axis: number) => (numberOption(context, mask) >> axis & 1) === 1;
  const result: number[] = [];
  for (const [axis, size] of shape.entries()) {
    const stride = strides[axis];
    if (stride === 0 || Math.abs(stride) > MAX_EXTENT) {
      return `its strides must not be 0 or huge, got ${stride}`;
    }
    const [low, high] = stride > 0 ? [0, size] : [-1, size - 1];
    const place = (value: number) => Math.min(Math.max(value < 0 ? value + size : value, low), high);
    const from = isSet("beginMask", axis) ? (stride > 0 ? low : high) : place(begin[axis]);
    const to = isSet("endMask", axis) ? (stride > 0 ? high : low) : place(end[axis]);
    if (isSet("shrinkAxisMask", axis)) {
      if (stride !== 1 || from >= size) {
        return `its shrunk axis ${axis} must be one index in [0, ${size}), got ${from}`;
      }
    } else {
      result.push(Math.max(0, Math.ceil((to - from) / stride)));
    }
  }
  return result;
};

export const transposedShape: ShapeRule = (context) => {
  const { shape } = context.inputs[0]!, axes = [...constantOf(context, 1)];
  const normal = axes.map((axis) => normalAxis(axis, shape.length)!);
  return new Set(normal).size === shape.length && axes.length === shape.length
    ? normal.map((axis) => shape[axis])
    : `its permutation must name ${shape.length} axes once each, got ${axes}`;
};

function biasProblem(shape: number[] | undefined, channels: number): string | undefined {
  return shape === undefined || (shape.length === 1 && shape[0] === channels)
    ? undefined
    : `its bias must hold ${channels} values, got [${shape}]`;
}
