/** What is done with a window that reaches over an end of its record. */
export type WindowEdges = "pad" | "drop";

/** Input of {@linkcode cutWindows}. */
export interface CutWindowsOptions {
  /** One lead of one record, shape [samples]. */
  signal: Float32Array;
  /** Sample indices of the R peaks, shape [beats], in any order. */
  rPeaks: Uint32Array | Int32Array;
  /** Length of a window in samples, >= 1. Default: 216, 600 ms at 360 Hz. */
  windowSamples?: number;
  /** Samples of the window before the R peak, in [0, windowSamples). Default: 90, 250 ms at 360 Hz. */
  rPeakOffset?: number;
  /**
   * `pad` repeats the record's first or last sample where the window reaches over its end, so that every
   * annotated beat becomes a window; `drop` leaves such beats out. Default: pad.
   */
  edges?: WindowEdges;
  /**
   * Where the windows are written from index 0 on, at least beats * windowSamples long. Default: a new array.
   */
  output?: Float32Array;
}

/** Why beats became no window. */
export const WINDOW_DROP_REASONS = [
  "R peak lies outside the record",
  "window starts before the record",
  "window ends after the record",
] as const;

/** One of {@linkcode WINDOW_DROP_REASONS}. */
export type WindowDropReason = (typeof WINDOW_DROP_REASONS)[number];

/** Result of {@linkcode cutWindows}. */
export interface CutWindows {
  /** Shape [kept.length, windowSamples]; the beginning of `output` where that was given. */
  windows: Float32Array;
  /** For each window its index in `rPeaks`, rising. */
  kept: Uint32Array;
  /** Windows with at least one repeated sample; 0 with `edges: "drop"`. */
  padded: number;
  /** Beats left out, by the first reason that holds; with `edges: "pad"` only the first reason occurs. */
  dropped: Record<WindowDropReason, number>;
}

/**
 * Cuts one window around each R peak: samples [rPeak - rPeakOffset, rPeak - rPeakOffset + windowSamples).
 *
 * @throws {RangeError} if a length is out of range or `output` is too short.
 */
export function cutWindows(options: CutWindowsOptions): CutWindows {
  const { signal, rPeaks, windowSamples = 216, rPeakOffset = 90, edges = "pad" } = options;
  if (!Number.isInteger(windowSamples) || windowSamples < 1) {
    throw new RangeError(`Cannot cut windows: windowSamples must be an integer >= 1, got ${windowSamples}`);
  }
  if (!Number.isInteger(rPeakOffset) || rPeakOffset < 0 || rPeakOffset >= windowSamples) {
    throw new RangeError(
      `Cannot cut windows: rPeakOffset must be an integer in [0, ${windowSamples}), got ${rPeakOffset}`,
    );
  }
  const output = options.output ?? new Float32Array(rPeaks.length * windowSamples);
  if (output.length < rPeaks.length * windowSamples) {
    throw new RangeError(
      `Cannot cut windows: output must hold ${rPeaks.length} x ${windowSamples} samples, got ${output.length}`,
    );
  }

  const kept = new Uint32Array(rPeaks.length);
  const dropped: Record<WindowDropReason, number> = {
    "R peak lies outside the record": 0,
    "window starts before the record": 0,
    "window ends after the record": 0,
  };
  let count = 0, padded = 0;
  for (let beat = 0; beat < rPeaks.length; beat++) {
    const start = rPeaks[beat] - rPeakOffset;
    const end = start + windowSamples;
    if (rPeaks[beat] < 0 || rPeaks[beat] >= signal.length) {
      dropped["R peak lies outside the record"]++;
      continue;
    }
    const at = count * windowSamples;
    if (start >= 0 && end <= signal.length) {
      output.set(signal.subarray(start, end), at);
    } else if (edges === "pad") {
      const before = Math.max(0, -start);
      const inside = signal.subarray(Math.max(0, start), Math.min(end, signal.length));
      output.fill(signal[0], at, at + before);
      output.set(inside, at + before);
      output.fill(signal[signal.length - 1], at + before + inside.length, at + windowSamples);
      padded++;
    } else {
      dropped[start < 0 ? "window starts before the record" : "window ends after the record"]++;
      continue;
    }
    kept[count++] = beat;
  }
  return {
    windows: output.subarray(0, count * windowSamples),
    kept: kept.subarray(0, count),
    padded,
    dropped,
  };
}
