import { ACTIVATION } from "../../formats/tflite/schema.ts";
import type { Activation } from "../../nn/model.ts";
import type { GraphBuilder, OperatorOptions } from "../graph_builder.ts";

/** Activations that are operators of their own. */
const OPERATORS: Partial<Record<Activation, { operator: string } & Partial<OperatorOptions>>> = {
  sigmoid: { operator: "LOGISTIC" },
  softmax: { operator: "SOFTMAX", optionsType: "SoftmaxOptions", options: { beta: 1 } },
  tanh: { operator: "TANH" },
};

/** What a layer with an activation computes before it. */
export interface ActivatedLayer {
  name: string;
  activation: Activation;
  /** Shape of the output tensor, with the batch axis. */
  shape: number[];
  /** Adds the operator that writes tensor `output`, with relu fused into it or not. */
  compute(output: number, fusedActivationFunction: number): void;
}

/**
 * Adds a layer's operator and its activation: relu fused into the operator, others behind it.
 *
 * @returns Index of the tensor with the layer's name.
 */
export function lowerActivated(
  graph: GraphBuilder,
  { name, activation, shape, compute }: ActivatedLayer,
): number {
  if (activation === "relu6") {
    throw new TypeError(`Cannot convert layer "${name}": its activation must have a lowering, got relu6`);
  }
  const separate = OPERATORS[activation];
  if (separate === undefined) {
    const output = graph.activation(name, shape);
    compute(output, activation === "relu" ? ACTIVATION.RELU : ACTIVATION.NONE);
    return output;
  }
  const preactivation = graph.activation(`${name}/preactivation`, shape);
  compute(preactivation, ACTIVATION.NONE);
  const output = graph.activation(name, shape);
  graph.operator({ ...separate, version: 1, inputs: [preactivation], outputs: [output] });
  return output;
}
