import fc from "fast-check";
import assert from "node:assert/strict";
import { formatTimeout } from "../../../lib/rpc/grpc/timeout.ts";

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
