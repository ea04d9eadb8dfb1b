// @ts-nocheck AssemblyScript: usize, f32 and v128 are not TypeScript's types. Built by `deno task kernels`.
//
// Every activation is [feature][32 samples]: one row of 128 bytes a feature, so that a sequence [steps][channels]
// is contiguous and a convolution's window is a slice of it. Arguments are byte addresses (multiples of 16) and element
// counts. kernels.wasm has plain SIMD only, which every processor rounds alike; kernels_fused.wasm is the same source
// with relaxed SIMD.

import { activationBackward, activationForward, reluBackward } from "./activation.as.ts";
import { convBackward, convForward } from "./convolution.as.ts";
import { crossEntropyBackward, softmaxForward } from "./cross_entropy.as.ts";
import { depthwiseBackward, depthwiseForward } from "./depthwise.as.ts";
import { fakeQuantize, fakeQuantizeBackward } from "./fake_quantize.as.ts";
import { combineRows, maskRows } from "./graph.as.ts";
import { gruBackward, gruForward } from "./gru.as.ts";
import { gruForwardRounded } from "./gru_rounded.as.ts";
import { lstmBackward, lstmForward } from "./lstm.as.ts";
import { hyperbolicTangent, prepare, sigmoid } from "./math.as.ts";
import { gemmBlock, gemmSamples, packColumns, packRows } from "./matrix.as.ts";
import { blockStatistics, movingAverage, normalize, normalizeBackward } from "./normalization.as.ts";
import {
  adam,
  addPenalty,
  clampValues,
  decayWeights,
  momentumStep,
  scaleValues,
  sumGradients,
  sumOfSquares,
} from "./optimizers.as.ts";
import { averagePoolBackward, averagePoolForward, maxPoolBackward, maxPoolForward } from "./pooling.as.ts";

// The compiler knows no `export ... from` with the ending of a file.
export { activationBackward, activationForward, reluBackward };
export { convBackward, convForward, depthwiseBackward, depthwiseForward };
export { crossEntropyBackward, softmaxForward };
export { fakeQuantize, fakeQuantizeBackward };
export { combineRows, maskRows };
export { gruBackward, gruForward, gruForwardRounded, lstmBackward, lstmForward };
export { blockStatistics, movingAverage, normalize, normalizeBackward };
export { adam, addPenalty, clampValues, decayWeights, momentumStep, scaleValues, sumGradients, sumOfSquares };
export { averagePoolBackward, averagePoolForward, maxPoolBackward, maxPoolForward };
export { prepare };
// Parts of the layers' kernels, for the tests and for what measures them.
export { gemmBlock, gemmSamples, hyperbolicTangent, packColumns, packRows, sigmoid };

export function zero(address: usize, bytes: usize): void {
  memory.fill(address, 0, bytes);
}

export function copy(target: usize, source: usize, bytes: usize): void {
  memory.copy(target, source, bytes);
}
