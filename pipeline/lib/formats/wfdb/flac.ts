import { FormatError } from "../../core/errors.ts";
import { BitReader } from "./bit_reader.ts";
import { decodeSubframe } from "./flac_subframe.ts";
import type { DecodedSamples } from "./record.ts";

/** What the header says of a FLAC signal file. */
export interface FlacLayout {
  /** Signals in the file. */
  channels: number;
  /** Most bits that a sample may have, at most 24. */
  bits: number;
  /** True for samples of 32 bits. */
  wide: boolean;
  /** Samples of each signal to leave out at the beginning. */
  skip: number;
  /** Samples of each signal to decode; undefined for all. */
  samples?: number;
  /** The channels to keep. */
  only: readonly number[];
  /** True when more samples may follow. */
  isPart?: boolean;
  file?: string;
}

interface FrameHeader {
  blockSize: number;
  /** 0..7: as many channels and one more; 8 left and side, 9 side and right, 10 middle and side. */
  assignment: number;
  bits: number;
}

const MAX_BLOCK = 65535;
/** A silent signal takes hardly a byte in a thousand samples: no file bounds what it grows to. */
const MAX_TOTAL_SAMPLES = 2 ** 29;
const FIRST_CAPACITY = 2 ** 20;
const SAMPLE_BITS = [0, 8, 12, 0, 16, 20, 24, 0];
const LEFT_SIDE = 8, SIDE_RIGHT = 9, MIDDLE_SIDE = 10;

/**
 * Decodes a native FLAC file.
 *
 * Written here because the packages of the registry either lose the last frame of some files or do not load; it takes the
 * subset that WFDB allows: 1 to 8 channels of 4 to 24 bits. Source: RFC 9639; WFDB Applications Guide, signal(5).
 * Deviations: the MD5 of the whole is not computed (each frame has its CRC-16, the record its checksum); frames must
 * follow one another without anything between them.
 *
 * @returns `signals` of the kept channels, each of `samples` values.
 * @throws {FormatError} When the file is no such stream, is damaged, or holds another number of samples or channels.
 */
export function decodeFlac(
  bytes: Uint8Array,
  layout: FlacLayout,
): { signals: DecodedSamples[]; samples: number } {
  const { channels, only, skip, file } = layout;
  const stream = readStreamInfo(bytes, layout);
  const wanted = layout.samples ?? (stream.samples === 0 ? undefined : stream.samples - skip);
  const limit = Math.floor(MAX_TOTAL_SAMPLES / channels);
  if (wanted !== undefined && (wanted < 0 || wanted > limit)) {
    throw new FormatError(`Cannot decode FLAC: a signal must have 0..${limit} samples, got ${wanted}`, {
      file,
    });
  }
  const reader = new BitReader(bytes, stream.firstFrame, file);
  const blocks = Array.from({ length: channels }, () => new Int32Array(MAX_BLOCK));
  const make = (length: number) => new (layout.wide ? Int32Array : Int16Array)(length);
  let signals = only.map(() => make(Math.min(wanted ?? FIRST_CAPACITY, FIRST_CAPACITY)));
  let decoded = 0, samples = 0;
  while (reader.at < bytes.length && (wanted === undefined || samples < wanted)) {
    const start = reader.at, header = readFrameHeader(reader, stream.bits);
    if ((header.assignment < LEFT_SIDE ? header.assignment + 1 : 2) !== channels) {
      reader.refuse(`each frame must have ${channels} channels`);
    }
    readBlocks(reader, header, blocks);
    reader.align();
    const crc = crc16(bytes, start, reader.at);
    if (reader.unsigned(16) !== crc) reader.refuse("a frame's checksum must be that of its bytes");
    const from = Math.min(Math.max(skip - decoded, 0), header.blockSize);
    const count = Math.min(header.blockSize - from, (wanted ?? Infinity) - samples);
    if (samples + count > limit) reader.refuse(`a signal must have at most ${limit} samples`);
    if (samples + count > (signals[0]?.length ?? Infinity)) {
      const capacity = Math.min(2 * (samples + count), wanted ?? limit);
      signals = signals.map((old) => {
        const grown = make(capacity);
        grown.set(old);
        return grown;
      });
    }
    signals.forEach((signal, i) => signal.set(blocks[only[i]].subarray(from, from + count), samples));
    decoded += header.blockSize;
    samples += count;
  }
  const hasMore = reader.at < bytes.length || stream.samples > skip + samples;
  if (samples < (wanted ?? 0) || layout.samples !== undefined && hasMore && !layout.isPart) {
    throw new FormatError(
      `Cannot decode FLAC: the file must hold the ${wanted} samples that the header promises, got ${
        hasMore && samples >= (wanted ?? 0) ? "more" : samples
      }; fetch both again`,
      { file, byteOffset: reader.at },
    );
  }
  return {
    signals: signals.map((signal) => signal.length === samples ? signal : signal.slice(0, samples)),
    samples,
  };
}

/** The metadata in front of the frames. */
function readStreamInfo(
  bytes: Uint8Array,
  { channels, bits, file }: FlacLayout,
): { bits: number; samples: number; firstFrame: number } {
  const reader = new BitReader(bytes, 0, file);
  if (bytes.length < 42 || reader.unsigned(32) !== 0x664c6143) {
    throw new FormatError("Cannot decode FLAC: the file must begin with fLaC and its stream information", {
      file,
      byteOffset: 0,
    });
  }
  let isLast = reader.unsigned(1) === 1;
  if (reader.unsigned(7) !== 0 || reader.unsigned(24) !== 34) {
    reader.refuse("stream information of 34 bytes must come first");
  }
  // Block and frame sizes, sampling rate.
  for (const width of [16, 16, 24, 24, 20]) reader.unsigned(width);
  const streamChannels = reader.unsigned(3) + 1, streamBits = reader.unsigned(5) + 1;
  const samples = reader.unsigned(4) * 2 ** 32 + reader.unsigned(32);
  if (streamChannels !== channels) {
    throw new FormatError(
      `Cannot decode FLAC: the file must have the ${channels} channels of its record's header, got ${streamChannels}`,
      { file },
    );
  }
  if (streamBits < 4 || streamBits > bits) {
    throw new FormatError(`Cannot decode FLAC: samples must have 4..${bits} bits, got ${streamBits}`, {
      file,
    });
  }
  reader.at += 16; // MD5
  while (!isLast) {
    isLast = reader.unsigned(1) === 1;
    reader.unsigned(7);
    const length = reader.unsigned(24);
    if (length > bytes.length - reader.at) reader.refuse("metadata must lie within the file");
    reader.at += length;
  }
  return { bits: streamBits, samples, firstFrame: reader.at };
}

function readFrameHeader(reader: BitReader, streamBits: number): FrameHeader {
  const start = reader.at;
  if (reader.unsigned(15) !== 0x7ffc) reader.refuse("a frame must begin with its mark");
  reader.unsigned(1); // how the number below counts: frames or samples
  const sizeCode = reader.unsigned(4), rateCode = reader.unsigned(4);
  const assignment = reader.unsigned(4), bitsCode = reader.unsigned(3), reserved = reader.unsigned(1);
  // The frame's number, coded as UTF-8 does: it is not needed, because frames are read in their order.
  const ones = Math.clz32(~(reader.unsigned(8) << 24));
  if (ones === 1 || ones > 7) reader.refuse("a frame must have a number");
  for (let i = 1; i < ones; i++) {
    if (reader.unsigned(8) >> 6 !== 2) reader.refuse("a frame must have a number");
  }
  const blockSize = sizeCode === 1
    ? 192
    : sizeCode === 6
    ? reader.unsigned(8) + 1
    : sizeCode === 7
    ? reader.unsigned(16) + 1
    : sizeCode < 6
    ? 576 << (sizeCode - 2)
    : 256 << (sizeCode - 8);
  if (rateCode >= 12) reader.unsigned(rateCode === 12 ? 8 : 16);
  const bits = bitsCode === 0 ? streamBits : SAMPLE_BITS[bitsCode];
  if (
    sizeCode === 0 || blockSize > MAX_BLOCK || rateCode === 15 || assignment > MIDDLE_SIDE ||
    reserved !== 0 ||
    bits !== streamBits
  ) {
    reader.refuse("a frame's header must be one that the format knows, and of the stream's width");
  }
  const crc = crc8(reader.bytes, start, reader.at);
  if (reader.unsigned(8) !== crc) reader.refuse("a frame header's checksum must be that of its bytes");
  return { blockSize, assignment, bits };
}

/** Reads the samples of one frame, with the channels told apart. */
function readBlocks(
  reader: BitReader,
  { blockSize, assignment, bits }: FrameHeader,
  blocks: Int32Array[],
): void {
  const side = assignment < LEFT_SIDE ? -1 : assignment === SIDE_RIGHT ? 0 : 1;
  blocks.forEach((block, channel) =>
    decodeSubframe(reader, channel === side ? bits + 1 : bits, block.subarray(0, blockSize))
  );
  if (side < 0) return;
  const [first, second] = blocks;
  for (let i = 0; i < blockSize; i++) {
    const a = first[i], b = second[i];
    if (assignment === LEFT_SIDE) second[i] = a - b;
    else if (assignment === SIDE_RIGHT) first[i] = a + b;
    else {
      // The middle lost its lowest bit, which is that of the difference.
      const middle = (a << 1) | (b & 1);
      first[i] = (middle + b) >> 1;
      second[i] = (middle - b) >> 1;
    }
  }
}

function crcTable(polynomial: number, width: number): Uint16Array {
  const top = 1 << (width - 1), mask = 2 ** width - 1;
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (width - 8);
    for (let i = 0; i < 8; i++) crc = ((crc << 1) ^ ((crc & top) !== 0 ? polynomial : 0)) & mask;
    return crc;
  });
}

const CRC8 = crcTable(0x07, 8), CRC16 = crcTable(0x8005, 16);

function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let i = from; i < to; i++) crc = CRC8[crc ^ bytes[i]];
  return crc;
}

function crc16(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let i = from; i < to; i++) crc = ((crc << 8) & 0xffff) ^ CRC16[(crc >> 8) ^ bytes[i]];
  return crc;
}
