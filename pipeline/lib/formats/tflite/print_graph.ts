import {
  elementCount,
  float32Elements,
  int32Elements,
  type TfliteModel,
  type TfliteTensor,
} from "./graph.ts";
import { ACTIVATION, PADDING } from "./schema.ts";

/** Integer constants of up to this many values are written out: shapes, axes, paddings. */
const SHOWN_VALUES = 8;

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
    const read = inputs.map((index) => index === -1 ? "-" : describe(tensors[index])).join(", ");
    const written = outputs.map((index) => describe(tensors[index])).join(", ");
    lines.push(
      `${String(number).padStart(width)}  ${head}  (${shortened(read)}) -> ${shortened(written)}${
        suffix(options)
      }`,
    );
  });
  lines.push(`outputs  ${model.outputs.map((index) => typed(tensors[index])).join(", ")}`);
  return lines.join("\n");
}

/** An LSTM's absent inputs in a row, and the parts of a SPLIT, say nothing one by one. */
function shortened(list: string): string {
  const parts = list.split(", ");
  const text = list.replace(/-(, -)+/g, (dashes) => `${dashes.split(", ").length} absent`);
  const shown = 30;
  return parts.length > shown
    ? `${parts.slice(0, 2).join(", ")}, ... ${parts[parts.length - 1]} (${parts.length})`
    : text;
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
const USUAL: Record<string, unknown> = {
  fusedActivationFunction: undefined,
  newShape: undefined,
  strideH: 1,
  strideW: 1,
  dilationHFactor: 1,
  dilationWFactor: 1,
  filterHeight: 1,
  beta: 1,
  potScaleInt16: true,
};

function suffix(options: NonNullable<TfliteModel["operators"][number]["options"]>): string {
  const told = Object.entries(options).flatMap(([name, value]) => {
    if (name === "fusedActivationFunction" || name === "newShape" || value === USUAL[name]) return [];
    if (name === "padding") return [`padding ${PADDING_NAMES.get(Number(value)) ?? value}`];
    return value === false || value === 0 && name !== "axis" ? [] : [`${name} ${value}`];
  });
  return told.length === 0 ? "" : `  ${told.join(", ")}`;
}
