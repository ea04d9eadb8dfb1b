import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../../core/rng.ts";
import { type Augmentation, type AugmenterOptions, createAugmenter } from "./augment.ts";
import { addNoise, addWander, moveInTime, scaleAmplitude } from "./transforms.ts";

const SHAPE = { steps: 6, channels: 2 };
/** Channel 0 counts up, channel 1 down. */
const ramp = Float32Array.of(0, 10, 1, 9, 2, 8, 3, 7, 4, 6, 5, 5);
const NONE: Augmentation = { amplitude: 0, shift: 0, wander: 0, noise: 0, warp: 0, polarity: 0 };
const ALL: Augmentation = { amplitude: 0.5, shift: 2, wander: 0.3, noise: 0.1, warp: 0.2, polarity: 0.5 };

function augmented(
  amounts: Partial<Augmentation>,
  options: Partial<AugmenterOptions> = {},
  position = 0,
): number[] {
  const augmentation = { ...NONE, ...amounts }, window = ramp.slice();
  createAugmenter({ ...SHAPE, seed: 1, rescale: false, augmentation, ...options })!(window, {
    epoch: 1,
    position,
  });
  return [...window];
}

Deno.test("moveInTime() shifts by samples, holds the ends and leaves the channels apart", () => {
  const target = new Float32Array(12);
  moveInTime(ramp, target, SHAPE, { shift: 2, stretch: 1 });
  assert.deepEqual([...target], [0, 10, 0, 10, 0, 10, 1, 9, 2, 8, 3, 7]);
  moveInTime(ramp, target, SHAPE, { shift: -1, stretch: 1 });
  assert.deepEqual([...target], [1, 9, 2, 8, 3, 7, 4, 6, 5, 5, 5, 5]);
});

Deno.test("moveInTime() stretches about the centre by linear interpolation", () => {
  const target = new Float32Array(12);
  moveInTime(ramp, target, SHAPE, { shift: 0, stretch: 2 });
  assert.deepEqual([...target.filter((_, i) => i % 2 === 0)], [1.25, 1.75, 2.25, 2.75, 3.25, 3.75]);
  moveInTime(ramp, target, SHAPE, { shift: 0, stretch: 0.5 });
  assert.deepEqual([...target.filter((_, i) => i % 2 === 0)], [0, 0, 1.5, 3.5, 5, 5]);
});

Deno.test("scaleAmplitude() keeps a channel's mean and touches no other; -1 turns it over", () => {
  const window = ramp.slice();
  scaleAmplitude(window, SHAPE, { channel: 1, factor: -1 });
  assert.deepEqual([...window], [0, 5, 1, 6, 2, 7, 3, 8, 4, 9, 5, 10]);
  scaleAmplitude(window, SHAPE, { channel: 0, factor: 2 });
  assert.deepEqual([...window.filter((_, i) => i % 2 === 0)], [-2.5, -0.5, 1.5, 3.5, 5.5, 7.5]);
});

Deno.test("addWander() adds one wave to all channels, addNoise() noise of the deviation", () => {
  const wave = new Float32Array(8);
  addWander(wave, { steps: 4, channels: 2 }, { amplitude: 2, cycles: 1, phase: 0 });
  [0, 0, 2, 2, 0, 0, -2, -2].forEach((value, i) => assert.ok(Math.abs(wave[i] - value) < 1e-6));
  const noise = new Float32Array(20000);
  addNoise(noise, 3, createRng(1).normal);
  const variance = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
  assert.ok(Math.abs(variance - 9) < 0.3, `variance ${variance}`);
});

Deno.test("createAugmenter() is nothing when nothing is to be changed", () => {
  assert.equal(
    createAugmenter({ ...SHAPE, seed: 1, rescale: true, augmentation: NONE }),
    undefined,
  );
});

Deno.test("createAugmenter() follows from seed, epoch and place alone", () => {
  const first = augmented(ALL);
  assert.deepEqual(augmented(ALL), first);
  assert.notDeepEqual(augmented(ALL, {}, 1), first);
  assert.notDeepEqual(augmented(ALL, { seed: 2 }), first);
  const augment = createAugmenter({ ...SHAPE, seed: 1, rescale: false, augmentation: ALL })!;
  augment(ramp.slice(), { epoch: 7, position: 3 });
  const window = ramp.slice();
  augment(window, { epoch: 1, position: 0 });
  assert.deepEqual([...window], first, "what was augmented before must not matter");
});

Deno.test("createAugmenter() stays within each amount", () => {
  for (let position = 0; position < 200; position++) {
    const lead = augmented({ amplitude: 0.5 }, {}, position).filter((_, i) => i % 2 === 0);
    const factor = (lead[5] - lead[0]) / 5;
    assert.ok(factor > Math.exp(-0.5) - 1e-6 && factor < Math.exp(0.5) + 1e-6, `factor ${factor}`);
    const moved = augmented({ shift: 2 }, {}, position);
    assert.ok(moved[6] >= 1 && moved[6] <= 5 && Number.isInteger(moved[6]), `step 3 is ${moved[6]}`);
    const waved = augmented({ wander: 0.3 }, {}, position);
    waved.forEach((value, i) => assert.ok(Math.abs(value - ramp[i]) <= 0.3 + 1e-6));
    const warped = augmented({ warp: 0.2 }, {}, position);
    assert.ok(Math.abs(warped[4] - 2.5) <= 0.5 / 0.8 + 1e-6 && warped[4] < warped[6]);
    const turned = augmented({ polarity: 0.5 }, {}, position);
    assert.ok([0, 5].includes(turned[0]) && [5, 10].includes(turned[1]));
  }
});

Deno.test("createAugmenter() scales windows as the dataset was and leaves other inputs alone", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.boolean(), (position, rescale) => {
      const window = Float32Array.of(...ramp, 77, -3);
      const augment = createAugmenter({ ...SHAPE, seed: 1, rescale, augmentation: ALL })!;
      augment(window, { epoch: 2, position });
      assert.deepEqual([...window.subarray(12)], [77, -3]);
      const signal = window.subarray(0, 12);
      assert.ok(signal.every(Number.isFinite));
      if (rescale) assert.deepEqual([Math.min(...signal), Math.max(...signal)], [0, 1]);
    }),
    { seed: 1 },
  );
});

Deno.test("createAugmenter() refuses what is out of range", () => {
  for (const wrong of [{ warp: 1 }, { shift: 0.5 }, { noise: -1 }, { polarity: 2 }, { amplitude: NaN }]) {
    assert.throws(() => augmented(wrong), RangeError, JSON.stringify(wrong));
  }
  assert.throws(() => augmented({ shift: 2 ** 16 }), /shift must be an integer in \[0, 65535\], got 65536/);
});
