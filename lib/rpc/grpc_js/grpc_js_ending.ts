import type { EndCause } from "../call_ending.ts";
import { STATUS } from "../grpc/status.ts";
import { ERROR_CODE, errorName } from "../http2/protocol.ts";
import { cleanWords } from "../peer_words.ts";

/** What grpc-js tells of the end of a call. */
export interface GrpcJsEnding {
  /** `unsent`: there was no connection any more to send it on. */
  readonly cause: EndCause | "unsent";
  readonly code: number | null;
  /** What the peer said, or what ended the call; `null`: nobody said anything. */
  readonly message: string | null;
}

/** What grpc-js says in its own words (1.14.7: build/src/subchannel-call.js), not the peer's. */
const OWN_WORDS: readonly {
  readonly pattern: RegExp;
  readonly read: (match: RegExpMatchArray) => GrpcJsEnding;
}[] = [
  { pattern: /^Received HTTP status code (\d+)$/, read: ([, status]) => ofHttp(Number(status)) },
  { pattern: /^Received RST_STREAM with code (\d+)/, read: ([, code]) => ofReset(Number(code)) },
  { pattern: /^Stream refused by server$/, read: () => ofReset(ERROR_CODE.refusedStream) },
  { pattern: /^Call cancelled$/, read: () => ofReset(ERROR_CODE.cancel) },
  {
    pattern: /^Bandwidth exhausted or memory limit exceeded$/,
    read: () => ofReset(ERROR_CODE.enhanceYourCalm),
  },
  {
    pattern: /^Protocol not secure enough$/,
    read: () => ofReset(ERROR_CODE.inadequateSecurity),
  },
  {
    pattern: /^(Connection dropped|Write error|Write failed|.*\b(ECONNRESET|ETIMEDOUT|EPIPE)\b)/,
    read: ([words]) => ({ cause: "lost", code: null, message: `connection lost: ${words}` }),
  },
  {
    pattern: /^No connection established/,
    read: ({ input }) => ({ cause: "unsent", code: null, message: input! }),
  },
  { pattern: /^No status information received$/, read: () => ofHttp(200) },
  {
    pattern: /^Deadline exceeded/,
    read: () => ({ cause: "status", code: STATUS.deadlineExceeded, message: null }),
  },
];

function ofHttp(status: number): GrpcJsEnding {
  const message = status === 200 ? "HTTP 200 without grpc-status" : `HTTP ${status}`;
  return { cause: "http", code: status, message };
}

function ofReset(code: number): GrpcJsEnding {
  return { cause: "reset", code, message: `RST_STREAM ${errorName(code)}` };
}

/** Tells the words of grpc-js, of which there are a few, from those of the peer. */
export function readGrpcJsEnding(statusCode: number, details: string): GrpcJsEnding {
  for (const { pattern, read } of OWN_WORDS) {
    const match = details.match(pattern);
    if (match !== null) return read(match);
  }
  return { cause: "status", code: statusCode, message: cleanWords(details) || null };
}
