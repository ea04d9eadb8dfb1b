/** A piece of memory that holds something from one operator to another. */
export interface PlannedBuffer {
  /** Size, already rounded up to the alignment. */
  bytes: number;
  /** First and last operator that needs it, both included. */
  first: number;
  last: number;
}

/** Where each buffer lies. */
export interface MemoryPlan {
  /** Byte offset of each buffer, in the buffers' order. */
  offsets: number[];
  /** Size of the memory. */
  bytes: number;
}

/**
 * Places buffers in one memory so that those needed at the same time do not overlap: the largest first, each into the lowest
 * gap that holds it. Of two of one size the later one goes first.
 *
 * Source: tflite-micro, tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc; without offline offsets.
 */
export function planMemory(buffers: readonly PlannedBuffer[]): MemoryPlan {
  const offsets = new Array<number>(buffers.length).fill(0);
  const bySize = [...buffers.keys()].reverse().toSorted((a, b) => buffers[b].bytes - buffers[a].bytes);
  /** Those placed so far, by offset. */
  const placed: number[] = [];
  let bytes = 0;
  for (const index of bySize) {
    const buffer = buffers[index];
    let offset = 0;
    for (const other of placed) {
      const { first, last, bytes: size } = buffers[other];
      if (first > buffer.last || buffer.first > last) continue;
      if (offsets[other] - offset >= buffer.bytes) break;
      offset = Math.max(offset, offsets[other] + size);
    }
    offsets[index] = offset;
    const at = placed.findIndex((other) => offsets[other] > offset);
    placed.splice(at === -1 ? placed.length : at, 0, index);
    bytes = Math.max(bytes, offset + buffer.bytes);
  }
  return { offsets, bytes };
}
