import {
  int32Elements,
  tensorByteSize,
  type TfliteModel,
  type TfliteOperator,
  type TfliteTensor,
} from "../../formats/tflite/graph.ts";
import type { TensorTypeName } from "../../formats/tflite/schema.ts";

/** Why a target does not take an operator, or, without `operator`, the model. */
export interface TargetFinding {
  /** Position in the graph. */
  operator?: number;
  problem: string;
}

/** Something that runs .tflite files, known by its table of operators. */
export interface DeviceTarget {
  name: string;
  /** Where the table comes from, with version and date. */
  source: string;
  /** What happens to an operator that is not taken: the model does not run, or a processor computes it. */
  otherwise: "refused" | "cpu";
  /** @returns What is not taken, in the graph's order; nothing for a model that is taken whole. */
  check(model: TfliteModel): TargetFinding[];
}

/** An operator with its tensors, to be looked at by a rule. */
export interface RuleContext {
  operator: TfliteOperator;
  /** undefined for an absent one. */
  inputs: (TfliteTensor | undefined)[];
  outputs: TfliteTensor[];
}

/** @returns What of an operator a target does not take, or undefined. */
export type TargetRule = (context: RuleContext) => string | undefined;

/** Everything that is known of one operator: nothing more than that it is taken, or its limits. */
export type TargetTable = Readonly<Record<string, TargetRule>>;

/** Takes the operator as it is. */
const anyForm: TargetRule = () => undefined;

/** @param names Operators, parted by blanks. @returns A table that takes each as it is. */
export const anyFormOf = (names: string): TargetTable =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, anyForm]));

/** @returns The elements of an INT32 constant; undefined for another tensor or data of another size. */
export function int32Constant(tensor: TfliteTensor | undefined): Int32Array | undefined {
  const isSound = tensor?.type === "INT32" && tensor.data?.length === tensorByteSize(tensor);
  return isSound ? int32Elements(tensor.data!) : undefined;
}

/** @returns Constant axes of input 1, counted from the start; undefined where they are not constant. */
export function constantAxes({ inputs: [input, axes] }: RuleContext): number[] | undefined {
  const list = int32Constant(axes), rank = input?.shape.length ?? 0;
  return list && Array.from(list, (axis) => axis < 0 ? axis + rank : axis);
}

/** @returns A numeric option; 0 for an absent one. */
export const numericOption = ({ operator }: RuleContext, name: string): number =>
  Number(operator.options?.[name] ?? 0);

/** @returns The first problem that a rule finds. */
export const allOf = (...rules: readonly TargetRule[]): TargetRule => (context) => {
  for (const rule of rules) {
    const problem = rule(context);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

/** Activations, inputs and outputs, are of one of these types; constants and states may have others. */
export const activationTypes = (...types: readonly TensorTypeName[]): TargetRule => ({ inputs, outputs }) => {
  const passing = inputs.filter((tensor) => tensor?.data === undefined && !tensor?.isVariable);
  const other = [...passing, ...outputs].find((tensor) =>
    tensor !== undefined && !types.includes(tensor.type)
  );
  return other && `${types.join(" or ")} only, got ${other.type}`;
};

/**
 * Looks every operator up.
 *
 * @param common Holds for every operator of the table, before the rule of its own.
 * @param unknown What to say of an operator that the table lacks.
 */
export function checkByTable(
  model: TfliteModel,
  { table, common = anyForm, unknown }: { table: TargetTable; common?: TargetRule; unknown: string },
): TargetFinding[] {
  return model.operators.flatMap((operator, index): TargetFinding[] => {
    const rule = Object.hasOwn(table, operator.operator) ? table[operator.operator] : undefined;
    const context: RuleContext = {
      operator,
      inputs: operator.inputs.map((tensor) => model.tensors[tensor]),
      outputs: operator.outputs.map((tensor) => model.tensors[tensor]),
    };
    const problem = rule === undefined ? unknown : common(context) ?? rule(context);
    return problem === undefined ? [] : [{ operator: index, problem }];
  });
}

/**
 * @param firstAxis Whether the first axis may be open.
 * @returns A problem where the size of an input or output may change from run to run.
 */
export function dynamicShape({ tensors, inputs, outputs }: TfliteModel, firstAxis: boolean): TargetFinding[] {
  const open = [...inputs, ...outputs].map((index) => tensors[index])
    .find(({ shapeSignature }) => shapeSignature?.slice(firstAxis ? 1 : 0).includes(-1));
  return open === undefined ? [] : [{ problem: `fixed shapes only, got [${open.shapeSignature}]` }];
}
