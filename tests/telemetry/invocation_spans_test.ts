import assert from "node:assert/strict";
import { createInvocationRow, type InvocationRow } from "../../lib/model/record.ts";
import { traceIdOf } from "../../lib/model/traceparent.ts";
import { areSpansExported, InvocationSpans } from "../../lib/telemetry/invocation_spans.ts";

const RUN = { experiment: "e", run: "r", functionIds: ["f"], seed: 1, share: 1 };

Deno.test("where Deno exports no spans, calls have ids all the same, new ones in every run", () => {
  assert.equal(areSpansExported(), false);
  const fields = Array.from({ length: 2 }, () => {
    using spans = new InvocationSpans(RUN);
    spans.begin(1000);
    return [0, 1, 2].map((index) => spans.traceparentOf(index, index)!);
  }).flat();
  for (const field of fields) {
    assert.match(field, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.doesNotMatch(field, /-0+-/);
  }
  assert.equal(new Set(fields.map(traceIdOf)).size, fields.length);
});

Deno.test("rows go on to the sink behind, traced or not", () => {
  using spans = new InvocationSpans({ ...RUN, share: 0 });
  assert.equal(spans.traceparentOf(0, 0), null);
  const written: (string | null)[] = [];
  const sink = spans.listen({ write: (row: InvocationRow) => void written.push(row.traceId) });
  for (const traceId of [null, "a".repeat(32)]) {
    sink.write(Object.assign(createInvocationRow(), { index: 0, functionIndex: 0, traceId }));
  }
  assert.deepEqual(written, [null, "a".repeat(32)]);
});
