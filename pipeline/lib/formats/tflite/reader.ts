import { FlatbufferFile, type FlatbufferTable } from "./cursor.ts";
import type {
  OptionValue,
  TfliteModel,
  TfliteOperator,
  TfliteQuantization,
  TfliteSignature,
  TfliteTensor,
  TfliteTensorMap,
} from "./graph.ts";
import { BUILTIN_OPERATORS, CUSTOM_OPERATOR, OPERATORS_BY_NAME } from "./operators.ts";
import { OPTION_NAMES, OPTION_TABLES, type OptionField } from "./options_schema.ts";
import {
  BUFFER,
  FILE_IDENTIFIER,
  FILE_VERSION,
  METADATA,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  QUANTIZATION,
  SIGNATURE_DEF,
  SUBGRAPH,
  TENSOR,
  TENSOR_MAP,
  TENSOR_TYPE_NAMES,
} from "./schema.ts";

/** Tensors, and operators: an unrolled GRU over 216 steps has 3,000. More would let a small file keep readers busy for minutes. */
const MAX_PARTS = 32768;

interface OperatorCode {
  operator: string;
  customCode?: string;
  version: number;
}

/**
 * Reads a .tflite file; every offset, count and index is checked before use.
 *
 * Refused by name: several subgraphs, sparse tensors, options without a table in `OPTION_TABLES`, data
 * outside the FlatBuffers part (files over 2 GB). Not kept: `has_rank`, the deprecated `metadata_buffer`.
 *
 * Source: tensorflow/lite/schema/schema.fbs, version 3.
 *
 * @param bytes The file; constants of the result are views of it.
 * @param file Its name, for messages.
 * @throws FormatError What the file does not hold.
 */
export function decodeTflite(bytes: Uint8Array, file?: string): TfliteModel {
  const source = new FlatbufferFile(bytes, file);
  source.claim(0, 8, "the header");
  const identifier = String.fromCharCode(...bytes.subarray(4, 8));
  if (identifier !== FILE_IDENTIFIER) {
    throw source.error(`the identifier must be "${FILE_IDENTIFIER}", got ${JSON.stringify(identifier)}`, 4);
  }
  const root = source.rootTable();
  const version = root.uint32(MODEL.version);
  if (version !== FILE_VERSION) throw source.error(`its version must be ${FILE_VERSION}, got ${version}`);

  const subgraphs = root.tables(MODEL.subgraphs, "subgraph");
  if (subgraphs.length !== 1) {
    throw source.error(`it must have 1 subgraph (control flow is not supported), got ${subgraphs.length}`);
  }
  const [subgraph] = subgraphs;
  const codes = root.tables(MODEL.operatorCodes, "operator code").map(decodeOperatorCode);
  const buffers = root.tables(MODEL.buffers, "buffer").map(decodeBuffer);
  const listed = (id: number, what: string): FlatbufferTable[] => {
    const tables = subgraph.tables(id, what);
    if (tables.length <= MAX_PARTS) return tables;
    throw source.error(`it must have at most ${MAX_PARTS} ${what}s, got ${tables.length}`);
  };
  const tensors = listed(SUBGRAPH.tensors, "tensor").map((table, i) =>
    decodeTensor(table, `tensor ${i}`, buffers)
  );
  const indices = (table: FlatbufferTable, id: number, what: string, lowest: 0 | -1 = 0) => {
    const list = table.int32s(id, what) ?? [];
    for (const index of list) checkIndex(source, index, { lowest, count: tensors.length, what });
    return list;
  };
  const operators = listed(SUBGRAPH.operators, "operator").map((table, i): TfliteOperator => {
    const what = `operator ${i}`;
    const codeIndex = table.uint32(OPERATOR.opcodeIndex);
    checkIndex(source, codeIndex, { lowest: 0, count: codes.length, what: `the operator code of ${what}` });
    const intermediates = indices(table, OPERATOR.intermediates, `intermediates of ${what}`);
    return {
      ...codes[codeIndex],
      inputs: indices(table, OPERATOR.inputs, `inputs of ${what}`, -1),
      outputs: indices(table, OPERATOR.outputs, `outputs of ${what}`),
      ...decodeOptions(table, `${what} (${codes[codeIndex].operator})`),
      ...(intermediates.length > 0 ? { intermediates } : {}),
    };
  });
  const tensorMaps = (table: FlatbufferTable, id: number, what: string): TfliteTensorMap[] =>
    table.tables(id, what).map((entry, i) => {
      const tensor = entry.uint32(TENSOR_MAP.tensorIndex);
      checkIndex(source, tensor, { lowest: 0, count: tensors.length, what: `${what} ${i}` });
      return { name: entry.text(TENSOR_MAP.name, `the name of ${what} ${i}`), tensor };
    });
  const signatures = root.tables(MODEL.signatureDefs, "signature").map((table): TfliteSignature => {
    const subgraphIndex = table.uint32(SIGNATURE_DEF.subgraphIndex);
    checkIndex(source, subgraphIndex, { lowest: 0, count: 1, what: "the subgraph of a signature" });
    return {
      key: table.text(SIGNATURE_DEF.signatureKey, "a signature's key"),
      inputs: tensorMaps(table, SIGNATURE_DEF.inputs, "signature input"),
      outputs: tensorMaps(table, SIGNATURE_DEF.outputs, "signature output"),
    };
  });
  const metadata = root.tables(MODEL.metadata, "metadata").map((table) => {
    const buffer = table.uint32(METADATA.buffer);
    checkIndex(source, buffer, { lowest: 0, count: buffers.length, what: "the buffer of metadata" });
    return {
      name: table.text(METADATA.name, "a metadata name"),
      data: buffers[buffer] ?? new Uint8Array(0),
    };
  });
  return {
    description: root.text(MODEL.description, "the description"),
    name: subgraph.text(SUBGRAPH.name, "the subgraph's name"),
    tensors,
    operators,
    inputs: indices(subgraph, SUBGRAPH.inputs, "the model's inputs"),
    outputs: indices(subgraph, SUBGRAPH.outputs, "the model's outputs"),
    metadata,
    signatures,
  };
}

function checkIndex(
  source: FlatbufferFile,
  index: number,
  { lowest, count, what }: { lowest: number; count: number; what: string },
): void {
  if (index < lowest || index >= count) {
    throw source.error(`${what} must be in [${lowest}, ${count - 1}], got ${index}`);
  }
}

function decodeOperatorCode(table: FlatbufferTable): OperatorCode {
  // Old files have only the one-byte field, new ones both; the larger one counts.
  const code = Math.max(
    table.int8(OPERATOR_CODE.deprecatedBuiltinCode),
    table.int32(OPERATOR_CODE.builtinCode),
  );
  const known = BUILTIN_OPERATORS[code];
  const isCustom = code === OPERATORS_BY_NAME.get(CUSTOM_OPERATOR)!.code;
  if (known === undefined) {
    throw table.file.error(
      `builtin operator codes must be at most ${BUILTIN_OPERATORS.length - 1}, got ${code}`,
    );
  }
  const customCode = table.text(OPERATOR_CODE.customCode, "a custom operator's name");
  return {
    operator: known.name,
    ...(isCustom ? { customCode } : {}),
    version: table.int32(OPERATOR_CODE.version, 1),
  };
}

function decodeBuffer(table: FlatbufferTable, index: number): Uint8Array | undefined {
  if (table.has(BUFFER.offset) || table.has(BUFFER.size)) {
    throw table.file.error(`buffer ${index} must lie inside the FlatBuffers part, got an outside offset`);
  }
  return table.bytes(BUFFER.data, `buffer ${index}`);
}

function decodeTensor(
  table: FlatbufferTable,
  what: string,
  buffers: (Uint8Array | undefined)[],
): TfliteTensor {
  const source = table.file;
  const typeCode = table.int8(TENSOR.type);
  const type = TENSOR_TYPE_NAMES.get(typeCode);
  if (type === undefined) throw source.error(`the type of ${what} must be a known one, got ${typeCode}`);
  if (table.has(TENSOR.sparsity)) throw source.error(`${what} must be dense, got a sparse one`);
  if (table.has(TENSOR.variantTensors)) throw source.error(`${what} must not be a variant, got one`);
  const buffer = table.uint32(TENSOR.buffer);
  checkIndex(source, buffer, { lowest: 0, count: buffers.length, what: `the buffer of ${what}` });
  const shapeSignature = table.int32s(TENSOR.shapeSignature, `the shape signature of ${what}`);
  const quantizationTable = table.table(TENSOR.quantization, `the quantization of ${what}`);
  const quantization = quantizationTable && decodeQuantization(quantizationTable, what);
  const data = buffers[buffer];
  return {
    name: table.text(TENSOR.name, `the name of ${what}`),
    type,
    shape: table.int32s(TENSOR.shape, `the shape of ${what}`) ?? [],
    ...(shapeSignature ? { shapeSignature } : {}),
    ...(quantization ? { quantization } : {}),
    ...(table.uint8(TENSOR.isVariable) !== 0 ? { isVariable: true } : {}),
    ...(data ? { data } : {}),
  };
}

function decodeQuantization(table: FlatbufferTable, what: string): TfliteQuantization | undefined {
  if (table.uint8(QUANTIZATION.detailsType) !== 0) {
    throw table.file.error(`the quantization of ${what} must be affine, got custom details`);
  }
  const scale = table.float32s(QUANTIZATION.scale, `the scales of ${what}`) ?? [];
  const zeroPoint = table.int64s(QUANTIZATION.zeroPoint, `the zero points of ${what}`) ?? [];
  const min = table.float32s(QUANTIZATION.min, `the minima of ${what}`);
  const max = table.float32s(QUANTIZATION.max, `the maxima of ${what}`);
  if (scale.length !== zeroPoint.length) {
    throw table.file.error(
      `${what} must have as many zero points as scales, got ${zeroPoint.length} and ${scale.length}`,
    );
  }
  if (scale.length === 0 && min === undefined && max === undefined) return undefined;
  return {
    scale,
    zeroPoint,
    quantizedDimension: table.int32(QUANTIZATION.quantizedDimension),
    ...(min ? { min } : {}),
    ...(max ? { max } : {}),
  };
}

function decodeOptions(
  table: FlatbufferTable,
  what: string,
): Pick<TfliteOperator, "optionsType" | "options" | "customOptions"> {
  const source = table.file;
  const mutated = table.bytes(OPERATOR.mutatingVariableInputs, `the mutating inputs of ${what}`);
  if (mutated?.some((flag) => flag !== 0)) {
    throw source.error(`${what} must not declare mutating inputs, got some`);
  }
  const format = table.int8(OPERATOR.customOptionsFormat);
  if (format !== 0) throw source.error(`custom options of ${what} must be FlexBuffers, got format ${format}`);
  const customOptions = table.bytes(OPERATOR.customOptions, `the custom options of ${what}`);
  const custom = customOptions ? { customOptions } : {};
  const typeCode = table.uint8(OPERATOR.builtinOptionsType);
  if (typeCode === 0) return custom;
  const optionsType = OPTION_NAMES.get(typeCode);
  if (optionsType === undefined) {
    throw source.error(`the options of ${what} must be of a supported type, got type ${typeCode}`);
  }
  const { fields } = OPTION_TABLES[optionsType];
  const optionTable = table.table(OPERATOR.builtinOptions, `the options of ${what}`);
  if (optionTable === undefined) throw source.error(`${what} must hold its ${optionsType}, got none`);
  for (let id = fields.length; id < optionTable.fieldCount; id++) {
    if (optionTable.has(id)) {
      throw source.error(`${optionsType} of ${what} must have ${fields.length} fields, got a field ${id}`);
    }
  }
  const options = Object.fromEntries(
    fields.map((field, id) => [field[0], optionValue(optionTable, id, field)]),
  );
  return { optionsType, options, ...custom };
}

function optionValue(
  table: FlatbufferTable,
  id: number,
  [name, kind, defaultValue]: OptionField,
): OptionValue {
  switch (kind) {
    case "i8":
      return table.int8(id, defaultValue);
    case "bool":
      return table.int8(id, defaultValue) !== 0;
    case "i32":
      return table.int32(id, defaultValue);
    case "u32":
      return table.uint32(id, defaultValue);
    case "i64":
      return table.int64(id);
    case "f32":
      return table.float32(id, defaultValue);
    case "i32[]":
      return table.int32s(id, name) ?? [];
  }
}
