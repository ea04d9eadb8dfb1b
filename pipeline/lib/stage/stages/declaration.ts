import type { ParamSpec, ParamValue } from "../params.ts";

/** What is known of a stage before it runs. The numbered scripts hold the work, this table holds the contract. */
export interface StageDeclaration<S extends ParamSpec = ParamSpec> {
  /** Name of the script and of the cache folder, for example "03_window". */
  name: string;
  /** Name of the Deno task and of the section in a study file, for example "window". */
  task: string;
  /** One line for `--help`. */
  doc: string;
  /** Stages whose outputs this one reads. */
  upstream: readonly string[];
  /** The list parameter whose every value gets a cache entry of its own. */
  fanOut?: "model";
  /** True when it writes files outside data/ under the study's name. */
  publishesStudy?: true;
  params: S;
  /** True for parameters whose output is there to be compared: it does not become the study's, no later stage reads it. */
  isTrial?(params: Record<string, ParamValue>): boolean;
}

/** Architectures that can be trained; lib/nn/architectures holds them, a test compares the two lists. */
export const MODEL_NAMES = ["cnn", "lstm", "bilstm", "gru"] as const;
/** Those that are made when none is named. */
export const DEFAULT_MODELS = ["cnn", "lstm"] as const;

/** Training engines; lib/engine/engines.ts holds them, a test compares the two lists. */
export const ENGINE_NAMES = ["wasm", "tfjs-wasm", "tfjs-node"] as const;

/** The parameter of stages that work on models. */
export const model = {
  type: "list",
  default: DEFAULT_MODELS,
  choices: MODEL_NAMES,
  doc: "Models to work on",
} as const;

/** The parameter of stages in which something is random. */
export const seed = {
  type: "int",
  default: 1,
  min: 0,
  max: 4294967295,
  doc: "Seed of everything random; the same seed gives the same bytes",
} as const;

/** Keeps the exact types of the parameters. */
export const declare = <const S extends ParamSpec>(declaration: StageDeclaration<S>): StageDeclaration<S> =>
  declaration;
