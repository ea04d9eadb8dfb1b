import { z } from "zod";

const anything = z.unknown().optional();
const off = z.literal(false).optional();
const size = z.int().min(1);

/** float32 by name (Keras 2) or as a policy object (Keras 3). */
const dtype = z.custom((value) => {
  const policy = value as { config?: { name?: unknown } } | null;
  return value === "float32" || policy?.config?.name === "float32";
}, "must be float32").optional();

const activation = z.enum(["linear", "relu", "sigmoid", "softmax", "tanh"]);

/** A layer's options; one that is not listed may only be null, because it might change what the layer computes. */
function layerOptions<Shape extends z.ZodRawShape>(options: Shape) {
  return z.object({ name: z.string(), trainable: anything, dtype, batch_input_shape: anything, ...options })
    .catchall(z.null());
}

/** Options that matter to training only. */
const weightOptions = {
  kernel_initializer: anything,
  bias_initializer: anything,
  kernel_regularizer: anything,
  bias_regularizer: anything,
  activity_regularizer: anything,
  kernel_constraint: anything,
  bias_constraint: anything,
};

/** [batch, ...shape]; null where the size is open. */
const batchShape = z.array(size.nullable());

/** InputLayer of Keras 2 (batch_input_shape) and 3 (batch_shape). */
export const inputSchema = z.object({
  name: z.string(),
  dtype,
  batch_input_shape: batchShape.optional(),
  batch_shape: batchShape.optional(),
  sparse: off,
  ragged: off,
  optional: off,
}).catchall(z.null());

export const conv1dSchema = layerOptions({
  ...weightOptions,
  filters: size,
  kernel_size: z.tuple([size]),
  strides: z.tuple([size]),
  padding: z.enum(["same", "valid"]),
  data_format: z.literal("channels_last"),
  dilation_rate: z.tuple([z.literal(1)]),
  groups: z.literal(1).optional(),
  activation,
  use_bias: z.literal(true),
});

export const lstmSchema = layerOptions({
  ...weightOptions,
  recurrent_initializer: anything,
  recurrent_regularizer: anything,
  recurrent_constraint: anything,
  units: size,
  activation: z.literal("tanh"),
  recurrent_activation: z.literal("sigmoid"),
  use_bias: z.literal(true),
  return_sequences: z.boolean(),
  return_state: off,
  go_backwards: off,
  stateful: off,
  time_major: off,
  zero_output_for_mask: off,
  unit_forget_bias: anything,
  unroll: anything,
  dropout: anything,
  recurrent_dropout: anything,
  seed: anything,
  implementation: anything,
});

export const globalAveragePooling1dSchema = layerOptions({
  data_format: z.literal("channels_last"),
  keepdims: off,
});

export const denseSchema = layerOptions({
  ...weightOptions,
  units: size,
  activation,
  use_bias: z.literal(true),
});

const layerSchema = z.looseObject({
  class_name: z.string(),
  config: z.looseObject({ name: z.string() }),
});
const layerList = <Schema extends z.ZodType>(schema: Schema) => z.array(schema).min(1).max(1000);

/** One tensor as [layer name, node index, tensor index]; only the first node's first tensor is supported. */
const tensorSchema = z.tuple([z.string(), z.literal(0), z.literal(0)]);
/** The one input or output of a Functional model: a tensor, in Keras 2 within a list. */
const endSchema = z.union([tensorSchema, z.tuple([tensorSchema]).transform(([tensor]) => tensor)], {
  error: "must be one tensor",
}).transform(([name]) => name);

/** How a layer of a Functional model is called: once or, for an InputLayer, never. */
const inboundSchema = z.union([
  z.tuple([]).transform((): string[] => []),
  // Keras 2: [[["<layer>", 0, 0, {}], ...]]
  z.tuple([z.array(z.tuple([z.string(), z.literal(0), z.literal(0), z.looseObject({})]))])
    .transform(([tensors]) => tensors.map(([name]) => name)),
  // Keras 3: [{ args: [{ config: { keras_history: ["<layer>", 0, 0] } }], kwargs: {} }]
  z.tuple([z.object({
    args: z.array(z.looseObject({ config: z.looseObject({ keras_history: tensorSchema }) })),
    kwargs: z.object({ training: anything }).catchall(z.null()),
  })]).transform(([{ args }]) => args.map(({ config }) => config.keras_history[0])),
], { error: "must be one call on plain tensors" });

export const modelSchema = z.discriminatedUnion("class_name", [
  z.looseObject({
    class_name: z.literal("Sequential"),
    config: z.looseObject({ name: z.string(), layers: layerList(layerSchema) }),
  }),
  z.looseObject({
    // "Model" is the name that Keras before 2.3 gave it.
    class_name: z.enum(["Functional", "Model"]),
    config: z.looseObject({
      name: z.string(),
      layers: layerList(layerSchema.extend({ inbound_nodes: inboundSchema })),
      input_layers: endSchema,
      output_layers: endSchema,
    }),
  }),
], { error: ({ code }) => code === "invalid_union" ? "must be Sequential or Functional" : undefined });
