import { crc32 } from "node:zlib";
import { z } from "zod";
import { FormatError } from "../core/errors.ts";
import type { OptimizerState } from "../engine/engine.ts";
import type { Tensor, Weights } from "../nn/model.ts";

/** What one epoch gave. Only what decides the result: no times. */
export interface EpochFigures {
  /** Counted from 1. */
  epoch: number;
  /** Of the epoch's last batch. */
  learningRate: number;
  /** Weighted cross-entropy while training, mean over the windows. */
  loss: number;
  /** Cross-entropy without weights. */
  validationLoss: number;
  validationAccuracy: number;
  /** Mean sensitivity of the classes that occur. */
  validationBalancedAccuracy: number;
  validationMacroF1: number;
}

/** All that a later run needs to go on after an epoch as if it had not been interrupted. */
export interface TrainState {
  /** Epochs done, at least 1. */
  epoch: number;
  weights: Weights;
  optimizer: OptimizerState;
  bestWeights: Weights;
  /** Epoch of the best weights; 0: none was better than the weights at the start. */
  bestEpoch: number;
  /** What the best weights reached by the monitor; higher is better. */
  bestScore: number;
  /** One entry an epoch. */
  history: EpochFigures[];
}

/** The last character is the version of the format. */
const MAGIC = new TextEncoder().encode("TRAINST2");
/** Magic, u32 length of the header, u32 CRC-32 of all that follows. */
const PREFIX_BYTES = 16;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const headerSchema = z.strictObject({
  epoch: count.min(1),
  bestEpoch: count,
  bestScore: z.number(),
  optimizerStep: count,
  slots: z.array(z.string().min(1)).max(8),
  weights: z.array(z.strictObject({
    name: z.string().min(1),
    shape: z.array(count.min(1)).min(1).max(8),
  })),
  history: z.array(z.strictObject({
    epoch: count.min(1),
    learningRate: z.number().min(0),
    loss: z.number(),
    validationLoss: z.number(),
    validationAccuracy: z.number().min(0).max(1),
    validationBalancedAccuracy: z.number().min(0).max(1),
    validationMacroF1: z.number().min(0).max(1),
  })),
});
type Header = z.infer<typeof headerSchema>;

/**
 * Encodes a training state: 8 bytes "TRAINST2", header length and CRC-32 of the rest (u32), a JSON header padded by
 * spaces to a multiple of 4, then float32 arrays: weights, best weights, the optimizer's slots. Little-endian.
 */
export function encodeTrainState(state: TrainState): Uint8Array<ArrayBuffer> {
  const { epoch, bestEpoch, bestScore, history, optimizer, weights, bestWeights } = state;
  const header: Header = {
    epoch,
    bestEpoch,
    bestScore,
    optimizerStep: optimizer.step,
    slots: Object.keys(optimizer.slots),
    weights: [...weights].map(([name, { shape }]) => ({ name, shape })),
    history,
  };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const text = new Uint8Array(Math.ceil(json.length / 4) * 4).fill(0x20);
  text.set(json);
  const arrays = [
    ...[...weights.values()].map(({ data }) => data),
    ...[...weights.keys()].map((name) => bestWeights.get(name)!.data),
    ...Object.values(optimizer.slots),
  ];
  const floats = arrays.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(PREFIX_BYTES + text.length + 4 * floats);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes.set(text, PREFIX_BYTES);
  let at = PREFIX_BYTES + text.length;
  for (const array of arrays) {
    for (let i = 0; i < array.length; i++, at += 4) view.setFloat32(at, array[i], true);
  }
  view.setUint32(8, text.length, true);
  view.setUint32(12, crc32(bytes.subarray(PREFIX_BYTES)), true);
  return bytes;
}

/**
 * Decodes what `encodeTrainState` wrote. Whether the weights are a model's is checked where they are put to use.
 *
 * @param file For error texts.
 * @throws FormatError Bytes that are no whole and undamaged training state.
 */
export function decodeTrainState(bytes: Uint8Array, file?: string): TrainState {
  const fail = (what: string, byteOffset: number): never => {
    throw new FormatError(`Cannot decode training state: ${what}`, { file, byteOffset });
  };
  if (bytes.length < PREFIX_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    fail('it must begin with "TRAINST2" and be whole', 0);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getUint32(8, true), checksum = view.getUint32(12, true);
  if (crc32(bytes.subarray(PREFIX_BYTES)) !== checksum) fail("its checksum must match, got other bytes", 12);
  if (headerBytes % 4 !== 0 || headerBytes > bytes.length - PREFIX_BYTES) {
    fail(`its header must lie within the ${bytes.length} bytes, got ${headerBytes} bytes`, 8);
  }
  const header = decodeHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes), fail);
  const sizes = header.weights.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const parameters = sizes.reduce((sum, size) => sum + size, 0);
  const expected = PREFIX_BYTES + headerBytes + 4 * parameters * (2 + header.slots.length);
  if (bytes.length !== expected) fail(`it must hold ${expected} bytes, got ${bytes.length}`, bytes.length);

  let at = PREFIX_BYTES + headerBytes;
  const take = (length: number): Float32Array => {
    const data = new Float32Array(length);
    for (let i = 0; i < length; i++, at += 4) {
      data[i] = view.getFloat32(at, true);
      if (!Number.isFinite(data[i])) fail(`its values must be finite, got ${data[i]}`, at);
    }
    return data;
  };
  const takeWeights = (): Weights =>
    new Map(header.weights.map(({ name, shape }, i): [string, Tensor] => [name, {
      shape: [...shape],
      data: take(sizes[i]),
    }]));
  const { epoch, bestEpoch, bestScore, history, optimizerStep } = header;
  const weights = takeWeights(), bestWeights = takeWeights();
  const slots = Object.fromEntries(header.slots.map((name) => [name, take(parameters)]));
  const optimizer = { step: optimizerStep, slots };
  if (slots.secondMoments?.some((moment) => moment < 0)) fail("second moments must be at least 0", at);
  return { epoch, weights, optimizer, bestWeights, bestEpoch, bestScore, history };
}

function decodeHeader(bytes: Uint8Array, fail: (what: string, byteOffset: number) => never): Header {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return fail("its header must be JSON", PREFIX_BYTES);
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    return fail(`its header must fit, at ${path.join(".") || "the top"}: ${message}`, PREFIX_BYTES);
  }
  const { epoch, bestEpoch, history, weights, slots } = parsed.data;
  if (bestEpoch > epoch || history.length !== epoch || history.some((entry, i) => entry.epoch !== i + 1)) {
    return fail(`its history must hold the epochs 1 to ${epoch}`, PREFIX_BYTES);
  }
  if (new Set(weights.map(({ name }) => name)).size !== weights.length) {
    return fail("its weights must have unique names", PREFIX_BYTES);
  }
  if (new Set(slots).size !== slots.length) return fail("its slots must have unique names", PREFIX_BYTES);
  return parsed.data;
}
