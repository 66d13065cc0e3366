import assert from "node:assert/strict";
import type { LiveSample, LiveTotals } from "../../lib/live/live_message.ts";
import { RunCounters } from "../../lib/live/run_counters.ts";
import { SampleGatherer } from "../../lib/live/sample_gatherer.ts";
import { GENERATOR } from "../../lib/store/schema/tables.ts";

Deno.test("seconds that come at once are told as one, the last of them at the end", () => {
  const told: LiveSample[] = [];
  let nowMs = 0;
  const gatherer = new SampleGatherer((sample) => void told.push(sample), 250, () => nowMs);
  const counters = new RunCounters((sample: LiveSample, totals: LiveTotals) =>
    gatherer.take(sample, totals)
  );
  for (let second = 1; second <= 1000; second++) {
    nowMs += 1;
    const cells: Record<string, number> = {
      ...{ time_ms: 1000 * second, scheduled: 2, dispatched: 2, completed: 2, in_flight: second },
    };
    counters.onSecond(GENERATOR.columns.map(({ name }) => cells[name] ?? null));
  }
  // The first at once, then each 250 ms.
  assert.deepEqual(told.map(({ timeMs }) => timeMs), [1000, 251_000, 501_000, 751_000]);
  gatherer.flush();
  gatherer.flush();
  assert.equal(told.length, 5);
  assert.equal(told.reduce((sum, { due }) => sum + due, 0), 2000);
  assert.equal(told.reduce((sum, { lengthMs }) => sum + lengthMs, 0), 1_000_000);
  assert.equal(told.at(-1)!.inFlight, 1000);
});
