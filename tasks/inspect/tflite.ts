import {
  type ArenaEstimate,
  arenaInTfliteMicro,
  arenaSizeWithMargin,
} from "../../pipeline/lib/devices/arena.ts";
import { operatorMacs } from "../../pipeline/lib/devices/multiply_accumulates.ts";
import {
  findingTexts,
  judgeTargets,
  type TargetVerdict,
} from "../../pipeline/lib/devices/targets/targets.ts";
import {
  tensorByteSize,
  type TfliteModel,
  type TfliteOperator,
  type TfliteQuantization,
  type TfliteTensor,
} from "../../pipeline/lib/formats/tflite/graph.ts";
import { decodeTflite } from "../../pipeline/lib/formats/tflite/reader.ts";
import { ACTIVATION } from "../../pipeline/lib/formats/tflite/schema.ts";
import { operatorName } from "../../pipeline/lib/formats/tflite/verify.ts";
import { MAX_TFLITE_BYTES, readFileFromOutside } from "../../pipeline/lib/stage/inputs/outside_file.ts";
import { alignColumns } from "../align_columns.ts";
import { bytesText, factLines, type FileKind, type Inspection, titleOf } from "./inspection.ts";

const MAX_ROWS = 40;
const MAX_TEXT = 60;
/** Of metadata: what lies deeper would take the stack of who walks along it. */
const MAX_DEPTH = 32;
/** A hash fits in. */
const MAX_VALUE = 100;

const count = (value: number): string => value.toLocaleString("en");
const shorten = (text: string, most = MAX_TEXT): string =>
  text.length > most ? `${text.slice(0, most - 3)}...` : text;

function inspectTflite(path: string): Inspection {
  const bytes = readFileFromOutside(path, { maxBytes: MAX_TFLITE_BYTES, content: "tflite" });
  const model = decodeTflite(bytes, path);
  const macs = model.operators.map((operator) => operatorMacs(operator, model));
  const totalMacs = macs.reduce((sum, value) => sum + value, 0);
  const arena = arenaInTfliteMicro(model), verdicts = judgeTargets(model);
  const weights = model.tensors.filter(({ data }) => data !== undefined);
  const weightBytes = weights.reduce((sum, { data }) => sum + data!.length, 0);
  const metadata = model.metadata.map(({ name, data }) => ({
    name,
    bytes: data.length,
    value: readMetadata(data),
  }));
  const entries = (indices: readonly number[]) =>
    indices.map((index) => {
      const { name, type, shape, shapeSignature, quantization } = model.tensors[index];
      const open = shapeSignature?.includes(-1) ? ` (may be [${shapeSignature.join(", ")}])` : "";
      return `${shorten(name)}: ${type} [${shape.join(", ")}]${open}${quantizationText(quantization, ", ")}`;
    });
  const lines = [
    titleOf(path, "TFLite model"),
    ...factLines([
      ...(model.description === "" ? [] : [["about", shorten(model.description)] as const]),
      ["inputs", entries(model.inputs)],
      ["outputs", entries(model.outputs)],
      ["operators", operatorTable(model, macs)],
      [
        "",
        `${count(model.operators.length)} operators, ${count(totalMacs)} multiply-accumulates for one run`,
      ],
      ["tensors", tensorTable(model)],
      [
        "weights",
        `${bytesText(weightBytes)} in ${weights.length} constants, ${
          (100 * weightBytes / bytes.length).toFixed(1)
        } % of the file`,
      ],
      [
        "memory",
        arena === undefined ? "none to tell: tflite-micro does not take the model" : arenaLines(arena),
      ],
      ...(metadata.length > 0 ? [["metadata", metadata.flatMap(metadataLines)] as const] : []),
      ["accepted", [...verdictTable(verdicts, model), "from the known tables; no compiler was run"]],
    ]),
  ];
  return {
    json: {
      bytes: bytes.length,
      description: model.description,
      inputs: model.inputs,
      outputs: model.outputs,
      signatures: model.signatures,
      operators: model.operators.map((operator, i) => ({ ...jsonOf(operator), macs: macs[i] })),
      tensors: model.tensors.map(({ data, ...tensor }) => ({
        ...tensor,
        bytes: tensorByteSize(tensor),
        constant: data !== undefined,
      })),
      macs: totalMacs,
      weightBytes,
      arena: arena && { ...arena, withMargin: arenaSizeWithMargin(arena) },
      metadata,
      targets: verdicts,
    },
    lines,
  };
}

function arenaLines(arena: ArenaEstimate): string[] {
  const { total, planned, variables, structures } = arena;
  return [
    `tflite-micro takes about ${bytesText(total)}: ${
      count(planned)
    } bytes for activations and scratch as its planner places them,`,
    `${count(variables)} for states, up to ${
      count(structures)
    } for structures (64-bit pointers); with margin ${count(arenaSizeWithMargin(arena))}`,
  ];
}

/** Large integers and bytes have no form in JSON. */
function jsonOf({ options, customOptions, ...operator }: TfliteOperator): Record<string, unknown> {
  return {
    ...operator,
    ...(options && {
      options: Object.fromEntries(
        Object.entries(options).map((
          [name, value],
        ) => [name, typeof value === "bigint" ? String(value) : value]),
      ),
    }),
    ...(customOptions && { customOptionsBytes: customOptions.length }),
  };
}

function operatorTable(model: TfliteModel, macs: readonly number[]): string[] {
  return table(
    ["#", "operator", "version", "activation", "reads", "writes", "MACs"],
    model.operators.map((operator, i) => [
      String(i),
      shorten(operatorName(operator)),
      String(operator.version),
      activationName(operator),
      operator.inputs.filter((index) => index >= 0).join(" "),
      operator.outputs.map((index) => `${index} [${model.tensors[index].shape.join(", ")}]`).join(" "),
      macs[i] === 0 ? "" : count(macs[i]),
    ]),
    6,
  );
}

function activationName({ options }: TfliteOperator): string {
  const code = Number(options?.fusedActivationFunction ?? 0);
  return code === ACTIVATION.NONE
    ? ""
    : Object.entries(ACTIVATION).find(([, value]) => value === code)?.[0] ?? String(code);
}

function tensorTable(model: TfliteModel): string[] {
  const roleOf = ({ data, isVariable }: TfliteTensor, index: number): string => {
    if (model.inputs.includes(index)) return "input";
    if (model.outputs.includes(index)) return "output";
    return data !== undefined ? "constant" : isVariable ? "state" : "";
  };
  return table(
    ["#", "name", "type", "shape", "", "quantization", "bytes"],
    model.tensors.slice(0, MAX_ROWS).map((tensor, index) => [
      String(index),
      shorten(tensor.name),
      tensor.type,
      `[${tensor.shape.join(", ")}]`,
      roleOf(tensor, index),
      quantizationText(tensor.quantization),
      count(tensorByteSize(tensor)),
    ]),
    6,
    model.tensors.length,
  );
}

function quantizationText(quantization: TfliteQuantization | undefined, before = ""): string {
  if (quantization === undefined || quantization.scale.length === 0) return "";
  const { scale, zeroPoint, quantizedDimension } = quantization;
  return before +
    (scale.length === 1
      ? `scale ${Number(scale[0].toPrecision(6))}, zero ${zeroPoint[0]}`
      : `${scale.length} scales, axis ${quantizedDimension}`);
}

/** @returns Rows as columns, the last of them figures; those beyond a screenful are counted. */
function table(header: string[], rows: string[][], words: number, total = rows.length): string[] {
  const shown = rows.slice(0, MAX_ROWS);
  return [
    ...alignColumns([header, ...shown], words).split("\n"),
    ...(total > shown.length ? [`... and ${count(total - shown.length)} more (--json lists all)`] : []),
  ];
}

/** @returns JSON as a value, text (and JSON that no one would write so deep) as text; undefined for anything else. */
function readMetadata(data: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(data).replace(/\0+$/, "");
  } catch {
    return undefined;
  }
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x08\x0e-\x1f]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isDeeper(value, MAX_DEPTH) ? text : value;
  } catch {
    return text;
  }
}

/** Whether objects or arrays lie in each other more than so many times. */
const isDeeper = (value: unknown, most: number): boolean =>
  typeof value === "object" && value !== null &&
  (most === 0 || Object.values(value).some((inner) => isDeeper(inner, most - 1)));

function metadataLines({ name, bytes, value }: { name: string; bytes: number; value: unknown }): string[] {
  if (typeof value !== "object" || value === null) {
    return [
      `${shorten(name)}: ${value === undefined ? `${count(bytes)} bytes` : shorten(JSON.stringify(value))}`,
    ];
  }
  const entries = flatEntries(value), shown = entries.slice(0, MAX_ROWS);
  return [
    `${shorten(name)}:`,
    ...shown.map(([key, entry]) => `  ${shorten(key)}: ${shorten(JSON.stringify(entry), MAX_VALUE)}`),
    ...(entries.length > shown.length ? [`  ... and ${entries.length - shown.length} more`] : []),
  ];
}

/** The values of an object and of the objects in it, by their path. */
function flatEntries(value: object, path = ""): [key: string, value: unknown][] {
  return Object.entries(value).flatMap(([key, inner]): [string, unknown][] =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? flatEntries(inner, `${path}${key}.`)
      : [[`${path}${key}`, inner]]
  );
}

function verdictTable(verdicts: readonly TargetVerdict[], model: TfliteModel): string[] {
  const rows = verdicts.flatMap(({ target, accepts, findings }) => {
    const texts = findingTexts(findings, model), shown = texts.slice(0, 6);
    if (texts.length > shown.length) shown.push(`... and ${texts.length - shown.length} more`);
    return [[target, accepts, shown[0] ?? ""], ...shown.slice(1).map((text) => ["", "", text])];
  });
  return alignColumns(rows, 3).split("\n");
}

/** Models in the form of TensorFlow Lite. */
export const tfliteKind: FileKind = {
  name: "tflite",
  files: "a TFLite model (.tflite)",
  matches: (path) => /\.tflite$/i.test(path),
  inspect: inspectTflite,
};
