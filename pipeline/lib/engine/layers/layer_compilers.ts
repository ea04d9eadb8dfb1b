import type { Layer, Model } from "../../nn/model.ts";
import { compileBatchNormalization } from "./batch_normalization.ts";
import { compileBidirectional } from "./bidirectional.ts";
import type { BlockContext, BlockOp } from "./block.ts";
import { compileConv1D, compileDense } from "./conv1d.ts";
import { compileDepthwiseConv1D, compileSeparableConv1D } from "./depthwise_conv1d.ts";
import { compileDropout } from "./dropout.ts";
import {
  compileActivationLayer,
  compileAdd,
  compileConcatenate,
  compileCopy,
  compileMultiply,
} from "./graph.ts";
import { compileGru } from "./gru.ts";
import { compileLstm } from "./lstm.ts";
import {
  compileAveragePooling,
  compileGlobalAverage,
  compileGlobalMax,
  compileMaxPooling,
} from "./pooling.ts";

/** Makes the two passes of one kind of layer. */
type LayerCompiler<L extends Layer> = (layer: L, context: BlockContext) => BlockOp;

/** The kinds of layers that the kernels compute; a new one is one file and one line here. */
const COMPILERS: { [K in Layer["kind"]]?: LayerCompiler<Extract<Layer, { kind: K }>> } = {
  Conv1D: compileConv1D,
  DepthwiseConv1D: compileDepthwiseConv1D,
  SeparableConv1D: compileSeparableConv1D,
  BatchNormalization: compileBatchNormalization,
  Dense: compileDense,
  LSTM: compileLstm,
  GRU: compileGru,
  Bidirectional: compileBidirectional,
  MaxPooling1D: compileMaxPooling,
  AveragePooling1D: compileAveragePooling,
  GlobalMaxPooling1D: (_, context) => compileGlobalMax(context),
  GlobalAveragePooling1D: (_, context) => compileGlobalAverage(context),
  Activation: compileActivationLayer,
  ReLU: compileActivationLayer,
  Dropout: compileDropout,
  Flatten: compileCopy,
  Reshape: compileCopy,
  Concatenate: compileConcatenate,
  Add: compileAdd,
  Multiply: compileMultiply,
};

/** @throws TypeError A layer of a kind that the kernels do not have, by name. */
export function checkLayers({ layers }: Model): void {
  const missing = layers.find(({ kind }) => kind !== "InputLayer" && COMPILERS[kind] === undefined);
  if (missing === undefined) return;
  throw new TypeError(
    `Cannot train layer "${missing.name}": its kind must be one with kernels, got "${missing.kind}"`,
  );
}

/** @throws TypeError An activation that the kernels do not have, by its layer's name. */
export function compileLayer(layer: Layer, context: BlockContext): BlockOp {
  return (COMPILERS[layer.kind] as LayerCompiler<Layer>)(layer, context);
}
