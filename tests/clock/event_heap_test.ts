import assert from "node:assert/strict";
import fc from "fast-check";
import { EventHeap, HeapPositions } from "../../lib/clock/event_heap.ts";

const step = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), id: fc.nat(120), timeMs: fc.nat(20) }),
  fc.record({ kind: fc.constant("remove" as const), id: fc.nat(120), timeMs: fc.constant(0) }),
  fc.record({ kind: fc.constant("pop" as const), id: fc.constant(0), timeMs: fc.constant(0) }),
);

Deno.test("EventHeap: the top is the least by (time, order), whatever is set, moved and removed", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const heap = new EventHeap();
      const model = new Map<number, [timeMs: number, order: number]>();
      const first = () =>
        [...model].sort(([, [a, i]], [, [b, j]]) => a - b || i - j)[0] ??
          [-1, [Infinity, Infinity]];
      steps.forEach(({ kind, id, timeMs }, order) => {
        if (kind === "set") {
          heap.set(id, timeMs, order);
          model.set(id, [timeMs, order]);
        } else {
          const gone = kind === "pop" ? heap.top : id;
          if (gone >= 0) heap.remove(gone);
          model.delete(gone);
        }
        assert.equal(heap.size, model.size);
        const [top, [topTimeMs, topOrder]] = first();
        assert.deepEqual([heap.top, heap.topTimeMs, heap.topOrder], [top, topTimeMs, topOrder]);
      });
    }),
    { seed: 2 },
  );
});

Deno.test("EventHeap: heaps that share positions keep their own ids", () => {
  const positions = new HeapPositions();
  const [a, b] = [new EventHeap(positions), new EventHeap(positions)];
  a.set(1, 10, 0);
  b.set(2, 5, 1);
  a.set(3, 1, 2);
  a.remove(3);
  assert.deepEqual([a.top, b.top], [1, 2]);
  a.remove(1);
  b.set(1, 1, 3);
  assert.deepEqual([a.top, b.top], [-1, 1]);
});
