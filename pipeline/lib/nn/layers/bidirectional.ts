import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { FormatError } from "../../core/errors.ts";
import { gruKind, type GRULayer, gruOptions } from "./gru.ts";
import { anything, layerOptions } from "./keras_options.ts";
import { checkRank, type LayerBase, type LayerKind, type StepContext, valueCount } from "./layer_kind.ts";
import { lstmKind, type LSTMLayer, lstmOptions } from "./lstm.ts";

/** How the outputs of the two directions become one: side by side, sum, product, mean. */
export const MERGE_MODES = ["concat", "sum", "mul", "ave"] as const;
export type MergeMode = typeof MERGE_MODES[number];

/** The layer that both directions of a Bidirectional layer are made like. */
export type DirectedLayer =
  | Omit<LSTMLayer, keyof LayerBase | "goBackwards"> & Pick<LSTMLayer, "kind">
  | Omit<GRULayer, keyof LayerBase | "goBackwards"> & Pick<GRULayer, "kind">;

/**
 * A recurrent layer that reads the window forwards and another like it that reads it backwards; the steps that the second
 * returns are turned round, so that step t of both has seen input t last.
 *
 * Weights: those of the layer as "forward/<weight>", then as "backward/<weight>".
 */
export interface BidirectionalLayer extends LayerBase {
  kind: "Bidirectional";
  layer: DirectedLayer;
  mergeMode: MergeMode;
}

export const DIRECTIONS = ["forward", "backward"] as const;

const DIRECTED = { LSTM: lstmKind, GRU: gruKind } as const;
type Directed = LSTMLayer | GRULayer;

/** @returns One direction's layer as a layer of its own, named "<layer>/<direction>". */
export function directedLayer(
  { name, inputs, layer }: BidirectionalLayer,
  direction: typeof DIRECTIONS[number],
): Directed {
  const goBackwards = direction === "backward";
  return { ...layer, name: `${name}/${direction}`, inputs, ...(goBackwards && { goBackwards }) };
}

const kindOf = ({ kind }: Pick<Directed, "kind">) => DIRECTED[kind] as unknown as LayerKind<Directed, never>;

/** One direction's layer in Keras' form; what is read is the layer without its place in a model. */
const directedOptions = z.discriminatedUnion("class_name", [
  z.looseObject({ class_name: z.literal("LSTM"), config: lstmOptions })
    .transform(({ config }) => ({ kind: "LSTM" as const, ...lstmKind.fromKeras(config) })),
  z.looseObject({ class_name: z.literal("GRU"), config: gruOptions })
    .transform(({ config }) => ({ kind: "GRU" as const, ...gruKind.fromKeras(config) })),
]);

const kerasOptions = layerOptions({
  layer: directedOptions,
  // Keras 3 writes it always, Keras 2 when it was given.
  backward_layer: directedOptions.optional(),
  merge_mode: z.enum(MERGE_MODES),
  activity_regularizer: anything,
});

export const bidirectionalKind: LayerKind<BidirectionalLayer, z.infer<typeof kerasOptions>> = {
  kind: "Bidirectional",
  inputCount: 1,
  outputShape(layer, inputs) {
    checkRank(layer, inputs[0], 2);
    if (!Object.hasOwn(DIRECTED, layer.layer.kind) || !MERGE_MODES.includes(layer.mergeMode)) {
      throw new TypeError(
        `Cannot use layer "${layer.name}": it must hold one of ${
          Object.keys(DIRECTED).join(", ")
        } and merge by one of ` +
          `${MERGE_MODES.join(", ")}, got ${layer.layer.kind} and ${layer.mergeMode}`,
      );
    }
    const shape = kindOf(layer.layer).outputShape(directedLayer(layer, "forward"), inputs);
    const units = layer.layer.units * (layer.mergeMode === "concat" ? 2 : 1);
    return [...shape.slice(0, -1), units];
  },
  weights: (layer, inputs) =>
    DIRECTIONS.flatMap((direction) =>
      kindOf(layer.layer).weights(directedLayer(layer, direction), inputs)
        .map((weight) => ({ ...weight, name: `${direction}/${weight.name}` }))
    ),
  kerasOptions,
  fromKeras({ name, layer, backward_layer, merge_mode: mergeMode }) {
    const { goBackwards: turned, ...directed } = layer;
    const { goBackwards = false, ...other } = backward_layer ?? { ...directed, goBackwards: true };
    if (turned || !goBackwards || !isDeepStrictEqual(directed, other)) {
      throw new FormatError(
        `Cannot read layer "${name}": its backward_layer must be as its layer but for go_backwards, which only it must ` +
          `have, got ${JSON.stringify(backward_layer)} for ${JSON.stringify(layer)}`,
      );
    }
    return { layer: directed, mergeMode };
  },
  toKeras(bidirectional) {
    const { layer, mergeMode } = bidirectional, { kind } = layer;
    const options = kindOf(layer).toKeras(directedLayer(bidirectional, "forward"));
    return {
      layer: {
        module: "keras.layers",
        class_name: kind,
        config: { name: kind.toLowerCase(), trainable: true, dtype: "float32", ...options },
        registered_name: null,
      },
      merge_mode: mergeMode,
    };
  },
  /** For example "forward_lstm/lstm_cell/kernel". */
  kerasPath(bidirectional, weight) {
    const { layer } = bidirectional, [direction, own] = weight.split("/");
    const path = kindOf(layer).kerasPath!(directedLayer(bidirectional, "forward"), own);
    return `${direction}_${layer.kind.toLowerCase()}/${path}`;
  },
  // Keras 3 writes the model's and the layer's name in front of it.
  weightOfPath(path) {
    const segments = path.split("/"), own = segments[segments.length - 1];
    const scope = segments.findLast((segment) => /^(forward|backward)_/.test(segment));
    return scope === undefined ? own : `${scope.slice(0, scope.indexOf("_"))}/${own}`;
  },
  /** An observer sees what the two layers show, as "<layer>/forward/hidden" and "<layer>/backward/hidden". */
  prepare(bidirectional, { inputShapes, outputShape, weight }) {
    const { layer, mergeMode } = bidirectional, { units, returnSequences } = layer;
    const output = new Float64Array(valueCount(outputShape));
    const [forward, backward] = DIRECTIONS.map((direction) => {
      const context: StepContext = {
        inputShapes,
        outputShape: [...outputShape.slice(0, -1), units],
        weight: (name) => weight(`${direction}/${name}`),
      };
      return kindOf(layer).prepare(directedLayer(bidirectional, direction), context);
    });
    const steps = returnSequences ? outputShape[0] : 1;
    return {
      output,
      run(inputs, observe) {
        forward.run(inputs, observe);
        backward.run(inputs, observe);
        for (let t = 0; t < steps; t++) {
          for (let u = 0; u < units; u++) {
            const f = forward.output[t * units + u], b = backward.output[(steps - 1 - t) * units + u];
            if (mergeMode === "concat") {
              output[2 * t * units + u] = f;
              output[(2 * t + 1) * units + u] = b;
            } else output[t * units + u] = MERGES[mergeMode](f, b);
          }
        }
      },
    };
  },
};

const MERGES = {
  sum: (f: number, b: number) => f + b,
  mul: (f: number, b: number) => f * b,
  ave: (f: number, b: number) => (f + b) / 2,
};
