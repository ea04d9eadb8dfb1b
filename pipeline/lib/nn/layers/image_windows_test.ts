import assert from "node:assert/strict";
import fc from "fast-check";
import type { Layer, Model } from "../model.ts";
import { outputShapes } from "../shapes.ts";
import { conv2d, depthwiseConv2d } from "./conv2d.ts";
import { eachPixel, imageExtent } from "./image_windows.ts";
import { averagePooling2d, maxPooling2d } from "./pooling2d.ts";

const LAYER = { name: "layer", sizeName: "size" };

/** A window over an image that it fits. */
const windows = fc.record({
  image: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
  size: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilation: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  padding: fc.constantFrom("same" as const, "valid" as const),
  channels: fc.integer({ min: 1, max: 3 }),
  filters: fc.integer({ min: 1, max: 3 }),
}).filter(({ image, size, dilation, padding }) =>
  padding === "same" || [0, 1].every((axis) => (size[axis] - 1) * dilation[axis] < image[axis])
);

/** Small integers, so that any order of summation gives the same number. */
const values = (length: number, factor: number) =>
  Array.from({ length }, (_, i) => (i * factor + 3) % 11 - 5);

Deno.test("imageExtent() pads rows and columns like TensorFlow, less in front when the padding is odd", () => {
  const [rows, columns] = imageExtent(LAYER, { size: [4, 3], strides: [1, 2], padding: "same" }, [9, 8, 3]);
  assert.deepEqual(rows, { outSteps: 9, padLeft: 1, padRight: 2 });
  assert.deepEqual(columns, { outSteps: 4, padLeft: 0, padRight: 1 });
  assert.throws(
    () => imageExtent(LAYER, { size: [2, 9], strides: [1, 1], padding: "valid" }, [9, 8, 3]),
    /"layer": size must be at most the 8 steps/,
  );
});

Deno.test("conv2d() and depthwiseConv2d() equal the sums of their definitions over the padded image", () => {
  fc.assert(
    fc.property(
      windows,
      ({ image: [height, width], size, strides, dilation, padding, channels, filters }) => {
        const [rows, columns] = imageExtent(LAYER, { size, strides, dilation, padding }, [height, width]);
        const layer = { name: "conv", kernelSize: size, strides, dilation, padding };
        const image = [height, width, channels],
          input = Float64Array.from(values(height * width * channels, 7));
        const at = (y: number, x: number, c: number) =>
          y < 0 || x < 0 || y >= height || x >= width ? 0 : input[(y * width + x) * channels + c];
        const bias = Float32Array.from(values(channels * filters, 5));
        const kernel = Float32Array.from(values(size[0] * size[1] * channels * filters, 3));
        const plain = new Float64Array(rows.outSteps * columns.outSteps * filters).fill(NaN);
        conv2d(layer, { image, filters, input, kernel, bias: bias.subarray(0, filters), output: plain });
        const apart = new Float64Array(plain.length * channels).fill(NaN);
        depthwiseConv2d(layer, { image, filters: channels * filters, input, kernel, bias, output: apart });

        for (let y = 0; y < rows.outSteps; y++) {
          for (let x = 0; x < columns.outSteps; x++) {
            const pixel = y * columns.outSteps + x;
            for (let f = 0; f < filters; f++) {
              let sum = bias[f];
              for (let c = 0; c < channels; c++) {
                let own = bias[c * filters + f];
                for (let i = 0; i < size[0]; i++) {
                  for (let j = 0; j < size[1]; j++) {
                    const pixelValue = at(
                      y * strides[0] - rows.padLeft + i * dilation[0],
                      x * strides[1] - columns.padLeft + j * dilation[1],
                      c,
                    );
                    const product = pixelValue * kernel[((i * size[1] + j) * channels + c) * filters + f];
                    sum += product;
                    own += product;
                  }
                }
                assert.equal(apart[(pixel * channels + c) * filters + f], own);
              }
              assert.equal(plain[pixel * filters + f], sum);
            }
          }
        }
      },
    ),
    { seed: 3, numRuns: 60 },
  );
});

Deno.test("maxPooling2d() and averagePooling2d() see the pixels of the image that eachPixel() visits", () => {
  fc.assert(
    fc.property(windows, ({ image: [height, width], size, strides, padding, channels }) => {
      fc.pre(padding === "same" || (size[0] <= height && size[1] <= width));
      const window = { size, strides, padding }, image = [height, width, channels];
      const extent = imageExtent(LAYER, window, image),
        input = Float64Array.from(values(height * width * channels, 7));
      const seen = new Map<number, number[]>();
      eachPixel(window, { image, extent }, (out, _, pixel) => seen.set(out, [...seen.get(out) ?? [], pixel]));
      const max = new Float64Array(seen.size * channels), mean = new Float64Array(max.length);
      maxPooling2d({ window, image, extent }, input, max);
      averagePooling2d({ window, image, extent }, input, mean);
      assert.equal(seen.size, extent[0].outSteps * extent[1].outSteps);
      for (const [out, pixels] of seen) {
        for (let c = 0; c < channels; c++) {
          const own = pixels.map((pixel) => input[pixel * channels + c]);
          assert.equal(max[out * channels + c], Math.max(...own));
          assert.equal(mean[out * channels + c], own.reduce((sum, value) => sum + value, 0) / own.length);
        }
      }
    }),
    { seed: 4, numRuns: 60 },
  );
});

Deno.test("layers over images name what they cannot have", () => {
  const shapes = (layer: Record<string, unknown>, shape = [6, 5, 2]) => {
    const model: Model = {
      name: "test",
      layers: [
        { kind: "InputLayer", name: "input", inputs: [], shape },
        { name: "layer", inputs: ["input"], ...layer } as unknown as Layer,
      ],
      output: "layer",
    };
    return outputShapes(model).get("layer");
  };
  const conv = {
    kind: "Conv2D",
    filters: 4,
    kernelSize: [3, 2],
    strides: [2, 1],
    padding: "same",
    dilation: [1, 1],
    useBias: true,
    activation: "linear",
  } as const;
  const pool = { kind: "MaxPooling2D", poolSize: [2, 2], strides: [2, 2], padding: "valid" } as const;
  assert.deepEqual(shapes(conv), [3, 5, 4]);
  assert.deepEqual(shapes({ ...conv, kind: "DepthwiseConv2D", depthMultiplier: 3 }), [3, 5, 6]);
  assert.deepEqual(shapes(pool), [3, 2, 2]);
  assert.deepEqual(shapes({ kind: "GlobalMaxPooling2D", keepDims: true }), [1, 1, 2]);
  assert.deepEqual(shapes({ kind: "ZeroPadding2D", padding: [[1, 0], [2, 3]] }), [7, 10, 2]);
  assert.deepEqual(shapes({ kind: "ZeroPadding1D", padding: [[1, 4]] }, [6, 2]), [11, 2]);
  const cases: [() => unknown, RegExp][] = [
    [() => shapes(conv, [6, 5]), /input of Conv2D must be \[height, width, channels\], got \[6, 5\]/],
    [() => shapes({ ...conv, kernelSize: [3] }), /kernelSize must be \[height, width\], got \[3\]/],
    [
      () => shapes({ ...conv, dilation: [2, 1] }),
      /dilation must be 1 with strides above 1, got \[2, 1\] with/,
    ],
    [() => shapes({ ...conv, padding: "causal" }), /padding must be "same" or "valid", got "causal"/],
    [
      () => shapes({ ...conv, padding: "valid", kernelSize: [7, 1] }),
      /kernelSize must be at most the 6 steps/,
    ],
    [
      () => shapes({ ...conv, strides: [1, 1], dilation: [1e9, 1] }),
      /dilation must be at most 32767, got 1000000000/,
    ],
    [
      () => shapes({ ...pool, poolSize: [2, 1e5], padding: "same" }),
      /poolSize must be at most 32767, got 100000/,
    ],
    [() => shapes({ ...pool, strides: [0, 1] }), /strides must be an integer of at least 1, got 0/],
    [() => shapes({ kind: "ZeroPadding2D", padding: [[1, 0]] }), /padding must be 2 pairs of integers/],
    [
      () => shapes({ kind: "ZeroPadding1D", padding: [[-1, 0]] }, [6, 2]),
      /padding must be 1 pairs of integers/,
    ],
    [() => shapes({ kind: "Softmax", axis: 1 }), /axis must be the last one, -1 or 3, got 1/],
    [() => shapes({ kind: "LeakyReLU", negativeSlope: -1 }), /negativeSlope must be at least 0, got -1/],
    [() => shapes(conv, [6, 5, 2, 1]), /"input": shape must be .* got \[6, 5, 2, 1\]/],
  ];
  for (const [run, message] of cases) assert.throws(run, message);
});
