import assert from "node:assert/strict";
import fc from "fast-check";
import type { Outcome } from "../../lib/model/record.ts";
import { type EndCause, endingOf, ENDINGS } from "../../lib/rpc/call_ending.ts";

/** What becomes of a call by what ended it in time. */
const TABLE: readonly (readonly [EndCause, number | null, Outcome, number])[] = [
  ["status", 0, "ok", 0],
  ["status", 1, "failed", 1],
  ["status", 2, "failed", 2],
  ["status", 3, "failed", 3],
  ["status", 4, "timed_out", 4],
  ["status", 5, "failed", 5],
  ["status", 6, "failed", 6],
  ["status", 7, "failed", 7],
  ["status", 8, "rejected", 8],
  ["status", 9, "failed", 9],
  ["status", 10, "failed", 10],
  ["status", 11, "failed", 11],
  ["status", 12, "failed", 12],
  ["status", 13, "failed", 13],
  ["status", 14, "rejected", 14],
  ["status", 15, "failed", 15],
  ["status", 16, "failed", 16],
  ["http", 200, "failed", 2],
  ["http", 400, "failed", 13],
  ["http", 401, "failed", 16],
  ["http", 403, "failed", 7],
  ["http", 404, "failed", 12],
  ["http", 408, "timed_out", 2],
  ["http", 429, "rejected", 14],
  ["http", 500, "failed", 2],
  ["http", 502, "failed", 14],
  ["http", 503, "rejected", 14],
  ["http", 504, "timed_out", 14],
  ["reset", 0, "failed", 13],
  ["reset", 1, "failed", 13],
  ["reset", 2, "failed", 13],
  ["reset", 7, "rejected", 14],
  ["reset", 8, "failed", 1],
  ["reset", 11, "rejected", 8],
  ["reset", 12, "failed", 7],
  ["reset", 13, "failed", 13],
  ["lost", null, "failed", 14],
  ["unprocessed", null, "rejected", 14],
  ["reply", null, "failed", 13],
  ["too_large", null, "failed", 8],
];

for (const [cause, code, outcome, statusCode] of TABLE) {
  Deno.test(`endings: ${cause} ${code ?? ""} is ${outcome}, status ${statusCode}`, () => {
    const { outcome: found, statusCode: status } = endingOf(cause, code, 10, 1000);
    assert.deepEqual([found, status], [outcome, statusCode]);
  });
}

Deno.test("endings: every row of the table is tried above", () => {
  for (const { cause, code } of ENDINGS) {
    assert.ok(
      TABLE.some(([tried, with_]) => tried === cause && (with_ === code || code === null)),
      `${cause} ${code}`,
    );
  }
});

/** How the documentation names the causes. */
const NAMES: Readonly<Record<EndCause, string>> = {
  status: "grpc-status",
  http: "HTTP status",
  reset: "RST_STREAM",
  lost: "lost connection",
  unprocessed: "GOAWAY, not looked at",
  reply: "unreadable reply",
  too_large: "too large a reply",
};

Deno.test("endings: the table in the documentation is this one", () => {
  const text = Deno.readTextFileSync(new URL("../../docs/method.md", import.meta.url));
  const rows = text.split("\n").filter((line) => /^\|.*`(ok|timed_out|rejected|failed)`/.test(line))
    .map((line) => line.split("|").slice(1, 5).map((cell) => cell.trim()));
  for (const [cause, code, outcome, statusCode] of TABLE) {
    const ofCause = rows.filter(([name]) => name === NAMES[cause]);
    const row = ofCause.find(([, codes]) => codes.match(/\d+/g)?.includes(String(code))) ??
      ofCause.find(([, codes]) => codes === "any other" || codes.startsWith("–"));
    assert.deepEqual(row?.slice(2), [
      `\`${outcome}\``,
      cause === "status" ? "the same" : String(statusCode),
    ], `${cause} ${code}`);
  }
});

Deno.test("endings: what ends a call at its deadline or later has timed out, whatever was said", () => {
  fc.assert(fc.property(
    fc.constantFrom(...TABLE),
    fc.double({ min: 0, max: 1e6, noNaN: true }),
    fc.double({ min: 0, max: 1e4, noNaN: true }),
    ([cause, code, outcome, statusCode], deadlineMs, lateMs) => {
      const at = endingOf(cause, code, deadlineMs + lateMs, deadlineMs);
      assert.equal(at.outcome, "timed_out");
      assert.equal(at.statusCode, cause === "status" ? code : 4);
      const before = endingOf(cause, code, deadlineMs - 1.001 - lateMs, deadlineMs);
      assert.deepEqual([before.outcome, before.statusCode], [outcome, statusCode]);
    },
  ));
});

Deno.test("endings: a millisecond before the deadline is the deadline, but not for a reply that is well", () => {
  assert.equal(endingOf("reset", 7, 999, 1000).outcome, "timed_out");
  assert.equal(endingOf("http", 502, 999.001, 1000).outcome, "timed_out");
  assert.equal(endingOf("reset", 7, 998.999, 1000).outcome, "rejected");
  assert.equal(endingOf("status", 0, 999.999, 1000).outcome, "ok");
  assert.deepEqual({ ...endingOf("status", 0, 1000, 1000) }, {
    outcome: "timed_out",
    statusCode: 0,
  });
});
