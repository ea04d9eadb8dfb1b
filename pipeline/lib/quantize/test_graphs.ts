import { createGraphBuilder } from "../convert/graph_builder.ts";
import { createRng } from "../core/rng.ts";
import { bytesOf, elementCount, type OptionValue, type TfliteModel } from "../formats/tflite/graph.ts";
import { OPERATOR_RULES } from "../formats/tflite/operator_rules.ts";
import { denseOptions, lstmOptions } from "../reference/test_graphs.ts";

/** A constant of a graph for tests. */
export interface TestConstant {
  name: string;
  shape: number[];
  values: Float32Array | Int32Array;
}

/** An operator of a graph for tests: tensors by name, constants in place. */
export interface TestOperation {
  operator: string;
  version?: number;
  inputs: (string | TestConstant | undefined)[];
  /** Shapes by name. */
  outputs: Record<string, number[]>;
  options?: Record<string, OptionValue>;
}

/**
 * Makes a float32 graph by hand.
 *
 * @param inputs Shapes by name. @param outputs Names. @param variables Shapes of states by name.
 */
export function graphOf(
  { inputs, operations, outputs, variables = {} }: {
    inputs: Record<string, number[]>;
    operations: TestOperation[];
    outputs: string[];
    variables?: Record<string, number[]>;
  },
): TfliteModel {
  const { model } = createGraphBuilder("a test");
  const indices = new Map<string, number>();
  const add = (name: string, shape: number[], rest: object = {}): number => {
    const known = indices.get(name);
    if (known !== undefined) return known;
    const index = model.tensors.push({ name, type: "FLOAT32", shape, ...rest }) - 1;
    indices.set(name, index);
    return index;
  };
  for (const [name, shape] of Object.entries(inputs)) model.inputs.push(add(name, shape));
  for (const [name, shape] of Object.entries(variables)) add(name, shape, { isVariable: true });
  for (const { operator, version = 1, inputs, outputs, options } of operations) {
    model.operators.push({
      operator,
      version,
      inputs: inputs.map((input) => {
        if (input === undefined) return -1;
        if (typeof input === "string") return indices.get(input)!;
        const type = input.values instanceof Int32Array ? "INT32" : "FLOAT32";
        return add(input.name, input.shape, { type, data: bytesOf(input.values) });
      }),
      outputs: Object.entries(outputs).map(([name, shape]) => add(name, shape)),
      optionsType: OPERATOR_RULES[operator]?.options,
      options,
    });
  }
  model.outputs = outputs.map((name) => indices.get(name)!);
  model.signatures.push({
    key: "serving_default",
    inputs: model.inputs.map((tensor) => ({ name: model.tensors[tensor].name, tensor })),
    outputs: model.outputs.map((tensor) => ({ name: model.tensors[tensor].name, tensor })),
  });
  return model;
}

/** @returns An INT32 list: a shape, axes. */
export const ints = (name: string, ...values: number[]): TestConstant => ({
  name,
  shape: [values.length],
  values: Int32Array.from(values),
});

/** @returns Normal values times `spread`, the same for the same name. */
export function normal(name: string, shape: number[], spread = 1): TestConstant {
  const rng = createRng(3).fork(name);
  return {
    name,
    shape,
    values: Float32Array.from({ length: elementCount(shape) }, () => spread * rng.normal()),
  };
}

/** A FULLY_CONNECTED of [rows, features] to [rows, units]. */
export const dense = (input: string, output: string, [rows, features, units]: number[]): TestOperation => ({
  operator: "FULLY_CONNECTED",
  inputs: [input, normal(`${output}/kernel`, [units, features], 0.5), normal(`${output}/bias`, [units], 0.2)],
  outputs: { [output]: [rows, units] },
  options: denseOptions(),
});

/** An LSTM of [1, steps, channels]; its states "<output>/hidden_state" and "<output>/cell" must be variables. */
export const lstm = (input: string, output: string, [steps, channels, units]: number[]): TestOperation => {
  const weights = (what: string, rows: number) =>
    ["i", "f", "c", "o"].map((gate) => normal(`${output}/${what}_${gate}`, [units, rows], 0.5));
  const biases = ["i", "f", "c", "o"].map((gate) => normal(`${output}/bias_${gate}`, [units], 0.2));
  return {
    operator: "UNIDIRECTIONAL_SEQUENCE_LSTM",
    inputs: [
      input,
      ...weights("kernel", channels),
      ...weights("recurrent", units),
      ...[undefined, undefined, undefined],
      ...biases,
      ...[undefined, undefined],
      `${output}/hidden_state`,
      `${output}/cell`,
      ...[undefined, undefined, undefined, undefined],
    ],
    outputs: { [output]: [1, steps, units] },
    options: lstmOptions(),
  };
};

/** An operator without options or with none that matter, for example TANH. */
export const unary = (operator: string, input: string, output: string, shape: number[]): TestOperation => ({
  operator,
  inputs: [input],
  outputs: { [output]: shape },
  options: operator === "SOFTMAX" ? { beta: 1 } : undefined,
});

/** ADD, SUB or MUL. */
export const binary = (
  operator: string,
  inputs: (string | TestConstant)[],
  output: string,
  shape: number[],
): TestOperation => ({
  operator,
  inputs,
  outputs: { [output]: shape },
  options: { fusedActivationFunction: 0 },
});

export const concatenation = (inputs: string[], output: string, shape: number[]): TestOperation => ({
  operator: "CONCATENATION",
  inputs,
  outputs: { [output]: shape },
  options: { axis: -1, fusedActivationFunction: 0 },
});

export const reshape = (input: string, output: string, shape: number[]): TestOperation => ({
  operator: "RESHAPE",
  inputs: [input, ints(`${output}/shape`, ...shape)],
  outputs: { [output]: shape },
});

export const reverse = (input: string, output: string, shape: number[]): TestOperation => ({
  operator: "REVERSE_V2",
  inputs: [input, ints(`${output}/axes`, 1)],
  outputs: { [output]: shape },
});

/** Takes the last step of [1, steps, channels]. */
export const lastStep = (input: string, output: string, channels: number): TestOperation => ({
  operator: "STRIDED_SLICE",
  inputs: [
    input,
    ints(`${output}/begin`, 0, -1, 0),
    ints(`${output}/end`, 0, 0, 0),
    ints(`${output}/strides`, 1, 1, 1),
  ],
  outputs: { [output]: [1, channels] },
  options: { beginMask: 0b101, endMask: 0b101, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0b010 },
});

/** Both directions of an LSTM, the second on the reversed sequence: [1, 6, 2] to [1, 6]. */
export function bidirectionalGraph(): TfliteModel {
  return graphOf({
    inputs: { input: [1, 6, 2] },
    variables: Object.fromEntries(
      ["forward", "backward"].flatMap((name) => [[`${name}/hidden_state`, [1, 3]], [`${name}/cell`, [1, 3]]]),
    ),
    operations: [
      lstm("input", "forward", [6, 2, 3]),
      lastStep("forward", "forward/last", 3),
      reverse("input", "reversed", [1, 6, 2]),
      lstm("reversed", "backward", [6, 2, 3]),
      lastStep("backward", "backward/last", 3),
      concatenation(["forward/last", "backward/last"], "output", [1, 6]),
    ],
    outputs: ["output"],
  });
}
