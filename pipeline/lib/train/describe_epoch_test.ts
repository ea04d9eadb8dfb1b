import assert from "node:assert/strict";
import { describeEpoch } from "./describe_epoch.ts";

const EVENT = {
  figures: {
    epoch: 3,
    learningRate: 0.01,
    loss: 0.4123456,
    validationLoss: 0.5,
    validationAccuracy: 0.87654,
    validationBalancedAccuracy: 0.7,
    validationMacroF1: 0.881,
  },
  timing: { epoch: 3, seconds: 12.34, windowsPerSecond: 3791.4 },
  improved: true,
};

Deno.test("describeEpoch() says loss, figures, speed and time left in one line, and marks the best epoch", () => {
  const options = { name: "lstm", epochs: 13, monitor: "macroF1" } as const;
  assert.equal(
    describeEpoch(EVENT, options),
    "lstm epoch 3/13 loss 0.4123 valLoss 0.5000 valAcc 0.8765 valF1 0.8810 12.3 s 3791 windows/s, at most 3 min left *",
  );
  assert.match(describeEpoch(EVENT, { ...options, epochs: 8 }), /, at most 62 s left \*$/);
  const last = describeEpoch({ ...EVENT, improved: false }, {
    ...options,
    epochs: 3,
    monitor: "balancedAccuracy",
  });
  assert.match(last, /valAcc 0\.8765 valBalAcc 0\.7000 valF1 .* windows\/s$/);
});
