import assert from "node:assert/strict";
import { readGrpcJsEnding } from "../../../lib/rpc/grpc_js/grpc_js_ending.ts";

const CASES: readonly (readonly [number, string, ReturnType<typeof readGrpcJsEnding>])[] = [
  [14, "Received HTTP status code 502", { cause: "http", code: 502, message: "HTTP 502" }],
  [
    13,
    "Received RST_STREAM with code 2 (Internal server error)",
    { cause: "reset", code: 2, message: "RST_STREAM INTERNAL_ERROR" },
  ],
  [
    13,
    "Received RST_STREAM with code 1",
    { cause: "reset", code: 1, message: "RST_STREAM PROTOCOL_ERROR" },
  ],
  [14, "Stream refused by server", {
    cause: "reset",
    code: 7,
    message: "RST_STREAM REFUSED_STREAM",
  }],
  [1, "Call cancelled", { cause: "reset", code: 8, message: "RST_STREAM CANCEL" }],
  [8, "Bandwidth exhausted or memory limit exceeded", {
    cause: "reset",
    code: 11,
    message: "RST_STREAM ENHANCE_YOUR_CALM",
  }],
  [14, "Connection dropped", {
    cause: "lost",
    code: null,
    message: "connection lost: Connection dropped",
  }],
  [14, "read ECONNRESET", {
    cause: "lost",
    code: null,
    message: "connection lost: read ECONNRESET",
  }],
  [14, "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1", {
    cause: "unsent",
    code: null,
    message: "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1",
  }],
  [2, "No status information received", {
    cause: "http",
    code: 200,
    message: "HTTP 200 without grpc-status",
  }],
  [4, "Deadline exceeded after 0.060s,remote_addr=127.0.0.1:1", {
    cause: "status",
    code: 4,
    message: null,
  }],
  [14, "no healthy upstream", { cause: "status", code: 14, message: "no healthy upstream" }],
  [9, "", { cause: "status", code: 9, message: null }],
];

for (const [statusCode, details, expected] of CASES) {
  Deno.test(`grpc-js endings: "${details}"`, () => {
    assert.deepEqual(readGrpcJsEnding(statusCode, details), expected);
  });
}
