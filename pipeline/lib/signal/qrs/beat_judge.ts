import { type Candidate, type PeakJudge, steepest, usualOfHighest } from "./peak_search.ts";

/** What has been found so far. */
export interface Rhythm {
  /** The newest beat. */
  last: Candidate | undefined;
  /** Intervals of the newest eight beats in samples, none counted as more than 3 seconds, and their mean; firstMeanRr() before there are any. */
  rr: readonly number[];
  meanRr: number;
}

/** The part of a judge in which detectors differ: how high a beat must be. */
export interface Threshold {
  /** Begins with the candidates of the first seconds. */
  learn(first: readonly Candidate[]): void;
  /** Whether a candidate reaches `part` of what a beat must. */
  exceeds(candidate: Candidate, part: number, rhythm: Rhythm): boolean;
  /** Learns from a beat; `late` where it was found by searching back. */
  addBeat(candidate: Candidate, late: boolean, rhythm: Rhythm): void;
  /** Learns from a candidate that was no beat. */
  addNoise(candidate: Candidate): void;
  /** Comes down: there has been no beat for long, and here is another candidate. */
  fade(): void;
}

/** How beats are told from other candidates. */
export interface BeatJudgeOptions {
  /** Sampling rate in Hz. */
  fs: number;
  threshold: Threshold;
  /** Mean RR intervals without a beat after which the highest candidate since is one if it reaches half the threshold. */
  searchBackRr: number;
  /** Part of the threshold that is enough. */
  part?: (rhythm: Rhythm) => number;
}

/** Within this time of a beat a candidate whose slope is not half as steep as the beat's is a T wave. */
const T_WAVE_SECONDS = 0.36;
const FADE_AFTER_RR = 3;
const LONGEST_RR_SECONDS = 3;
const LOOK_BACK_SECONDS = 8;
const FIRST_PART = 0.3;

/**
 * Mean interval of the first candidates that are three tenths as high as is usual. Were it too short in a slow heart, the search-back would
 * take noise for beats from the start, and go on from their rhythm.
 */
function firstMeanRr(first: readonly Candidate[], fs: number): number {
  const usual = usualOfHighest(first, ({ amplitude }) => amplitude, fs);
  const high = first.filter(({ amplitude }) => amplitude >= FIRST_PART * usual);
  const mean = (high[high.length - 1].at - high[0].at) / (high.length - 1);
  return high.length < 2 ? LONGEST_RR_SECONDS * fs : Math.min(mean, LONGEST_RR_SECONDS * fs);
}

/** Creates a judge: threshold, T-wave test, search-back, and a threshold that comes down where beats fail to come. */
export function createBeatJudge(
  { fs, threshold, searchBackRr, part = () => 1 }: BeatJudgeOptions,
): PeakJudge {
  const rr: number[] = [], rhythm: Rhythm = { last: undefined, rr, meanRr: LONGEST_RR_SECONDS * fs };
  /** Candidates since the last beat that are neither beats nor T waves. */
  let missed: Candidate[] = [];

  const isTWave = (candidate: Candidate) =>
    rhythm.last !== undefined && candidate.at - rhythm.last.at < T_WAVE_SECONDS * fs &&
    steepest(candidate) < 0.5 * steepest(rhythm.last);
  const sinceBeat = (sample: number) => (sample - (rhythm.last?.at ?? 0)) / rhythm.meanRr;
  const accept = (beat: Candidate, late: boolean, found: Candidate[]) => {
    threshold.addBeat(beat, late, rhythm);
    if (rhythm.last) {
      rr.push(Math.min(beat.at - rhythm.last.at, LONGEST_RR_SECONDS * fs));
      if (rr.length > 8) rr.shift();
      rhythm.meanRr = rr.reduce((sum, r) => sum + r, 0) / rr.length;
    }
    rhythm.last = beat;
    missed = missed.filter((candidate) => candidate.at > beat.at && !isTWave(candidate));
    found.push(beat);
  };
  const searchBack = (sample: number, found: Candidate[]) => {
    while (missed.length > 0 && sinceBeat(sample) > searchBackRr) {
      const highest = missed.reduce((a, b) => b.height > a.height ? b : a);
      if (!threshold.exceeds(highest, 0.5, rhythm)) return;
      accept(highest, true, found);
    }
  };
  return {
    learn(first) {
      threshold.learn(first);
      rhythm.meanRr = firstMeanRr(first, fs);
    },
    judge(candidate, found) {
      searchBack(candidate.at, found);
      if (rhythm.last && sinceBeat(candidate.at) > FADE_AFTER_RR) threshold.fade();
      const tWave = isTWave(candidate);
      if (!tWave && threshold.exceeds(candidate, part(rhythm), rhythm)) {
        return accept(candidate, false, found);
      }
      threshold.addNoise(candidate);
      if (!tWave) missed.push(candidate);
    },
    wait(sample, found) {
      searchBack(sample, found);
      while (missed.length > 0 && sample - missed[0].at > LOOK_BACK_SECONDS * fs) missed.shift();
    },
  };
}
