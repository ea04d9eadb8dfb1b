import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { StageError } from "../../core/errors.ts";
import { cacheFolder, readCurrent, type StageInput } from "../cache.ts";
import { type FileHasher, isFile } from "../files.ts";
import { MODEL_NAMES } from "../stages/declaration.ts";

/** The file of the model that another is to learn from. */
export interface TeacherFile {
  /** From the folder that stages run in; the user's own as it was written, so that messages say it so. */
  path: string;
  /** As the user named it. */
  name: string;
}

/**
 * Finds a teacher.
 *
 * @param options.teacher Name of a model that the study has trained, or path of a Keras file; "": none is wanted.
 * @throws {StageError} A model that the study has not trained, or a file that is not there.
 */
export function findTeacher(
  { teacher, root, study, hasher }: { teacher: string; root: string; study: string; hasher: FileHasher },
): { inputs: StageInput[]; external: TeacherFile | undefined } {
  if (teacher === "") return { inputs: [], external: undefined };
  const path = (MODEL_NAMES as readonly string[]).includes(teacher)
    ? trainedModel({ teacher, root, study })
    : teacher;
  const within = relative(root, resolve(root, path));
  // The stage may read nothing outside.
  if (isAbsolute(within) || within.startsWith("..") || !isFile(path)) {
    throw new StageError(
      `Cannot learn from a teacher: it must be one of ${
        MODEL_NAMES.join(", ")
      } or a file in the project's folder, got "${teacher}"`,
      { hint: "name a model of the study, or copy its .h5 or .keras file into the project" },
    );
  }
  const inputs = [{ name: `teacher ${basename(path)}`, sha256: hasher.hash(path).sha256 }];
  return { inputs, external: { path, name: teacher } };
}

function trainedModel({ teacher, root, study }: { teacher: string; root: string; study: string }): string {
  const manifest = readCurrent(root, "04_train", study, teacher);
  if (manifest) return join(cacheFolder(root, manifest.stage, manifest.key), "model.h5");
  throw new StageError(
    `Cannot learn from a teacher: the study ${study} must have trained the model ${teacher}, got none`,
    { hint: `run \`deno task train --study ${study} --model ${teacher}\` first` },
  );
}
