import { h5Target } from "./h5.ts";
import { kerasTarget } from "./keras.ts";
import type { FuzzTarget } from "./target.ts";
import { tfliteTarget } from "./tflite.ts";

/** The kinds of files by name; a further one is a file here and a line. */
export const TARGETS: Record<string, FuzzTarget> = {
  h5: h5Target,
  keras: kerasTarget,
  tflite: tfliteTarget,
};
