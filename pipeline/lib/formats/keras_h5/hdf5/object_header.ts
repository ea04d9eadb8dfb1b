import { checkSpan, countStructure, hdf5Error, type Hdf5Source, readSize } from "./bytes.ts";

/** Types of header messages that are read here. Source: HDF5 File Format Specification 3.0, IV.A.2. */
export const MESSAGE = {
  dataspace: 0x0001,
  datatype: 0x0003,
  externalFiles: 0x0007,
  layout: 0x0008,
  filters: 0x000b,
  attribute: 0x000c,
  continuation: 0x0010,
  symbolTable: 0x0011,
} as const;

/** One message of an object header; its data lie within the file. */
export interface HeaderMessage {
  type: number;
  /** Address of the message's data. */
  at: number;
  /** Bytes of data. */
  length: number;
}

const MESSAGE_HEADER_BYTES = 8;
const SHARED_FLAG = 0x02;

/**
 * Lists the messages of an object header of version 1, those of its continuation blocks too.
 *
 * Source: HDF5 File Format Specification 3.0, IV.A.1.a. Version 2, which is written with libver "v108" and later, and
 * shared messages are not supported.
 *
 * @param at Address of the header.
 * @throws FormatError A header that is damaged or of another version.
 */
export function readMessages(source: Hdf5Source, at: number): HeaderMessage[] {
  const { view } = source;
  checkSpan(source, { what: "object header", at, length: 16 });
  const version = view.getUint8(at);
  if (version !== 1) {
    throw hdf5Error(source, `object header must be of version 1 (libver "earliest"), got ${version}`, at);
  }
  const messageCount = view.getUint16(at + 2, true);
  const messages: HeaderMessage[] = [];
  const blocks = [{ at: at + 16, length: view.getUint32(at + 8, true) }];
  // The list grows while it is walked.
  for (let b = 0; b < blocks.length && messages.length < messageCount; b++) {
    const block = blocks[b];
    checkSpan(source, { what: "block of an object header", ...block });
    const end = block.at + block.length;
    let next = block.at;
    while (next + MESSAGE_HEADER_BYTES <= end && messages.length < messageCount) {
      const message = readMessage(source, next, end);
      messages.push(message);
      if (message.type === MESSAGE.continuation) blocks.push(readContinuation(source, message));
      next = message.at + message.length;
    }
  }
  return messages;
}

/**
 * Finds the one message of a type.
 *
 * @param what Name of the object, for the error.
 * @throws FormatError There is none.
 */
export function requireMessage(
  source: Hdf5Source,
  messages: HeaderMessage[],
  { type, what, at }: { type: keyof typeof MESSAGE; what: string; at: number },
): HeaderMessage {
  const message = messages.find((candidate) => candidate.type === MESSAGE[type]);
  if (message === undefined) throw hdf5Error(source, `${what} must have a ${type} message, got none`, at);
  return message;
}

function readMessage(source: Hdf5Source, at: number, end: number): HeaderMessage {
  countStructure(source, at);
  const type = source.view.getUint16(at, true), length = source.view.getUint16(at + 2, true);
  const flags = source.view.getUint8(at + 4);
  const data = at + MESSAGE_HEADER_BYTES;
  if (data + length > end) {
    throw hdf5Error(source, `header message must end within its block, got ${length} bytes`, at);
  }
  if ((flags & SHARED_FLAG) !== 0) {
    throw hdf5Error(source, `header message must not be shared, got type ${type} with flags ${flags}`, at);
  }
  return { type, at: data, length };
}

function readContinuation(source: Hdf5Source, { at, length }: HeaderMessage): { at: number; length: number } {
  if (length < 16) throw hdf5Error(source, `continuation must have 16 bytes, got ${length}`, at);
  return { at: readSize(source, at), length: readSize(source, at + 8) };
}
