import assert from "node:assert/strict";
import fc from "fast-check";
import { createRng } from "../../core/rng.ts";
import { valueCount } from "../../nn/shapes.ts";
import type { TensorFlow } from "./tensorflow.ts";
import { isTfjsWasmInstalled, loadTfjsWasm } from "./tfjs_packages.ts";

/** Largest difference between float32 and the float64 reference, as a share of the largest value. */
const TOLERANCE = 1e-5;

interface Values {
  shape: number[];
  data: Float32Array;
}

const random = (rng: ReturnType<typeof createRng>, ...shape: number[]): Values => ({
  shape,
  data: Float32Array.from({ length: valueCount(shape) }, rng.normal),
});

/** Runs a kernel as TensorFlow.js does; nothing but its result may be left of it. */
function runKernel(
  tf: TensorFlow,
  kernelName: string,
  inputs: Record<string, Values>,
  attrs: Record<string, unknown>,
): Values {
  const before = tf.memory().numTensors;
  const tensors = Object.entries(inputs).map(([name, { data, shape }]) =>
    [name, tf.tensor(data, shape)] as const
  );
  const kernel = tf.getKernel(kernelName, "wasm")!;
  const info = kernel.kernelFunc({ inputs: Object.fromEntries(tensors), attrs, backend: tf.backend() });
  const result = tf.engine().makeTensorFromTensorInfo(Array.isArray(info) ? info[0] : info);
  const values = { shape: result.shape, data: result.dataSync().slice() };
  tf.dispose([result, ...tensors.map(([, tensor]) => tensor)]);
  assert.equal(tf.memory().numTensors, before);
  return values;
}

function assertClose(actual: Values, expected: Float64Array, shape: number[]): void {
  assert.deepEqual(actual.shape, shape);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-3);
  expected.forEach((value, i) =>
    assert.ok(
      Math.abs(actual.data[i] - value) < TOLERANCE * largest,
      `value ${i}: ${actual.data[i]} is not ${value}`,
    )
  );
}

/** Sizes of a convolution: [batch, height, width, channels] by [kernel height, kernel width, channels, filters]. */
interface ConvCase {
  seed: number;
  batch: number;
  size: [number, number];
  kernel: [number, number];
  strides: [number, number];
  channels: number;
  filters: number;
  pad: "same" | "valid";
}

const upTo = (max: number) => fc.integer({ min: 1, max });
const convCase: fc.Arbitrary<ConvCase> = fc.record({
  seed: fc.nat(),
  batch: upTo(3),
  size: fc.tuple(upTo(3), upTo(12)),
  kernel: fc.tuple(upTo(3), upTo(5)),
  strides: fc.tuple(upTo(2), upTo(4)),
  channels: upTo(5),
  filters: upTo(5),
  pad: fc.constantFrom("same" as const, "valid" as const),
}).filter(({ pad, size, kernel }) => pad === "same" || kernel.every((length, axis) => length <= size[axis]));

/** Steps of the output and zeros before the input, by axis. */
function placeConvolution({ size, kernel, strides, pad }: ConvCase) {
  return size.map((steps, axis) => {
    const out = pad === "same"
      ? Math.ceil(steps / strides[axis])
      : Math.floor((steps - kernel[axis]) / strides[axis]) + 1;
    const total = Math.max((out - 1) * strides[axis] + kernel[axis] - steps, 0);
    return { out, before: pad === "same" ? Math.floor(total / 2) : 0 };
  });
}

/** Visits every product of a convolution: indices of the input's, the filter's and the output's value. */
function visitConvolution(conv: ConvCase, visit: (x: number, w: number, y: number) => void): void {
  const { batch, size: [height, width], kernel: [kernelHeight, kernelWidth], strides, channels, filters } =
    conv;
  const [rows, columns] = placeConvolution(conv);
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < rows.out; i++) {
      for (let j = 0; j < columns.out; j++) {
        for (let k = 0; k < kernelHeight; k++) {
          for (let l = 0; l < kernelWidth; l++) {
            const row = i * strides[0] - rows.before + k, column = j * strides[1] - columns.before + l;
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            for (let c = 0; c < channels; c++) {
              for (let f = 0; f < filters; f++) {
                visit(
                  ((b * height + row) * width + column) * channels + c,
                  ((k * kernelWidth + l) * channels + c) * filters + f,
                  ((b * rows.out + i) * columns.out + j) * filters + f,
                );
              }
            }
          }
        }
      }
    }
  }
}

const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name: `[tfjs-wasm] ${name}`, ignore: !isTfjsWasmInstalled(), fn });

test("addMissingKernels() and replaceSlowKernels(): convolutions and their gradients are those of plain loops", async () => {
  const tf = await loadTfjsWasm();
  fc.assert(
    fc.property(convCase, (conv) => {
      const { seed, batch, size, kernel, strides, channels, filters, pad } = conv;
      const rng = createRng(seed), [rows, columns] = placeConvolution(conv);
      const x = random(rng, batch, ...size, channels), filter = random(rng, ...kernel, channels, filters);
      const dy = random(rng, batch, rows.out, columns.out, filters);
      const attrs = {
        strides,
        pad,
        dataFormat: "NHWC",
        dilations: [1, 1],
        filterShape: filter.shape,
        inputShape: x.shape,
      };
      const y = new Float64Array(dy.data.length);
      const dx = new Float64Array(x.data.length), dw = new Float64Array(filter.data.length);
      visitConvolution(conv, (atX, atW, atY) => {
        y[atY] += x.data[atX] * filter.data[atW];
        dx[atX] += dy.data[atY] * filter.data[atW];
        dw[atW] += dy.data[atY] * x.data[atX];
      });
      assertClose(runKernel(tf, "Conv2D", { x, filter }, attrs), y, dy.shape);
      assertClose(runKernel(tf, "Conv2DBackpropFilter", { x, dy }, attrs), dw, filter.shape);
      assertClose(runKernel(tf, "Conv2DBackpropInput", { dy, filter }, attrs), dx, x.shape);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("addMissingKernels(): gradients of poolings are those of plain loops", async () => {
  const tf = await loadTfjsWasm();
  fc.assert(
    fc.property(convCase, (conv) => {
      const { seed, batch, size, kernel, strides, channels, pad } = conv;
      const rng = createRng(seed), [rows, columns] = placeConvolution(conv);
      const x = random(rng, batch, ...size, channels),
        dy = random(rng, batch, rows.out, columns.out, channels);
      // As a convolution of each channel by itself: which values each window has.
      const windows = new Map<number, number[]>();
      visitConvolution({ ...conv, filters: channels }, (atX, _, atY) => {
        if (atX % channels !== atY % channels) return;
        windows.set(atY, [...windows.get(atY) ?? [], atX]);
      });
      const max = new Float64Array(x.data.length), average = new Float64Array(x.data.length);
      for (const [atY, values] of windows) {
        max[values.reduce((best, at) => x.data[at] > x.data[best] ? at : best)] += dy.data[atY];
        for (const at of values) average[at] += dy.data[atY] / values.length;
      }
      const attrs = { filterSize: kernel, strides, pad };
      assertClose(runKernel(tf, "MaxPoolGrad", { dy, input: x, output: dy }, attrs), max, x.shape);
      assertClose(runKernel(tf, "AvgPoolGrad", { dy, input: x }, attrs), average, x.shape);
    }),
    { seed: 3, numRuns: 200 },
  );
});

test("replaceSlowKernels(): products of transposed matrices are those of plain loops", async () => {
  const tf = await loadTfjsWasm();
  const matrixCase = fc.record({
    seed: fc.nat(),
    batch: upTo(3),
    rows: upTo(9),
    inner: upTo(9),
    columns: upTo(9),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
  });
  fc.assert(
    fc.property(matrixCase, ({ seed, batch, rows, inner, columns, transposeA, transposeB }) => {
      const rng = createRng(seed);
      const a = random(rng, batch, ...(transposeA ? [inner, rows] : [rows, inner]));
      const b = random(rng, batch, ...(transposeB ? [columns, inner] : [inner, columns]));
      const product = new Float64Array(batch * rows * columns);
      for (let n = 0; n < batch; n++) {
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            for (let k = 0; k < inner; k++) {
              product[(n * rows + i) * columns + j] +=
                a.data[n * rows * inner + (transposeA ? k * rows + i : i * inner + k)] *
                b.data[n * inner * columns + (transposeB ? j * inner + k : k * columns + j)];
            }
          }
        }
      }
      const result = runKernel(tf, "BatchMatMul", { a, b }, { transposeA, transposeB });
      assertClose(result, product, [batch, rows, columns]);
    }),
    { seed: 2, numRuns: 200 },
  );
});
