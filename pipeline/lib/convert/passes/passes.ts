import type { TfliteModel } from "../../formats/tflite/graph.ts";
import { eliminateReshapes } from "./eliminate_reshapes.ts";
import { foldBatchNorm } from "./fold_batch_norm.ts";
import { foldConstants } from "./fold_constants.ts";
import { foldPadding } from "./fold_padding.ts";
import { fuseActivations } from "./fuse_activations.ts";
import type { Pass } from "./pass.ts";
import { removeDead } from "./remove_dead.ts";
import { shareConstants } from "./share_constants.ts";
import { shareMovements } from "./share_movements.ts";
import { sinkReshapes } from "./sink_reshapes.ts";

/** A pass and its name, which `--dumpPasses` shows. */
export interface NamedPass {
  name: string;
  pass: Pass;
}

/**
 * What turns plainly lowered layers into a graph as a device wants it, in order: reshapes make room, so that what belongs
 * together stands side by side; normalizations are folded before activations are fused; what is left over goes.
 */
export const PASSES: readonly NamedPass[] = [
  { name: "sinkReshapes", pass: sinkReshapes },
  { name: "eliminateReshapes", pass: eliminateReshapes },
  { name: "removeDead", pass: removeDead },
  { name: "foldConstants", pass: foldConstants },
  { name: "foldBatchNorm", pass: foldBatchNorm },
  { name: "foldPadding", pass: foldPadding },
  { name: "fuseActivations", pass: fuseActivations },
  { name: "removeDead", pass: removeDead },
  { name: "shareConstants", pass: shareConstants },
  { name: "shareMovements", pass: shareMovements },
];

/** Runs passes one after the other. @param onPass Sees the graph after each. */
export function runPasses(
  graph: TfliteModel,
  passes: readonly NamedPass[],
  onPass?: (name: string, graph: TfliteModel) => void,
): TfliteModel {
  for (const { name, pass } of passes) {
    graph = pass(graph);
    onPass?.(name, graph);
  }
  return graph;
}
