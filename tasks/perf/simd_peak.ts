/** Sums that are carried along: enough that none waits for another, as 16 registers of 128 or of 256 bits allow. */
const SUMS = [12, 24];
/** Steps of each sum in one turn of the loop. */
const UNROLL = 4;
const FLOATS = 4;

const V128 = 0x7b, F32 = 0x7d, I32 = 0x7f;
const LOCAL_GET = 0x20, LOCAL_SET = 0x21, LOCAL_TEE = 0x22;
const SPLAT_F32 = [0xfd, 0x13], SPLAT_I32 = [0xfd, 0x11], FIRST_LANE = [0xfd, 0x1b, 0];
const MULTIPLY = [0xfd, 0xe6, 1], ADD = [0xfd, 0xe4, 1], FUSED_MULTIPLY_ADD = [0xfd, 0x85, 2];
const ADD_I32 = [0xfd, 0xae, 1], OR = [0xfd, 0x50], XOR = [0xfd, 0x51];

/** A WebAssembly function that does nothing but multiply and add in registers. */
export interface PeakLoop {
  /** Floating-point operations of one turn. */
  flopsPerTurn: number;
  run(turns: number): void;
}

/**
 * Builds the loops of which the faster one shows what this machine's floating-point units do for 128-bit SIMD code, be it
 * as it stands or paired to 256 bits (see `exchangeHalf` in matrix.as.ts).
 *
 * @param fused Whether with relaxed SIMD's fused multiply-add.
 */
export function createPeakLoops(fused: boolean): PeakLoop[] {
  return SUMS.map((sums) => {
    const { loop } = new WebAssembly.Instance(new WebAssembly.Module(encodeLoop(sums, fused))).exports as {
      loop(turns: number, factor: number, term: number): number;
    };
    return { flopsPerTurn: 2 * FLOATS * sums * UNROLL, run: (turns) => void loop(turns, 0.999, 0.001) };
  });
}

/** A module with `loop(turns, factor, term)`: sum = sum * factor + term for each of the sums. */
function encodeLoop(sums: number, fused: boolean): Uint8Array<ArrayBuffer> {
  const get = (local: number) => [LOCAL_GET, local], set = (local: number) => [LOCAL_SET, local];
  const turns = 0, factor = 3, term = 4, zero = 5, all = Array.from({ length: sums }, (_, i) => 6 + i);
  const step = (sum: number) => [
    ...get(sum),
    ...get(factor),
    ...(fused ? [...get(term), ...FUSED_MULTIPLY_ADD] : [...MULTIPLY, ...get(term), ...ADD]),
    ...set(sum),
  ];
  const code = [
    ...[...get(1), ...SPLAT_F32, ...set(factor), ...get(2), ...SPLAT_F32, ...set(term)],
    ...all.flatMap((sum) => [0xfd, 0x0c, ...Array.from({ length: 16 }, () => sum), ...set(sum)]),
    ...[0x03, 0x40],
    ...Array.from({ length: UNROLL }, () => all.flatMap(step)).flat(),
    ...[...get(turns), 0x41, 1, 0x6b, LOCAL_TEE, turns, 0x0d, 0, 0x0b],
    // What follows the loop is what lets V8 pair its instructions.
    ...[...get(turns), ...SPLAT_I32, ...set(zero)],
    ...all.flatMap((sum) => [...get(sum), ...get(zero), ...OR, ...set(sum)]),
    ...get(zero),
    ...all.flatMap((sum, i) => i % 2 === 0 ? [...get(sum), ...get(sum + 1), ...ADD_I32, ...XOR] : []),
    ...[...FIRST_LANE, 0x0b],
  ];
  const body = [1, sums + 3, V128, ...code];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, I32, F32, F32, 1, I32]),
    ...section(3, [1, 0]),
    ...section(7, [1, 4, ...new TextEncoder().encode("loop"), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

function section(id: number, bytes: number[]): number[] {
  return [id, ...unsigned(bytes.length), ...bytes];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [value % 128 + 128, ...unsigned(value >> 7)];
}
