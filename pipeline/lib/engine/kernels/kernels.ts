/** Samples that one kernel call computes: a row of 128 bytes. */
export const BLOCK_SAMPLES = 32;
/** Bytes of one feature of a block, float32. */
export const ROW_BYTES = 4 * BLOCK_SAMPLES;

/** End of the memory that the kernels keep for constants, which begins at byte 64. */
export const RESERVED_BYTES = 368;

/** What both kernels of a convolution begin with. */
export type ConvOperands = readonly [
  steps: number,
  advance: number,
  slices: number,
  sliceAdvance: number,
  columns: number,
  padded: number,
  filters: number,
  input: number,
  weights: number,
];

/** What both kernels of a depthwise convolution begin with. */
export type DepthwiseOperands = readonly [
  steps: number,
  advance: number,
  taps: number,
  tapAdvance: number,
  channels: number,
  multiplier: number,
  input: number,
  weights: number,
  padded: number,
];

/** What all kernels of a GRU begin with. */
export type GruOperands = readonly [
  steps: number,
  units: number,
  inputs: number,
  padded: number,
  weights: number,
  state: number,
  gates: number,
];

/** What all kernels of a pooling begin with: how its windows lie over time. */
export type PoolWindows = readonly [
  outSteps: number,
  steps: number,
  channels: number,
  size: number,
  strides: number,
  padLeft: number,
];

/**
 * The compiled kernels; the .as.ts files say what each argument is. All addresses are byte offsets into the memory
 * that they were instantiated with, multiples of 16; an address of 0 for a gradient means that it is not wanted.
 */
export interface Kernels {
  prepare(): void;
  zero(address: number, bytes: number): void;
  copy(target: number, source: number, bytes: number): void;
  convForward(
    ...operands: [...ConvOperands, bias: number, output: number, relu: boolean, scratch: number]
  ): void;
  convBackward(
    ...operands: [
      ...ConvOperands,
      outputGradient: number,
      inputGradient: number,
      weightGradient: number,
      biasGradient: number,
      scratch: number,
    ]
  ): void;
  depthwiseForward(...operands: [...DepthwiseOperands, bias: number, output: number]): void;
  depthwiseBackward(
    ...operands: [
      ...DepthwiseOperands,
      outputGradient: number,
      inputGradient: number,
      weightGradient: number,
      biasGradient: number,
    ]
  ): void;
  lstmForward(
    steps: number,
    units: number,
    columns: number,
    padded: number,
    weights: number,
    state: number,
    gates: number,
    cells: number,
    scratch: number,
    hiddenStep: number,
    cellStep: number,
    hardSlope: number,
  ): void;
  lstmBackward(
    steps: number,
    units: number,
    inputs: number,
    columns: number,
    padded: number,
    weights: number,
    state: number,
    gates: number,
    cells: number,
    outputGradient: number,
    outputStep: number,
    hiddenGradient: number,
    cellGradient: number,
    inputGradient: number,
    inputStep: number,
    weightGradient: number,
    scratch: number,
    activated: number,
    hiddenStep: number,
    cellStep: number,
    hardSlope: number,
  ): void;
  gruForward(...operands: [...GruOperands, resetAfter: boolean, scratch: number, hardSlope: number]): void;
  gruForwardRounded(
    ...operands: [
      ...GruOperands,
      resetAfter: boolean,
      scratch: number,
      work: number,
      roundings: number,
      hardSlope: number,
    ]
  ): void;
  gruBackward(
    ...operands: [
      ...GruOperands,
      outputGradient: number,
      outputStep: number,
      hiddenGradient: number,
      resetGradient: number,
      inputGradient: number,
      inputStep: number,
      weightGradient: number,
      resetAfter: boolean,
      scratch: number,
      hardSlope: number,
    ]
  ): void;
  gemmBlock(m: number, k: number, a: number, b: number, c: number, accumulate: boolean): void;
  gemmSamples(
    steps: number,
    m: number,
    n: number,
    a: number,
    stepA: number,
    b: number,
    stepB: number,
    c: number,
    line: number,
    scratch: number,
  ): void;
  packRows(m: number, k: number, source: number, line: number, target: number): void;
  packColumns(m: number, k: number, source: number, line: number, target: number): void;
  sigmoid(source: number, target: number, bytes: number): void;
  hyperbolicTangent(source: number, target: number, bytes: number): void;
  activationForward(rows: number, address: number, activation: number): void;
  activationBackward(rows: number, output: number, gradient: number, activation: number): void;
  reluBackward(rows: number, output: number, gradient: number): void;
  combineRows(
    operation: number,
    steps: number,
    channels: number,
    target: number,
    targetStep: number,
    targetChannel: number,
    source: number,
    sourceStep: number,
    sourceChannel: number,
  ): void;
  fakeQuantize(
    rows: number,
    source: number,
    target: number,
    step: number,
    low: number,
    high: number,
  ): void;
  fakeQuantizeBackward(
    rows: number,
    source: number,
    targetGradient: number,
    sourceGradient: number,
    step: number,
    low: number,
    high: number,
  ): void;
  maskRows(
    rows: number,
    source: number,
    target: number,
    key1: number,
    key2: number,
    threshold: number,
    scale: number,
    accumulate: boolean,
  ): void;
  blockStatistics(
    steps: number,
    channels: number,
    samples: number,
    input: number,
    means: number,
    variances: number,
  ): void;
  normalize(
    steps: number,
    channels: number,
    input: number,
    means: number,
    variances: number,
    gammas: number,
    betas: number,
    epsilon: number,
    output: number,
  ): void;
  normalizeBackward(
    steps: number,
    channels: number,
    samples: number,
    input: number,
    means: number,
    variances: number,
    gammas: number,
    epsilon: number,
    outputGradient: number,
    inputGradient: number,
    gammaGradients: number,
    betaGradients: number,
    meanSums: number,
    varianceSums: number,
  ): void;
  movingAverage(count: number, sums: number, weights: number, rate: number, divisor: number): void;
  maxPoolForward(...operands: [...PoolWindows, input: number, output: number]): void;
  maxPoolBackward(
    ...operands: [
      ...PoolWindows,
      input: number,
      output: number,
      outputGradient: number,
      inputGradient: number,
    ]
  ): void;
  averagePoolForward(...operands: [...PoolWindows, input: number, output: number]): void;
  averagePoolBackward(...operands: [...PoolWindows, outputGradient: number, inputGradient: number]): void;
  softmaxForward(classes: number, logits: number, probabilities: number): void;
  crossEntropyBackward(
    classes: number,
    probabilities: number,
    labels: number,
    sampleWeights: number,
    gradient: number,
  ): void;
  sumGradients(count: number, shards: number, shardBytes: number, gradients: number): void;
  addPenalty(
    count: number,
    gradients: number,
    weights: number,
    penalized: number,
    l1: number,
    l2: number,
  ): void;
  sumOfSquares(count: number, address: number): number;
  scaleValues(count: number, address: number, factor: number): void;
  clampValues(count: number, address: number, limit: number): void;
  decayWeights(count: number, weights: number, penalized: number, rate: number): void;
  adam(
    count: number,
    gradients: number,
    weights: number,
    moments1: number,
    moments2: number,
    stepSize: number,
    rate1: number,
    rate2: number,
    epsilon: number,
  ): void;
  momentumStep(
    count: number,
    gradients: number,
    weights: number,
    velocity: number,
    learningRate: number,
    momentum: number,
    nesterov: boolean,
  ): void;
}

/** Steps of which `gemmSamples` gets the rows at once, at most, as in matrix.as.ts. */
const GRADIENT_STEPS = 8;

/**
 * Floats of scratch memory for the gradient of weights that are multiplied with `rows` rows of each of `steps` steps; see
 * `gemmSamples` in matrix.as.ts.
 */
export function samplePanelFloats(rows: number, steps: number): number {
  const samples = BLOCK_SAMPLES * Math.min(steps, GRADIENT_STEPS);
  return samples * (8 + 8 * Math.ceil(rows / 8)) + 4 * 8 * 8;
}

/** The kernels with the memory that they compute on. */
export interface Machine {
  kernels: Kernels;
  /** The whole memory; index = byte address / 4. */
  floats: Float32Array;
}

/**
 * Reads and compiles the kernels. Needs read permission for this folder.
 *
 * @param fused Whether a * b + c may be rounded once, where the processor can.
 */
export function compileKernels(fused: boolean): WebAssembly.Module {
  const plainFile = new URL("./kernels.wasm", import.meta.url);
  const fusedFile = new URL("./kernels_fused.wasm", import.meta.url);
  return new WebAssembly.Module(Deno.readFileSync(fused ? fusedFile : plainFile));
}

/**
 * Makes the kernels ready to compute on a memory.
 *
 * @param memory Shared; never grown, so that views on it stay valid. Its bytes 64 to 368 are the kernels' own.
 */
export function createMachine(module: WebAssembly.Module, memory: WebAssembly.Memory): Machine {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  kernels.prepare();
  return { kernels, floats: new Float32Array(memory.buffer) };
}
