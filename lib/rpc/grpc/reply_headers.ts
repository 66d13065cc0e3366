import type { HeaderField } from "../hpack/encoder.ts";
import type { ResponseBlock } from "../http2/field_blocks.ts";
import { cleanWords } from "../peer_words.ts";
import { STATUS } from "./status.ts";

/** What every reply of gRPC begins with. */
export const REPLY_HEADERS: readonly HeaderField[] = [
  { name: ":status", value: "200", indexing: "index" },
  { name: "content-type", value: "application/grpc", indexing: "index" },
];

/** The end of a reply that is well. */
export const OK_TRAILERS: readonly HeaderField[] = [
  { name: "grpc-status", value: "0", indexing: "index" },
];

/** A reply without a message: header fields and trailers in one ("Trailers-Only"). */
export function trailersOnly(statusCode: number, sentence: string): readonly HeaderField[] {
  return [
    ...REPLY_HEADERS,
    { name: "grpc-status", value: String(statusCode), indexing: "index" },
    {
      name: "grpc-message",
      // Percent-encoding of all but printable ASCII (grpc/grpc: doc/PROTOCOL-HTTP2.md).
      value: sentence.replace(/[^ -$&-~]/gu, encodeURIComponent),
      indexing: "literal",
    },
  ];
}

/** Response metadata by which the local gateway marks an instance's first call, with when it was ready. */
export const INSTANCE_READY_KEY = "x-instance-ready-unix-ms";

/** What gRPC reads in a block of header fields or trailers. */
export interface GrpcFields {
  /** `grpc-status`; `null` where there is none. */
  readonly statusCode: number | null;
  /** `grpc-message`, decoded; `null` where there is none. */
  readonly statusMessage: string | null;
  /** The status of HTTP; 0 in trailers. */
  readonly httpStatus: number;
  /** In lower case; empty where there is none. */
  readonly contentType: string;
  /** The content type is one of gRPC's. */
  readonly isGrpc: boolean;
  /** When the instance became ready, if this is its first call and the platform says so; NaN else. */
  readonly instanceReadyUnixMs: number;
}

/** Reads a block once; what it found is kept with the block. */
export function readGrpcFields(block: ResponseBlock): GrpcFields {
  return (block.view ??= parseGrpcFields(block)) as GrpcFields;
}

function parseGrpcFields(block: ResponseBlock): GrpcFields {
  // A server that names no type is taken at its word when it says grpc-status.
  const contentType = block.fields.get("content-type")?.toLowerCase() ?? "";
  return {
    statusCode: parseStatusCode(block.fields.get("grpc-status")),
    statusMessage: parseStatusMessage(block.fields.get("grpc-message")),
    httpStatus: block.status,
    contentType,
    isGrpc: block.status === 200 &&
      (contentType === "" || contentType.startsWith("application/grpc")),
    instanceReadyUnixMs: Number(block.fields.get(INSTANCE_READY_KEY) ?? NaN),
  };
}

/** Longest message that is kept; what is longer says no more. */
const MAX_MESSAGE_CHARS = 300;

function parseStatusMessage(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  return cleanWords(decodePercent(text), MAX_MESSAGE_CHARS) || null;
}

/** Percent-encoded UTF-8; what is not is taken as it is, as the specification wants. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A number that gRPC does not have, or no number, is UNKNOWN. */
function parseStatusCode(text: string | undefined): number | null {
  if (text === undefined) return null;
  const code = /^\d{1,3}$/.test(text) ? Number(text) : STATUS.unknown;
  return code <= STATUS.unauthenticated ? code : STATUS.unknown;
}
