import type { BlockProgram } from "./block_program.ts";
import { BLOCK_SAMPLES, type Machine } from "./kernels/kernels.ts";
import {
  addDistillation,
  type CheckedLoss,
  differentiateLoss,
  isCrossEntropy,
  writeTargets,
} from "./losses.ts";
import type { EngineLayout } from "./wasm_layout.ts";

/** Some windows of a batch: those of one block. */
interface BlockWindows {
  /** The block's first window in the batch. */
  first: number;
  /** Windows that are there, 1 to 32. */
  samples: number;
  /** Windows of the batch. */
  count: number;
}

/** The loss of the block that a program has computed. */
export interface BlockLoss {
  /** @returns The block's share of the batch's loss. */
  measure(windows: BlockWindows): number;
  /** Writes the gradient of what was measured last to that of the logits. */
  differentiate(): void;
}

/** What a block's loss is made from. */
export interface BlockLossOptions {
  loss: CheckedLoss;
  program: BlockProgram;
  layout: EngineLayout;
  machine: Machine;
  /** What a window's loss is multiplied by, by class. */
  classWeights: Float64Array;
}

/** Makes the loss that the options ask for. */
export function createBlockLoss(options: BlockLossOptions): BlockLoss {
  return isCrossEntropy(options.loss) ? createCrossEntropy(options) : createSoftLoss(options);
}

/** Cross-entropy with the labels, its gradient by the kernels. */
function createCrossEntropy({ program, layout, machine, classWeights }: BlockLossOptions): BlockLoss {
  const { floats, kernels } = machine, { probabilities, logits } = program;
  const labels = new Uint8Array(floats.buffer, layout.labels, layout.batchSize);
  const blockLabels = new Int32Array(floats.buffer, program.labels, BLOCK_SAMPLES);
  const sampleWeights = new Float32Array(floats.buffer, program.sampleWeights, BLOCK_SAMPLES);
  return {
    measure({ first, samples, count }) {
      let loss = 0;
      for (let sample = 0; sample < BLOCK_SAMPLES; sample++) {
        const label = sample < samples ? labels[first + sample] : 0;
        const weight = sample < samples ? classWeights[label] / count : 0;
        blockLabels[sample] = label;
        sampleWeights[sample] = weight;
        if (weight > 0) {
          loss -= weight * Math.log(floats[probabilities / 4 + label * BLOCK_SAMPLES + sample]);
        }
      }
      return loss;
    },
    differentiate: () =>
      kernels.crossEntropyBackward(
        layout.classes,
        probabilities,
        program.labels,
        program.sampleWeights,
        logits.gradient,
      ),
  };
}

/** Any other loss, in plain TypeScript: a few numbers a window, against the many of a layer. */
function createSoftLoss({ loss, program, layout, machine, classWeights }: BlockLossOptions): BlockLoss {
  const { floats } = machine, { classes } = layout;
  const labels = new Uint8Array(floats.buffer, layout.labels, layout.batchSize);
  const teacher = new Float32Array(floats.buffer, layout.teacher, layout.batchSize * classes);
  const probabilities = new Float64Array(classes), targets = new Float64Array(classes);
  const gradient = new Float64Array(classes), gradients = new Float32Array(classes * BLOCK_SAMPLES);
  const isTempered = loss.teacherWeight > 0 && loss.teacherTemperature !== 1;
  return {
    measure({ first, samples, count }) {
      let sum = 0;
      gradients.fill(0);
      for (let sample = 0; sample < samples; sample++) {
        const window = first + sample, label = labels[window], weight = classWeights[label] / count;
        const source = program.probabilities / 4 + sample;
        for (let c = 0; c < classes; c++) probabilities[c] = floats[source + c * BLOCK_SAMPLES];
        writeTargets(loss, { label, teacher, at: window * classes }, targets);
        let ofWindow = differentiateLoss(loss, { probabilities, targets }, gradient);
        if (isTempered) {
          ofWindow += addDistillation(loss, { probabilities, teacher, at: window * classes }, gradient);
        }
        sum += weight * ofWindow;
        for (let c = 0; c < classes; c++) gradients[c * BLOCK_SAMPLES + sample] = weight * gradient[c];
      }
      return sum;
    },
    differentiate: () => floats.set(gradients, program.logits.gradient / 4),
  };
}
