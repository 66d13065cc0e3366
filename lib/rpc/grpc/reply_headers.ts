import type { HeaderField } from "../hpack/encoder.ts";

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
