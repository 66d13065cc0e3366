import assert from "node:assert/strict";
import { findMetadataMistake } from "../../../lib/platform/endpoints/endpoints_schema.ts";

Deno.test("findMetadataMistake: what gRPC allows", () => {
  const cases: [string, string][] = [
    ["x-tenant", "a"],
    ["x_1.y", ""],
    ["authorization", "Bearer a b"],
    ["trace-bin", "AP8="],
    ["trace-bin", "AP8"],
    ["trace-bin", ""],
  ];
  for (const [name, value] of cases) assert.equal(findMetadataMistake(name, value), null, name);
});

Deno.test("findMetadataMistake: what it does not", () => {
  const cases: [string, string, RegExp][] = [
    ["X-Tenant", "a", /"X-Tenant" must be in lower case/],
    [":authority", "a", /may have letters, digits/],
    ["", "a", /may have letters/],
    ["a b", "a", /may have letters/],
    ["grpc-timeout", "1S", /"grpc-timeout" is reserved/],
    ["te", "trailers", /reserved/],
    ["traceparent", "00-1-2-01", /reserved/],
    ["connection", "close", /reserved/],
    ["x", "é", /printable ASCII/],
    ["x", "a\nb", /printable ASCII/],
    ["x", " a", /spaces at its ends/],
    ["x-bin", "not base64!", /"x-bin" must be base64/],
    ["x-bin", "A", /must be base64/],
  ];
  for (const [name, value, sentence] of cases) {
    assert.match(findMetadataMistake(name, value) ?? "nothing", sentence, name);
  }
});
