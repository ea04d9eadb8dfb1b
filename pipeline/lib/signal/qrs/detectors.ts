import type { QrsAlgorithm } from "./detector.ts";
import { panTompkins } from "./pan_tompkins.ts";

const ALL: readonly QrsAlgorithm[] = [panTompkins];

/** All QRS detectors by name; `detectBeats` and `openBeatStream` run them. */
export const DETECTORS: Readonly<Record<string, QrsAlgorithm>> = Object.fromEntries(
  ALL.map((algorithm) => [algorithm.name, algorithm]),
);
