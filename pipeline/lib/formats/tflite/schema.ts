/** Element types of tensors: number in the schema's enum TensorType and bytes an element (0: not of fixed size). */
export const TENSOR_TYPES = {
  FLOAT32: { code: 0, byteSize: 4 },
  FLOAT16: { code: 1, byteSize: 2 },
  INT32: { code: 2, byteSize: 4 },
  UINT8: { code: 3, byteSize: 1 },
  INT64: { code: 4, byteSize: 8 },
  STRING: { code: 5, byteSize: 0 },
  BOOL: { code: 6, byteSize: 1 },
  INT16: { code: 7, byteSize: 2 },
  COMPLEX64: { code: 8, byteSize: 8 },
  INT8: { code: 9, byteSize: 1 },
  FLOAT64: { code: 10, byteSize: 8 },
  COMPLEX128: { code: 11, byteSize: 16 },
  UINT64: { code: 12, byteSize: 8 },
  RESOURCE: { code: 13, byteSize: 0 },
  VARIANT: { code: 14, byteSize: 0 },
  UINT32: { code: 15, byteSize: 4 },
  UINT16: { code: 16, byteSize: 2 },
} as const;

/** Name of an element type as in the schema, for example "INT8". */
export type TensorTypeName = keyof typeof TENSOR_TYPES;

/** Names of the element types by their number. */
export const TENSOR_TYPE_NAMES: ReadonlyMap<number, TensorTypeName> = new Map(
  (Object.keys(TENSOR_TYPES) as TensorTypeName[]).map((name) => [TENSOR_TYPES[name].code, name]),
);

/** The schema's enum ActivationFunctionType. */
export const ACTIVATION = { NONE: 0, RELU: 1, RELU_N1_TO_1: 2, RELU6: 3, TANH: 4, SIGN_BIT: 5 } as const;

/** The schema's enum Padding. */
export const PADDING = { SAME: 0, VALID: 1 } as const;

/** Identifier and version of the file format. */
export const FILE_IDENTIFIER = "TFL3";
export const FILE_VERSION = 3;

/** Largest code that the old one-byte field of an operator code can name; a larger one stands in the new field. */
export const PLACEHOLDER_CODE = 127;

// Field ids of the schema's tables, in the order of schema.fbs.
export const MODEL = {
  version: 0,
  operatorCodes: 1,
  subgraphs: 2,
  description: 3,
  buffers: 4,
  metadata: 6,
  signatureDefs: 7,
} as const;
export const OPERATOR_CODE = { deprecatedBuiltinCode: 0, customCode: 1, version: 2, builtinCode: 3 } as const;
export const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3, name: 4 } as const;
export const TENSOR = {
  shape: 0,
  type: 1,
  buffer: 2,
  name: 3,
  quantization: 4,
  isVariable: 5,
  sparsity: 6,
  shapeSignature: 7,
  hasRank: 8,
  variantTensors: 9,
} as const;
export const QUANTIZATION = {
  min: 0,
  max: 1,
  scale: 2,
  zeroPoint: 3,
  detailsType: 4,
  quantizedDimension: 6,
} as const;
export const OPERATOR = {
  opcodeIndex: 0,
  inputs: 1,
  outputs: 2,
  builtinOptionsType: 3,
  builtinOptions: 4,
  customOptions: 5,
  customOptionsFormat: 6,
  mutatingVariableInputs: 7,
  intermediates: 8,
} as const;
export const BUFFER = { data: 0, offset: 1, size: 2 } as const;
export const METADATA = { name: 0, buffer: 1 } as const;
export const SIGNATURE_DEF = { inputs: 0, outputs: 1, signatureKey: 2, subgraphIndex: 4 } as const;
export const TENSOR_MAP = { name: 0, tensorIndex: 1 } as const;
