import { FormatError, StageError } from "../core/errors.ts";
import { type HardSigmoid, isHardSigmoid } from "./layers/hard_sigmoid.ts";
import type { Layer } from "./model.ts";

/** The version of Keras whose hard sigmoid has the name in a model. */
const VERSIONS = { hard_sigmoid: 2, hard_sigmoid_keras3: 3 } as const satisfies Record<HardSigmoid, number>;

/** What a file of a version is, for what it cannot hold. */
const FORMS = {
  2: { file: ".h5", slope: "0.2", other: "1/6 of Keras 3" },
  3: { file: ".keras", slope: "1/6", other: "0.2 of Keras 2" },
} as const;

/**
 * Gives a layer that was read the hard sigmoid of the Keras that wrote it.
 *
 * @param kerasVersion For example "2.2.4-tf"; "" where the file says nothing.
 * @throws FormatError A hard sigmoid in a file that does not say its version.
 */
export function fromKerasHardSigmoid(layer: Layer, kerasVersion: string): Layer {
  return renameHardSigmoid(layer, () => {
    const major = Number(/^(\d+)\./.exec(kerasVersion)?.[1]);
    if (major >= 3) return "hard_sigmoid_keras3";
    if (major >= 1) return "hard_sigmoid";
    throw new FormatError(
      `Cannot read layer ${
        JSON.stringify(layer.name)
      }: the file must say its version of Keras, which decides what ` +
        `hard_sigmoid is, got ${JSON.stringify(kerasVersion.slice(0, 40))}`,
    );
  });
}

/**
 * Gives a layer that is to be written Keras' name of its hard sigmoid.
 *
 * @param version Of the Keras that is to read it: 2 for a .h5, 3 for a .keras.
 * @throws StageError A hard sigmoid that this Keras does not have.
 */
export function toKerasHardSigmoid(layer: Layer, version: 2 | 3): Layer {
  return renameHardSigmoid(layer, (activation) => {
    if (VERSIONS[activation] === version) return "hard_sigmoid";
    const { file, slope, other } = FORMS[version], fitting = FORMS[version === 2 ? 3 : 2];
    throw new StageError(
      `Cannot write layer "${layer.name}" as ${file}: its hard_sigmoid must have slope ${slope}, got ${other}`,
      { hint: `write the model as ${fitting.file}` },
    );
  });
}

/** @returns The names of all hard sigmoids of a layer, or of the layer in a Bidirectional. */
export function hardSigmoidsOf(layer: Layer): HardSigmoid[] {
  const found: HardSigmoid[] = [];
  renameHardSigmoid(layer, (activation) => {
    found.push(activation);
    return activation;
  });
  return found;
}

function renameHardSigmoid(layer: Layer, rename: (activation: HardSigmoid) => HardSigmoid): Layer {
  const renamed = <L extends object>(options: L): L =>
    Object.fromEntries(
      Object.entries(options).map(([option, value]) => {
        const isActivation = option === "activation" || option === "recurrentActivation";
        return [option, isActivation && isHardSigmoid(value) ? rename(value) : value];
      }),
    ) as L;
  return layer.kind === "Bidirectional" ? { ...layer, layer: renamed(layer.layer) } : renamed(layer);
}
