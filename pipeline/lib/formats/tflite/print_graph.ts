import {
  elementCount,
  float32Elements,
  int32Elements,
  type OptionValue,
  type TfliteModel,
  type TfliteTensor,
} from "./graph.ts";
import { ACTIVATION, PADDING } from "./schema.ts";

/** Integer constants of up to this many values are written out: shapes, axes, paddings. */
const SHOWN_VALUES = 8;
/** More inputs or outputs than an LSTM has: the steps of a window, which say nothing one by one. */
const LONG_LIST = 30;

const namesByNumber = (values: Record<string, number>) =>
  new Map(Object.entries(values).map(([name, number]) => [number, name.toLowerCase()]));
const ACTIVATION_NAMES = namesByNumber(ACTIVATION), PADDING_NAMES = namesByNumber(PADDING);

/**
 * Writes a graph as text, one operator a line in the order of execution: number, operator with version and what is
 * fused into it, inputs, outputs, options that are not the usual ones.
 *
 *     inputs   input FLOAT32 [1,216,1]
 *     0  CONV_2D v1 relu  (input/image [1,1,216,1], conv/kernel [16,1,7,1] const, conv/bias [16] const)
 *        -> conv [1,1,108,16]  strideW 2, padding same
 *     outputs  dense FLOAT32 [1,5]
 *
 * @returns Lines without a newline behind the last one.
 */
export function printGraph(model: TfliteModel): string {
  const { tensors, operators } = model;
  const lines = [`inputs   ${model.inputs.map((index) => typed(tensors[index])).join(", ")}`];
  const width = String(operators.length).length;
  operators.forEach(({ operator, customCode, version, inputs, outputs, options = {} }, number) => {
    const fused = ACTIVATION_NAMES.get(Number(options.fusedActivationFunction ?? 0)) ?? "unknown activation";
    const head = `${customCode ?? operator} v${version}${fused === "none" ? "" : ` ${fused}`}`;
    const place = String(number).padStart(width);
    lines.push(
      `${place}  ${head}  (${describeAll(inputs, tensors)}) -> ${describeAll(outputs, tensors)}${
        describeOptions(options)
      }`,
    );
  });
  lines.push(`outputs  ${model.outputs.map((index) => typed(tensors[index])).join(", ")}`);
  return lines.join("\n");
}

/** Describes tensors one behind the other; several absent ones together, of very many the first two and the last. */
function describeAll(indices: readonly number[], tensors: readonly TfliteTensor[]): string {
  if (indices.length > LONG_LIST) {
    const [first, second] = indices, last = indices[indices.length - 1];
    return `${describeAll([first, second], tensors)}, ... ${
      describeAll([last], tensors)
    } (${indices.length})`;
  }
  const parts: string[] = [];
  for (let i = 0; i < indices.length; i++) {
    const first = i;
    while (indices[i] === -1 && indices[i + 1] === -1) i++;
    if (i > first) parts.push(`${i - first + 1} absent`);
    else parts.push(indices[i] === -1 ? "-" : describe(tensors[indices[i]]));
  }
  return parts.join(", ");
}

const typed = (tensor: TfliteTensor) =>
  `${tensor.name} ${tensor.type} [${tensor.shapeSignature ?? tensor.shape}]${scaleOf(tensor)}`;

function scaleOf({ quantization }: TfliteTensor): string {
  if (quantization === undefined || quantization.scale.length === 0) return "";
  const { scale: [scale], zeroPoint: [zeroPoint] } = quantization, count = quantization.scale.length;
  return count > 1 ? ` (${count} scales)` : ` (${Number(scale.toPrecision(4))}, ${zeroPoint})`;
}

function describe(tensor: TfliteTensor): string {
  const { name, type, shape, shapeSignature, isVariable, data } = tensor;
  const form = `${name} ${type === "FLOAT32" ? "" : `${type} `}[${shapeSignature ?? shape}]${
    scaleOf(tensor)
  }`;
  if (isVariable) return `${form} variable`;
  if (data === undefined) return form;
  const count = elementCount(shape);
  if (type === "INT32" && tensor.quantization === undefined && count <= SHOWN_VALUES) {
    return `${form} = ${[...int32Elements(data)].join(" ")}`;
  }
  if (type === "FLOAT32" && count === 1) return `${form} = ${float32Elements(data)[0]}`;
  return `${form} const`;
}

/** Options whose usual value needs no mention. */
const USUAL: Record<string, OptionValue> = {
  strideH: 1,
  strideW: 1,
  dilationHFactor: 1,
  dilationWFactor: 1,
  filterHeight: 1,
  beta: 1,
  potScaleInt16: true,
};

/** Shown elsewhere: before the inputs, and as the output's shape. */
const SHOWN_OPTIONS = ["fusedActivationFunction", "newShape"];

function describeOptions(options: Record<string, OptionValue>): string {
  const told = Object.entries(options).flatMap(([name, value]) => {
    if (SHOWN_OPTIONS.includes(name) || value === USUAL[name]) return [];
    if (name === "padding") return [`padding ${PADDING_NAMES.get(Number(value)) ?? value}`];
    return value === false || value === 0 && name !== "axis" ? [] : [`${name} ${value}`];
  });
  return told.length === 0 ? "" : `  ${told.join(", ")}`;
}
