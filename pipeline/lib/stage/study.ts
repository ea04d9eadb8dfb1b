import * as z from "zod";
import { UsageError } from "../core/errors.ts";
import { STAGE_CHAIN, type StageDeclaration } from "./catalogue.ts";
import { nearestName } from "./nearest_name.ts";
import { checkValue, defaultsOf, type ParamSpec, type ParamValue, type ParamValues } from "./params.ts";

/** The parameters of one experiment for all stages: tasks/studies/<name>.json. */
export interface Study {
  name: string;
  /** What the experiment is for. */
  doc: string;
  /** Only what the file says, by task and parameter, checked. */
  sections: Record<string, Record<string, ParamValue>>;
}

const STUDY_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** @throws {UsageError} When the name could be anything but a file beside the other studies. */
export function checkStudyName(name: string): string {
  if (!STUDY_NAME.test(name)) {
    throw new UsageError(
      `Cannot use --study: must be letters, digits, "-" and "_", got ${JSON.stringify(name)}`,
    );
  }
  return name;
}

/**
 * Reads the text of a study file.
 *
 * @param name Name of the study, which is the file's name without ".json".
 * @throws {UsageError} Unknown section or parameter (with the nearest known one), wrong value, no JSON.
 */
export function parseStudy(name: string, text: string): Study {
  const file = `tasks/studies/${name}.json`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Cannot read ${file}: must be JSON: ${(error as Error).message}`);
  }
  const shape = z.object({ doc: z.string().default("") }).catchall(z.record(z.string(), z.unknown()))
    .safeParse(json);
  if (!shape.success) {
    const { path, message } = shape.error.issues[0];
    throw new UsageError(`Cannot read ${file}: ${path.join(".") || "the file"}: ${message}`);
  }
  const { doc, ...sections } = shape.data;
  const tasks = STAGE_CHAIN.map((stage) => stage.task);
  const study: Study = { name, doc, sections: {} };
  for (const [task, values] of Object.entries(sections)) {
    const stage = STAGE_CHAIN.find((candidate) => candidate.task === task);
    if (!stage) throw unknownKey(task, tasks, file);
    study.sections[task] = {};
    for (const [key, value] of Object.entries(values as Record<string, unknown>)) {
      if (!Object.hasOwn(stage.params, key)) {
        throw unknownKey(key, Object.keys(stage.params), `${file}, ${task}`);
      }
      study.sections[task][key] = checkValue(stage.params[key], value, `${task}.${key} in ${file}`);
    }
  }
  return study;
}

function unknownKey(key: string, known: string[], where: string): UsageError {
  const near = nearestName(key, known);
  return new UsageError(
    `Unknown key "${key}" in ${where}: ${
      near ? `did you mean "${near}"?` : `must be one of ${known.join(", ")}`
    }`,
  );
}

/** The models that a study trains are the ones that it converts, quantizes and exports, unless it says otherwise. */
function inheritedModels(stage: StageDeclaration, study: Study): Record<string, ParamValue> {
  const model = study.sections.train?.model;
  return model !== undefined && Object.hasOwn(stage.params, "model") ? { model } : {};
}

/**
 * Joins defaults, study file and flags, later ones winning.
 *
 * @param flags Only what the user wrote on the command line.
 * @throws {UsageError} A flag that contradicts what the study is named after, or that cannot count.
 */
export function stageParams<S extends ParamSpec>(
  stage: StageDeclaration<S>,
  study: Study,
  flags: Record<string, ParamValue>,
): ParamValues<S> {
  for (const [name, said] of Object.entries(study.sections[stage.task] ?? {})) {
    if (stage.params[name].ofStudy && Object.hasOwn(flags, name) && flags[name] !== said) {
      throw new UsageError(
        `Cannot use --${name} ${
          flags[name]
        }: the study ${study.name} is about ${said}; choose another with --study`,
      );
    }
  }
  const own = Object.fromEntries(Object.entries(flags).filter(([name]) => Object.hasOwn(stage.params, name)));
  const params: Record<string, ParamValue> = {
    ...defaultsOf(stage.params),
    ...inheritedModels(stage, study),
    ...study.sections[stage.task],
    ...own,
  };
  for (const name of Object.keys(own)) {
    const [other, ...values] = stage.params[name].needs ?? [];
    if (other !== undefined && !values.includes(String(params[other]))) {
      throw new UsageError(
        `Cannot use --${name}: it counts with --${other} ${values.join(" or ")} only, got ${params[other]}`,
      );
    }
  }
  return params as ParamValues<S>;
}
