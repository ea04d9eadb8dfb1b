import { createFir, createMovingAverage } from "./streaming_filters.ts";
import { mayForgetBeats, type QrsAlgorithm } from "./detector.ts";
import { searchAtWorkingRate, WORKING_FS } from "./working_rate.ts";

/** Widest QRS complex: the window of the length transform. */
const WINDOW_SECONDS = 0.13;
/** After a QRS complex nothing is looked for during this time; half of it is the time in which a complex rises. */
const EYE_CLOSING_SECONDS = 0.25;
/** The time that is learnt from, at the start and when no beat was found for as long. */
const LEARNING_SECONDS = 8;
/** Of the seconds' highest values: in a slow heart half of the seconds hold no beat, and an artefact spoils a few. */
const USUAL_QUANTILE = 0.7;
/** Without a beat for this time the threshold falls. */
const EXPECTED_SECONDS = 2.5;
/** The threshold is this part of the usual height of a complex. */
const THRESHOLD_PART = 1 / 3;
const HEIGHT_STEP = 0.1;

// Not in the paper or not as there; chosen on MIT-BIH.
/** What stands for the paper's 0.1 mV: the part of the usual steepest slope below which a slope hardly adds length. */
const SLOPE_PART = 0.12;
const SLOPE_LIMIT = 2;
/** By how much of the threshold the length must rise. */
const RISE_PART = 0.7;
const HEIGHT_LIMIT = 1.5;
/** Slopes and lengths below this part of the usual ones are the noise of an open input. */
const NOISE_PART = 0.03;
const LOWEST = 0.1;
const FALL_A_SAMPLE = 0.5 ** (1 / WORKING_FS);

/**
 * Follows how high a signal usually comes in a second: USUAL_QUANTILE of the last 8 seconds.
 *
 * @param least Seconds below this part of what is usual do not count, nor do flat ones.
 * @param most A second counts at most as this part of what is usual.
 */
function createUsualHeight(
  least = 0,
  most = Infinity,
): { add(value: number): void; readonly height: number } {
  const ofSeconds: number[] = [];
  let highest = 0, samples = 0, usual = 0;
  return {
    add(value) {
      if (value > highest) highest = value;
      if (++samples < WORKING_FS) return;
      if (highest > least * usual) {
        ofSeconds.push(usual > 0 ? Math.min(highest, most * usual) : highest);
        if (ofSeconds.length > LEARNING_SECONDS) ofSeconds.shift();
        usual = ofSeconds.toSorted((a, b) => a - b)[Math.floor(USUAL_QUANTILE * ofSeconds.length)];
      }
      highest = samples = 0;
    },
    get height() {
      return ofSeconds.length > 0 ? usual : highest;
    },
  };
}

/** Turns slopes into lengths of the curve; the usual slope is learnt beforehand from the first ones. */
export interface LengthTransform {
  /** Samples by which a complex lies later in the lengths. */
  readonly delay: number;
  /** Learns from the next slopes of a lead that is not flat. */
  learn(slopes: Float64Array): void;
  /** Learns from the next slopes and replaces them by lengths. Those learnt from before come once more. */
  run(slopes: Float64Array): void;
}

/**
 * Opens the length transform: mean of sqrt(slope^2 + least^2) - least over 130 ms. Slopes below `least`, 12 % of the usual steepest
 * one, hardly add length: theirs goes with the square.
 */
export function createLengthTransform(): LengthTransform {
  const usual = createUsualHeight(NOISE_PART, SLOPE_LIMIT);
  const average = createMovingAverage(Math.round(WINDOW_SECONDS * WORKING_FS));
  return {
    delay: average.delay,
    learn(slopes) {
      for (let i = 0; i < slopes.length; i++) usual.add(Math.abs(slopes[i]));
    },
    run(slopes) {
      for (let i = 0; i < slopes.length; i++) {
        const slope = Math.abs(slopes[i]);
        usual.add(slope);
        const least = SLOPE_PART * usual.height;
        // The difference of the roots without its rounding error.
        slopes[i] = slope === 0 ? 0 : slope * slope / (Math.sqrt(slope * slope + least * least) + least);
      }
      average.run(slopes);
    },
  };
}

/**
 * Tells QRS complexes by the rise of the length.
 *
 * @param learnt The first lengths, from which the usual height of a complex is learnt.
 * @param start Sample index of the first length.
 */
function createLengthJudge(learnt: Float64Array, start: number) {
  const half = Math.round(EYE_CLOSING_SECONDS / 2 * WORKING_FS);
  const delayed = createFir([0, 1], half), earlier = new Float64Array(LEARNING_SECONDS * WORKING_FS);
  const usual = createUsualHeight();
  for (const length of learnt) usual.add(length);
  let height = usual.height,
    lowered = 1,
    samples = start,
    last = start,
    sure = start,
    learntAt = start,
    blindUntil = start;
  let crossed = -1, base = 0, highest = 0, highestAt = 0;
  return {
    /** @param lengths At most LEARNING_SECONDS of them. @param found Gets the sample indices of the complexes' highest lengths. */
    push(lengths: Float64Array, found: number[]): void {
      earlier.set(lengths);
      delayed.run(earlier.subarray(0, lengths.length));
      for (let i = 0; i < lengths.length; i++, samples++) {
        const length = lengths[i];
        usual.add(length);
        if (
          samples - sure > LEARNING_SECONDS * WORKING_FS &&
          (usual.height > NOISE_PART * height || mayForgetBeats(learntAt, sure, samples, WORKING_FS))
        ) {
          height = usual.height;
          lowered = 1;
          sure = learntAt = samples;
        }
        const threshold = lowered * height * THRESHOLD_PART;
        if (crossed < 0) {
          if (length > threshold && samples >= blindUntil) {
            crossed = highestAt = samples;
            highest = length;
            base = earlier[i];
          } else if (samples - last > EXPECTED_SECONDS * WORKING_FS && lowered > LOWEST) {
            lowered *= FALL_A_SAMPLE;
          }
          continue;
        }
        if (length > highest) {
          highest = length;
          highestAt = samples;
        }
        if (samples - crossed < half) continue;
        if (highest - base > RISE_PART * threshold) {
          found.push(highestAt);
          if (lowered < 1) height = Math.sqrt(height * highest);
          else {
            height += HEIGHT_STEP * (Math.min(highest, HEIGHT_LIMIT * height) - height);
            sure = crossed;
          }
          lowered = 1;
          last = crossed;
          blindUntil = crossed + 2 * half;
        }
        crossed = -1;
      }
    },
  };
}

/**
 * The detector of Zong, Moody and Jiang: the length of the lead's curve over 130 ms against a third of that of the usual QRS
 * complex.
 *
 * Source: Zong, Moody and Jiang, "A robust open-source algorithm to detect onset and duration of QRS complexes", Computers in
 * Cardiology 30, 2003, 737-740; times and steps as in the authors' program. Deviations:
 * - The lead is brought to 125 Hz first, the rate that the authors' program is tuned to.
 * - Nothing is given in millivolts: slopes and thresholds are measured by the lead's own usual slopes and complexes. The usual
 *   height starts from the seventh tenth of the highest lengths of the first 8 seconds that are not flat, which are kept until then.
 * - A complex raises the usual height as if it were at most 1.5 times as high, and the length must have risen by 70 % of the
 *   threshold since half of an eye-closing period ago.
 * - Without a beat for 2.5 s the threshold is halved every second, down to a tenth, until it finds one: the usual height is then the
 *   geometric mean of its own and the former. Where 8 seconds bring none but such beats, it is learnt from these seconds anew;
 *   where they are next to nothing beside the former beats, only when mayForgetBeats() says so.
 * - What is reported is the middle of the complex and not its onset.
 *
 * What it does not find: every other beat where these are less than half as high as their neighbours. What it finds too often: noise
 * between beats more than 2.5 s apart, for which the threshold falls.
 */
export const wqrs: QrsAlgorithm = {
  name: "wqrs",
  doc: "Zong, Moody and Jiang 2003: length of the curve, adaptive threshold",
  open(fs) {
    // The difference of neighbours behind the paper's low-pass, of which (1 + 1/z)^2 / 4 is left at 125 Hz.
    const slope = createFir([0.25, 0.25, -0.25, -0.25]), transform = createLengthTransform();
    const held = new Float64Array(LEARNING_SECONDS * WORKING_FS);
    let samples = 0, holding = 0, start = 0;
    let judge: ReturnType<typeof createLengthJudge> | undefined;

    const judgeSlopes = (slopes: Float64Array, found: number[]) => {
      transform.run(slopes);
      judge ??= createLengthJudge(slopes, start);
      judge.push(slopes, found);
    };
    /** Holds what is to be learnt from, which begins where the lead is no longer flat. @returns How many slopes that took. */
    const hold = (slopes: Float64Array): number => {
      let from = 0;
      if (holding === 0) {
        while (from < slopes.length && slopes[from] === 0) from++;
        start = samples + from;
      }
      const part = slopes.subarray(from, from + held.length - holding);
      held.set(part, holding);
      transform.learn(part);
      holding += part.length;
      return from + part.length;
    };
    return searchAtWorkingRate(fs, {
      delay: slope.delay + transform.delay,
      push(ecg, found) {
        slope.run(ecg);
        const taken = judge ? 0 : hold(ecg);
        if (!judge && holding === held.length) judgeSlopes(held, found);
        if (judge) judgeSlopes(ecg.subarray(taken), found);
        samples += ecg.length;
      },
      finish(found) {
        if (!judge && holding > 0) judgeSlopes(held.subarray(0, holding), found);
      },
    });
  },
};
