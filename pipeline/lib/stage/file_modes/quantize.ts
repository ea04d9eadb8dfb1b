import { LABEL_NAMES } from "../../artefacts/window_set.ts";
import { StageError, UsageError } from "../../core/errors.ts";
import { printable } from "../../core/printable.ts";
import { operatorMacs } from "../../devices/multiply_accumulates.ts";
import { decodeDatasetCsv } from "../../formats/dataset_csv/decode.ts";
import { decodeNpy } from "../../formats/npy/npy.ts";
import type { TfliteModel } from "../../formats/tflite/graph.ts";
import { verifyTflite } from "../../formats/tflite/verify.ts";
import { encodeTflite } from "../../formats/tflite/writer.ts";
import { calibrate, type CalibrationMethod } from "../../quantize/calibration.ts";
import {
  checkIsFloat,
  QUANTIZATION_MODES,
  type QuantizationMode,
  quantizeGraph,
} from "../../quantize/quantize_graph.ts";
import { compareLayers } from "../../reference/compare_layers.ts";
import { layerErrorTable } from "../../report/layer_errors.ts";
import { convertedPath, fileMode, outputParam } from "../file_mode.ts";
import { writeAtomic } from "../files.ts";
import { MAX_TFLITE_BYTES, readFileFromOutside } from "../inputs/outside_file.ts";
import { quantize } from "../stages/quantize.ts";

const MAX_WINDOWS_BYTES = 2 ** 30;
/** Multiplications of a calibration; plain TypeScript does some 2^30 a second. */
const MAX_MACS = 2 ** 38;
/** Windows on which the outputs are compared. */
const COMPARED_WINDOWS = 32;

const { io, calibration, percentile, debug } = quantize.params;

/** Quantizes a float32 .tflite from anywhere. */
export const quantizeFile = fileMode({
  file: "FILE.tflite",
  doc: "Quantizes one float32 model from anywhere and says how far its outputs are from those of float32.",
  params: {
    windows: {
      type: "string",
      default: "",
      doc:
        "Inputs to calibrate with: .npy, one an index of the first axis, or a .csv as 07_export writes; int8 needs it",
    },
    mode: {
      type: "string",
      default: "int8",
      choices: QUANTIZATION_MODES,
      doc: "All in integers, weights only as integers, or weights in half precision",
    },
    io,
    calibration,
    percentile,
    debug: { ...debug, doc: "Print each tensor's error against float32, in the order of execution" },
    output: outputParam,
  },
  async run(file, params) {
    const mode = params.mode as QuantizationMode;
    if (params.windows === "" && mode === "int8") {
      throw new UsageError("Cannot quantize to int8: --windows must name inputs to calibrate with, got none");
    }
    const path = convertedPath(file, params.output, `_${mode.replaceAll("-", "_")}.tflite`);
    const floatBytes = readFileFromOutside(file, { maxBytes: MAX_TFLITE_BYTES, content: "tflite" }),
      floatGraph = verifyTflite(floatBytes, file);
    explained(file, () => checkIsFloat(floatGraph));
    const windows = params.windows === "" ? undefined : await readWindows(params.windows);
    if (windows !== undefined) checkWork(file, floatGraph, windows.count);
    const made = explained(file, () => {
      const ranges = mode === "int8"
        ? calibrate(floatGraph, windows!.values, windows!.count, {
          method: params.calibration as CalibrationMethod,
          percentile: params.percentile,
        })
        : new Map();
      const graph = quantizeGraph(floatGraph, ranges, { mode, io: params.io as "int8" | "float" });
      return { graph, errors: windows === undefined ? [] : errorsOf(floatGraph, graph, windows) };
    });
    const bytes = encodeTflite(made.graph);
    verifyTflite(bytes, path);
    writeAtomic(Deno.cwd(), path, bytes);
    if (params.debug && made.errors.length > 0) console.log(`${layerErrorTable(made.errors)}\n`);
    console.log(`${path}: ${bytes.length} bytes (float32 ${floatBytes.length}), ${mode}`);
    for (const tensor of floatGraph.outputs) {
      const { name } = floatGraph.tensors[tensor];
      const error = made.errors.find((row) => row.tensor === name || row.tensor === `${name}_int8`);
      if (error === undefined) continue;
      console.log(
        `  output "${printable(name)}": SQNR ${error.sqnrDb.toFixed(1)} dB, at most ${
          error.maxError.toPrecision(3)
        } off ` +
          `of values up to ${error.maxValue.toPrecision(3)}`,
      );
    }
  },
});

interface Windows {
  /** One behind the other. */
  values: Float32Array;
  count: number;
}

/** @throws {FormatError, StageError} A file that holds no windows. */
async function readWindows(path: string): Promise<Windows> {
  const isCsv = /\.csv$/i.test(path);
  const bytes = readFileFromOutside(path, {
    maxBytes: MAX_WINDOWS_BYTES,
    content: isCsv ? undefined : "npy",
  });
  if (isCsv) {
    const { windows, labels, windowSamples } = await decodeDatasetCsv([bytes], {
      classNames: LABEL_NAMES,
      file: path,
    });
    return checked(path, {
      values: windows.subarray(0, labels.length * windowSamples),
      count: labels.length,
    });
  }
  const { data, shape } = decodeNpy(bytes, path);
  const values = data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number);
  return checked(path, { values, count: shape[0] ?? 0 });
}

function checked(path: string, windows: Windows): Windows {
  if (windows.count === 0) {
    throw new StageError(`Cannot calibrate with ${path}: it must hold at least 1 window, got none`);
  }
  const wrong = windows.values.findIndex((value) => !Number.isFinite(value));
  if (wrong === -1) return windows;
  throw new StageError(
    `Cannot calibrate with ${path}: its values must be finite, got ${
      windows.values[wrong]
    } at index ${wrong}`,
  );
}

/** @throws {StageError} More work than anyone would wait for. */
function checkWork(file: string, graph: TfliteModel, count: number): void {
  const macs = graph.operators.reduce((sum, operator) => sum + operatorMacs(operator, graph), 0);
  if (macs * count <= MAX_MACS) return;
  throw new StageError(
    `Cannot calibrate ${file}: it must take at most ${MAX_MACS} multiplications, got ${macs} for each of ${count} windows`,
    { hint: "fewer --windows: a few hundred suffice" },
  );
}

function errorsOf(floatGraph: TfliteModel, graph: TfliteModel, { values, count }: Windows) {
  const compared = Math.min(count, COMPARED_WINDOWS), size = values.length / count;
  return compareLayers(floatGraph, graph, values.subarray(0, compared * size), { count: compared });
}

/** What the library refuses is the file's fault here. */
function explained<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError) || !error.message.startsWith("Cannot")) throw error;
    throw new StageError(`${file}: ${error.message}`, { cause: error });
  }
}
