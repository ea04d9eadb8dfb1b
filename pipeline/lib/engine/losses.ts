/** How a window's loss follows from its probabilities; with everything at 0, the default, it is the cross-entropy. */
export interface LossOptions {
  /** Part of the target, in [0, 1), that all classes share alike. */
  labelSmoothing?: number;
  /** At least 0: how much less a class counts the nearer its probability is to 1. */
  focalGamma?: number;
  /** Part of the target, in [0, 1], that the teacher's probabilities of the batch are; the label has the rest. */
  teacherWeight?: number;
  /** At least 1: what the scores of both are divided by where the student is compared with the teacher. Default 1. */
  teacherTemperature?: number;
}

/** A loss with all of its constants. */
export type CheckedLoss = Required<LossOptions>;

/** Keeps a loss finite where float32 has rounded a probability to 0. */
export const SMALLEST_PROBABILITY = 2 ** -149;

/** @returns The constants with their defaults. @throws RangeError One out of its range. */
export function checkLoss(
  { labelSmoothing = 0, focalGamma = 0, teacherWeight = 0, teacherTemperature = 1 }: LossOptions = {},
): CheckedLoss {
  const checks: [string, number, boolean, string][] = [
    ["labelSmoothing", labelSmoothing, labelSmoothing >= 0 && labelSmoothing < 1, "in [0, 1)"],
    ["focalGamma", focalGamma, focalGamma >= 0 && focalGamma <= 100, "in [0, 100]"],
    ["teacherWeight", teacherWeight, teacherWeight >= 0 && teacherWeight <= 1, "in [0, 1]"],
    [
      "teacherTemperature",
      teacherTemperature,
      teacherTemperature >= 1 && teacherTemperature <= 100,
      "in [1, 100]",
    ],
  ];
  for (const [name, value, holds, range] of checks) {
    if (!holds) throw new RangeError(`Cannot start the engine: ${name} must be ${range}, got ${value}`);
  }
  return { labelSmoothing, focalGamma, teacherWeight, teacherTemperature };
}

/** Whether a loss is the cross-entropy with the label alone. */
export function isCrossEntropy({ labelSmoothing, focalGamma, teacherWeight }: CheckedLoss): boolean {
  return labelSmoothing === 0 && focalGamma === 0 && teacherWeight === 0;
}

/**
 * Writes what the probabilities of one window are to be.
 *
 * Source: label smoothing: Szegedy et al., "Rethinking the Inception architecture", 2016, section 7, as in Keras; teacher:
 * Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015, section 2, at temperature 1; at another,
 * `addDistillation` has the teacher's part.
 *
 * @param window.teacher The teacher's probabilities, those of this window from `window.at` on; not read at a weight of 0.
 * @param targets [classes], written: not negative, their sum is 1, or what the teacher leaves of it.
 */
export function writeTargets(
  { labelSmoothing, teacherWeight, teacherTemperature }: CheckedLoss,
  { label, teacher, at }: { label: number; teacher?: Float32Array; at: number },
  targets: Float64Array,
): void {
  const ofLabel = 1 - teacherWeight;
  targets.fill(ofLabel * labelSmoothing / targets.length);
  targets[label] += ofLabel * (1 - labelSmoothing);
  if (teacherWeight === 0 || teacherTemperature !== 1) return;
  for (let c = 0; c < targets.length; c++) targets[c] += teacherWeight * teacher![at + c];
}

/**
 * Computes sum over c of -target[c] (1 - p[c])^gamma log p[c], and its gradient by the scores before softmax.
 *
 * Source: Lin et al., "Focal loss for dense object detection", 2017, eq. 4, for every class of the target, as Keras'
 * CategoricalFocalCrossentropy; with gamma 0 the cross-entropy.
 *
 * @param probabilities [classes], what softmax made of the scores. @param gradient [classes], written.
 * @returns The loss.
 */
export function differentiateLoss(
  { focalGamma }: CheckedLoss,
  { probabilities, targets }: { probabilities: Float64Array; targets: Float64Array },
  gradient: Float64Array,
): number {
  let loss = 0, sum = 0;
  for (let c = 0; c < targets.length; c++) {
    const p = probabilities[c], rest = 1 - p, logarithm = Math.log(Math.max(p, SMALLEST_PROBABILITY));
    const focus = rest ** focalGamma;
    loss -= targets[c] * focus * logarithm;
    // p times the derivative of (1 - p)^gamma (-log p); log p / (1 - p) goes to -1 where p goes to 1.
    const slope = focalGamma * p * (rest > 0 ? logarithm / rest : -1) - 1;
    gradient[c] = targets[c] * focus * slope;
    sum += gradient[c];
  }
  for (let c = 0; c < targets.length; c++) gradient[c] -= probabilities[c] * sum;
  return loss;
}

/**
 * Adds the teacher's part of the loss at a temperature T: weight * T^2 times the cross-entropy of softmax(scores / T) with the
 * teacher's own; of probabilities, softmax(scores / T) is p^(1/T) over the sum of those. The factor T^2 keeps the gradients'
 * size whatever T.
 *
 * Source: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015, section 2.
 *
 * @param window.probabilities [classes], the student's at temperature 1; `window.teacher` the teacher's, those of this window
 *   from `window.at` on. @param gradient [classes], by the student's scores, added to.
 * @returns What is to be added to the loss.
 */
export function addDistillation(
  { teacherWeight, teacherTemperature }: CheckedLoss,
  { probabilities, teacher, at }: { probabilities: Float64Array; teacher: Float32Array; at: number },
  gradient: Float64Array,
): number {
  const classes = probabilities.length, power = 1 / teacherTemperature;
  const soften = (probability: number) => Math.max(probability, SMALLEST_PROBABILITY) ** power;
  let ofStudent = 0, ofTeacher = 0, loss = 0;
  for (let c = 0; c < classes; c++) {
    ofStudent += soften(probabilities[c]);
    ofTeacher += soften(teacher[at + c]);
  }
  for (let c = 0; c < classes; c++) {
    const student = soften(probabilities[c]) / ofStudent, target = soften(teacher[at + c]) / ofTeacher;
    loss -= target * Math.log(student);
    gradient[c] += teacherWeight * teacherTemperature * (student - target);
  }
  return teacherWeight * teacherTemperature ** 2 * loss;
}
