import { printGraph } from "../formats/tflite/print_graph.ts";
import type { ConvertOptions } from "./convert.ts";

/**
 * Prints a graph as it was lowered and after each pass; of a pass that changed nothing only that.
 *
 * @param print Receives text of several lines. @returns An observer for `convertToTflite`.
 */
export function printChanges(print: (text: string) => void): NonNullable<ConvertOptions["onPass"]> {
  let before = "";
  return (name, graph) => {
    const text = printGraph(graph);
    print(
      text === before
        ? `${name}: nothing to change\n`
        : `${name}: ${graph.operators.length} operators\n${text}\n`,
    );
    before = text;
  };
}
