import type { TfliteTensor } from "../../formats/tflite/graph.ts";
import type { Pass } from "./pass.ts";
import { renumber } from "./remove_dead.ts";

/** Lets operators that read constants of the same type, shape and values read one of them, the first. */
export const shareConstants: Pass = (graph) => {
  const firsts = new Map<string, number[]>(), standIns = new Map<number, number>();
  graph.tensors.forEach((tensor, index) => {
    if (tensor.data === undefined) return;
    const key = `${tensor.type} ${tensor.shape} ${checksum(tensor.data)}`;
    const candidates = firsts.get(key) ?? [];
    const first = candidates.find((other) => isSameConstant(graph.tensors[other], tensor));
    if (first === undefined) firsts.set(key, [...candidates, index]);
    else standIns.set(index, first);
  });
  return renumber(graph, (_, index) => !standIns.has(index), (index) => standIns.get(index) ?? index);
};

/** Adler's sum, so that unlike constants are told apart quickly. */
function checksum(data: Uint8Array): number {
  let a = 1, b = 0;
  for (const byte of data) b = (b + (a = (a + byte) % 65521)) % 65521;
  return b * 65536 + a;
}

function isSameConstant(a: TfliteTensor, b: TfliteTensor): boolean {
  return JSON.stringify(a.quantization) === JSON.stringify(b.quantization) &&
    a.data!.length === b.data!.length && a.data!.every((byte, i) => byte === b.data![i]);
}
