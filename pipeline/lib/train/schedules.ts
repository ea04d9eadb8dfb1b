/** The learning rate of each epoch, counted from 1. */
export type LearningRateSchedule = (epoch: number) => number;

/**
 * Lets the learning rate fall along half a cosine.
 *
 * Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, eq. 5, without restarts.
 *
 * @param first Rate of epoch 1, above 0.
 * @param last Rate of the last epoch, in [0, first].
 * @param epochs Number of epochs, at least 1; later ones keep the last rate.
 * @throws RangeError A value out of its range.
 */
export function cosineSchedule(
  { first, last, epochs }: { first: number; last: number; epochs: number },
): LearningRateSchedule {
  if (!(first > 0 && first < Infinity) || !(last >= 0 && last <= first)) {
    throw new RangeError(
      `Cannot schedule the learning rate: first must be above 0 and last in [0, first], got ${first} and ${last}`,
    );
  }
  if (!Number.isInteger(epochs) || epochs < 1) {
    throw new RangeError(
      `Cannot schedule the learning rate: epochs must be an integer of at least 1, got ${epochs}`,
    );
  }
  return (epoch) => {
    const progress = epochs === 1 ? 0 : Math.min(1, (epoch - 1) / (epochs - 1));
    return last + (first - last) * (1 + Math.cos(Math.PI * progress)) / 2;
  };
}
