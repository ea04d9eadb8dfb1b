import { fileURLToPath } from "node:url";
import { StageError } from "../core/errors.ts";

const STATUS = "i32", POINTER = "pointer";

/**
 * The functions used of the TFLite C interface.
 *
 * Source: tensorflow/lite/c/c_api.h of TensorFlow 2.9; the XNNPACK functions from
 * tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h.
 */
const SYMBOLS = {
  TfLiteVersion: { parameters: [], result: "usize" },
  TfLiteModelCreate: { parameters: ["buffer", "usize"], result: POINTER },
  TfLiteModelDelete: { parameters: [POINTER], result: "void" },
  TfLiteInterpreterOptionsCreate: { parameters: [], result: POINTER },
  TfLiteInterpreterOptionsDelete: { parameters: [POINTER], result: "void" },
  TfLiteInterpreterOptionsSetNumThreads: { parameters: [POINTER, "i32"], result: "void" },
  TfLiteInterpreterOptionsAddDelegate: { parameters: [POINTER, POINTER], result: "void" },
  TfLiteInterpreterOptionsSetErrorReporter: { parameters: [POINTER, POINTER, POINTER], result: "void" },
  TfLiteInterpreterCreate: { parameters: [POINTER, POINTER], result: POINTER },
  TfLiteInterpreterDelete: { parameters: [POINTER], result: "void" },
  TfLiteInterpreterAllocateTensors: { parameters: [POINTER], result: STATUS },
  TfLiteInterpreterInvoke: { parameters: [POINTER], result: STATUS },
  TfLiteInterpreterInvokeAsync: {
    name: "TfLiteInterpreterInvoke",
    parameters: [POINTER],
    result: STATUS,
    nonblocking: true,
  },
  TfLiteInterpreterResetVariableTensors: { parameters: [POINTER], result: STATUS },
  TfLiteInterpreterGetInputTensor: { parameters: [POINTER, "i32"], result: POINTER },
  TfLiteInterpreterGetOutputTensor: { parameters: [POINTER, "i32"], result: POINTER },
  TfLiteTensorNumDims: { parameters: [POINTER], result: "i32" },
  TfLiteTensorDim: { parameters: [POINTER, "i32"], result: "i32" },
  TfLiteTensorCopyFromBuffer: { parameters: [POINTER, "buffer", "usize"], result: STATUS },
  TfLiteTensorCopyToBuffer: { parameters: [POINTER, "buffer", "usize"], result: STATUS },
  TfLiteXNNPackDelegateCreate: { parameters: ["buffer"], result: POINTER, optional: true },
  TfLiteXNNPackDelegateDelete: { parameters: [POINTER], result: "void", optional: true },
  // Of the C library that the TFLite library depends on; not found this way on Windows.
  vfprintf: { type: POINTER, optional: true },
  open_memstream: { parameters: ["buffer", "buffer"], result: POINTER, optional: true },
  fflush: { parameters: [POINTER], result: "i32", optional: true },
  fclose: { parameters: [POINTER], result: "i32", optional: true },
  strncpy: { parameters: ["buffer", "usize", "usize"], result: POINTER, optional: true },
  memcpy: { parameters: ["buffer", "usize", "usize"], result: POINTER, optional: true },
  free: { parameters: ["usize"], result: "void", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** The loaded library. */
export type TfliteLibrary = Deno.DynamicLibrary<typeof SYMBOLS>;

/** Folder and file of the library inside the package, by operating system and processor as Deno names them. */
const LIBRARY_PATHS: Readonly<Record<string, string>> = {
  "linux x86_64": "cc_deps/linux_amd64/libtensorflowlite_c.so",
  "linux aarch64": "cc_deps/linux_arm64/libtensorflowlite_c.so",
  "darwin aarch64": "cc_deps/darwin_arm64/libtensorflowlite_c.dylib",
  "windows x86_64": "cc_deps/windows_amd64/tensorflowlite_c.dll",
};

/**
 * Finds the TFLite C library in the npm package tfjs-tflite-node.
 *
 * @param platform Operating system and processor, for example "linux x86_64".
 * @returns Path of the shared library; that it exists is not checked.
 * @throws StageError A platform that the package has no library for, or a package that is not installed.
 */
export function tfliteLibraryPath(platform = `${Deno.build.os} ${Deno.build.arch}`): string {
  const path = LIBRARY_PATHS[platform];
  if (path === undefined) {
    throw new StageError(
      `Cannot load the TFLite library: the platform must be one of ${
        Object.keys(LIBRARY_PATHS).join(", ")
      }, got ${platform}`,
      { hint: "Run the stages that need TFLite (convert's check, quantize's check, bench) on one of these." },
    );
  }
  let packageJson: string;
  try {
    packageJson = import.meta.resolve("tfjs-tflite-node/package.json");
  } catch (cause) {
    throw notInstalled(cause);
  }
  if (!packageJson.startsWith("file:")) throw notInstalled(undefined);
  return fileURLToPath(new URL(path, packageJson));
}

/**
 * Loads the TFLite C library.
 *
 * Needs `--allow-ffi`, in full or for node_modules: Deno resolves the package to its real place below
 * node_modules/.deno. No other permission.
 *
 * @throws StageError A platform without library, a package that is not installed, a missing permission.
 */
export function loadTfliteLibrary(): TfliteLibrary {
  const path = tfliteLibraryPath();
  try {
    return Deno.dlopen(path, SYMBOLS);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) {
      throw new StageError(
        `Cannot load the TFLite library: FFI permission must be granted for ${path}, got none`,
        {
          hint: `Run with --allow-ffi=node_modules, as the tasks in deno.json do.`,
          cause,
        },
      );
    }
    throw new StageError(
      `Cannot load the TFLite library: ${path} must be a shared library of this platform`,
      {
        hint:
          "Run `deno install` again; on Linux the C library must be glibc 2.27 or newer (Alpine's musl is not).",
        cause,
      },
    );
  }
}

function notInstalled(cause: unknown): StageError {
  return new StageError(
    `Cannot load the TFLite library: the package tfjs-tflite-node must be installed, got none`,
    {
      hint: "Run `deno install` in the project's folder.",
      cause,
    },
  );
}
