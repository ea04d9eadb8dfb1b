import type { Model } from "../nn/model.ts";
import { outputShapes, valueCount } from "../nn/shapes.ts";

/** @throws RangeError A model that does not read such windows, or that does not give such classes. */
export function checkTeacherModel(
  model: Model,
  { values, classes }: { values: number; classes: number },
): void {
  const shapes = outputShapes(model), output = shapes.get(model.output)!;
  const reads = model.layers.filter(({ kind }) => kind === "InputLayer")
    .reduce((sum, { name }) => sum + valueCount(shapes.get(name)!), 0);
  if (reads === values && output.length === 1 && output[0] === classes) return;
  throw new RangeError(
    `model "${model.name}" must read ${values} values and give ${classes} classes, got ${reads} values and [${
      output.join(", ")
    }]`,
  );
}
