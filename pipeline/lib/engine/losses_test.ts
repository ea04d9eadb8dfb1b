import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../core/rng.ts";
import { forwardTraining } from "../nn/forward.ts";
import { BLOCK_SAMPLES } from "./kernels/kernels.ts";
import type { Model, Weights } from "../nn/model.ts";
import type { TrainingBatch } from "./engine.ts";
import { addDistillation, checkLoss, differentiateLoss, type LossOptions, writeTargets } from "./losses.ts";
import { chain, randomBatch, randomWeights, withEngine } from "./test_gradients.ts";

const softmax = (scores: number[]): Float64Array => {
  const powers = scores.map((score) => Math.exp(score));
  const sum = powers.reduce((total, power) => total + power, 0);
  return Float64Array.from(powers, (power) => power / sum);
};

Deno.test("differentiateLoss() has the gradient of its loss by finite differences", () => {
  const inputs = fc.record({
    scores: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 4, maxLength: 4 }),
    label: fc.nat({ max: 3 }),
    labelSmoothing: fc.constantFrom(0, 0.1),
    focalGamma: fc.constantFrom(0, 0.5, 1, 2, 5),
    teacherWeight: fc.constantFrom(0, 0.5, 1),
  });
  fc.assert(
    fc.property(inputs, ({ scores, label, ...options }) => {
      const loss = checkLoss(options), targets = new Float64Array(4), gradient = new Float64Array(4);
      writeTargets(loss, { label, teacher: Float32Array.of(9, 0.5, 0.25, 0.125, 0.125), at: 1 }, targets);
      assert.ok(Math.abs(targets.reduce((sum, target) => sum + target) - 1) < 1e-12);
      differentiateLoss(loss, { probabilities: softmax(scores), targets }, gradient);
      const lossAt = (c: number, change: number) =>
        differentiateLoss(
          loss,
          { probabilities: softmax(scores.map((score, i) => i === c ? score + change : score)), targets },
          new Float64Array(4),
        );
      gradient.forEach((slope, c) => {
        const expected = (lossAt(c, 1e-5) - lossAt(c, -1e-5)) / 2e-5;
        assert.ok(Math.abs(slope - expected) < 1e-8, `class ${c}: ${slope} is not ${expected}`);
      });
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("differentiateLoss() stays finite at probabilities of 0 and 1", () => {
  for (const focalGamma of [0, 0.5, 1, 2]) {
    const gradient = new Float64Array(2), loss = checkLoss({ focalGamma });
    const sure = { probabilities: Float64Array.of(1, 0), targets: Float64Array.of(1, 0) };
    assert.equal(Math.abs(differentiateLoss(loss, sure, gradient)), 0);
    assert.ok(gradient.every((slope) => Math.abs(slope) === 0), `${gradient}`);
    const wrong = { probabilities: Float64Array.of(1, 0), targets: Float64Array.of(0, 1) };
    assert.ok(Number.isFinite(differentiateLoss(loss, wrong, gradient)));
    assert.ok(gradient.every(Number.isFinite), `${gradient}`);
  }
});

Deno.test("addDistillation() stays finite at probabilities of 0, and is what the loss has at temperature 1", () => {
  const probabilities = Float64Array.of(1, 0, 0), teacher = Float32Array.of(0.25, 0.75, 0);
  const gradient = new Float64Array(3);
  const tempered = checkLoss({ teacherWeight: 1, teacherTemperature: 4 });
  assert.ok(Number.isFinite(addDistillation(tempered, { probabilities, teacher, at: 0 }, gradient)));
  assert.ok(gradient.every(Number.isFinite), `${gradient}`);
  const even = Float64Array.of(0.5, 0.25, 0.25), plain = checkLoss({ teacherWeight: 1 });
  const expected = new Float64Array(3), added = new Float64Array(3), targets = new Float64Array(3);
  writeTargets(plain, { label: 0, teacher, at: 0 }, targets);
  const loss = differentiateLoss(plain, { probabilities: even, targets }, expected);
  assert.ok(Math.abs(addDistillation(plain, { probabilities: even, teacher, at: 0 }, added) - loss) < 1e-12);
  added.forEach((slope, c) => assert.ok(Math.abs(slope - expected[c]) < 1e-12));
});

const model = chain(
  { kind: "InputLayer", shape: [5] },
  { kind: "Dense", units: 4, activation: "tanh" },
  { kind: "Dense", units: 3, activation: "softmax" },
);
const CLASS_WEIGHTS = [0.5, 2, 1];

/** The loss by its formula, from the reference's probabilities. */
function referenceLoss(
  model: Model,
  weights: Weights,
  { windows, labels, teacher, count }: TrainingBatch,
  { labelSmoothing = 0, focalGamma = 0, teacherWeight = 0, teacherTemperature = 1 }: LossOptions,
): number {
  const sizes = { batch: count, blockWindows: BLOCK_SAMPLES };
  const probabilities = forwardTraining(model, weights, windows, sizes);
  let loss = 0;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      const p = probabilities[3 * i + c], hard = Number(labels[i] === c);
      const target = (teacherTemperature === 1 ? teacherWeight * (teacher?.[3 * i + c] ?? 0) : 0) +
        (1 - teacherWeight) * ((1 - labelSmoothing) * hard + labelSmoothing / 3);
      loss -= CLASS_WEIGHTS[labels[i]] * target * (1 - p) ** focalGamma * Math.log(p) / count;
    }
    if (teacherTemperature === 1) continue;
    const soft = (values: ArrayLike<number>) =>
      softmax([0, 1, 2].map((c) => Math.log(values[3 * i + c]) / teacherTemperature));
    const student = soft(probabilities), wanted = soft(teacher!);
    for (let c = 0; c < 3; c++) {
      loss -= CLASS_WEIGHTS[labels[i]] * teacherWeight * teacherTemperature ** 2 * wanted[c] *
        Math.log(student[c]) / count;
    }
  }
  return loss;
}

Deno.test("trainBatch() has the gradient of smoothed, focal and distilled losses by finite differences", async () => {
  const losses: LossOptions[] = [
    { labelSmoothing: 0.1 },
    { focalGamma: 2 },
    { teacherWeight: 0.7 },
    { labelSmoothing: 0.2, focalGamma: 0.5, teacherWeight: 0.4 },
    { teacherWeight: 1, teacherTemperature: 2 },
    { labelSmoothing: 0.1, teacherWeight: 0.5, teacherTemperature: 4 },
  ];
  for (const loss of losses) {
    for (const count of [1, 40]) {
      const rng = createRng(1), weights = randomWeights(model, rng), plain = randomBatch(model, count, rng);
      const batch = {
        ...plain,
        teacher: Float32Array.from(
          Array.from({ length: count }, () => [...softmax([rng.normal(), rng.normal(), rng.normal()])])
            .flat(),
        ),
      };
      const options = { loss, workers: 1, classWeights: CLASS_WEIGHTS, optimizer: { beta1: 0, beta2: 0 } };
      await withEngine(model, { weights, ...options }, async (engine) => {
        const measured = await engine.trainBatch(batch, 0);
        assert.ok(Math.abs(measured - referenceLoss(model, weights, batch, loss)) < 1e-5);
        const { firstMoments } = engine.getOptimizerState().slots;
        let at = 0;
        for (const [name, { data }] of weights) {
          for (let i = 0; i < data.length; i++, at++) {
            const kept = data[i];
            data[i] = kept + 1e-5;
            const above = data[i], lossAbove = referenceLoss(model, weights, batch, loss);
            data[i] = kept - 1e-5;
            const expected = (lossAbove - referenceLoss(model, weights, batch, loss)) / (above - data[i]);
            data[i] = kept;
            assert.ok(
              Math.abs(firstMoments[at] - expected) < 1e-4,
              `${JSON.stringify(loss)}, ${name}[${i}]: ${firstMoments[at]} is not ${expected}`,
            );
          }
        }
      });
    }
  }
});

Deno.test("trainBatch() wants the teacher's probabilities where they count", async () => {
  const rng = createRng(2), weights = randomWeights(model, rng), batch = randomBatch(model, 4, rng);
  await withEngine(model, { weights, workers: 1, loss: { teacherWeight: 0.5 } }, async (engine) => {
    await assert.rejects(engine.trainBatch(batch, 0), /teacher must hold 12 probabilities, got 0/);
    const teacher = new Float32Array(12).fill(NaN);
    await assert.rejects(engine.trainBatch({ ...batch, teacher }, 0), /teacher .* got NaN at 0/);
  });
});

Deno.test("checkLoss() refuses constants out of their range", () => {
  for (
    const options of [
      { labelSmoothing: 1 },
      { focalGamma: -1 },
      { teacherWeight: 1.5 },
      { teacherTemperature: 0.5 },
      { focalGamma: NaN },
    ]
  ) {
    assert.throws(() => checkLoss(options), RangeError);
  }
});
