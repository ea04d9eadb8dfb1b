import type { Model, Weights } from "../nn/model.ts";
import { valueCount } from "../nn/shapes.ts";
import { compileBlockProgram, type ParameterPlace } from "./block_program.ts";
import type { EngineLayout } from "./wasm_layout.ts";

/**
 * Changes one weight in place.
 *
 * @param name "<layer>/<weight>". @param shape As Keras has it. @param values Row-major.
 */
export type WeightChange = (name: string, shape: readonly number[], values: Float32Array) => void;

/** Moves values between the shared memory's layout and that of the model's weights. */
export function createParameters(model: Model, layout: EngineLayout, floats: Float32Array) {
  const { parameterPlaces, movingParameters } = compileBlockProgram(model, {
    parameters: layout.weights,
    scratch: layout.scratch,
  });
  const at = (address: number) => floats.subarray(address / 4, (address + layout.parameterBytes) / 4);
  const read = (address: number, { shape, ...place }: ParameterPlace): Float32Array => {
    const values = new Float32Array(valueCount(shape));
    copyWeight({ shape, ...place }, { parameters: at(address), values, direction: "fromParameters" });
    return values;
  };
  const count = parameterPlaces.reduce((sum, { shape }) => sum + valueCount(shape), 0);
  let scratch: Float32Array[] | undefined;
  return {
    /** Parameters of the model. */
    count,
    movingParameters,
    write(address: number, valuesOf: (name: string) => Float32Array): void {
      for (const place of parameterPlaces) {
        copyWeight(place, {
          parameters: at(address),
          values: valuesOf(place.name),
          direction: "toParameters",
        });
      }
    },
    /** Writes what `change` makes of the weights at one address, each in Keras' shape, to another. */
    transform(from: number, to: number, change: WeightChange): void {
      scratch ??= parameterPlaces.map(({ shape }) => new Float32Array(valueCount(shape)));
      parameterPlaces.forEach((place, i) => {
        const values = scratch![i];
        copyWeight(place, { parameters: at(from), values, direction: "fromParameters" });
        change(place.name, place.shape, values);
        copyWeight(place, { parameters: at(to), values, direction: "toParameters" });
      });
    },
    readTensors: (address: number): Weights =>
      new Map(parameterPlaces.map((place) => [place.name, {
        shape: [...place.shape],
        data: read(address, place),
      }])),
    /** @returns All values in the order of the weights. */
    readFlat(address: number): Float32Array {
      const values = new Float32Array(count);
      let offset = 0;
      for (const place of parameterPlaces) {
        values.set(read(address, place), offset);
        offset += valueCount(place.shape);
      }
      return values;
    },
    /** @returns The part of a flat array that belongs to a weight. */
    slicesOf(flat: Float32Array): (name: string) => Float32Array {
      const slices = new Map<string, Float32Array>();
      let offset = 0;
      for (const { name, shape } of parameterPlaces) {
        slices.set(name, flat.subarray(offset, offset += valueCount(shape)));
      }
      return (name) => slices.get(name)!;
    },
  };
}

/** Copies the values of one weight into the parameters, or back. */
function copyWeight(
  { shape, offset, columnStride }: ParameterPlace,
  { parameters, values, direction }: {
    parameters: Float32Array;
    /** Row-major, in Keras' shape. */
    values: Float32Array;
    direction: "toParameters" | "fromParameters";
  },
): void {
  const columns = shape[shape.length - 1], rows = valueCount(shape) / columns;
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const at = offset + column * columnStride + row;
      if (direction === "toParameters") parameters[at] = values[i];
      else values[i] = parameters[at];
    }
  }
}
