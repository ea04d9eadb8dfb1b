import type { MaskPosition } from "../../nn/layers/dropout.ts";
import { type KerasConfig, toKerasConfig } from "../../nn/keras_config.ts";
import { hardSigmoidsOf } from "../../nn/keras_hard_sigmoid.ts";
import type { Layer, Model } from "../../nn/model.ts";
import { layerWeights, outputShapes, valueCount } from "../../nn/shapes.ts";
import { checkSoftmaxOutput } from "../softmax_output.ts";
import { maskDropout, maskValues } from "./dropout_masks.ts";
import type { TensorFlow, TfLayerVariable, TfTensor } from "./tensorflow.ts";

/** A model of TensorFlow.js whose weights and gradients are flat arrays in the order of the model's weights. */
export interface TfjsModel {
  /** Values of one window: those of all InputLayers, one behind the other. */
  windowValues: number;
  /** Parameters of the model. */
  parameterCount: number;
  writeWeights(values: Float32Array): void;
  /**
   * @param windows [count, windowValues].
   * @param lossWeights [count, classes]: what each window's -log p is multiplied by, class by class.
   * @param position Decides the masks of Dropout layers.
   * @returns The loss before the step and its gradient, [parameters]: 0 for what follows statistics.
   */
  differentiate(
    windows: Float32Array,
    lossWeights: Float32Array,
    position: Omit<MaskPosition, "block">,
  ): { loss: number; gradient: Float32Array };
  /** Copies the weights that follow statistics, and no gradient, to where they lie in the flat array. */
  readMoving(values: Float32Array): void;
  /** @returns Probabilities, [count, classes]. */
  predict(windows: Float32Array, count: number): Float32Array;
  dispose(): void;
}

/**
 * Builds a model in TensorFlow.js from its Keras configuration.
 *
 * @param engine For error texts.
 * @throws TypeError A layer or option that TensorFlow.js does not have, by name; an output that is no Dense with softmax.
 */
export async function buildTfjsModel(tf: TensorFlow, model: Model, engine: string): Promise<TfjsModel> {
  const { model: masked, masks } = maskDropout(model), modelTopology = trainingConfig(masked, engine);
  const layersModel = await tf.loadLayersModel({
    load: () => Promise.resolve({ modelTopology }),
  }).catch((cause) => {
    throw new TypeError(
      `Cannot train model "${model.name}" with ${engine}: TensorFlow.js must know its layers and their options, ` +
        `got "${cause.message}"`,
      { cause },
    );
  });
  const shapes = outputShapes(model), classes = shapes.get(model.output)![0];
  const places = findWeights(model, (layer) => layersModel.getLayer(layer).weights, engine);
  const parameterCount = places.reduce((sum, { size }) => sum + size, 0);
  const variables = places.map(({ variable }) => variable.read());
  const inputs = masked.layers.filter(({ kind }) => kind === "InputLayer").map(({ name }) => {
    const mask = masks.get(name), shape = mask?.shape ?? shapes.get(name)!;
    return { mask, shape, size: valueCount(shape) };
  });
  const windowValues = inputs.reduce((sum, { mask, size }) => mask ? sum : sum + size, 0);

  const inputTensors = (windows: Float32Array, count: number, position?: Omit<MaskPosition, "block">) => {
    let first = 0;
    return inputs.map(({ mask, shape, size }): TfTensor => {
      if (mask) return tf.tensor(maskValues(mask, count, position), [count, ...shape]);
      const values = columnsOf(windows, { count, windowValues, first, size });
      first += size;
      return tf.tensor(values, [count, ...shape]);
    });
  };
  return {
    windowValues,
    parameterCount,
    writeWeights(values) {
      for (const { variable, shape, offset, size } of places) {
        tf.tidy(() => void variable.write(tf.tensor(values.slice(offset, offset + size), shape)));
      }
    },
    differentiate(windows, lossWeights, position) {
      const count = lossWeights.length / classes;
      return tf.tidy(() => {
        const tensors = inputTensors(windows, count, position),
          weights = tf.tensor(lossWeights, [count, classes]);
        const { value, grads } = tf.variableGrads(() => {
          const logits = layersModel.apply(tensors, { training: true });
          return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), weights)));
        }, variables);
        const gradient = new Float32Array(parameterCount);
        places.forEach(({ offset, isMoving }, i) => {
          if (!isMoving) gradient.set(grads[variables[i].name].dataSync(), offset);
        });
        return { loss: value.dataSync()[0], gradient };
      });
    },
    readMoving(values) {
      for (const { variable, offset, isMoving } of places) {
        if (isMoving) values.set(variable.read().dataSync(), offset);
      }
    },
    predict: (windows, count) =>
      tf.tidy(() => {
        const logits = layersModel.apply(inputTensors(windows, count), { training: false });
        return tf.softmax(logits).dataSync().slice();
      }),
    dispose: () => layersModel.dispose(),
  };
}

/**
 * The model's Keras configuration, with some changes: the output is left without its softmax, which the loss has; every
 * weight begins at 0, because it is set anyhow and the default of recurrent weights costs a QR decomposition; and what
 * TensorFlow.js does not know is said in other words.
 */
function trainingConfig(model: Model, engine: string): KerasConfig {
  const shapes = outputShapes(model), output = checkSoftmaxOutput(model, shapes);
  const layers = model.layers.map((layer): Layer => {
    if (layer === output) return { ...output, activation: "linear" };
    const { name, inputs } = layer;
    // It infers no size from -1 when the batch is open, and does not flatten what is flat.
    if (layer.kind === "Reshape") return { ...layer, targetShape: shapes.get(name)! };
    if (layer.kind === "Flatten" && shapes.get(inputs[0])!.length === 1) {
      return { kind: "Activation", name, inputs, activation: "linear" };
    }
    return layer;
  });
  for (const layer of layers) checkSupported(layer, engine);
  return withZeros(toKerasConfig({ ...model, layers })) as KerasConfig;
}

/** Layers that TensorFlow.js computes as Keras does, with what this folder adds. */
const SUPPORTED = new Set<string>([
  ..."InputLayer Dense Conv1D DepthwiseConv1D SeparableConv1D LSTM GRU Bidirectional Activation ReLU Flatten Reshape"
    .split(" "),
  ..."MaxPooling1D AveragePooling1D GlobalMaxPooling1D GlobalAveragePooling1D".split(" "),
  ..."Add Multiply Concatenate BatchNormalization".split(" "),
]);

/** @throws TypeError A layer that it refuses, or would train otherwise, by name. */
function checkSupported(layer: Layer, engine: string): void {
  const { kind, name } = layer, isOfKeras3 = hardSigmoidsOf(layer).includes("hard_sigmoid_keras3");
  if (SUPPORTED.has(kind) && !isOfKeras3) return;
  throw new TypeError(
    `Cannot train layer "${name}" with ${engine}: TensorFlow.js must train it as Keras does, got ${
      isOfKeras3 ? "the hard_sigmoid of Keras 3: --engine wasm has it" : kind
    }`,
  );
}

function withZeros(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withZeros);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key.endsWith("_initializer")) return [key, { class_name: "Zeros", config: {} }];
      // TensorFlow.js leaves the parts behind that it puts such a bias together from.
      if (key === "unit_forget_bias") return [key, false];
      return [key, withZeros(inner)];
    }),
  );
}

/** One weight of the model: where it lies in the flat arrays, and its variable. */
interface WeightPlace {
  variable: TfLayerVariable;
  shape: number[];
  offset: number;
  size: number;
  /** Whether it follows statistics and no gradient. */
  isMoving: boolean;
}

/** Weights of a layer stand in the same order in Keras and TensorFlow.js. */
function findWeights(
  model: Model,
  variablesOf: (layer: string) => TfLayerVariable[],
  engine: string,
): WeightPlace[] {
  const places: WeightPlace[] = [];
  let offset = 0;
  const byLayer = Map.groupBy(layerWeights(model), ({ name }) => name.slice(0, name.indexOf("/")));
  for (const [layer, weights] of byLayer) {
    const variables = variablesOf(layer);
    weights.forEach(({ name, shape, trainable = true }, i) => {
      const variable = variables[i];
      if (variables.length !== weights.length || String(variable.shape) !== String(shape)) {
        throw new TypeError(
          `Cannot train model "${model.name}" with ${engine}: TensorFlow.js must have weight "${name}" as [${
            shape.join(", ")
          }], got [${variable?.shape.join(", ")}] of ${variables.length} weights`,
        );
      }
      const size = valueCount(shape);
      places.push({ variable, shape, offset, size, isMoving: !trainable });
      offset += size;
    });
  }
  return places;
}

/** @returns The values first to first + size of each window, [count, size]. */
function columnsOf(
  windows: Float32Array,
  { count, windowValues, first, size }: Record<"count" | "windowValues" | "first" | "size", number>,
): Float32Array {
  if (size === windowValues) return windows.subarray(0, count * size);
  const values = new Float32Array(count * size);
  for (let window = 0; window < count; window++) {
    const at = window * windowValues + first;
    values.set(windows.subarray(at, at + size), window * size);
  }
  return values;
}
