/** Where training stands when a learning rate is asked for. */
export interface SchedulePoint {
  /** Counted from 1. */
  epoch: number;
  /** Batch of the epoch, counted from 1. */
  batch: number;
  /** Batches of an epoch. */
  batches: number;
}

/** The learning rate of each batch. */
export type LearningRateSchedule = (at: SchedulePoint) => number;

/** The names of the schedules. */
export const SCHEDULES = ["cosine", "constant", "step", "oneCycle"] as const;

/** How the learning rate goes over the epochs. */
export interface ScheduleOptions {
  kind: typeof SCHEDULES[number];
  /** The largest rate, above 0: where all but oneCycle begin. */
  peak: number;
  /** Number of epochs, at least 1; later ones keep the last rate. */
  epochs: number;
  /** Epochs, 0 to epochs - 1, over which the rate rises to `peak`, batch by batch; what comes after begins then. */
  warmUpEpochs: number;
  /** Of step: epochs between two falls, at least 1. */
  stepEpochs: number;
  /** Of step: what the rate is multiplied by, in (0, 1]. */
  stepFactor: number;
}

/** Where the cosine schedule ends, as a part of where it begins. */
const LAST_RATE = 0.01;
/** Share of the batches of one cycle over which the rate rises, where it begins and where it ends, as parts of the peak. */
const CYCLE = { rise: 0.3, first: 1 / 25, last: 1e-4 / 25 };

/**
 * Makes a schedule. cosine and step change from epoch to epoch, oneCycle and the warm-up from batch to batch.
 *
 * constant: the peak. cosine: along half a cosine to a hundredth of the peak in the last epoch. step: times `stepFactor`
 * after every `stepEpochs`. oneCycle: along half a cosine from a 25th of the peak up to it during 30 % of the batches, then
 * along another down to 4e-6 of it. Warm-up: a straight line, the last batch of it has the peak.
 *
 * Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, eq. 5, without restarts;
 * Smith and Topin, "Super-convergence", 2019, with the constants of PyTorch's OneCycleLR; Goyal et al., "Accurate, large
 * minibatch SGD", 2017, section 2.2.
 *
 * @throws RangeError A value out of its range.
 */
export function createSchedule(options: ScheduleOptions): LearningRateSchedule {
  checkOptions(options);
  const { peak, epochs, warmUpEpochs } = options;
  const after = scheduleAfterWarmUp({ ...options, epochs: epochs - warmUpEpochs });
  return ({ epoch, batch, batches }) =>
    epoch <= warmUpEpochs
      ? peak * (epoch - 1 + batch / batches) / warmUpEpochs
      : after({ epoch: epoch - warmUpEpochs, batch, batches });
}

function scheduleAfterWarmUp(
  { kind, peak, epochs, stepEpochs, stepFactor }: ScheduleOptions,
): LearningRateSchedule {
  switch (kind) {
    case "constant":
      return () => peak;
    case "cosine":
      return ({ epoch }) =>
        halfCosine(peak, peak * LAST_RATE, epochs === 1 ? 0 : Math.min(1, (epoch - 1) / (epochs - 1)));
    case "step":
      return ({ epoch }) => peak * stepFactor ** Math.floor((epoch - 1) / stepEpochs);
    case "oneCycle":
      return ({ epoch, batch, batches }) => {
        const last = epochs * batches - 1;
        const done = last === 0 ? 1 : Math.min(1, ((epoch - 1) * batches + batch - 1) / last);
        return done < CYCLE.rise
          ? halfCosine(peak * CYCLE.first, peak, done / CYCLE.rise)
          : halfCosine(peak, peak * CYCLE.last, (done - CYCLE.rise) / (1 - CYCLE.rise));
      };
  }
}

/** @param progress In [0, 1]: 0 gives `from`, 1 gives `to`. */
function halfCosine(from: number, to: number, progress: number): number {
  return to + (from - to) * (1 + Math.cos(Math.PI * progress)) / 2;
}

function checkOptions(
  { kind, peak, epochs, warmUpEpochs, stepEpochs, stepFactor }: ScheduleOptions,
): void {
  const isInteger = Number.isInteger;
  const checks: [string, unknown, boolean, string][] = [
    ["kind", kind, SCHEDULES.includes(kind), `one of ${SCHEDULES.join(", ")}`],
    ["peak", peak, peak > 0 && peak < Infinity, "above 0"],
    ["epochs", epochs, isInteger(epochs) && epochs >= 1, "an integer of at least 1"],
    [
      "warmUpEpochs",
      warmUpEpochs,
      isInteger(warmUpEpochs) && warmUpEpochs >= 0 && warmUpEpochs < epochs,
      `an integer in [0, ${epochs}), so that an epoch is left`,
    ],
    ["stepEpochs", stepEpochs, isInteger(stepEpochs) && stepEpochs >= 1, "an integer of at least 1"],
    ["stepFactor", stepFactor, stepFactor > 0 && stepFactor <= 1, "in (0, 1]"],
  ];
  for (const [name, value, holds, range] of checks) {
    if (holds) continue;
    throw new RangeError(`Cannot schedule the learning rate: ${name} must be ${range}, got ${value}`);
  }
}
