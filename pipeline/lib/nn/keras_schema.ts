import { z } from "zod";

/** Most layers of a model, and most tensors that one of them reads. */
const MAX_LAYERS = 1000;

/**
 * Where a class comes from. One of somebody's own may have the name of Keras': it is known by the package or module that it
 * was registered with.
 */
const builtIn = {
  module: z.string().regex(/^(tf_)?keras(\.|$)/, "must be a module of Keras").nullish(),
  registered_name: z.string().regex(/^[^>]*$/, "must be no custom class").nullish(),
};
const layerSchema = z.looseObject({
  ...builtIn,
  class_name: z.string(),
  config: z.looseObject({ name: z.string() }),
});
const layerList = <Schema extends z.ZodType>(schema: Schema) => z.array(schema).min(1).max(MAX_LAYERS);
/** Arguments of a call beside its tensors; one that is set might change what the layer computes. */
const callArguments = z.object({ training: z.literal(false).nullish() }).catchall(z.null());

/** One tensor as [layer name, node index, tensor index]; only the first node's first tensor is supported. */
const tensorSchema = z.tuple([z.string(), z.literal(0), z.literal(0)]);
const tensorName = tensorSchema.transform(([name]) => name);
/** The inputs of a Functional model: tensors, of Keras 3 a single one without a list. */
const inputsSchema = z.union([
  tensorName.transform((name) => [name]),
  z.array(tensorName).min(1).max(MAX_LAYERS),
], {
  error: "must be tensors",
});
/** The one output of a Functional model: a tensor, in Keras 2 within a list. */
const outputSchema = z.union([tensorSchema, z.tuple([tensorSchema]).transform(([tensor]) => tensor)], {
  error: "must be one tensor",
}).transform(([name]) => name);

/** A tensor in the arguments of a call of Keras 3. */
const kerasTensor = z.looseObject({ config: z.looseObject({ keras_history: tensorSchema }) })
  .transform(({ config }) => config.keras_history[0]);
const kerasTensors = z.array(kerasTensor).max(MAX_LAYERS);

/** How a layer of a Functional model is called: once or, for an InputLayer, never. */
const inboundSchema = z.union([
  z.tuple([]).transform((): string[] => []),
  // Keras 2: [[["<layer>", 0, 0, {}], ...]]
  z.tuple([z.array(z.tuple([z.string(), z.literal(0), z.literal(0), callArguments])).max(MAX_LAYERS)])
    .transform(([tensors]) => tensors.map(([name]) => name)),
  // Keras 3: [{ args: [{ config: { keras_history: ["<layer>", 0, 0] } }], kwargs: {} }]; several tensors in a list
  z.tuple([z.object({
    args: z.union([kerasTensors, z.tuple([kerasTensors]).transform(([tensors]) => tensors)]),
    kwargs: callArguments,
  })]).transform(([{ args }]) => args),
], { error: "must be one call on plain tensors" });

/** A model's configuration as Keras 2 and 3 write it. */
export const modelSchema = z.discriminatedUnion("class_name", [
  z.looseObject({
    ...builtIn,
    class_name: z.literal("Sequential"),
    config: z.union([
      z.looseObject({ name: z.string(), layers: layerList(layerSchema) }),
      // Keras before 2.2.3 wrote the layers alone.
      layerList(layerSchema).transform((layers) => ({ name: "sequential", layers })),
    ], {
      error: ({ input }) =>
        typeof input === "object" && input !== null
          ? `must have a name and 1 to ${MAX_LAYERS} layers`
          : "must be object",
    }),
  }),
  z.looseObject({
    ...builtIn,
    // "Model" is the name that Keras before 2.3 gave it.
    class_name: z.enum(["Functional", "Model"]),
    config: z.looseObject({
      name: z.string(),
      layers: layerList(layerSchema.extend({ inbound_nodes: inboundSchema })),
      input_layers: inputsSchema,
      output_layers: outputSchema,
    }),
  }),
], { error: ({ code }) => code === "invalid_union" ? "must be Sequential or Functional" : undefined });
