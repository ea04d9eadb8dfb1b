import assert from "node:assert/strict";
import { compileKernels, createMachine, RESERVED_BYTES } from "./kernels.ts";

const COUNT = 2 ** 16, SOURCE = 1024, TARGET = SOURCE + 4 * COUNT;
/** Around 0, where they bend, where they are flat, and beyond what their exponential is clamped to. */
const RANGES = [0.01, 1, 5, 20, 100, 1e30];

for (const fused of [false, true]) {
  const file = fused ? "kernels_fused.wasm" : "kernels.wasm";
  const memory = () => new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });

  Deno.test(`createMachine() writes to the bytes that the kernels keep, to all of them and no others: ${file}`, () => {
    const { floats } = createMachine(compileKernels(fused), memory());
    assert.deepEqual(
      [floats.findIndex((value) => value !== 0), floats.findLastIndex((value) => value !== 0)],
      [64 / 4, RESERVED_BYTES / 4 - 1],
    );
  });

  Deno.test(`sigmoid() and hyperbolicTangent() keep to the errors that they name, NaN stays NaN: ${file}`, () => {
    const { kernels, floats } = createMachine(compileKernels(fused), memory());
    const x = floats.subarray(SOURCE / 4, SOURCE / 4 + COUNT);
    const y = floats.subarray(TARGET / 4, TARGET / 4 + COUNT);
    const functions = [
      ["sigmoid", (x: number) => 1 / (1 + Math.exp(-x)), 1e-7],
      ["hyperbolicTangent", Math.tanh, 2e-7],
    ] as const;
    for (const [name, exact, limit] of functions) {
      for (const range of RANGES) {
        for (let i = 0; i < COUNT; i++) x[i] = range * (2 * i / COUNT - 1);
        kernels[name](SOURCE, TARGET, 4 * COUNT);
        for (let i = 0; i < COUNT; i++) {
          if (!(Math.abs(y[i] - exact(x[i])) < limit)) assert.fail(`${name}(${x[i]}) is not ${y[i]}`);
        }
      }
      x.set([NaN, Infinity, -Infinity]);
      kernels[name](SOURCE, TARGET, 64);
      assert.deepEqual([...y.subarray(0, 3)].map(Math.round), [NaN, 1, Math.round(exact(-Infinity))]);
    }
  });

  Deno.test(`softmaxForward() has the relative error of its exponential, down to e^-87: ${file}`, () => {
    const { kernels, floats } = createMachine(compileKernels(fused), memory());
    const scores = floats.subarray(SOURCE / 4, SOURCE / 4 + 64);
    const probabilities = floats.subarray(TARGET / 4, TARGET / 4 + 64);
    for (let first = 0; first < COUNT; first += 32) {
      for (let sample = 0; sample < 32; sample++) scores[32 + sample] = -87 * (first + sample) / COUNT;
      kernels.softmaxForward(2, SOURCE, TARGET);
      for (let sample = 0; sample < 32; sample++) {
        const e = Math.exp(scores[32 + sample]), error = probabilities[32 + sample] * (1 + e) / e - 1;
        if (!(Math.abs(error) < 3e-7)) assert.fail(`error ${error} at ${scores[32 + sample]}`);
      }
    }
  });
}
