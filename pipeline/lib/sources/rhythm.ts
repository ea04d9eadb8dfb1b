import type { Rng } from "../core/rng.ts";
import type { SyntheticSymbol } from "./beat_morphology.ts";

/** One beat of a rhythm, before it has a shape. */
export interface ScheduledBeat {
  /** Nominal R peak, in seconds from the record's start. */
  timeSeconds: number;
  symbol: SyntheticSymbol;
  /** Interval of the undisturbed sinus rhythm at this moment, in seconds. */
  sinusRrSeconds: number;
  /** WFDB rhythm label that starts with this beat: "(N" sinus rhythm, "(B" ventricular bigeminy. */
  rhythm?: "(N" | "(B";
}

/** How one patient's heart beats. Depths are fractions of the mean RR interval. */
export interface RhythmProfile {
  /** Mean heart rate in beats per minute. */
  heartRateBpm: number;
  respirationHz: number;
  /** Respiratory sinus arrhythmia. */
  respirationDepth: number;
  /** Slow waves of the blood pressure's control, near 0.1 Hz. */
  mayerDepth: number;
  /** Standard deviation of a first-order autoregressive drift. */
  driftDepth: number;
  /** Mean number of sinus intervals between two events of a class. */
  meanGap: { A: number; V: number; F: number; Q: number };
  /** Mean number of sinus intervals between two runs of bigeminy; undefined for a patient without. */
  bigeminyGap?: number;
  /** Share of the ventricular events that are couplets, 0 to 1. */
  coupletShare: number;
}

const MAYER_HZ = 0.095;
/** Shortest coupling of a premature beat: any earlier, and the ventricle would still be refractory. */
const MIN_COUPLING_SECONDS = 0.36;

/**
 * Draws one patient's rhythm.
 *
 * @param patient Index from 0; every third patient has runs of bigeminy.
 */
export function drawRhythmProfile(patient: number, rng: Rng): RhythmProfile {
  const between = (low: number, high: number) => low + (high - low) * rng.uniform();
  return {
    heartRateBpm: between(55, 100),
    respirationHz: between(0.2, 0.3),
    respirationDepth: between(0.015, 0.05),
    mayerDepth: between(0.01, 0.03),
    driftDepth: between(0.005, 0.02),
    meanGap: { A: between(14, 36), V: between(13, 32), F: between(60, 120), Q: between(110, 220) },
    bigeminyGap: patient % 3 === 1 ? between(110, 150) : undefined,
    coupletShare: between(0, 0.12),
  };
}

/**
 * Lays out a record's beats in time.
 *
 * A sinus clock runs with respiratory arrhythmia and slow drift. An atrial premature beat (A) resets it: the pause after
 * it is not compensatory. A ventricular premature beat (V) does not: the next sinus impulse finds the ventricle
 * refractory and the one after it is on time, so the interval around V is that of two sinus beats. Fusion (F) and
 * unclassifiable (Q) beats come with the clock. The gaps between two events of a class are bounded by 1.7 times their
 * mean, so that a record of a few minutes has every class that its profile promises.
 *
 * @param durationSeconds Length of the record; the last beat comes 0.5 s before its end at the latest.
 * @returns Beats in order of time; the first carries the rhythm label "(N".
 */
export function scheduleBeats(profile: RhythmProfile, durationSeconds: number, rng: Rng): ScheduledBeat[] {
  const between = (low: number, high: number) => low + (high - low) * rng.uniform();
  const nextGap = (mean: number) => mean * between(0.3, 1.7);
  const meanRr = 60 / profile.heartRateBpm;
  const respirationPhase = between(0, 2 * Math.PI), mayerPhase = between(0, 2 * Math.PI);
  let drift = 0;
  const nextSinusRr = (time: number) => {
    drift = 0.95 * drift + Math.sqrt(1 - 0.95 * 0.95) * profile.driftDepth * rng.normal();
    return meanRr * (1 +
      profile.respirationDepth * Math.sin(2 * Math.PI * profile.respirationHz * time + respirationPhase) +
      profile.mayerDepth * Math.sin(2 * Math.PI * MAYER_HZ * time + mayerPhase) + drift);
  };
  // A clear premature beat at every heart rate: refractoriness may delay it, but not to where it would be on time.
  const coupling = (rr: number, low: number, high: number) =>
    Math.max(rr * between(low, high), Math.min(MIN_COUPLING_SECONDS, 0.8 * rr));

  const countdown = {
    A: nextGap(profile.meanGap.A),
    V: nextGap(profile.meanGap.V),
    F: nextGap(profile.meanGap.F),
    Q: nextGap(profile.meanGap.Q),
  };
  let bigeminyCountdown = profile.bigeminyGap === undefined ? Infinity : nextGap(profile.bigeminyGap);
  let bigeminyLeft = 0, inBigeminy = false;
  let rhythm: "(N" | "(B" | undefined = "(N";
  const beats: ScheduledBeat[] = [];
  const push = (timeSeconds: number, symbol: SyntheticSymbol, sinusRrSeconds: number) => {
    beats.push(
      rhythm === undefined
        ? { timeSeconds, symbol, sinusRrSeconds }
        : { timeSeconds, symbol, sinusRrSeconds, rhythm },
    );
    rhythm = undefined;
  };

  /** When the sinus clock last fired. */
  let sinus = between(0.35, 0.9);
  let resetPause = 1;
  push(sinus, "N", meanRr);
  while (sinus < durationSeconds) {
    const rr = nextSinusRr(sinus) * resetPause;
    resetPause = 1;
    let event: SyntheticSymbol = "N";
    if (bigeminyLeft > 0) {
      event = "V";
      bigeminyLeft--;
    } else {
      for (const symbol of ["A", "V", "F", "Q"] as const) {
        if (--countdown[symbol] <= 0 && event === "N") {
          event = symbol;
          countdown[symbol] = nextGap(profile.meanGap[symbol]);
        }
      }
      if (--bigeminyCountdown <= 0 && event === "V") {
        bigeminyCountdown = nextGap(profile.bigeminyGap!);
        bigeminyLeft = 4 + rng.integer(10);
        inBigeminy = true;
        rhythm = "(B";
      }
    }
    switch (event) {
      case "N":
        push(sinus += rr, "N", rr);
        break;
      case "A":
        push(sinus += coupling(rr, 0.55, 0.78), "A", rr);
        resetPause = between(1, 1.1);
        break;
      case "V": {
        const time = sinus + coupling(rr, 0.55, 0.72);
        push(time, "V", rr);
        sinus += rr + nextSinusRr(sinus + rr);
        if (!inBigeminy && rng.uniform() < profile.coupletShare) {
          push(time + coupling(rr, 0.6, 0.7), "V", rr);
          sinus += nextSinusRr(sinus);
        }
        if (inBigeminy && bigeminyLeft === 0) {
          inBigeminy = false;
          rhythm = "(N";
        }
        push(sinus, "N", rr);
        break;
      }
      case "F":
        push(sinus + rr * between(0.93, 0.99), "F", rr);
        sinus += rr;
        break;
      case "Q":
        push(sinus += rr, "Q", rr);
        break;
    }
  }
  return beats.filter((beat) => beat.timeSeconds <= durationSeconds - 0.5);
}
