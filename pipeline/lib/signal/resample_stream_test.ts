import assert from "node:assert/strict";
import { createRng } from "../core/rng.ts";
import { BLOCK_SAMPLES } from "./blocks.ts";
import { MAX_DFT_LENGTH } from "./fft.ts";
import { createPolyphaseResampler } from "./polyphase.ts";
import { resampleFft } from "./resample.ts";
import { openResampling, planResampling, type ResampleMethod } from "./resample_stream.ts";

/** Resamples in pieces as planned. */
function resample(x: Float64Array, rates: { fromFs: number; toFs: number }, method: ResampleMethod) {
  const plan = planResampling(x.length, rates, method), out: number[] = [];
  let ends = 0;
  const sink = openResampling(plan, x.length, {
    push: (piece) => piece.forEach((value) => out.push(value)),
    finish: () => void ends++,
  });
  for (let at = 0; at < x.length; at += 700) sink.push(x.subarray(at, at + 700));
  sink.finish();
  assert.deepEqual([ends, out.length], [1, plan.samples]);
  return Float64Array.from(out);
}

Deno.test("openResampling() does what the plan says: nothing, the FFT or the polyphase filter", () => {
  const x = Float64Array.from({ length: 5000 }, createRng(3).normal), rates = { fromFs: 250, toFs: 360 };
  assert.deepEqual(resample(x, { fromFs: 360, toFs: 360 }, "auto"), x);
  assert.deepEqual(resample(x, rates, "auto"), resampleFft(x, rates));
  assert.deepEqual(resample(x, rates, "fft"), resampleFft(x, rates));
  assert.deepEqual(
    resample(x, rates, "polyphase"),
    createPolyphaseResampler({ up: 36, down: 25 }).resample(x),
  );
  // A quartz that is 1e-8 off is none that one could tell.
  assert.deepEqual(resample(x, { fromFs: 360.0000036, toFs: 360 }, "polyphase"), x);
});

Deno.test("planResampling() takes the FFT for one block and the polyphase filter for more", () => {
  const rates = { fromFs: 1000, toFs: 360 };
  assert.equal(planResampling(BLOCK_SAMPLES, rates, "auto").method, "fft");
  assert.deepEqual(planResampling(86_400_000, rates, "auto"), {
    method: "polyphase",
    rates: { fromFs: 25, toFs: 9 },
    samples: 31_104_000,
  });
  assert.equal(planResampling(BLOCK_SAMPLES, { fromFs: 250, toFs: 360 }, "auto").method, "polyphase");
  assert.throws(() => planResampling(MAX_DFT_LENGTH + 1, rates, "fft"), /must have at most/);
  assert.throws(() => planResampling(100, { fromFs: NaN, toFs: 360 }, "auto"), RangeError);
});
