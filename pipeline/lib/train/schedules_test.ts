import assert from "node:assert/strict";
import { createSchedule, type ScheduleOptions } from "./schedules.ts";

const OPTIONS: ScheduleOptions = {
  kind: "cosine",
  peak: 1e-2,
  epochs: 11,
  warmUpEpochs: 0,
  stepEpochs: 3,
  stepFactor: 0.5,
};

/** @returns The rate of each batch of an epoch of 4. */
function ratesOf(options: Partial<ScheduleOptions>, epoch: number): number[] {
  const schedule = createSchedule({ ...OPTIONS, ...options });
  return [1, 2, 3, 4].map((batch) => schedule({ epoch, batch, batches: 4 }));
}

function assertRates(options: Partial<ScheduleOptions>, expected: [epoch: number, ...rates: number[]][]) {
  for (const [epoch, ...rates] of expected) {
    ratesOf(options, epoch).forEach((rate, i) =>
      assert.ok(
        Math.abs(rate - rates[i % rates.length]) < 1e-12,
        `epoch ${epoch}, batch ${i + 1}: ${rate} is not ${rates[i % rates.length]}`,
      )
    );
  }
}

Deno.test("createSchedule() falls along a cosine from the peak to a hundredth of it and stays there", () => {
  assertRates({}, [[1, 1e-2], [6, 5.05e-3], [11, 1e-4], [20, 1e-4]]);
  assertRates({ epochs: 1 }, [[1, 1e-2]]);
});

Deno.test("createSchedule() stays constant or falls in steps", () => {
  assertRates({ kind: "constant" }, [[1, 1e-2], [11, 1e-2], [12, 1e-2]]);
  assertRates({ kind: "step" }, [[1, 1e-2], [3, 1e-2], [4, 5e-3], [6, 5e-3], [7, 2.5e-3]]);
});

Deno.test("createSchedule() warms up batch by batch and begins the schedule after it", () => {
  assertRates({ warmUpEpochs: 2, epochs: 13 }, [
    [1, 1.25e-3, 2.5e-3, 3.75e-3, 5e-3],
    [2, 6.25e-3, 7.5e-3, 8.75e-3, 1e-2],
    [3, 1e-2],
    [8, 5.05e-3],
    [13, 1e-4],
  ]);
  assertRates({ kind: "step", warmUpEpochs: 1 }, [[4, 1e-2], [5, 5e-3]]);
});

Deno.test("createSchedule() goes up and down once, from a 25th of the peak to 4e-6 of it", () => {
  const epochs = 11;
  const rates = Array.from({ length: epochs }, (_, i) => ratesOf({ kind: "oneCycle" }, i + 1)).flat();
  const top = rates.indexOf(Math.max(...rates));
  assert.equal(top, Math.ceil(0.3 * (rates.length - 1)));
  assert.ok(Math.abs(rates[0] - 4e-4) < 1e-12 && Math.abs(rates.at(-1)! - 4e-8) < 1e-12);
  assert.ok(rates[top] > 0.99e-2 && rates[top] <= 1e-2);
  rates.slice(1).forEach((rate, i) =>
    assert.ok(i < top ? rate > rates[i] : rate < rates[i], `batch ${i + 1}`)
  );
});

Deno.test("createSchedule() refuses what is out of range", () => {
  const wrong: Partial<ScheduleOptions>[] = [
    { peak: 0 },
    { epochs: 0 },
    { warmUpEpochs: 11 },
    { warmUpEpochs: 0.5 },
    { stepEpochs: 0 },
    { stepFactor: 1.5 },
    { kind: "linear" as "step" },
  ];
  for (const options of wrong) {
    assert.throws(() => createSchedule({ ...OPTIONS, ...options }), RangeError, JSON.stringify(options));
  }
});
