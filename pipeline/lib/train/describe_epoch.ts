import type { EpochEvent, Monitor } from "./train_model.ts";

/** @returns One epoch in one line; the time left is for all epochs, patience may end it before. */
export function describeEpoch(
  { figures, timing, improved }: Omit<EpochEvent, "state">,
  { name, epochs, monitor }: { name: string; epochs: number; monitor: Monitor },
): string {
  const secondsLeft = timing.seconds * (epochs - figures.epoch);
  return `${name} epoch ${figures.epoch}/${epochs} loss ${figures.loss.toFixed(4)} ` +
    `valLoss ${figures.validationLoss.toFixed(4)} valAcc ${figures.validationAccuracy.toFixed(4)} ` +
    (monitor === "balancedAccuracy" ? `valBalAcc ${figures.validationBalancedAccuracy.toFixed(4)} ` : "") +
    `valF1 ${figures.validationMacroF1.toFixed(4)} ${timing.seconds.toFixed(1)} s ` +
    `${timing.windowsPerSecond.toFixed(0)} windows/s` +
    (secondsLeft > 0 ? `, at most ${formatSeconds(secondsLeft)} left` : "") + (improved ? " *" : "");
}

const formatSeconds = (seconds: number): string =>
  seconds < 120 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
