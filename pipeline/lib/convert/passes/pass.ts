import type { TfliteModel } from "../../formats/tflite/graph.ts";

/** Rewrites a graph into another that computes the same; the argument is left as it is. */
export type Pass = (graph: TfliteModel) => TfliteModel;
