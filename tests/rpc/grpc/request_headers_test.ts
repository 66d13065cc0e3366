import fc from "fast-check";
import assert from "node:assert/strict";
import { formatTimeout, RequestHeaders } from "../../../lib/rpc/grpc/request_headers.ts";
import { HpackEncoder } from "../../../lib/rpc/hpack/encoder.ts";

const METADATA = {
  authorization: "Bearer 0123456789",
  cookie: "session=0123456789",
  "x-api-key": "0123456789",
  "proxy-authorization": "Basic 0123456789",
  "x-tenant": "0123456789",
};

Deno.test("request headers: metadata is never indexed, in any block, by anyone", () => {
  const encoder = new HpackEncoder();
  const target = { scheme: "http", authority: "f.test", metadata: METADATA } as const;
  const headers = new RequestHeaders(encoder, [target]);
  for (let call = 0; call < 4; call++) {
    const block = headers.encode(0, 1000 + call).view().slice();
    const kinds = literalKinds(block);
    // RFC 7541, section 6.2.3: a field that begins with 0001 is never indexed.
    assert.equal(kinds.filter((kind) => kind === "never").length, Object.keys(METADATA).length);
    for (let i = 0; i < encoder.table.count; i++) {
      assert.ok(!(encoder.table.nameAt(i) in METADATA), encoder.table.nameAt(i));
    }
  }
});

/** The kind of each field of a block, read by RFC 7541, section 6, alone. */
function literalKinds(bytes: Uint8Array): string[] {
  const kinds: string[] = [];
  let at = 0;
  const integer = (bits: number) => {
    const most = 2 ** bits - 1;
    let value = bytes[at++] & most;
    if (value < most) return value;
    for (let shift = 0;; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const skipText = () => {
    const length = integer(7);
    at += length;
  };
  while (at < bytes.length) {
    const first = bytes[at];
    if (first >= 0x80) {
      integer(7);
      kinds.push("indexed");
      continue;
    }
    if (first >= 0x20 && first < 0x40) {
      integer(5);
      kinds.push("size");
      continue;
    }
    kinds.push(first >= 0x40 ? "index" : first >= 0x10 ? "never" : "literal");
    if (integer(first >= 0x40 ? 6 : 4) === 0) skipText();
    skipText();
  }
  return kinds;
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 1, S: 1000, M: 60_000, H: 3_600_000 };

Deno.test("grpc-timeout: never shorter than asked for, and longer by less than its unit", () => {
  const timeoutMs = fc.oneof(
    fc.double({ min: 0, max: 2e5, noNaN: true, minExcluded: true }),
    fc.double({ min: 1e7, max: 3e14, noNaN: true }),
  );
  fc.assert(
    fc.property(timeoutMs, (timeoutMs) => {
      const [, digits, unit] = /^([1-9]\d{0,7})([mSMH])$/.exec(formatTimeout(timeoutMs))!;
      const meantMs = Number(digits) * UNIT_MS[unit];
      assert.ok(meantMs >= timeoutMs && meantMs - UNIT_MS[unit] < timeoutMs);
    }),
    { seed: 5, numRuns: 1000 },
  );
});

Deno.test("grpc-timeout: at its bounds", () => {
  assert.equal(formatTimeout(99_999_999), "99999999m");
  assert.equal(formatTimeout(99_999_999.1), "100000S");
  assert.equal(formatTimeout(99_999_999_000 + 1), "1666667M");
  assert.equal(formatTimeout(0), "1m");
  assert.equal(formatTimeout(-5), "1m");
  assert.equal(formatTimeout(Infinity), "99999999H");
});
