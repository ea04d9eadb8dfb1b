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

/** Beats and samples that are in memory at a time. */
const PART_BEATS = 1024, PART_SAMPLES = 2 ** 20;

/** Input of {@linkcode cutWindowsFrom}: a signal that is read by parts. */
export interface CutWindowsFromOptions extends Omit<CutWindowsOptions, "signal" | "output"> {
  /** Length of the signal. */
  samples: number;
  /** Reads samples [from, to). */
  read(from: number, to: number): Float32Array;
  /** As in {@linkcode CutWindowsOptions}, but in order. */
  rPeaks: Uint32Array;
}

/**
 * Cuts windows as cutWindows() does, out of a signal of any length: some thousand beats of it are in memory at a time.
 *
 * @throws {RangeError} As cutWindows(), and when an R peak comes before its predecessor.
 */
export function cutWindowsFrom(
  { samples, read, rPeaks, ...options }: CutWindowsFromOptions,
): CutWindows {
  const { windowSamples = 216, rPeakOffset = 90 } = options;
  const output = new Float32Array(rPeaks.length * windowSamples), kept = new Uint32Array(rPeaks.length);
  const all: CutWindows = {
    windows: output,
    kept,
    padded: 0,
    dropped: cutWindows({ ...options, signal: new Float32Array(1), rPeaks: new Uint32Array(0) }).dropped,
  };
  let count = 0;
  for (let first = 0, end = 0; first < rPeaks.length; first = end) {
    for (end = first + 1; end < rPeaks.length && end - first < PART_BEATS; end++) {
      if (rPeaks[end] < rPeaks[end - 1]) {
        throw new RangeError(
          `Cannot cut windows: R peaks must not fall, got ${rPeaks[end]} after ${rPeaks[end - 1]}`,
        );
      }
      if (rPeaks[end] - rPeaks[first] > PART_SAMPLES) break;
    }
    const from = Math.min(samples, Math.max(0, rPeaks[first] - rPeakOffset));
    const to = Math.max(from, Math.min(samples, rPeaks[end - 1] - rPeakOffset + windowSamples));
    const part = cutWindows({
      ...options,
      signal: read(from, to),
      rPeaks: rPeaks.subarray(first, end).map((peak) => peak - from),
      output: output.subarray(count * windowSamples),
    });
    for (const beat of part.kept) kept[count++] = first + beat;
    all.padded += part.padded;
    for (const reason of WINDOW_DROP_REASONS) all.dropped[reason] += part.dropped[reason];
  }
  return { ...all, windows: output.subarray(0, count * windowSamples), kept: kept.subarray(0, count) };
}
