/** A tensor as kernels hand it to each other. */
export interface TfTensorInfo {
  dataId: object;
  shape: number[];
  dtype: string;
}

/** A tensor. Its memory is not the garbage collector's: whoever made it disposes of it, or `tidy` does. */
export interface TfTensor extends TfTensorInfo {
  /** Of variables. */
  name: string;
  dataSync(): Float32Array;
  dispose(): void;
}

/** A computation on tensors under a name that a backend knows. */
export interface TfKernel {
  kernelName: string;
  backendName: string;
  kernelFunc(call: {
    inputs: Record<string, TfTensorInfo>;
    attrs: Record<string, unknown>;
    backend: unknown;
  }): TfTensorInfo | TfTensorInfo[];
}

/** How the gradient of a kernel by its inputs is computed. */
export interface TfGradient {
  kernelName: string;
  inputsToSave?: string[];
  /** Of each output, whether it is saved. */
  outputsToSave?: boolean[];
  /**
   * @param dy Gradient of the output; of several outputs a list.
   * @param saved Inputs, then outputs.
   */
  gradFunc(
    dy: TfTensor | TfTensor[],
    saved: TfTensor[],
    attributes: Record<string, unknown>,
  ): Record<string, () => TfTensor>;
}

/** A weight of a layer. */
export interface TfLayerVariable {
  shape: number[];
  /** @returns The variable itself, which is not to be disposed of. */
  read(): TfTensor;
  write(values: TfTensor): unknown;
}

/** Where @tensorflow/tfjs-layers keeps its layers, to be extended. */
export interface TfLayerClasses {
  /** Functions and classes by name. */
  layers: Record<string, unknown>;
  /** Makes a class the one that configurations mean by its `className`. */
  registerClass(layer: unknown): void;
}

/** A model of @tensorflow/tfjs-layers. */
export interface TfLayersModel {
  getLayer(name: string): { weights: TfLayerVariable[]; trainableWeights: TfLayerVariable[] };
  apply(inputs: TfTensor[], call: { training: boolean }): TfTensor;
  dispose(): void;
}

/**
 * What is used of TensorFlow.js 4.22, in its own names: @tensorflow/tfjs-core, and `loadLayersModel` of
 * @tensorflow/tfjs-layers. The packages are installed only when somebody asks for them, so that no module may import them,
 * nor their types: they are loaded by tfjs_packages.ts and handed on.
 */
export interface TensorFlow {
  // Backends, kernels, memory.
  setBackend(name: string): Promise<boolean>;
  backend(): { incRef(dataId: object): void };
  engine(): { makeTensorFromTensorInfo(info: TfTensorInfo): TfTensor };
  registerKernel(kernel: TfKernel): void;
  unregisterKernel(kernelName: string, backendName: string): void;
  getKernel(kernelName: string, backendName: string): TfKernel | undefined;
  registerGradient(gradient: TfGradient): void;
  memory(): { numTensors: number };
  tidy<T>(compute: () => T): T;
  dispose(tensors: TfTensor | TfTensor[] | Record<string, TfTensor>): void;

  // Training.
  loadLayersModel(source: { load(): Promise<{ modelTopology: object }> }): Promise<TfLayersModel>;
  variableGrads(loss: () => TfTensor, variables: TfTensor[]): {
    value: TfTensor;
    grads: Record<string, TfTensor>;
  };

  // Computation.
  tensor(values: Float32Array, shape: number[]): TfTensor;
  zeros(shape: number[]): TfTensor;
  add(a: TfTensor, b: TfTensor | number): TfTensor;
  cast(input: TfTensor, dtype: "float32"): TfTensor;
  clipByValue(input: TfTensor, low: number, high: number): TfTensor;
  concat(tensors: TfTensor[], axis: number): TfTensor;
  conv2d(input: TfTensor, filter: TfTensor, strides: number | [number, number], pad: "valid"): TfTensor;
  div(a: TfTensor, b: TfTensor): TfTensor;
  equal(a: TfTensor, b: TfTensor): TfTensor;
  logSoftmax(logits: TfTensor): TfTensor;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  mean(input: TfTensor, axes: number[]): TfTensor;
  mul(a: TfTensor, b: TfTensor | number): TfTensor;
  neg(input: TfTensor): TfTensor;
  pad(input: TfTensor, paddings: [before: number, after: number][]): TfTensor;
  relu(input: TfTensor): TfTensor;
  relu6(input: TfTensor): TfTensor;
  reshape(input: TfTensor, shape: number[]): TfTensor;
  reverse(input: TfTensor, axes: number[]): TfTensor;
  rsqrt(input: TfTensor): TfTensor;
  sigmoid(input: TfTensor): TfTensor;
  slice(input: TfTensor, begin: number[], size: number[]): TfTensor;
  softmax(logits: TfTensor): TfTensor;
  split(input: TfTensor, parts: number, axis: number): TfTensor[];
  square(input: TfTensor): TfTensor;
  stack(tensors: TfTensor[], axis: number): TfTensor;
  stridedSlice(input: TfTensor, begin: number[], end: number[], strides: number[]): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  sum(input: TfTensor, axes?: number[], keepDims?: boolean): TfTensor;
  tanh(input: TfTensor): TfTensor;
  transpose(input: TfTensor, order?: number[]): TfTensor;
}
