import type { Activation, ActivationLayer, LeakyReLULayer, ReLULayer, SoftmaxLayer } from "../../nn/model.ts";
import type { GraphBuilder } from "../graph_builder.ts";
import { leakyRelu, unary, type UnaryOperator } from "../operations.ts";
import type { Lowering } from "./context.ts";

const OPERATORS: Partial<Record<Activation, UnaryOperator>> = {
  relu: "RELU",
  relu6: "RELU6",
  sigmoid: "LOGISTIC",
  softmax: "SOFTMAX",
  tanh: "TANH",
};

/** @returns Whether an activation, by its Keras name, has an operator that every runtime has in float and int8. */
export const hasActivationOperator = (activation: string): boolean =>
  activation === "linear" || Object.hasOwn(OPERATORS, activation);

/** What of a layer says how it ends. */
interface ActivatedLayer {
  name: string;
  activation: Activation;
}

/**
 * Adds what a layer computes and its activation behind it, which must be one that `hasActivationOperator`.
 *
 * @param compute Adds what comes before the activation, as a tensor of the name that it gets. @returns Its index.
 * @returns Index of the tensor with the layer's name.
 */
export function activated(
  graph: GraphBuilder,
  { name, activation }: ActivatedLayer,
  compute: (name: string) => number,
): number {
  if (activation === "linear") return compute(name);
  return unary(
    graph,
    OPERATORS[activation]!,
    compute(`${name}/preactivation`),
    name,
  );
}

/** Lowers an activation of its own; a linear one is its input. */
export const lowerActivation: Lowering<ActivationLayer> = (layer, { graph, inputs: [input] }) =>
  layer.activation === "linear" ? input : unary(graph, OPERATORS[layer.activation]!, input, layer.name);

/** Lowers Keras' layer ReLU. */
export const lowerReLU: Lowering<ReLULayer> = ({ name, maxValue }, { graph, inputs: [input] }) =>
  unary(graph, maxValue === 6 ? "RELU6" : "RELU", input, name);

/** Lowers Keras' layer LeakyReLU. */
export const lowerLeakyReLU: Lowering<LeakyReLULayer> = (
  { name, negativeSlope: slope },
  { graph, inputs: [input] },
) => leakyRelu(graph, input, { name, slope });

/** Lowers Keras' layer Softmax, which works along the last axis. */
export const lowerSoftmax: Lowering<SoftmaxLayer> = ({ name }, { graph, inputs: [input] }) =>
  unary(graph, "SOFTMAX", input, name);
