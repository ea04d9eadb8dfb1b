import type { Model } from "./model.ts";

/** @returns The model as inference sees it: without Dropout layers, whose readers read what they read. */
export function withoutDropout(model: Model): Model {
  const sources = new Map<string, string>();
  const source = (name: string) => sources.get(name) ?? name;
  for (const { kind, name, inputs } of model.layers) {
    if (kind === "Dropout") sources.set(name, source(inputs[0]));
  }
  return {
    ...model,
    layers: model.layers.filter(({ kind }) => kind !== "Dropout")
      .map((layer) => ({ ...layer, inputs: layer.inputs.map(source) })),
    output: source(model.output),
  };
}
