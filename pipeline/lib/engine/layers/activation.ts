import type { Activation } from "../../nn/model.ts";
import type { Machine } from "../kernels/kernels.ts";
import type { BlockContext, BlockOp } from "./block.ts";

/** The kernels' numbers of the activations that they apply element by element. */
const CODES = { relu: 1, sigmoid: 2, tanh: 3, relu6: 4, hard_sigmoid: 5, hard_sigmoid_keras3: 6 } as const;

/**
 * Compiles an activation that is applied to a layer's output in place; its gradient follows from the output alone.
 *
 * @param layer Kind and name for messages.
 * @returns Undefined where there is nothing to do: linear, or the softmax of the model's output.
 * @throws TypeError Softmax anywhere else.
 */
export function compileActivation(
  { kind, name, activation }: { kind: string; name: string; activation: Activation },
  { output, isModelOutput }: BlockContext,
): { forward(machine: Machine): void; backward(machine: Machine): void } | undefined {
  if (activation === "linear" || (activation === "softmax" && isModelOutput)) return undefined;
  if (activation === "softmax") {
    throw new TypeError(
      `Cannot train ${kind} layer "${name}": softmax must be the activation of the model's output alone`,
    );
  }
  const code = CODES[activation], rows = output.steps * output.channels;
  return {
    forward: ({ kernels }) => kernels.activationForward(rows, output.address, code),
    backward: ({ kernels }) => kernels.activationBackward(rows, output.address, output.gradient, code),
  };
}

/** Joins a layer's operation and its activation. */
export function withActivation(
  op: BlockOp,
  activation: ReturnType<typeof compileActivation>,
): BlockOp {
  if (activation === undefined) return op;
  return {
    prepare: op.prepare,
    forward(machine, pass) {
      op.forward(machine, pass);
      activation.forward(machine);
    },
    backward(machine, gradients, pass) {
      activation.backward(machine);
      op.backward(machine, gradients, pass);
    },
  };
}
