import { StageError } from "../core/errors.ts";
import type { TfliteModel, TfliteTensor } from "../formats/tflite/graph.ts";
import type { TensorTypeName } from "../formats/tflite/schema.ts";
import { verifyTflite } from "../formats/tflite/verify.ts";
import { inputValues } from "../formats/tflite/window_inputs.ts";
import { encodeTflite } from "../formats/tflite/writer.ts";
import { ErrorReporter } from "./error_reporter.ts";
import { loadTfliteLibrary, type TfliteLibrary } from "./native_library.ts";
import { dequantizeValues, type QuantizedArray, quantizeValues } from "./quantized_values.ts";

/** How to create an interpreter. */
export interface InterpreterOptions {
  /** Threads of one invocation, at least 1; more interpreters scale better than more threads. */
  threads?: number;
  /** Whether to hand what it can run to XNNPACK (float and int8): faster on convolutions, no gain on LSTM. */
  xnnpack?: boolean;
  /** Name of the model's file, for messages. */
  file?: string;
}

/** An input or output of a model. */
export interface TensorInfo {
  name: string;
  type: TensorTypeName;
  shape: number[];
  /** 0 for a tensor that is not quantized. */
  scale: number;
  zeroPoint: number;
}

/** The loaded TFLite library. */
export interface TfliteRuntime {
  /** Of the native library, for example "2.9.0". */
  readonly version: string;
  /**
   * Verifies a .tflite file and makes it ready to run.
   *
   * @param bytes The file; not kept.
   * @throws FormatError A file that `verifyTflite` refuses.
   * @throws StageError A model that the native library refuses.
   */
  createInterpreter(bytes: Uint8Array, options?: InterpreterOptions): Interpreter;
}

/** Elements of a tensor. */
export type TensorArray =
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | BigInt64Array;

const ARRAY_TYPES: Partial<Record<TensorTypeName, new (length: number) => TensorArray>> = {
  FLOAT32: Float32Array,
  INT8: Int8Array,
  UINT8: Uint8Array,
  BOOL: Uint8Array,
  INT16: Int16Array,
  UINT16: Uint16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
};

/** TFLITE_XNNPACK_DELEGATE_FLAG_QS8: signed 8-bit operators as well. */
const XNNPACK_FLAG_QS8 = 1;
/** More than any version's TfLiteXNNPackDelegateOptions; what follows the two known fields stays 0. */
const XNNPACK_OPTIONS_BYTES = 64;

let runtime: TfliteRuntime | undefined;

/**
 * Opens the TFLite C library of npm:tfjs-tflite-node; later calls give the same one.
 *
 * Needs `--allow-ffi`, in full or for node_modules, and no other permission.
 *
 * @throws StageError An unsupported platform, a missing package or permission, with what to do.
 */
export function openTfliteLibrary(): TfliteRuntime {
  if (runtime === undefined) {
    const library = loadTfliteLibrary();
    runtime = {
      version: versionOf(library),
      createInterpreter: (bytes, options = {}) =>
        new Interpreter(library, verifyTflite(bytes, options.file), options),
    };
  }
  return runtime;
}

/** Copied by the C library: reading foreign memory from here would need `--allow-ffi` in full. */
function versionOf({ symbols }: TfliteLibrary): string {
  const text = new Uint8Array(32);
  symbols.strncpy?.(text, symbols.TfLiteVersion(), BigInt(text.length - 1));
  return new TextDecoder().decode(text.subarray(0, text.indexOf(0))) || "unknown";
}

/**
 * One model in native memory, for one caller at a time; `close` it (or declare it with `using`).
 *
 * The native library reads the model in place and trusts it. It gets bytes that our writer made from the
 * verified graph, never the file's own; they are kept as long as the interpreter lives.
 */
export class Interpreter implements Disposable {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  private readonly library: TfliteLibrary;
  private readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly reporter: ErrorReporter;
  private readonly isStateful: boolean;
  private model: Deno.PointerValue = null;
  private options: Deno.PointerValue = null;
  private delegate: Deno.PointerValue = null;
  private interpreter: Deno.PointerValue = null;
  private isClosed = false;
  private isRunning = false;
  private inputTensors: Tensor[] = [];
  private outputTensors: Tensor[] = [];

  /** Use `TfliteRuntime.createInterpreter`. */
  constructor(library: TfliteLibrary, model: TfliteModel, options: InterpreterOptions) {
    const { threads = 1, xnnpack = false } = options;
    if (!Number.isInteger(threads) || threads < 1) {
      throw new RangeError(
        `Cannot create interpreter: threads must be an integer of at least 1, got ${threads}`,
      );
    }
    this.library = library;
    this.inputs = model.inputs.map((index) => tensorInfo(model.tensors[index]));
    this.outputs = model.outputs.map((index) => tensorInfo(model.tensors[index]));
    this.isStateful = model.tensors.some(({ isVariable }) => isVariable);
    this.bytes = encodeTflite(model) as Uint8Array<ArrayBuffer>;
    this.reporter = new ErrorReporter(library);
    try {
      this.create(threads, xnnpack);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Sets the variable tensors (LSTM states) to zero; they live on from one invocation to the next. */
  resetState(): void {
    this.checkIdle();
    if (!this.isStateful) return;
    const status = this.library.symbols.TfLiteInterpreterResetVariableTensors(this.interpreter);
    this.checkStatus("reset the state of", status);
  }

  /** @param values Elements of input `index`, of its type and size. */
  setInput(index: number, values: TensorArray): void {
    this.checkIdle();
    const tensor = this.tensorAt(this.inputTensors, index, "input");
    if (values.constructor !== tensor.values.constructor || values.length !== tensor.values.length) {
      throw new RangeError(
        `Cannot set input "${tensor.info.name}": values must be ${tensor.values.length} of ${tensor.info.type}, ` +
          `got ${values.length} in a ${values.constructor.name}`,
      );
    }
    const status = this.library.symbols.TfLiteTensorCopyFromBuffer(
      tensor.pointer,
      values as TensorArray & ArrayBufferView<ArrayBuffer>,
      BigInt(values.byteLength),
    );
    this.checkStatus("set an input of", status);
  }

  /** Computes the outputs from the inputs and the state. */
  invoke(): void {
    this.checkIdle();
    this.checkStatus("run", this.library.symbols.TfLiteInterpreterInvoke(this.interpreter));
  }

  /** As `invoke`, on another thread: several interpreters use several cores. */
  async invokeAsync(): Promise<void> {
    this.checkIdle();
    this.isRunning = true;
    try {
      const status = await this.library.symbols.TfLiteInterpreterInvokeAsync(this.interpreter);
      this.checkStatus("run", status);
    } finally {
      this.isRunning = false;
    }
  }

  /** @returns Elements of output `index`, copied. */
  output(index: number): TensorArray {
    this.checkIdle();
    const tensor = this.tensorAt(this.outputTensors, index, "output");
    this.readTensor(tensor);
    return tensor.values.slice();
  }

  /**
   * Classifies one window from zero state: quantizes and dequantizes as the tensors' types demand.
   *
   * @param window Values of the model's inputs, one behind the other; one that is another reversed is filled from it.
   * @returns Values of its first output, in float32.
   * @throws RangeError A window of another length.
   */
  run(window: Float32Array): Float32Array {
    this.prepareRun(window);
    this.invoke();
    return this.runResult();
  }

  /** As `run`, with the computation on another thread. */
  async runAsync(window: Float32Array): Promise<Float32Array> {
    this.prepareRun(window);
    await this.invokeAsync();
    return this.runResult();
  }

  /** Frees the native memory; a second call does nothing. */
  close(): void {
    if (this.isClosed) return;
    if (this.isRunning) {
      throw new Error("Cannot close interpreter: it must not be running, got a call meanwhile");
    }
    this.isClosed = true;
    const { symbols } = this.library;
    if (this.interpreter !== null) symbols.TfLiteInterpreterDelete(this.interpreter);
    if (this.delegate !== null) symbols.TfLiteXNNPackDelegateDelete?.(this.delegate);
    if (this.options !== null) symbols.TfLiteInterpreterOptionsDelete(this.options);
    if (this.model !== null) symbols.TfLiteModelDelete(this.model);
    this.reporter.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private create(threads: number, xnnpack: boolean): void {
    const { symbols } = this.library;
    this.model = symbols.TfLiteModelCreate(this.bytes, BigInt(this.bytes.length));
    if (this.model === null) throw this.nativeError("load");
    this.options = symbols.TfLiteInterpreterOptionsCreate();
    symbols.TfLiteInterpreterOptionsSetNumThreads(this.options, threads);
    this.reporter.register(this.options);
    if (xnnpack) {
      this.delegate = this.createXnnpackDelegate(threads);
      symbols.TfLiteInterpreterOptionsAddDelegate(this.options, this.delegate);
    }
    this.interpreter = symbols.TfLiteInterpreterCreate(this.model, this.options);
    if (this.interpreter === null) throw this.nativeError("load");
    this.checkStatus("allocate", symbols.TfLiteInterpreterAllocateTensors(this.interpreter));
    this.inputTensors = this.inputs.map((info, i) =>
      this.nativeTensor(info, symbols.TfLiteInterpreterGetInputTensor(this.interpreter, i))
    );
    this.outputTensors = this.outputs.map((info, i) =>
      this.nativeTensor(info, symbols.TfLiteInterpreterGetOutputTensor(this.interpreter, i))
    );
  }

  private createXnnpackDelegate(threads: number): Deno.PointerValue {
    const options = new Uint8Array(XNNPACK_OPTIONS_BYTES);
    const fields = new DataView(options.buffer);
    fields.setInt32(0, threads, true);
    fields.setUint32(4, XNNPACK_FLAG_QS8, true);
    const delegate = this.library.symbols.TfLiteXNNPackDelegateCreate?.(options) ?? null;
    if (delegate === null) {
      throw new StageError(
        "Cannot create interpreter: XNNPACK must be part of the TFLite library, got none",
        {
          hint: "Create the interpreter without xnnpack.",
        },
      );
    }
    return delegate;
  }

  private nativeTensor(info: TensorInfo, pointer: Deno.PointerValue): Tensor {
    const { symbols } = this.library;
    const ArrayType = ARRAY_TYPES[info.type];
    const shape = pointer === null ? [] : Array.from(
      { length: symbols.TfLiteTensorNumDims(pointer) },
      (_, axis) => symbols.TfLiteTensorDim(pointer, axis),
    );
    if (ArrayType === undefined) {
      throw new StageError(
        `Cannot create interpreter: tensor "${info.name}" must be ${
          Object.keys(ARRAY_TYPES).join(" or ")
        }, ` +
          `got ${info.type}`,
      );
    }
    if (pointer === null || shape.join() !== info.shape.join()) {
      throw new StageError(
        `Cannot create interpreter: tensor "${info.name}" must have the shape [${info.shape}], got [${shape}]`,
      );
    }
    return { info, pointer, values: new ArrayType(shape.reduce((product, size) => product * size, 1)) };
  }

  private prepareRun(window: Float32Array): void {
    this.resetState();
    const values = this.inputs.length === 1 ? [window] : inputValues(this.inputs, window);
    this.inputTensors.forEach(({ info, values: integers }, i) => {
      if (integers instanceof Float32Array) return this.setInput(i, values[i]);
      if (!isQuantized(integers, info)) throw unsupportedType(info);
      quantizeValues(values[i], info, integers);
      this.setInput(i, integers);
    });
  }

  private runResult(): Float32Array {
    const tensor = this.outputTensors[0];
    this.readTensor(tensor);
    const { info, values } = tensor;
    if (values instanceof Float32Array) return values.slice();
    if (!isQuantized(values, info)) throw unsupportedType(info);
    const result = new Float32Array(values.length);
    dequantizeValues(values, info, result);
    return result;
  }

  private readTensor({ pointer, values }: Tensor): void {
    const status = this.library.symbols.TfLiteTensorCopyToBuffer(
      pointer,
      values as TensorArray & ArrayBufferView<ArrayBuffer>,
      BigInt(values.byteLength),
    );
    this.checkStatus("read an output of", status);
  }

  private tensorAt(tensors: Tensor[], index: number, what: string): Tensor {
    const tensor = tensors[index];
    if (tensor === undefined) {
      throw new RangeError(`Cannot use ${what} ${index}: it must be less than ${tensors.length}`);
    }
    return tensor;
  }

  private checkIdle(): void {
    if (this.isClosed) throw new Error("Cannot use interpreter: it must be open, got a closed one");
    if (this.isRunning) {
      throw new Error("Cannot use interpreter: it must not be running, got a call meanwhile");
    }
  }

  private checkStatus(verb: string, status: number): void {
    if (status !== 0) throw this.nativeError(verb);
  }

  private nativeError(verb: string): StageError {
    return new StageError(`Cannot ${verb} TFLite model: the native library says: ${this.reporter.take()}`);
  }
}

/** A tensor of the interpreter and an array to copy from or to. */
interface Tensor {
  info: TensorInfo;
  pointer: Deno.PointerObject;
  values: TensorArray;
}

function tensorInfo({ name, type, shape, quantization }: TfliteTensor): TensorInfo {
  const [scale = 0] = quantization?.scale ?? [], [zeroPoint = 0] = quantization?.zeroPoint ?? [];
  return { name, type, shape, scale, zeroPoint };
}

function isQuantized(values: TensorArray, { scale }: TensorInfo): values is QuantizedArray {
  return scale > 0 &&
    (values instanceof Int8Array || values instanceof Uint8Array || values instanceof Int16Array);
}

function unsupportedType({ name, type, scale }: TensorInfo): RangeError {
  return new RangeError(
    `Cannot run model: tensor "${name}" must be FLOAT32 or a quantized integer, got ${type} with scale ${scale}`,
  );
}
