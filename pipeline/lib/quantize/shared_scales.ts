import { float32Elements, type TfliteModel, type TfliteQuantization } from "../formats/tflite/graph.ts";
import { activationQuantization, hiddenQuantization } from "./integer_params.ts";
import { formOf, isConstant, valueInputs } from "./operator_forms.ts";
import { type Range, rangeOf, rangeOfValues, type Ranges, unionOf } from "./ranges.ts";

/** Tensors that must have one quantization, because operators only move values among them. */
export interface ScaleGroup {
  /** Tensor indices, rising. */
  tensors: number[];
  /** What an operator that writes one of them demands. */
  fixed?: Readonly<TfliteQuantization>;
  /** Whether one of them is a hidden state, whose zero point must be 0. */
  isSymmetric: boolean;
}

/** An input of an operator that joins values, but has a scale of its own that it cannot give up. */
export interface ForeignInput {
  /** Index of the operator. */
  operator: number;
  /** Position among its inputs. */
  position: number;
}

/** LSTM: the hidden state is quantized as the output. */
const HIDDEN_STATE = 18;

/**
 * Finds the tensors that must agree on their quantization. Each activation is in one group, alone if nothing binds it.
 *
 * - An operator that moves values binds inputs and outputs: through a chain of RESHAPE, REVERSE_V2 or STRIDED_SLICE the
 *   inputs of a CONCATENATION get one scale with its output, and the two LSTMs of a bidirectional layer one hidden scale.
 * - What SOFTMAX, LOGISTIC or TANH wrote keeps the scale that their kernels demand: joined with values of another
 *   scale, it is a foreign input and has to be requantized on its way there.
 * - Operators that share a bias get one input scale where they can, because a bias has the scale of the input: the
 *   steps of an unrolled recurrent layer would need a copy of it each.
 */
export function findScaleGroups(model: TfliteModel): { groups: ScaleGroup[]; foreign: ForeignInput[] } {
  const groups: (ScaleGroup | undefined)[] = model.tensors.map((_, tensor) => ({
    tensors: [tensor],
    isSymmetric: false,
  }));
  const groupAt = Array.from(model.tensors, (_, tensor) => tensor);
  const groupOf = (tensor: number) => groups[groupAt[tensor]]!;
  const unite = (a: number, b: number) => {
    const [into, from] = [groupAt[a], groupAt[b]].sort((x, y) =>
      groups[y]!.tensors.length - groups[x]!.tensors.length
    );
    if (into === from) return;
    const [kept, gone] = [groups[into]!, groups[from]!];
    for (const tensor of gone.tensors) groupAt[tensor] = into;
    kept.tensors.push(...gone.tensors);
    kept.fixed ??= gone.fixed;
    kept.isSymmetric ||= gone.isSymmetric;
    groups[from] = undefined;
  };
  const foreign: ForeignInput[] = [];
  for (const [index, operator] of model.operators.entries()) {
    const form = formOf(operator, index), { inputs, outputs } = operator;
    if (typeof form.outputs === "object") {
      for (const output of outputs) groupOf(output).fixed = form.outputs;
    } else if (form.outputs === "hidden") {
      unite(outputs[0], inputs[HIDDEN_STATE]);
      groupOf(outputs[0]).isSymmetric = true;
    } else if (form.outputs === "shared") {
      outputs.forEach((output) => unite(outputs[0], output));
      const values = valueInputs(operator, form);
      const isOfOneScale = values.every(({ tensor }) =>
        groupOf(tensor).fixed === groupOf(values[0].tensor).fixed
      );
      for (const { position, tensor } of values) {
        if (isOfOneScale || groupOf(tensor).fixed === undefined) unite(outputs[0], tensor);
        else foreign.push({ operator: index, position });
      }
    }
  }
  uniteInputsOfSharedBiases(model, (a, b) => {
    if (groupOf(a).fixed === undefined && groupOf(b).fixed === undefined) unite(a, b);
  });
  const found = groups.filter((group) => group !== undefined);
  for (const { tensors } of found) tensors.sort((a, b) => a - b);
  return { groups: found.sort((a, b) => a.tensors[0] - b.tensors[0]), foreign };
}

function uniteInputsOfSharedBiases(model: TfliteModel, unite: (a: number, b: number) => void): void {
  const firstInput = new Map<string, number>();
  for (const [index, operator] of model.operators.entries()) {
    const [input, weights, bias = -1] = operator.inputs;
    if (formOf(operator, index).weights === undefined || bias === -1) continue;
    const first = firstInput.get(`${weights} ${bias}`);
    if (first === undefined) firstInput.set(`${weights} ${bias}`, input);
    else unite(first, input);
  }
}

/**
 * Chooses the int8 quantization of every activation: one a group, for the union of its tensors' ranges.
 *
 * @param ranges By tensor name; tensors that values are only moved to need none.
 * @returns By tensor index, undefined for tensors that are no activations; and what has to be requantized.
 * @throws RangeError A tensor whose values are computed has no range, or one that is not finite.
 */
export function chooseQuantizations(
  model: TfliteModel,
  ranges: Ranges,
): { quantizations: (TfliteQuantization | undefined)[]; foreign: ForeignInput[] } {
  const { groups, foreign } = findScaleGroups(model);
  const computed = computedTensors(model), values = valueTensors(model);
  const quantizations = new Array<TfliteQuantization | undefined>(model.tensors.length);
  for (const { tensors, fixed, isSymmetric } of groups) {
    let union: Range | undefined;
    for (const tensor of tensors) {
      if (!values.has(tensor)) continue;
      const { name, data } = model.tensors[tensor];
      if (data !== undefined) union = unionOf(union, rangeOfValues(float32Elements(data)));
      else if (ranges.has(name) || (computed.has(tensor) && fixed === undefined)) {
        union = unionOf(union, rangeOf(ranges, name));
      }
    }
    if (union === undefined && fixed === undefined) continue;
    const quantization = fixed ?? (isSymmetric ? hiddenQuantization(union!) : activationQuantization(union!));
    for (const tensor of tensors) quantizations[tensor] = structuredClone(quantization);
  }
  return { quantizations, foreign };
}

/** @returns Inputs of the graph and what operators write other than by moving values. */
function computedTensors(model: TfliteModel): Set<number> {
  return new Set([
    ...model.inputs,
    ...model.operators.flatMap((operator, index) =>
      formOf(operator, index).outputs === "shared" ? [] : operator.outputs
    ),
  ]);
}

/** @returns Activations and the constants that are operands like them, without states. */
function valueTensors(model: TfliteModel): Set<number> {
  return new Set([
    ...model.inputs,
    ...model.operators.flatMap(({ outputs }) => outputs),
    ...model.operators.flatMap((operator, index) =>
      valueInputs(operator, formOf(operator, index)).map(({ tensor }) => tensor).filter((tensor) =>
        isConstant(model, tensor)
      )
    ),
  ]);
}
