import { best } from "./best.ts";
import { christov } from "./christov.ts";
import type { QrsAlgorithm } from "./detector.ts";
import { engzee } from "./engzee.ts";
import { hamilton } from "./hamilton.ts";
import { matchedFilter } from "./matched_filter.ts";
import { panTompkins } from "./pan_tompkins.ts";
import { swt } from "./swt.ts";
import { twoAverage } from "./two_average.ts";
import { wqrs } from "./wqrs.ts";

const ALL: readonly QrsAlgorithm[] = [
  best,
  hamilton,
  christov,
  engzee,
  panTompkins,
  swt,
  twoAverage,
  matchedFilter,
  wqrs,
];

/** All QRS detectors by name; `detectBeats` and `openBeatStream` run them. */
export const DETECTORS: Readonly<Record<string, QrsAlgorithm>> = Object.fromEntries(
  ALL.map((algorithm) => [algorithm.name, algorithm]),
);
