import type { TfliteModel } from "../formats/tflite/graph.ts";
import { RESCALINGS } from "./fixed_point.ts";
import type { Kernel, KernelContext, Operand, Run } from "./kernel.ts";
import { KERNELS } from "./kernels.ts";
import { createValues, type TensorValues } from "./tensor_values.ts";

/**
 * Sees a tensor right after it was written.
 *
 * @param tensor Its index. @param values The evaluator's own array: read it during the call, keep a copy.
 */
export type Observer = (tensor: number, values: TensorValues) => void;

/** How to evaluate. */
export interface EvaluatorOptions {
  /** The build of TFLite to equal in integer arithmetic; "reference" when left out. */
  build?: keyof typeof RESCALINGS;
}

/** A graph that is ready to run. */
export interface Evaluator {
  /**
   * Computes the outputs; variable tensors start at zero each time.
   *
   * @param inputs Values in the order of `model.inputs`, each in the array of its tensor's type.
   * @param observe Sees every tensor that depends on the inputs after its operator wrote it, in the order of
   *   execution, and an LSTM's cell state after each of its steps.
   * @returns Copies of the outputs, in the order of `model.outputs`.
   * @throws RangeError Inputs of another number, type or length.
   */
  run(inputs: readonly TensorValues[], observe?: Observer): TensorValues[];
}

/**
 * Plans a TFLite graph for plain TypeScript kernels: float32 with sums in float64, int8 bit for bit as the
 * reference kernels of TFLite 2.9.
 *
 * Memory is allocated, weights are laid out and whatever depends on constants alone is computed here, once;
 * `run` allocates nothing but the copies that it returns.
 *
 * @param model As `verifyTflite` or the converter gives it; left as it is, later changes are not seen.
 * @throws RangeError An operator, or a form of one, that has no kernel here, by name and index.
 */
export function createEvaluator(
  model: TfliteModel,
  { build = "reference" }: EvaluatorOptions = {},
): Evaluator {
  const operands = model.tensors.map((tensor): Operand => ({
    ...tensor,
    values: createValues(tensor),
    isConstant: tensor.data !== undefined,
  }));
  let observe: Observer | undefined;

  const steps: { run: Run; outputs: readonly number[] }[] = [];
  for (const [index, operator] of model.operators.entries()) {
    const inputs = operator.inputs.map((tensor) => tensor === -1 ? undefined : operands[tensor]);
    const outputs = operator.outputs.map((tensor) => operands[tensor]);
    const run = planOperator(index, {
      operator,
      inputs,
      outputs,
      rescaling: RESCALINGS[build],
      stateWritten: (position) => {
        const tensor = operator.inputs[position];
        observe?.(tensor, operands[tensor].values);
      },
    });
    if (inputs.every((operand) => operand === undefined || operand.isConstant)) {
      run();
      for (const output of outputs) output.isConstant = true;
    } else {
      steps.push({ run, outputs: operator.outputs });
    }
  }

  const states = operands.filter(({ isVariable }) => isVariable);
  return {
    run(inputs, observer) {
      checkInputs(inputs, model.inputs.map((tensor) => operands[tensor]));
      inputs.forEach((values, i) => setValues(operands[model.inputs[i]].values, values));
      for (const { values, quantization } of states) {
        if (values instanceof Int8Array) values.fill(quantization?.zeroPoint[0] ?? 0);
        else if (!(values instanceof BigInt64Array)) values.fill(0);
      }
      observe = observer;
      for (const { run, outputs } of steps) {
        run();
        if (observe !== undefined) { for (const tensor of outputs) observe(tensor, operands[tensor].values); }
      }
      observe = undefined;
      return model.outputs.map((tensor) => operands[tensor].values.slice());
    },
  };
}

function planOperator(index: number, context: KernelContext): Run {
  const { operator, customCode, version } = context.operator;
  const kernel: Kernel | undefined = KERNELS[operator];
  if (kernel === undefined) {
    throw new RangeError(
      `Cannot evaluate operator ${index}: it must be one of ${Object.keys(KERNELS).join(", ")}, ` +
        `got ${customCode ?? operator} version ${version}`,
    );
  }
  try {
    return kernel(context);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`Cannot evaluate operator ${index} (${operator}): ${error.message}`, {
      cause: error,
    });
  }
}

/** Copies between arrays that `checkInputs` found to be of one type. */
function setValues(target: TensorValues, source: TensorValues): void {
  (target as Float32Array).set(source as Float32Array);
}

function checkInputs(inputs: readonly TensorValues[], operands: readonly Operand[]): void {
  if (inputs.length !== operands.length) {
    throw new RangeError(`Cannot run graph: it must get ${operands.length} inputs, got ${inputs.length}`);
  }
  for (const [i, { name, type, values }] of operands.entries()) {
    if (inputs[i].constructor === values.constructor && inputs[i].length === values.length) continue;
    throw new RangeError(
      `Cannot run graph: input "${name}" must be ${values.length} values of ${type}, ` +
        `got ${inputs[i].length} in a ${inputs[i].constructor.name}`,
    );
  }
}
