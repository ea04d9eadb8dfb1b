/** How a field of an option table is stored. */
export type OptionFieldKind = "i8" | "bool" | "i32" | "u32" | "i64" | "f32" | "i32[]";

/** Name, kind and, where it is not 0, default of one field; its position in the list is its field id. */
export type OptionField = readonly [name: string, kind: OptionFieldKind, defaultValue?: number];

/** One member of the union BuiltinOptions. */
export interface OptionTable {
  /** Member number in the union. */
  readonly code: number;
  readonly fields: readonly OptionField[];
}

/**
 * The option tables of the builtin operators, by the schema's names with fields in camelCase.
 *
 * Not supported: options of control flow, hash tables, resource variables, embeddings and string operators; a
 * file with them is refused by name.
 *
 * Source: tensorflow/lite/schema/schema.fbs of TensorFlow 2.9, union BuiltinOptions; ResizeBilinearOptions
 * keeps the two deprecated fields that stand before its others.
 */
export const OPTION_TABLES: Readonly<Record<string, OptionTable>> = {
  Conv2DOptions: {
    code: 1,
    fields: [["padding", "i8"], ["strideW", "i32"], ["strideH", "i32"], ["fusedActivationFunction", "i8"], [
      "dilationWFactor",
      "i32",
      1,
    ], ["dilationHFactor", "i32", 1]],
  },
  DepthwiseConv2DOptions: {
    code: 2,
    fields: [
      ["padding", "i8"],
      ["strideW", "i32"],
      ["strideH", "i32"],
      ["depthMultiplier", "i32"],
      ["fusedActivationFunction", "i8"],
      ["dilationWFactor", "i32", 1],
      ["dilationHFactor", "i32", 1],
    ],
  },
  Pool2DOptions: {
    code: 5,
    fields: [["padding", "i8"], ["strideW", "i32"], ["strideH", "i32"], ["filterWidth", "i32"], [
      "filterHeight",
      "i32",
    ], ["fusedActivationFunction", "i8"]],
  },
  SVDFOptions: {
    code: 6,
    fields: [["rank", "i32"], ["fusedActivationFunction", "i8"], ["asymmetricQuantizeInputs", "bool"]],
  },
  RNNOptions: { code: 7, fields: [["fusedActivationFunction", "i8"], ["asymmetricQuantizeInputs", "bool"]] },
  FullyConnectedOptions: {
    code: 8,
    fields: [["fusedActivationFunction", "i8"], ["weightsFormat", "i8"], ["keepNumDims", "bool"], [
      "asymmetricQuantizeInputs",
      "bool",
    ]],
  },
  SoftmaxOptions: { code: 9, fields: [["beta", "f32"]] },
  ConcatenationOptions: { code: 10, fields: [["axis", "i32"], ["fusedActivationFunction", "i8"]] },
  AddOptions: { code: 11, fields: [["fusedActivationFunction", "i8"], ["potScaleInt16", "bool", 1]] },
  L2NormOptions: { code: 12, fields: [["fusedActivationFunction", "i8"]] },
  LocalResponseNormalizationOptions: {
    code: 13,
    fields: [["radius", "i32"], ["bias", "f32"], ["alpha", "f32"], ["beta", "f32"]],
  },
  LSTMOptions: {
    code: 14,
    fields: [["fusedActivationFunction", "i8"], ["cellClip", "f32"], ["projClip", "f32"], [
      "kernelType",
      "i8",
    ], ["asymmetricQuantizeInputs", "bool"]],
  },
  ResizeBilinearOptions: {
    code: 15,
    fields: [["newHeight", "i32"], ["newWidth", "i32"], ["alignCorners", "bool"], [
      "halfPixelCenters",
      "bool",
    ]],
  },
  ReshapeOptions: { code: 17, fields: [["newShape", "i32[]"]] },
  SpaceToDepthOptions: { code: 19, fields: [["blockSize", "i32"]] },
  MulOptions: { code: 21, fields: [["fusedActivationFunction", "i8"]] },
  PadOptions: { code: 22, fields: [] },
  GatherOptions: { code: 23, fields: [["axis", "i32"], ["batchDims", "i32"]] },
  BatchToSpaceNDOptions: { code: 24, fields: [] },
  SpaceToBatchNDOptions: { code: 25, fields: [] },
  TransposeOptions: { code: 26, fields: [] },
  ReducerOptions: { code: 27, fields: [["keepDims", "bool"]] },
  SubOptions: { code: 28, fields: [["fusedActivationFunction", "i8"], ["potScaleInt16", "bool", 1]] },
  DivOptions: { code: 29, fields: [["fusedActivationFunction", "i8"]] },
  SqueezeOptions: { code: 30, fields: [["squeezeDims", "i32[]"]] },
  SequenceRNNOptions: {
    code: 31,
    fields: [["timeMajor", "bool"], ["fusedActivationFunction", "i8"], ["asymmetricQuantizeInputs", "bool"]],
  },
  StridedSliceOptions: {
    code: 32,
    fields: [["beginMask", "i32"], ["endMask", "i32"], ["ellipsisMask", "i32"], ["newAxisMask", "i32"], [
      "shrinkAxisMask",
      "i32",
    ]],
  },
  ExpOptions: { code: 33, fields: [] },
  TopKV2Options: { code: 34, fields: [] },
  SplitOptions: { code: 35, fields: [["numSplits", "i32"]] },
  LogSoftmaxOptions: { code: 36, fields: [] },
  CastOptions: { code: 37, fields: [["inDataType", "i8"], ["outDataType", "i8"]] },
  DequantizeOptions: { code: 38, fields: [] },
  MaximumMinimumOptions: { code: 39, fields: [] },
  ArgMaxOptions: { code: 40, fields: [["outputType", "i8"]] },
  LessOptions: { code: 41, fields: [] },
  NegOptions: { code: 42, fields: [] },
  PadV2Options: { code: 43, fields: [] },
  GreaterOptions: { code: 44, fields: [] },
  GreaterEqualOptions: { code: 45, fields: [] },
  LessEqualOptions: { code: 46, fields: [] },
  SelectOptions: { code: 47, fields: [] },
  SliceOptions: { code: 48, fields: [] },
  TransposeConvOptions: { code: 49, fields: [["padding", "i8"], ["strideW", "i32"], ["strideH", "i32"]] },
  SparseToDenseOptions: { code: 50, fields: [["validateIndices", "bool"]] },
  TileOptions: { code: 51, fields: [] },
  ExpandDimsOptions: { code: 52, fields: [] },
  EqualOptions: { code: 53, fields: [] },
  NotEqualOptions: { code: 54, fields: [] },
  ShapeOptions: { code: 55, fields: [["outType", "i8"]] },
  PowOptions: { code: 56, fields: [] },
  ArgMinOptions: { code: 57, fields: [["outputType", "i8"]] },
  FakeQuantOptions: {
    code: 58,
    fields: [["min", "f32"], ["max", "f32"], ["numBits", "i32"], ["narrowRange", "bool"]],
  },
  PackOptions: { code: 59, fields: [["valuesCount", "i32"], ["axis", "i32"]] },
  LogicalOrOptions: { code: 60, fields: [] },
  OneHotOptions: { code: 61, fields: [["axis", "i32"]] },
  LogicalAndOptions: { code: 62, fields: [] },
  LogicalNotOptions: { code: 63, fields: [] },
  UnpackOptions: { code: 64, fields: [["num", "i32"], ["axis", "i32"]] },
  FloorDivOptions: { code: 65, fields: [] },
  SquareOptions: { code: 66, fields: [] },
  ZerosLikeOptions: { code: 67, fields: [] },
  FillOptions: { code: 68, fields: [] },
  BidirectionalSequenceLSTMOptions: {
    code: 69,
    fields: [
      ["fusedActivationFunction", "i8"],
      ["cellClip", "f32"],
      ["projClip", "f32"],
      ["mergeOutputs", "bool"],
      ["timeMajor", "bool", 1],
      ["asymmetricQuantizeInputs", "bool"],
    ],
  },
  BidirectionalSequenceRNNOptions: {
    code: 70,
    fields: [["timeMajor", "bool"], ["fusedActivationFunction", "i8"], ["mergeOutputs", "bool"], [
      "asymmetricQuantizeInputs",
      "bool",
    ]],
  },
  UnidirectionalSequenceLSTMOptions: {
    code: 71,
    fields: [["fusedActivationFunction", "i8"], ["cellClip", "f32"], ["projClip", "f32"], [
      "timeMajor",
      "bool",
    ], ["asymmetricQuantizeInputs", "bool"]],
  },
  FloorModOptions: { code: 72, fields: [] },
  RangeOptions: { code: 73, fields: [] },
  ResizeNearestNeighborOptions: {
    code: 74,
    fields: [["alignCorners", "bool"], ["halfPixelCenters", "bool"]],
  },
  LeakyReluOptions: { code: 75, fields: [["alpha", "f32"]] },
  SquaredDifferenceOptions: { code: 76, fields: [] },
  MirrorPadOptions: { code: 77, fields: [["mode", "i8"]] },
  AbsOptions: { code: 78, fields: [] },
  SplitVOptions: { code: 79, fields: [["numSplits", "i32"]] },
  UniqueOptions: { code: 80, fields: [["idxOutType", "i8", 2]] },
  ReverseV2Options: { code: 81, fields: [] },
  AddNOptions: { code: 82, fields: [] },
  GatherNdOptions: { code: 83, fields: [] },
  CosOptions: { code: 84, fields: [] },
  WhereOptions: { code: 85, fields: [] },
  RankOptions: { code: 86, fields: [] },
  ReverseSequenceOptions: { code: 87, fields: [["seqDim", "i32"], ["batchDim", "i32"]] },
  MatrixDiagOptions: { code: 88, fields: [] },
  QuantizeOptions: { code: 89, fields: [] },
  MatrixSetDiagOptions: { code: 90, fields: [] },
  HardSwishOptions: { code: 91, fields: [] },
  DepthToSpaceOptions: { code: 94, fields: [["blockSize", "i32"]] },
  NonMaxSuppressionV4Options: { code: 95, fields: [] },
  NonMaxSuppressionV5Options: { code: 96, fields: [] },
  ScatterNdOptions: { code: 97, fields: [] },
  SelectV2Options: { code: 98, fields: [] },
  DensifyOptions: { code: 99, fields: [] },
  SegmentSumOptions: { code: 100, fields: [] },
  BatchMatMulOptions: {
    code: 101,
    fields: [["adjX", "bool"], ["adjY", "bool"], ["asymmetricQuantizeInputs", "bool"]],
  },
  CumsumOptions: { code: 102, fields: [["exclusive", "bool"], ["reverse", "bool"]] },
  BroadcastToOptions: { code: 104, fields: [] },
  Rfft2dOptions: { code: 105, fields: [] },
  Conv3DOptions: {
    code: 106,
    fields: [
      ["padding", "i8"],
      ["strideD", "i32"],
      ["strideW", "i32"],
      ["strideH", "i32"],
      ["fusedActivationFunction", "i8"],
      ["dilationDFactor", "i32", 1],
      ["dilationWFactor", "i32", 1],
      ["dilationHFactor", "i32", 1],
    ],
  },
  RandomOptions: { code: 114, fields: [["seed", "i64"], ["seed2", "i64"]] },
  GeluOptions: { code: 116, fields: [["approximate", "bool"]] },
  DynamicUpdateSliceOptions: { code: 117, fields: [] },
};

/** Name of each member of the union BuiltinOptions that `OPTION_TABLES` describes, by its number. */
export const OPTION_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(OPTION_TABLES).map(([name, { code }]) => [code, name]),
);
