import { z } from "zod";
import { ACTIVATIONS } from "./activations.ts";

/** An option that changes nothing in what a trained layer computes. */
export const anything = z.unknown().optional();
/** An option that is not supported. */
export const off = z.literal(false).optional();
/** A number of units, filters, steps. */
export const size = z.int().min(1);
/** Which of the two hard sigmoids it is follows from the version of Keras. */
export const activation = z.enum(ACTIVATIONS).exclude(["hard_sigmoid_keras3"]);
/** True or False, which some models of Keras 2 have as 1 or 0. */
export const flag = z.union([z.boolean(), z.literal([0, 1])], { error: "must be boolean" }).transform(
  Boolean,
);

/** float32 by name (Keras 2) or as a policy object (Keras 3). */
export const dtype = z.custom((value) => {
  const policy = value as { config?: { name?: unknown } } | null;
  return value === "float32" || policy?.config?.name === "float32";
}, "must be float32").optional();

/** A layer's options; one that is not listed may only be null, because it might change what the layer computes. */
export function layerOptions<Shape extends z.ZodRawShape>(options: Shape) {
  return z.object({ name: z.string(), trainable: anything, dtype, batch_input_shape: anything, ...options })
    .catchall(z.null());
}

/** Options of a layer with a kernel and a bias that matter to training only. */
export const weightOptions = {
  kernel_initializer: anything,
  bias_initializer: anything,
  kernel_regularizer: anything,
  bias_regularizer: anything,
  activity_regularizer: anything,
  kernel_constraint: anything,
  bias_constraint: anything,
};

const INITIALIZERS = {
  kernel: { class_name: "GlorotUniform", config: { seed: null } },
  depthwise: { class_name: "GlorotUniform", config: { seed: null } },
  pointwise: { class_name: "GlorotUniform", config: { seed: null } },
  recurrent: { class_name: "Orthogonal", config: { gain: 1, seed: null } },
  bias: { class_name: "Zeros", config: {} },
  beta: { class_name: "Zeros", config: {} },
  gamma: { class_name: "Ones", config: {} },
  moving_mean: { class_name: "Zeros", config: {} },
  moving_variance: { class_name: "Ones", config: {} },
};

/** Writes Keras' default initializers, "<weight>_initializer". */
export function initializers(weights: (keyof typeof INITIALIZERS)[]): Record<string, unknown> {
  return Object.fromEntries(weights.map((weight) => [
    `${weight}_initializer`,
    { module: "keras.initializers", ...INITIALIZERS[weight], registered_name: null },
  ]));
}

/** Writes options that are not set, "<weight>_<option>". */
export function nulls(option: string, weights: string[]): Record<string, null> {
  return Object.fromEntries(weights.map((weight) => [`${weight}_${option}`, null]));
}
