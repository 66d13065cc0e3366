/** Types of frames (RFC 9113, section 6). */
export const FRAME = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

/** Flags of frames (RFC 9113, section 6). */
export const FLAG = {
  endStream: 0x1,
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Identifiers of settings (RFC 9113, section 6.5.2). */
export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

/** Error codes (RFC 9113, section 7). */
export const ERROR_CODE = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

/** Octets of a frame's header. */
export const FRAME_HEADER_BYTES = 9;

/** Window of streams and connections until somebody says otherwise (RFC 9113, section 6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535;

/** Largest frame until somebody says otherwise (RFC 9113, section 6.5.2). */
export const DEFAULT_MAX_FRAME_BYTES = 16_384;

/** Largest window that there is (RFC 9113, section 6.9.1). */
export const MAX_WINDOW_BYTES = 0x7fffffff;

/** Largest number of a stream. */
export const MAX_STREAM_ID = 0x7fffffff;

/** What a client sends first (RFC 9113, section 3.4). */
export const CONNECTION_PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/**
 * The peer broke the protocol in a way that ends the connection, with the error
 * code to tell it.
 */
export class Http2Error extends Error {
  override readonly name = "Http2Error";
  readonly errorCode: number;

  constructor(errorCode: number, message: string) {
    super(message);
    this.errorCode = errorCode;
  }
}

const ERROR_NAMES: ReadonlyMap<number, string> = new Map([
  [ERROR_CODE.noError, "NO_ERROR"],
  [ERROR_CODE.protocolError, "PROTOCOL_ERROR"],
  [ERROR_CODE.internalError, "INTERNAL_ERROR"],
  [ERROR_CODE.flowControlError, "FLOW_CONTROL_ERROR"],
  [ERROR_CODE.settingsTimeout, "SETTINGS_TIMEOUT"],
  [ERROR_CODE.streamClosed, "STREAM_CLOSED"],
  [ERROR_CODE.frameSizeError, "FRAME_SIZE_ERROR"],
  [ERROR_CODE.refusedStream, "REFUSED_STREAM"],
  [ERROR_CODE.cancel, "CANCEL"],
  [ERROR_CODE.compressionError, "COMPRESSION_ERROR"],
  [ERROR_CODE.connectError, "CONNECT_ERROR"],
  [ERROR_CODE.enhanceYourCalm, "ENHANCE_YOUR_CALM"],
  [ERROR_CODE.inadequateSecurity, "INADEQUATE_SECURITY"],
  [ERROR_CODE.http11Required, "HTTP_1_1_REQUIRED"],
]);

/** The name of an error code, for people. */
export function errorName(errorCode: number): string {
  return ERROR_NAMES.get(errorCode) ?? `error ${errorCode}`;
}
