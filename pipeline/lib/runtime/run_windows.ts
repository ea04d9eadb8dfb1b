import type { Interpreter } from "./tflite_ffi.ts";

/** Below this time for one window, handing it to another thread costs more than it gains. */
const WORTH_A_THREAD_MS = 0.3;
/** Windows between two looks at the clock of progress. */
const PROGRESS_WINDOWS = 256;

/** @returns Index of the largest value; the first of several. */
export function argMax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/**
 * Classifies windows, sharing them among interpreters of one model when a window takes long enough.
 *
 * @param options.windows Shape [count, windowSamples].
 * @param options.interpreters At least one.
 * @param options.rows Windows to run, by index; all when left out.
 * @param options.onProgress Called now and then with the number of windows done.
 * @returns Predicted class of each row, in the order of `rows`.
 * @throws StageError, RangeError As the interpreter that failed first by their order; by then none is running.
 */
export async function classifyWindows(options: {
  windows: Float32Array;
  windowSamples: number;
  interpreters: readonly Interpreter[];
  rows?: Uint32Array;
  onProgress?: (done: number) => void;
}): Promise<Uint8Array> {
  const { windows, windowSamples, interpreters, onProgress } = options;
  const rows = options.rows ?? Uint32Array.from({ length: windows.length / windowSamples }, (_, i) => i);
  const predicted = new Uint8Array(rows.length);
  const windowOf = (i: number) => windows.subarray(rows[i] * windowSamples, (rows[i] + 1) * windowSamples);
  const [first] = interpreters;
  if (rows.length === 0) return predicted;

  const startedMs = performance.now();
  predicted[0] = argMax(first.run(windowOf(0)));
  const isSlow = performance.now() - startedMs > WORTH_A_THREAD_MS;
  let next = 1;
  const report = () => {
    if (next % PROGRESS_WINDOWS === 0) onProgress?.(next);
  };
  if (interpreters.length === 1 || !isSlow) {
    for (; next < rows.length; next++) {
      predicted[next] = argMax(first.run(windowOf(next)));
      report();
    }
    return predicted;
  }
  const ends = await Promise.allSettled(interpreters.map(async (interpreter) => {
    try {
      for (let i = next++; i < rows.length; i = next++) {
        predicted[i] = argMax(await interpreter.runAsync(windowOf(i)));
        report();
      }
    } catch (error) {
      next = rows.length;
      throw error;
    }
  }));
  // Not before all have ended: one that runs cannot be closed.
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return predicted;
}

/**
 * Chooses rows spread evenly over a table, so that each record of a sorted dataset has its share.
 *
 * @param total Rows of the table. @param wanted Most rows to choose; 0 for all.
 * @returns Row indices, rising.
 */
export function spreadRows(total: number, wanted: number): Uint32Array {
  const count = wanted === 0 ? total : Math.min(wanted, total);
  return Uint32Array.from({ length: count }, (_, i) => Math.floor(i * total / count));
}
