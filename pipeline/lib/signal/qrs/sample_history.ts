/** The newest samples of a signal: sample i, counted from its start, is values[i & mask]. */
export interface History {
  readonly values: Float64Array;
  readonly mask: number;
  /** How many samples have been added. */
  readonly samples: number;
  /** Adds samples, not more than the history is long. The very first one stands for all before it too. */
  addAll(x: Float64Array): void;
}

/** Keeps at least the last `length` samples of a signal. */
export function createHistory(length: number): History {
  const values = new Float64Array(2 ** Math.ceil(Math.log2(Math.max(2, length)))), mask = values.length - 1;
  let samples = 0;
  return {
    values,
    mask,
    get samples() {
      return samples;
    },
    addAll(x) {
      if (samples === 0 && x.length > 0) values.fill(x[0]);
      const place = samples & mask, room = values.length - place;
      if (x.length <= room) values.set(x, place);
      else {
        values.set(x.subarray(0, room), place);
        values.set(x.subarray(room));
      }
      samples += x.length;
    },
  };
}
