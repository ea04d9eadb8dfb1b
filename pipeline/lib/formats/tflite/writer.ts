import { Builder } from "flatbuffers";
import type {
  OptionValue,
  TfliteModel,
  TfliteOperator,
  TfliteQuantization,
  TfliteTensor,
  TfliteTensorMap,
} from "./graph.ts";
import { OPERATORS_BY_NAME } from "./operators.ts";
import { OPTION_TABLES, type OptionField } from "./options_schema.ts";
import {
  BUFFER,
  FILE_IDENTIFIER,
  FILE_VERSION,
  METADATA,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  PLACEHOLDER_CODE,
  QUANTIZATION,
  SIGNATURE_DEF,
  SUBGRAPH,
  TENSOR,
  TENSOR_MAP,
  TENSOR_TYPES,
} from "./schema.ts";

/** The schema's force_align of buffer data: kernels read constants in place with vector instructions. */
const BUFFER_ALIGNMENT = 16;

/**
 * Writes a .tflite file: the same model gives the same bytes.
 *
 * Buffer 0 is the empty one; constants that share one `data` array share one buffer; data is aligned to 16
 * bytes. Equal shapes, quantizations and options are stored once. Operator codes stand in the old and the new field, so that readers before schema 3a find them too.
 *
 * Source: tensorflow/lite/schema/schema.fbs, version 3.
 *
 * @throws RangeError An operator, option or tensor that the schema does not know.
 */
export function encodeTflite(model: TfliteModel): Uint8Array {
  const builder = new Builder(1 << 16);
  const buffers = new Map<Uint8Array, number>();
  for (const { data } of [...model.tensors, ...model.metadata]) {
    if (data !== undefined && !buffers.has(data)) buffers.set(data, buffers.size + 1);
  }
  const bufferTables = offsetVector(
    builder,
    [undefined, ...buffers.keys()].map((data) => bufferTable(builder, data)),
  );
  const tensors = offsetVector(
    builder,
    model.tensors.map((tensor) => tensorTable(builder, tensor, buffers.get(tensor.data!) ?? 0)),
  );
  const codes = new OperatorCodes();
  const operators = offsetVector(
    builder,
    model.operators.map((operator) => operatorTable(builder, operator, codes.indexOf(operator))),
  );
  const inputs = int32Vector(builder, model.inputs), outputs = int32Vector(builder, model.outputs);
  const name = builder.createString(model.name);
  builder.startObject(5);
  builder.addFieldOffset(SUBGRAPH.tensors, tensors, 0);
  builder.addFieldOffset(SUBGRAPH.inputs, inputs, 0);
  builder.addFieldOffset(SUBGRAPH.outputs, outputs, 0);
  builder.addFieldOffset(SUBGRAPH.operators, operators, 0);
  builder.addFieldOffset(SUBGRAPH.name, name, 0);
  const subgraphs = offsetVector(builder, [builder.endObject()]);
  const operatorCodes = offsetVector(
    builder,
    codes.list.map((operator) => operatorCodeTable(builder, operator)),
  );
  const metadata = offsetVector(
    builder,
    model.metadata.map((entry) => {
      const metadataName = builder.createString(entry.name);
      builder.startObject(2);
      builder.addFieldOffset(METADATA.name, metadataName, 0);
      builder.addFieldInt32(METADATA.buffer, buffers.get(entry.data)!, 0);
      return builder.endObject();
    }),
  );
  const signatures = offsetVector(
    builder,
    model.signatures.map((signature) => {
      const inputMap = tensorMapVector(builder, signature.inputs);
      const outputMap = tensorMapVector(builder, signature.outputs);
      const key = builder.createString(signature.key);
      builder.startObject(5);
      builder.addFieldOffset(SIGNATURE_DEF.inputs, inputMap, 0);
      builder.addFieldOffset(SIGNATURE_DEF.outputs, outputMap, 0);
      builder.addFieldOffset(SIGNATURE_DEF.signatureKey, key, 0);
      return builder.endObject();
    }),
  );
  const description = builder.createString(model.description);
  builder.startObject(8);
  builder.addFieldInt32(MODEL.version, FILE_VERSION, 0);
  builder.addFieldOffset(MODEL.operatorCodes, operatorCodes, 0);
  builder.addFieldOffset(MODEL.subgraphs, subgraphs, 0);
  builder.addFieldOffset(MODEL.description, description, 0);
  builder.addFieldOffset(MODEL.buffers, bufferTables, 0);
  if (model.metadata.length > 0) builder.addFieldOffset(MODEL.metadata, metadata, 0);
  if (model.signatures.length > 0) builder.addFieldOffset(MODEL.signatureDefs, signatures, 0);
  builder.finish(builder.endObject(), FILE_IDENTIFIER);
  return builder.asUint8Array().slice();
}

/** The distinct pairs of operator and version, in the order of first use. */
class OperatorCodes {
  readonly list: TfliteOperator[] = [];

  indexOf(operator: TfliteOperator): number {
    const known = this.list.findIndex((other) =>
      other.operator === operator.operator && other.version === operator.version &&
      other.customCode === operator.customCode
    );
    return known === -1 ? this.list.push(operator) - 1 : known;
  }
}

function operatorCodeTable(builder: Builder, { operator, customCode, version }: TfliteOperator): number {
  const known = OPERATORS_BY_NAME.get(operator);
  if (known === undefined) {
    throw new RangeError(
      `Cannot write TFLite model: operators must be builtin ones or CUSTOM, got "${operator}"`,
    );
  }
  const customName = customCode === undefined ? 0 : builder.createString(customCode);
  builder.startObject(4);
  builder.addFieldInt8(OPERATOR_CODE.deprecatedBuiltinCode, Math.min(known.code, PLACEHOLDER_CODE), 0);
  builder.addFieldOffset(OPERATOR_CODE.customCode, customName, 0);
  builder.addFieldInt32(OPERATOR_CODE.version, version, 1);
  builder.addFieldInt32(OPERATOR_CODE.builtinCode, known.code, 0);
  return builder.endObject();
}

function bufferTable(builder: Builder, data: Uint8Array | undefined): number {
  let vector = 0;
  if (data !== undefined && data.length > 0) {
    // createByteVector aligns to 1 only; startVector with the alignment pads first, then the bytes go in at
    // once.
    builder.startVector(1, data.length, BUFFER_ALIGNMENT);
    const writable = builder as unknown as { space: number; bb: { bytes(): Uint8Array } };
    writable.space -= data.length;
    writable.bb.bytes().set(data, writable.space);
    vector = builder.endVector();
  }
  builder.startObject(1);
  builder.addFieldOffset(BUFFER.data, vector, 0);
  return builder.endObject();
}

function tensorTable(builder: Builder, tensor: TfliteTensor, buffer: number): number {
  const quantization = tensor.quantization === undefined ? 0 : once(
    builder,
    ["quantization", tensor.quantization],
    () => quantizationTable(builder, tensor.quantization!),
  );
  const name = builder.createString(tensor.name);
  const shape = int32Vector(builder, tensor.shape);
  const signature = tensor.shapeSignature === undefined ? 0 : int32Vector(builder, tensor.shapeSignature);
  builder.startObject(10);
  builder.addFieldOffset(TENSOR.shape, shape, 0);
  builder.addFieldInt8(TENSOR.type, TENSOR_TYPES[tensor.type].code, 0);
  builder.addFieldInt32(TENSOR.buffer, buffer, 0);
  builder.addFieldOffset(TENSOR.name, name, 0);
  builder.addFieldOffset(TENSOR.quantization, quantization, 0);
  builder.addFieldInt8(TENSOR.isVariable, tensor.isVariable ? 1 : 0, 0);
  builder.addFieldOffset(TENSOR.shapeSignature, signature, 0);
  builder.addFieldInt8(TENSOR.hasRank, 1, 0);
  return builder.endObject();
}

function quantizationTable(builder: Builder, quantization: TfliteQuantization): number {
  const min = quantization.min === undefined ? 0 : float32Vector(builder, quantization.min);
  const max = quantization.max === undefined ? 0 : float32Vector(builder, quantization.max);
  const scale = float32Vector(builder, quantization.scale);
  const zeroPoint = int64Vector(builder, quantization.zeroPoint);
  builder.startObject(7);
  builder.addFieldOffset(QUANTIZATION.min, min, 0);
  builder.addFieldOffset(QUANTIZATION.max, max, 0);
  builder.addFieldOffset(QUANTIZATION.scale, scale, 0);
  builder.addFieldOffset(QUANTIZATION.zeroPoint, zeroPoint, 0);
  builder.addFieldInt32(QUANTIZATION.quantizedDimension, quantization.quantizedDimension, 0);
  return builder.endObject();
}

function operatorTable(builder: Builder, operator: TfliteOperator, codeIndex: number): number {
  const options = once(
    builder,
    [operator.optionsType, operator.options],
    () => optionsTable(builder, operator),
  );
  const customOptions = operator.customOptions === undefined
    ? 0
    : builder.createByteVector(operator.customOptions);
  const inputs = int32Vector(builder, operator.inputs), outputs = int32Vector(builder, operator.outputs);
  const intermediates = operator.intermediates === undefined
    ? 0
    : int32Vector(builder, operator.intermediates);
  builder.startObject(9);
  builder.addFieldInt32(OPERATOR.opcodeIndex, codeIndex, 0);
  builder.addFieldOffset(OPERATOR.inputs, inputs, 0);
  builder.addFieldOffset(OPERATOR.outputs, outputs, 0);
  if (operator.optionsType !== undefined) {
    builder.addFieldInt8(OPERATOR.builtinOptionsType, OPTION_TABLES[operator.optionsType].code, 0);
    builder.addFieldOffset(OPERATOR.builtinOptions, options, 0);
  }
  builder.addFieldOffset(OPERATOR.customOptions, customOptions, 0);
  builder.addFieldOffset(OPERATOR.intermediates, intermediates, 0);
  return builder.endObject();
}

function optionsTable(builder: Builder, { operator, optionsType, options = {} }: TfliteOperator): number {
  if (optionsType === undefined) return 0;
  const table = OPTION_TABLES[optionsType];
  if (table === undefined) {
    throw new RangeError(
      `Cannot write TFLite model: options of ${operator} must be known, got "${optionsType}"`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!table.fields.some((field) => field[0] === name)) {
      throw new RangeError(`Cannot write TFLite model: ${optionsType} must have known fields, got "${name}"`);
    }
  }
  const vectors = table.fields.map(([name, kind]) =>
    kind === "i32[]" && options[name] !== undefined ? int32Vector(builder, options[name] as number[]) : 0
  );
  builder.startObject(table.fields.length);
  table.fields.forEach((field, id) => addOption(builder, id, field, options[field[0]], vectors[id]));
  return builder.endObject();
}

function addOption(
  builder: Builder,
  id: number,
  [, kind, defaultValue = 0]: OptionField,
  value: OptionValue | undefined,
  vector: number,
): void {
  if (value === undefined) return;
  switch (kind) {
    case "i8":
    case "bool":
      return builder.addFieldInt8(id, Number(value), defaultValue);
    case "i32":
    case "u32":
      return builder.addFieldInt32(id, Number(value), defaultValue);
    case "i64":
      return builder.addFieldInt64(id, BigInt(value as bigint), 0n);
    case "f32":
      return builder.addFieldFloat32(id, Number(value), defaultValue);
    case "i32[]":
      return builder.addFieldOffset(id, vector, 0);
  }
}

function tensorMapVector(builder: Builder, entries: TfliteTensorMap[]): number {
  return offsetVector(
    builder,
    entries.map(({ name, tensor }) => {
      const nameOffset = builder.createString(name);
      builder.startObject(2);
      builder.addFieldOffset(TENSOR_MAP.name, nameOffset, 0);
      builder.addFieldInt32(TENSOR_MAP.tensorIndex, tensor, 0);
      return builder.endObject();
    }),
  );
}

/** Parts that a file holds already, by kind and content. */
const writtenParts = new WeakMap<Builder, Map<string, number>>();

/**
 * Writes a part of the file unless the same one is there: shapes, scales and options recur, and offsets may point to one
 * place. Of a recurrent layer that is written out step by step they are a fifth of the file.
 *
 * @param content Kind and content of the part. @returns Its offset.
 */
function once(builder: Builder, content: readonly unknown[], write: () => number): number {
  let parts = writtenParts.get(builder);
  if (parts === undefined) writtenParts.set(builder, parts = new Map());
  // Of these JSON would make one and the same, or nothing at all.
  const isPlain = (value: unknown) =>
    typeof value !== "bigint" && (typeof value !== "number" || isFinite(value));
  const key = JSON.stringify(content, (_, value) => isPlain(value) ? value : `${typeof value} ${value}`);
  let offset = parts.get(key);
  if (offset === undefined) parts.set(key, offset = write());
  return offset;
}

/**
 * Writes a vector. FlatBuffers are built from the end to the start, so that it is filled from its last element.
 *
 * @param add Writes one element of `bytes` bytes.
 */
function vector(
  builder: Builder,
  bytes: number,
  values: readonly number[],
  add: (value: number) => void,
): number {
  builder.startVector(bytes, values.length, bytes);
  for (let i = values.length - 1; i >= 0; i--) add(values[i]);
  return builder.endVector();
}

const offsetVector = (builder: Builder, offsets: number[]) =>
  vector(builder, 4, offsets, (v) => builder.addOffset(v));
const int32Vector = (builder: Builder, values: number[]) =>
  once(builder, ["i32", values], () => vector(builder, 4, values, (v) => builder.addInt32(v)));
const float32Vector = (builder: Builder, values: number[]) =>
  vector(builder, 4, values, (v) => builder.addFloat32(v));
const int64Vector = (builder: Builder, values: number[]) =>
  vector(builder, 8, values, (v) => builder.addInt64(BigInt(v)));
