import { decodeKerasModel } from "../../../pipeline/lib/artefacts/keras_model.ts";
import { createRng } from "../../../pipeline/lib/core/rng.ts";
import { ARCHITECTURES } from "../../../pipeline/lib/nn/architectures/architectures.ts";
import { initializeWeights } from "../../../pipeline/lib/nn/initialize.ts";
import { h5PartsToModel } from "../../../pipeline/lib/nn/keras_weights.ts";
import type { Model, Weights } from "../../../pipeline/lib/nn/model.ts";
import { outputShapes, valueCount } from "../../../pipeline/lib/nn/shapes.ts";

const SIZES = { windowSamples: 216, channels: 1, classes: 5 };
const FOREIGN = new URL("../../../../shared/fixtures/tflite/", import.meta.url);
const GOLDENS = new URL("../../../pipeline/lib/nn/testdata/", import.meta.url);

/** A model to compare by. */
export interface NamedModel {
  name: string;
  model: Model;
  weights: Weights;
}

/** @returns The architectures at full size, with weights whose biases are not 0: that would hide a wrong order of the gates. */
export function architectures(): NamedModel[] {
  return Object.values(ARCHITECTURES).map(({ name, build }) => {
    const model = build(SIZES), rng = createRng(1), weights = initializeWeights(model, rng);
    for (const [weight, { data }] of weights) {
      // A variance is never negative.
      const change = weight.endsWith("variance") ? () => 0.1 * rng.uniform() : () => 0.1 * rng.normal();
      data.forEach((value, i) => data[i] = value + change());
    }
    return { name, model, weights };
  });
}

/** @returns What Keras itself made once, by name: small models with every kind of layer. */
export async function goldens(): Promise<NamedModel[]> {
  const models: NamedModel[] = [];
  for await (const { name: file } of Deno.readDir(GOLDENS)) {
    if (!file.startsWith("keras")) continue;
    const golden = JSON.parse(await Deno.readTextFile(new URL(file, GOLDENS)));
    for (const layer of golden.layers) {
      for (const weight of layer.weights) weight.data = Float32Array.from(weight.data);
    }
    const kerasVersion = /Keras ([\d.]+)/.exec(golden.madeBy)![1];
    models.push({ name: file.replace(".json", ""), ...h5PartsToModel({ ...golden, kerasVersion }) });
  }
  return models.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** @returns Models of MLPerf Tiny, whose .h5 files lie beside the project; none where they do not. */
export async function foreignModels(): Promise<NamedModel[]> {
  const models: NamedModel[] = [];
  for (const name of ["resnet8", "str_ww"]) {
    const bytes = await Deno.readFile(new URL(`${name}.h5`, FOREIGN)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    if (bytes !== undefined) models.push({ name, ...await decodeKerasModel(bytes, `${name}.h5`) });
  }
  return models;
}

/** @returns Shapes of a model's inputs, without the batch axis. */
export function inputShapes(model: Model): number[][] {
  const shapes = outputShapes(model);
  return model.layers.filter(({ kind }) => kind === "InputLayer").map(({ name }) => shapes.get(name)!);
}

/** @returns How many values one window has, those of all inputs one behind the other. */
export const windowValues = (model: Model): number =>
  inputShapes(model).reduce((sum, shape) => sum + valueCount(shape), 0);
