import type { ByteWriter } from "../byte_writer.ts";
import { FLAG, FRAME, FRAME_HEADER_BYTES } from "./protocol.ts";

/** Writes the nine octets in front of a frame; their room must be reserved. */
export function writeFrameHeader(
  into: ByteWriter,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  const { bytes } = into;
  let at = into.length;
  bytes[at++] = length >>> 16;
  bytes[at++] = length >>> 8;
  bytes[at++] = length;
  bytes[at++] = type;
  bytes[at++] = flags;
  bytes[at++] = streamId >>> 24;
  bytes[at++] = streamId >>> 16;
  bytes[at++] = streamId >>> 8;
  bytes[at++] = streamId;
  into.length = at;
}

/** Writes a number of 32 bits; its room must be reserved. */
function writeUint32(into: ByteWriter, value: number): void {
  const { bytes } = into;
  bytes[into.length++] = value >>> 24;
  bytes[into.length++] = value >>> 16;
  bytes[into.length++] = value >>> 8;
  bytes[into.length++] = value;
}

/** Writes SETTINGS with pairs of identifier and value. */
export function writeSettings(
  into: ByteWriter,
  settings: readonly (readonly [identifier: number, value: number])[],
): void {
  into.reserve(FRAME_HEADER_BYTES + 6 * settings.length);
  writeFrameHeader(into, 6 * settings.length, FRAME.settings, 0, 0);
  for (const [identifier, value] of settings) {
    into.bytes[into.length++] = identifier >>> 8;
    into.bytes[into.length++] = identifier;
    writeUint32(into, value);
  }
}

/** Writes the acknowledgement of SETTINGS. */
export function writeSettingsAck(into: ByteWriter): void {
  into.reserve(FRAME_HEADER_BYTES);
  writeFrameHeader(into, 0, FRAME.settings, FLAG.ack, 0);
}

/** Writes a PING, or the answer to one, with the eight octets at `start` of `source`. */
export function writePing(
  into: ByteWriter,
  isAck: boolean,
  source: Uint8Array,
  start: number,
): void {
  into.reserve(FRAME_HEADER_BYTES + 8);
  writeFrameHeader(into, 8, FRAME.ping, isAck ? FLAG.ack : 0, 0);
  into.append(source, start, start + 8);
}

/** Writes WINDOW_UPDATE; stream 0 is the connection. */
export function writeWindowUpdate(into: ByteWriter, streamId: number, increment: number): void {
  into.reserve(FRAME_HEADER_BYTES + 4);
  writeFrameHeader(into, 4, FRAME.windowUpdate, 0, streamId);
  writeUint32(into, increment);
}

/** Writes RST_STREAM. */
export function writeReset(into: ByteWriter, streamId: number, errorCode: number): void {
  into.reserve(FRAME_HEADER_BYTES + 4);
  writeFrameHeader(into, 4, FRAME.rstStream, 0, streamId);
  writeUint32(into, errorCode);
}

/** Writes GOAWAY. */
export function writeGoaway(
  into: ByteWriter,
  lastStreamId: number,
  errorCode: number,
  debugData = "",
): void {
  const debug = new TextEncoder().encode(debugData);
  into.reserve(FRAME_HEADER_BYTES + 8 + debug.length);
  writeFrameHeader(into, 8 + debug.length, FRAME.goaway, 0, 0);
  writeUint32(into, lastStreamId);
  writeUint32(into, errorCode);
  into.append(debug);
}

/**
 * Writes a block of header fields as HEADERS and, where it is longer than a
 * frame may be, CONTINUATION.
 */
export function writeHeaders(
  into: ByteWriter,
  streamId: number,
  block: ByteWriter,
  endStream: boolean,
  maxFrameBytes: number,
): void {
  const { length } = block;
  const streamFlag = endStream ? FLAG.endStream : 0;
  if (length <= maxFrameBytes) {
    into.reserve(FRAME_HEADER_BYTES + length);
    writeFrameHeader(into, length, FRAME.headers, streamFlag | FLAG.endHeaders, streamId);
    into.append(block.bytes, 0, length);
    return;
  }
  for (let start = 0; start < length; start += maxFrameBytes) {
    const end = Math.min(length, start + maxFrameBytes);
    into.reserve(FRAME_HEADER_BYTES + end - start);
    writeFrameHeader(
      into,
      end - start,
      start === 0 ? FRAME.headers : FRAME.continuation,
      (start === 0 ? streamFlag : 0) | (end === length ? FLAG.endHeaders : 0),
      streamId,
    );
    into.append(block.bytes, start, end);
  }
}

/** Writes one DATA frame with `source[start, end)`. */
export function writeData(
  into: ByteWriter,
  streamId: number,
  source: Uint8Array,
  start: number,
  end: number,
  endStream: boolean,
): void {
  into.reserve(FRAME_HEADER_BYTES + end - start);
  writeFrameHeader(into, end - start, FRAME.data, endStream ? FLAG.endStream : 0, streamId);
  into.append(source, start, end);
}
