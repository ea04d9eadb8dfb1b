import type { Rng } from "../../core/rng.ts";
import { tensorByteSize, type TfliteModel, type TfliteTensor } from "./graph.ts";
import { OPERATOR_RULES } from "./operator_rules.ts";
import { OPERATORS_BY_NAME } from "./operators.ts";
import { OPTION_TABLES } from "./options_schema.ts";
import type { TensorTypeName } from "./schema.ts";

const SIZES = [0, 1, 2, 3, 4, 5, 8, 16, 100, 65536];
const NUMBERS = [-(2 ** 31), -65536, -2, -1, 0, 1, 2, 3, 4, 5, 100, 65536, 2 ** 31 - 1];
const TYPES: TensorTypeName[] = ["FLOAT32", "INT8", "INT32", "INT16", "INT64", "FLOAT16"];
const OPERATORS = Object.keys(OPERATOR_RULES);

/** Changes a shape, type, quantization, option, input, version, operator or constant of a graph, for tests. */
export function changeGraph(model: TfliteModel, rng: Rng): void {
  const pick = <T>(list: readonly T[]): T => list[rng.integer(list.length)];
  const tensor = pick(model.tensors), operator = pick(model.operators);
  switch (rng.integer(8)) {
    case 0:
      tensor.shape = tensor.shape.length > 0
        ? tensor.shape.with(rng.integer(tensor.shape.length), pick(SIZES))
        : [2];
      return refill(tensor);
    case 1:
      tensor.shape = rng.integer(2) === 0 ? [...tensor.shape, pick(SIZES)] : tensor.shape.slice(1);
      return refill(tensor);
    case 2:
      tensor.type = pick(TYPES);
      return refill(tensor);
    case 3:
      tensor.quantization = {
        scale: [pick([1e-30, 1e-6, 0.1, 1, 1e6, 1e30])],
        zeroPoint: [pick([-128, 0, 3])],
        quantizedDimension: 0,
      };
      return;
    case 4: {
      const names = Object.keys(operator.options ?? {});
      if (names.length > 0) operator.options![pick(names)] = pick(NUMBERS);
      return;
    }
    case 5:
      operator.inputs = operator.inputs.with(
        rng.integer(operator.inputs.length),
        rng.integer(model.tensors.length),
      );
      return;
    case 6: {
      const name = pick(OPERATORS), { options, inputs, constants = [] } = OPERATOR_RULES[name];
      operator.operator = name;
      operator.version = OPERATORS_BY_NAME.get(name)!.minVersion + rng.integer(3);
      operator.optionsType = options;
      operator.options = options === undefined ? undefined : randomOptions(options, rng);
      operator.inputs = Array.from(
        { length: Math.min(inputs[1], inputs[0] + rng.integer(2)) },
        (_, position) => {
          if (!constants.includes(position)) {
            return operator.inputs[position] ??
              rng.integer(model.tensors.length);
          }
          const values = Int32Array.from({ length: 1 + rng.integer(4) }, () => rng.integer(7) - 2);
          const data = new Uint8Array(values.buffer);
          return model.tensors.push({ name: "new", type: "INT32", shape: [values.length], data }) - 1;
        },
      );
      return;
    }
    case 7:
      if (tensor.type === "INT32" && tensor.data !== undefined && tensor.data.length > 0) {
        const values = new Int32Array(tensor.data.slice().buffer);
        values[rng.integer(values.length)] = pick(NUMBERS);
        tensor.data = new Uint8Array(values.buffer);
      }
  }
}

/** Gives a changed constant data of the right size, or this test would see only the check of sizes. */
function refill(tensor: TfliteTensor): void {
  delete tensor.shapeSignature;
  if (tensor.data === undefined) return;
  const data = new Uint8Array(Math.min(tensorByteSize(tensor), 2 ** 20));
  data.set(tensor.data.subarray(0, data.length));
  tensor.data = data;
}

function randomOptions(type: string, rng: Rng) {
  return Object.fromEntries(
    OPTION_TABLES[type].fields.map((
      [name, kind],
    ) => [name, kind === "i32[]" ? [rng.integer(3)] : rng.integer(3)]),
  );
}
