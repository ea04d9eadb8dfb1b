import type { TrainingBatch } from "../engine/engine.ts";
import type { Augmenter } from "./augment/augment.ts";
import { type LabelledWindows, rowsOf } from "./evaluate.ts";

/** Where the batches of an epoch come from. */
export interface BatchOptions {
  train: LabelledWindows;
  /** Windows of a batch, at least 1. */
  batchSize: number;
  /** Indices of the epoch's windows in their order. */
  order: Uint32Array;
  epoch: number;
  augment?: Augmenter;
}

/**
 * Reads the batches of an epoch one after the other; the last may be smaller. Two batches have memory of their own, so that
 * the next can be read while the engine computes one.
 */
export function* readBatches(
  { train, batchSize, order, epoch, augment }: BatchOptions,
): Generator<TrainingBatch> {
  const { labels, teacher } = train, classes = (teacher?.length ?? 0) / labels.length;
  const rows = rowsOf(train), windowValues = rows.values;
  const memory = [0, 1].map(() => ({
    windows: new Float32Array(batchSize * windowValues),
    labels: new Uint8Array(batchSize),
    teacher: teacher && new Float32Array(batchSize * classes),
  }));
  for (let first = 0, turn = 0; first < order.length; first += batchSize, turn = 1 - turn) {
    const batch = memory[turn], count = Math.min(batchSize, order.length - first);
    for (let i = 0; i < count; i++) {
      const window = order[first + i];
      const values = batch.windows.subarray(i * windowValues, (i + 1) * windowValues);
      rows.read(window, values);
      batch.labels[i] = labels[window];
      batch.teacher?.set(teacher!.subarray(window * classes, (window + 1) * classes), i * classes);
      augment?.(values, { epoch, position: first + i });
    }
    yield { ...batch, count };
  }
}
