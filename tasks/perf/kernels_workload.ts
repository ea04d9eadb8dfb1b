/** Measures the training kernels in a process of its own: `kernels_workload.ts <milliseconds> <OpenBLAS, or empty>`. */
import {
  BLOCK_SAMPLES,
  compileKernels,
  createMachine,
  type Machine,
} from "../../pipeline/lib/engine/kernels/kernels.ts";
import { cpuSeconds } from "../cpu_seconds.ts";
import { type MatrixProduct, type OpenBlas, openBlas } from "./openblas.ts";
import { createPeakLoops } from "./simd_peak.ts";

/** What a matrix product is for: values of a layer, or gradients of its input, its hidden state or its weights. */
export type ProductForm = "forward" | "input gradient" | "hidden gradient" | "weight gradient";

/** A matrix product of the training of one of the model families, for blocks of 32 windows. */
export interface Product {
  /** Names of perf train's models. */
  models: string;
  layer: string;
  form: ProductForm;
  /** C[m][32] = A[m][k] B[k][32]; for a weight gradient C[m][n] += A[m][32] B[n][32]' over some steps. */
  m: number;
  k: number;
}

/** What one process measured; all rates in GFLOP/s of one core. */
export interface KernelMeasurement {
  peak: { plain: number; fused: number };
  products: (Product & { plain: number; fused: number; openBlas: number | null })[];
  /** Nanoseconds a number. */
  functions: { name: string; plain: number; fused: number }[];
  /** Its version and the kernels that it chose for this processor. */
  openBlas: string | null;
}

/** Steps over which a weight gradient is summed at once, as in matrix.as.ts. */
const GRADIENT_STEPS = 8;
const PAGE_BYTES = 65536, PAGES = 80;
/** Byte addresses of the operands, so far apart that no form's overlap. */
const [A, B, C, SCRATCH] = [1, 21, 41, 61].map((page) => page * PAGE_BYTES);
const MATRIX_FLOATS = 20 * PAGE_BYTES / 4;
/** Numbers that a function is computed of: the gates of a step of LSTM(64). */
const FUNCTION_ROWS = 256;
/** Shorter measurements are not taken: processor time has its grain. */
const MIN_SECONDS = 1e-3;

const recurrent = (models: string, layer: string, gates: number, state: number, input = 0): Product[] => [
  { models, layer, form: "forward", m: gates, k: state },
  { models, layer, form: "hidden gradient", m: 64, k: gates },
  ...(input > 0 ? [{ models, layer, form: "input gradient" as const, m: input, k: gates }] : []),
  { models, layer, form: "weight gradient", m: gates, k: state },
];
const convolution = (
  models: string,
  layer: string,
  filters: number,
  window: number,
  first = false,
): Product[] => [
  { models, layer, form: "forward", m: filters, k: window },
  ...(first ? [] : [{ models, layer, form: "input gradient" as const, m: window, k: filters }]),
  { models, layer, form: "weight gradient", m: filters, k: window },
];
const PRODUCTS: Product[] = [
  ...recurrent("lstm, bilstm", "LSTM(64) of 1 channel", 256, 66),
  ...recurrent("lstm-27x8", "LSTM(64) of 8 channels", 256, 73),
  ...recurrent("cnn-lstm", "LSTM(64) of 32 channels", 256, 97, 32),
  ...recurrent("gru", "GRU(64), update and reset", 128, 67),
  ...recurrent("gru", "GRU(64), candidate", 64, 65),
  ...convolution("cnn, cnn-c", "Conv1D 7x16 of 1 channel", 16, 7, true),
  ...convolution("cnn-lstm", "Conv1D 7x32 of 1 channel", 32, 7, true),
  ...convolution("cnn-c", "Conv1D 5x32 of 16 channels", 32, 80),
  ...convolution("cnn-c", "Conv1D 5x64 of 32 channels", 64, 160),
  ...convolution("cnn", "Conv1D 7x32 of 16 channels", 32, 112),
  ...convolution("cnn", "Conv1D 27x64 of 32 channels", 64, 864),
];

/** Floating-point operations of a product, a weight gradient's over `GRADIENT_STEPS` steps. */
function flopsOf({ form, m, k }: Product): number {
  return 2 * m * k * BLOCK_SAMPLES * (form === "weight gradient" ? GRADIENT_STEPS : 1);
}

/**
 * Measures functions in turn, so that what else the machine does meets all of them alike.
 *
 * @param milliseconds For each of them.
 * @returns Seconds of processor time that one call of each takes at least.
 */
function measureCalls(calls: (() => void)[], milliseconds: number): number[] {
  const best = calls.map(() => Infinity), counts = calls.map(() => 1);
  let left = calls.length * Math.max(1, Math.round(milliseconds / 1000 / MIN_SECONDS));
  while (left > 0) {
    calls.forEach((call, i) => {
      const started = cpuSeconds();
      for (let repeat = 0; repeat < counts[i]; repeat++) call();
      const seconds = cpuSeconds() - started;
      if (seconds < MIN_SECONDS) {
        counts[i] *= 2;
        return;
      }
      best[i] = Math.min(best[i], seconds / counts[i]);
      left--;
    });
  }
  return best;
}

function startMachine(fused: boolean): Machine {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const machine = createMachine(compileKernels(fused), memory);
  for (const first of [A, B]) {
    for (let i = 0; i < MATRIX_FLOATS; i++) machine.floats[first / 4 + i] = ((i * 7919) % 1000 - 500) / 5000;
  }
  return machine;
}

function productCall({ kernels }: Machine, { form, m, k }: Product): () => void {
  if (form !== "weight gradient") return () => kernels.gemmBlock(m, k, A, B, C, false);
  const rowBytes = 4 * BLOCK_SAMPLES;
  return () => kernels.gemmSamples(GRADIENT_STEPS, m, k, A, m * rowBytes, B, k * rowBytes, C, 4 * k, SCRATCH);
}

/** The same product with the operands as they suit OpenBLAS best. */
function blasProduct({ form, m, k }: Product): MatrixProduct {
  return form === "weight gradient"
    ? { m, n: k, k: GRADIENT_STEPS * BLOCK_SAMPLES, transposeB: true }
    : { m, n: BLOCK_SAMPLES, k, transposeB: false };
}

function measureProducts(machines: Machine[], blas: OpenBlas | null, milliseconds: number) {
  return PRODUCTS.map((product) => {
    const calls = machines.map((machine) => productCall(machine, product));
    if (blas !== null) calls.push(blas.product(blasProduct(product)));
    const [plain, fused, other] = measureCalls(calls, milliseconds).map((seconds) =>
      flopsOf(product) / seconds / 1e9
    );
    return { ...product, plain, fused, openBlas: other ?? null };
  });
}

function measureFunctions(machines: Machine[], milliseconds: number): KernelMeasurement["functions"] {
  const numbers = FUNCTION_ROWS * BLOCK_SAMPLES;
  const functions: Record<string, (kernels: Machine["kernels"]) => void> = {
    sigmoid: (kernels) => kernels.sigmoid(A, C, 4 * numbers),
    tanh: (kernels) => kernels.hyperbolicTangent(A, C, 4 * numbers),
    softmax: (kernels) => kernels.softmaxForward(FUNCTION_ROWS, A, C),
    Adam: (kernels) => kernels.adam(numbers, A, B, C, SCRATCH, 1e-9, 0.1, 0.001, 1e-7),
  };
  return Object.entries(functions).map(([name, call]) => {
    const seconds = measureCalls(machines.map(({ kernels }) => () => call(kernels)), milliseconds);
    const [plain, fused] = seconds.map((each) => each / numbers * 1e9);
    return { name, plain, fused };
  });
}

function measurePeak(fused: boolean, milliseconds: number): number {
  const loops = createPeakLoops(fused), turns = 1000;
  const seconds = measureCalls(loops.map((loop) => () => loop.run(turns)), milliseconds);
  return Math.max(...loops.map(({ flopsPerTurn }, i) => flopsPerTurn * turns / seconds[i] / 1e9));
}

if (import.meta.main) {
  const milliseconds = Number(Deno.args[0]), [, library] = Deno.args;
  const machines = [startMachine(false), startMachine(true)], blas = library ? openBlas(library) : null;
  const measurement: KernelMeasurement = {
    peak: { plain: measurePeak(false, milliseconds), fused: measurePeak(true, milliseconds) },
    products: measureProducts(machines, blas, milliseconds),
    functions: measureFunctions(machines, milliseconds),
    openBlas: blas?.description ?? null,
  };
  console.log(JSON.stringify(measurement));
}
