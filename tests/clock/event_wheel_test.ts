import assert from "node:assert/strict";
import fc from "fast-check";
import { EventTable, integerOf, WHERE } from "../../lib/clock/event_table.ts";
import { EventWheel } from "../../lib/clock/event_wheel.ts";

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("insert"), event: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove"), event: fc.nat(150) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("pop"), event: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("jump"), event: fc.nat(150) }) },
);
/** Near each other, at equal times, over the whole wheel, at its edge and beyond. */
const aheadMs = fc.oneof(
  fc.nat(3).map((n) => n / 16),
  fc.double({ min: 0, max: 1100, noNaN: true }),
  fc.constantFrom(1023.8, 1023.875, 1024, 1e9),
);

Deno.test("EventWheel: the top is the least by (time, order), whatever is put in and taken out", () => {
  const stepWithTime = fc.tuple(step, aheadMs);
  fc.assert(
    fc.property(
      fc.array(stepWithTime, { maxLength: 500 }),
      fc.constantFrom(0, 1000.3, 1e9),
      (steps, jumpMs) => {
        const { table, wheel } = createWheel(151);
        const model = new Map<number, [timeMs: number, order: number]>();
        const first = () =>
          [...model].sort(([, [a, i]], [, [b, j]]) => a - b || i - j)[0] ??
            [-1, [Infinity, Infinity]];
        let nowMs = 0;
        steps.forEach(([{ kind, event }, ahead], order) => {
          if (kind === "insert" && !model.has(event)) {
            const isIn = wheel.insert(event, nowMs + ahead, order, nowMs);
            if (isIn) model.set(event, [nowMs + ahead, order]);
            // 151 events, of which a bucket takes 64: never refused for want of room if so spread.
            assert.ok(isIn || nowMs + ahead - nowMs >= 1023.875 || model.size >= 64);
          } else if (kind === "remove") {
            assert.equal(table.integers[integerOf(event) + WHERE] >= 0, model.has(event));
            if (model.delete(event)) wheel.remove(event);
          } else if (kind === "pop" && model.size > 0) {
            nowMs = wheel.topTimeMs;
            model.delete(wheel.top);
            wheel.remove(wheel.top);
          } else if (kind === "jump" && model.size === 0) {
            nowMs += jumpMs;
          }
          const [top, [timeMs, topOrder]] = first();
          assert.deepEqual([wheel.top, wheel.topTimeMs, wheel.topOrder], [top, timeMs, topOrder]);
        });
      },
    ),
    { seed: 5, numRuns: 300 },
  );
});

Deno.test("EventWheel: a bucket that is full takes no more until one goes", () => {
  const { wheel } = createWheel(65);
  for (let event = 0; event < 64; event++) assert.ok(wheel.insert(event, 5, event, 0));
  assert.equal(wheel.insert(64, 5.01, 64, 0), false);
  assert.ok(wheel.insert(64, 5.2, 64, 0), "the next bucket has room");
  wheel.remove(10);
  assert.ok(wheel.insert(10, 5.01, 65, 0));
  assert.equal(wheel.top, 0);
});

function createWheel(events: number): { readonly table: EventTable; readonly wheel: EventWheel } {
  const table = new EventTable();
  for (let event = 0; event < events; event++) assert.equal(table.add(), event);
  return { table, wheel: new EventWheel(table) };
}
