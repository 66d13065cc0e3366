import {
  DEFAULT_MAX_FRAME_BYTES,
  ERROR_CODE,
  Http2Error,
  MAX_WINDOW_BYTES,
  SETTING,
} from "./protocol.ts";

/** The number of 32 bits at `at`. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

/** The peer broke the protocol in a way that has no error code of its own. */
export function violation(message: string): Http2Error {
  return new Http2Error(ERROR_CODE.protocolError, message);
}

/** A frame's length does not fit its type. */
export function frameSize(frame: string): Http2Error {
  return new Http2Error(
    ERROR_CODE.frameSizeError,
    `The peer sent ${frame} of a length that it cannot have.`,
  );
}

/** The peer does not keep to a window, or makes one larger than there is. */
export function flowControl(message: string): Http2Error {
  return new Http2Error(ERROR_CODE.flowControlError, message);
}

/**
 * Takes SETTINGS apart, whose payload is `bytes[start, end)`, and hands each to
 * `apply` once it is known to be in its range (RFC 9113, section 6.5.2).
 *
 * @throws Http2Error when it is not
 */
export function readSettings(
  bytes: Uint8Array,
  start: number,
  end: number,
  apply: (identifier: number, value: number) => void,
): void {
  if ((end - start) % 6 !== 0) throw frameSize("SETTINGS");
  for (let at = start; at < end; at += 6) {
    const identifier = (bytes[at] << 8) | bytes[at + 1];
    const value = readUint32(bytes, at + 2);
    checkSetting(identifier, value);
    apply(identifier, value);
  }
}

function checkSetting(identifier: number, value: number): void {
  switch (identifier) {
    case SETTING.enablePush:
      if (value > 1) throw violation(`The peer set ENABLE_PUSH to ${value}.`);
      return;
    case SETTING.initialWindowSize:
      if (value > MAX_WINDOW_BYTES) {
        throw flowControl(
          `The peer set INITIAL_WINDOW_SIZE to ${value}, above the largest there is.`,
        );
      }
      return;
    case SETTING.maxFrameSize:
      if (value < DEFAULT_MAX_FRAME_BYTES || value > 0xffffff) {
        throw violation(`The peer set MAX_FRAME_SIZE to ${value}.`);
      }
      return;
    default:
      // Any value will do.
  }
}
