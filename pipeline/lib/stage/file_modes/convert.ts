import { basename } from "node:path";
import { decodeKerasModel } from "../../artefacts/keras_model.ts";
import { withModelMetadata } from "../../artefacts/model_metadata.ts";
import { checkConvertible, type ConvertOptions, convertToTflite } from "../../convert/convert.ts";
import { printChanges } from "../../convert/print_changes.ts";
import { StageError } from "../../core/errors.ts";
import { createRng } from "../../core/rng.ts";
import { operatorMacs } from "../../devices/multiply_accumulates.ts";
import { MAX_FILE_BYTES } from "../../formats/keras_h5/decode.ts";
import { elementCount, type TfliteModel } from "../../formats/tflite/graph.ts";
import { windowInputs } from "../../formats/tflite/window_inputs.ts";
import { encodeTflite } from "../../formats/tflite/writer.ts";
import { forward } from "../../nn/forward.ts";
import type { Model, Weights } from "../../nn/model.ts";
import { countParameters, outputShapes, valueCount } from "../../nn/shapes.ts";
import { createEvaluator } from "../../reference/evaluator.ts";
import { openTfliteLibrary, type TfliteRuntime } from "../../runtime/tflite_ffi.ts";
import { convertedPath, fileMode, outputParam } from "../file_mode.ts";
import { sha256Hex, writeAtomic } from "../files.ts";
import { readFileFromOutside } from "../inputs/outside_file.ts";
import { convert } from "../stages/convert.ts";

/** Largest difference from the reference, as a share of the largest output, that float32 arithmetic explains. */
const MAX_FLOAT_ERROR = 1e-5;
/** Values of all layers' outputs together: the reference holds them in float64. */
const MAX_VALUES = 2 ** 25;
/** Spreads of the random inputs, in turn: a network that is sure of all large ones is less so of small ones. */
const INPUT_SCALES = [1, 0.3, 0.1, 0.03];
/** Multiplications and values pooled in the whole comparison; plain TypeScript does some 2^30 a second. */
const MAX_STEPS = 2 ** 36;

const { batch, bidirectional, dumpPasses } = convert.params;

/** Converts a Keras model from anywhere. */
export const convertFile = fileMode({
  file: "FILE.h5|FILE.keras",
  doc: "Converts one Keras model from anywhere and compares the two on random inputs.",
  params: {
    output: outputParam,
    batch: { ...batch, doc: "Inputs that the model computes at once" },
    bidirectional,
    dumpPasses,
    checkInputs: {
      type: "int",
      default: 16,
      min: 1,
      max: 10_000,
      unit: "inputs",
      doc: "Random inputs on which the .tflite is compared with the reference",
    },
  },
  async run(file, params) {
    const path = convertedPath(file, params.output, ".tflite");
    const kerasBytes = readFileFromOutside(file, { maxBytes: MAX_FILE_BYTES, content: "keras" }),
      name = basename(file);
    const trained = await decodeKerasModel(kerasBytes, file);
    const size = params.batch === "dynamic" ? 1 : Number(params.batch);
    checkSize(file, trained.model, size);
    const graph = withModelMetadata(
      toTflite(file, trained, {
        description: `${trained.model.name}, converted from ${name}`,
        batch: params.batch === "dynamic" ? "dynamic" : size,
        bidirectional: params.bidirectional as ConvertOptions["bidirectional"],
        onPass: params.dumpPasses ? printChanges(console.log) : undefined,
      }),
      { model: trained.model.name, source: { file: name, sha256: sha256Hex(kerasBytes) } },
    );
    const bytes = encodeTflite(graph);
    const check = compare(graph, bytes, trained, { file, batch: size, inputs: params.checkInputs });
    if (!(check.maxError < MAX_FLOAT_ERROR)) {
      throw new StageError(
        `Cannot convert ${file}: its outputs must agree with the reference within ${MAX_FLOAT_ERROR} of the largest ` +
          `one, got ${check.maxError}`,
      );
    }
    writeAtomic(Deno.cwd(), path, bytes);
    console.log(
      `${path}: ${bytes.length} bytes, ${graph.operators.length} operators, float32, batch ${params.batch}\n` +
        `  from ${trained.model.layers.length} layers with ${countParameters(trained.model)} parameters\n` +
        `  ${countOperators(graph)}\n` +
        `  within ${
          check.maxError.toExponential(1)
        } of the largest output from the reference on ${check.inputs} ` +
        `random inputs, run by ${check.runner}`,
    );
  },
});

/** @throws {StageError} A model whose values would not fit into memory. */
function checkSize(file: string, model: Model, batch: number): void {
  const values = outputShapes(model).values().reduce((sum, shape) => sum + batch * valueCount(shape), 0);
  if (values > MAX_VALUES) {
    throw new StageError(
      `Cannot convert ${file}: its layers' outputs must hold at most ${MAX_VALUES} values together, got ${values}`,
    );
  }
}

/** @throws {StageError} A layer or option that has no form in TFLite. */
function toTflite(
  file: string,
  { model, weights }: { model: Model; weights: Weights },
  options: ConvertOptions,
): TfliteModel {
  checkConvertible(file, model, "deno task inspect FILE lists what of a model can be converted");
  try {
    return convertToTflite(model, weights, options);
  } catch (error) {
    // A StageError has its hint already.
    if (error instanceof StageError || !(error instanceof Error)) throw error;
    if (!error.message.startsWith("Cannot convert")) throw error;
    throw new StageError(error.message, { cause: error });
  }
}

/** Where a .tflite file runs. */
interface Runner extends Disposable {
  name: string;
  /** @param values Of all inputs, one behind the other. */
  run(values: Float32Array): Float32Array;
}

/** @returns TFLite's library where there is one for this platform, else the plain interpreter. */
function openRunner(graph: TfliteModel, bytes: Uint8Array): Runner {
  let library: TfliteRuntime;
  try {
    library = openTfliteLibrary();
  } catch (error) {
    if (!(error instanceof StageError)) throw error;
    const evaluator = createEvaluator(graph);
    return {
      name: "the reference interpreter, for want of TFLite's library",
      run: (values) => evaluator.run(windowInputs(graph, values))[0] as Float32Array,
      [Symbol.dispose]() {},
    };
  }
  const interpreter = library.createInterpreter(bytes, { file: "model.tflite" });
  return {
    name: `TFLite ${library.version}`,
    run: (values) => interpreter.run(values),
    [Symbol.dispose]: () => interpreter.close(),
  };
}

/** @returns The largest difference from the reference, as a share of the largest output, on random inputs. */
function compare(
  graph: TfliteModel,
  bytes: Uint8Array,
  { model, weights }: { model: Model; weights: Weights },
  { file, batch, inputs }: { file: string; batch: number; inputs: number },
): { maxError: number; inputs: number; runner: string } {
  const rounds = Math.min(Math.ceil(inputs / batch), Math.floor(MAX_STEPS / Math.max(1, countSteps(graph))));
  if (rounds === 0) {
    throw new StageError(
      `Cannot convert ${file}: to be compared with the reference, it must compute in ${MAX_STEPS} steps, got ${
        countSteps(graph)
      }`,
    );
  }
  const shapes = outputShapes(model), rng = createRng(1);
  const sizes = model.layers.filter(({ kind }) => kind === "InputLayer").map(({ name }) =>
    valueCount(shapes.get(name)!)
  );
  using runner = openRunner(graph, bytes);
  let difference = 0, largest = 0;
  for (let round = 0; round < rounds; round++) {
    const scale = INPUT_SCALES[round % INPUT_SCALES.length];
    const drawn = sizes.map((size) =>
      Float32Array.from({ length: batch * size }, () => scale * rng.normal())
    );
    const expected = forward(model, weights, byWindow(drawn, sizes, batch), batch);
    runner.run(joined(drawn)).forEach((value, i) => {
      // Math.max hands NaN on.
      difference = Math.max(difference, Math.abs(value - expected[i]));
      largest = Math.max(largest, Math.abs(expected[i]));
    });
  }
  return { maxError: difference / (largest || 1), inputs: rounds * batch, runner: runner.name };
}

/** @returns Multiplications and values pooled of one invocation. */
function countSteps(graph: TfliteModel): number {
  return graph.operators.reduce((sum, operator) => {
    const { filterHeight = 0, filterWidth = 0 } = operator.options ?? {};
    const pooled = Number(filterHeight) * Number(filterWidth) *
      elementCount(graph.tensors[operator.outputs[0]].shape);
    return sum + operatorMacs(operator, graph) + pooled;
  }, 0);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const values = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => {
    values.set(part, at);
    return at + part.length;
  }, 0);
  return values;
}

/** @returns The same values window by window, as `forward` has them: each window's of all inputs. */
function byWindow(inputs: readonly Float32Array[], sizes: readonly number[], batch: number): Float32Array {
  return joined(
    Array.from(
      { length: batch },
      (_, window) => inputs.map((values, i) => values.subarray(window * sizes[i], (window + 1) * sizes[i])),
    ).flat(),
  );
}

/** @returns For example "9 CONV_2D, 3 ADD, SOFTMAX", the most frequent first. */
function countOperators({ operators }: TfliteModel): string {
  const counts = Map.groupBy(operators, ({ operator }) => operator);
  return [...counts].map(([name, { length }]) => ({ name, length })).sort((a, b) => b.length - a.length)
    .map(({ name, length }) => length === 1 ? name : `${length} ${name}`).join(", ");
}
