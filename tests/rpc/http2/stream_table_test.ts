import fc from "fast-check";
import assert from "node:assert/strict";
import { StreamTable } from "../../../lib/rpc/http2/stream_table.ts";

const SEED = 20_240_617;

Deno.test("StreamTable: behaves as a Map under any adds and deletes", () => {
  // Identifiers as a client's are, and any others: they meet in the same places.
  const id = fc.oneof(
    fc.integer({ min: 0, max: 60 }).map((n) => 2 * n + 1),
    fc.integer({ min: 0, max: 40 }).map((n) => 64 * n + 1),
    fc.integer({ min: 1, max: 0x7fffffff }),
  );
  const steps = fc.array(fc.tuple(fc.constantFrom("add", "add", "delete"), id), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (steps) => {
      const table = new StreamTable<{ id: number }>();
      const model = new Map<number, { id: number }>();
      for (const [step, id] of steps) {
        if (step === "delete") {
          table.delete(id);
          model.delete(id);
        } else if (!model.has(id)) {
          const stream = { id };
          table.add(stream);
          model.set(id, stream);
        }
        assert.equal(table.size, model.size);
        assert.equal(table.get(id), model.get(id));
      }
      for (const [, id] of steps) assert.equal(table.get(id), model.get(id));
      const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
      assert.deepEqual(table.streams().sort(byId), [...model.values()].sort(byId));
    }),
    { seed: SEED, numRuns: 300 },
  );
});

Deno.test("StreamTable: a long row of streams in which some stay", () => {
  const table = new StreamTable<{ id: number }>();
  const staying = new Set<number>();
  const IN_FLIGHT = 100;
  for (let id = 1; id < 100_000; id += 2) {
    table.add({ id });
    if (id % 1001 === 0) staying.add(id);
    const oldest = id - 2 * IN_FLIGHT;
    if (oldest > 0 && !staying.has(oldest)) table.delete(oldest);
  }
  assert.equal(table.size, staying.size + IN_FLIGHT);
  for (const id of staying) assert.equal(table.get(id)?.id, id);
});
