import type { Rhythm } from "./beat_judge.ts";
import { type Candidate, usualOfHighest } from "./peak_search.ts";

/** The steep-slope threshold of Christov, which Lourenco took over: part of the last beats' heights, lower the longer the last one is past. */
export interface SteepSlope {
  learn(first: readonly Candidate[]): void;
  /** The threshold at a sample of the lead. */
  at(sample: number, rhythm: Rhythm): number;
  addBeat(candidate: Candidate): void;
  /** Lowers the heights: there has been no beat for long. */
  fade(): void;
}

const BEATS = 5;
/** One beat counts as no more than this times the one before. */
const LARGEST_STEP = 1.5;
/** From 200 to 1200 ms after a beat the threshold falls to 60 %, where it stays. */
const FALL_FROM_SECONDS = 0.2, FALL_SECONDS = 1, FALL_TO = 0.6;
const FADE = 0.8;

/**
 * Creates a steep-slope threshold.
 *
 * Source: Christov 2004, section "Adaptive steep-slope threshold". Deviations: the five heights start as what the highest peak of a second
 * usually comes to in the first 8 seconds; a beat more than 1.5 times as high as the one before counts as 1.5 times that, not 1.1.
 *
 * @param part Part of a beat's height, 0.6 in the paper.
 */
export function createSteepSlope(fs: number, part: number): SteepSlope {
  let heights: number[] = [], level = 0;
  const update = () => {
    level = part * heights.reduce((sum, height) => sum + height, 0) / heights.length;
  };
  return {
    learn(first) {
      heights = new Array(BEATS).fill(usualOfHighest(first, ({ height }) => height, fs));
      update();
    },
    at(sample, { last }) {
      if (!last) return level;
      const fallen = ((sample - last.at) / fs - FALL_FROM_SECONDS) / FALL_SECONDS;
      return level * (1 - (1 - FALL_TO) * Math.min(1, Math.max(0, fallen)));
    },
    addBeat({ height }) {
      heights.push(Math.min(height, LARGEST_STEP * heights[heights.length - 1]));
      if (heights.length > BEATS) heights.shift();
      update();
    },
    fade() {
      heights = heights.map((height) => FADE * height);
      update();
    },
  };
}
