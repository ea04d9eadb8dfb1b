import assert from "node:assert/strict";
import fc from "fast-check";
import type { Conv1DLayer } from "../model.ts";
import { conv1d, conv1dExtent } from "./conv1d.ts";

const layer = (sizes: Partial<Conv1DLayer>): Conv1DLayer => ({
  kind: "Conv1D",
  name: "conv",
  inputs: ["input"],
  filters: 1,
  kernelSize: 3,
  strides: 1,
  padding: "same",
  activation: "linear",
  ...sizes,
});

Deno.test("conv1dExtent() pads like TensorFlow, less in front when the padding is odd", () => {
  const extent = (kernelSize: number, strides: number, steps: number) =>
    conv1dExtent(layer({ kernelSize, strides }), steps);
  assert.deepEqual(extent(7, 2, 216), { outSteps: 108, padLeft: 2, padRight: 3 });
  assert.deepEqual(extent(7, 2, 217), { outSteps: 109, padLeft: 3, padRight: 3 });
  assert.deepEqual(extent(5, 1, 108), { outSteps: 108, padLeft: 2, padRight: 2 });
  assert.deepEqual(extent(4, 1, 9), { outSteps: 9, padLeft: 1, padRight: 2 });
  assert.deepEqual(extent(1, 3, 10), { outSteps: 4, padLeft: 0, padRight: 0 });
});

Deno.test("conv1dExtent() drops what a valid kernel does not fill", () => {
  assert.deepEqual(conv1dExtent(layer({ padding: "valid", strides: 2 }), 8), {
    outSteps: 3,
    padLeft: 0,
    padRight: 0,
  });
  assert.throws(() => conv1dExtent(layer({ padding: "valid", kernelSize: 9 }), 8), RangeError);
});

Deno.test("conv1d() equals the sum of its definition over the padded input", () => {
  const sizes = fc.record({
    steps: fc.integer({ min: 1, max: 12 }),
    inChannels: fc.integer({ min: 1, max: 3 }),
    filters: fc.integer({ min: 1, max: 3 }),
    kernelSize: fc.integer({ min: 1, max: 8 }),
    strides: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(fc.property(sizes, ({ steps, inChannels, filters, kernelSize, strides }) => {
    const conv = layer({ filters, kernelSize, strides });
    // Small integers, so that any order of summation gives the same number.
    const values = (length: number) => Array.from({ length }, (_, i) => (i * 7) % 11 - 5);
    const input = Float64Array.from(values(steps * inChannels));
    const kernel = Float32Array.from(values(kernelSize * inChannels * filters));
    const bias = Float32Array.from(values(filters));
    const { outSteps, padLeft } = conv1dExtent(conv, steps);
    const output = new Float64Array(outSteps * filters).fill(NaN);
    conv1d(conv, { input, kernel, bias, output });

    const at = (t: number, c: number) => t < 0 || t >= steps ? 0 : input[t * inChannels + c];
    for (let t = 0; t < outSteps; t++) {
      for (let f = 0; f < filters; f++) {
        let sum = bias[f];
        for (let k = 0; k < kernelSize; k++) {
          for (let c = 0; c < inChannels; c++) {
            sum += at(t * strides - padLeft + k, c) * kernel[(k * inChannels + c) * filters + f];
          }
        }
        assert.equal(output[t * filters + f], sum);
      }
    }
  }));
});
