import assert from "node:assert/strict";
import { ScheduleCursor } from "../../lib/invoke/schedule_cursor.ts";
import type { Schedule, ScheduleChunk } from "../../lib/model/schedule.ts";
import { TalliedSchedule } from "../../lib/schedule/tallied_schedule.ts";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import { listInvocations, traceWithCounts } from "../support/schedules.ts";

/** A schedule that tells how many of its chunks were made. */
function watched(whole: Schedule): Schedule & { made: number } {
  return {
    functions: whole.functions,
    durationMs: whole.durationMs,
    phases: whole.phases,
    made: 0,
    hash: (signal) => whole.hash(signal),
    *chunks(options): IterableIterator<ScheduleChunk> {
      for (const chunk of whole.chunks(options)) {
        this.made++;
        yield chunk;
      }
    },
  };
}

Deno.test("a cursor makes the next chunk ahead, whatever parts this one is handed out in", () => {
  const schedule = watched(generateSchedule(traceWithCounts([5000, 0, 3, 4000])));
  const cursor = new ScheduleCursor(new TalliedSchedule(schedule), false);
  cursor.settle();
  assert.equal(schedule.made, 1);
  const passed: number[] = [];
  while (cursor.chunk !== undefined) {
    passed.push(cursor.chunk.scheduledMs[cursor.position]);
    assert.equal(cursor.index, passed.length - 1);
    cursor.pass();
    cursor.settle();
    if (passed.length === 10) {
      while (!cursor.isNextMade) cursor.prepare();
      assert.equal(schedule.made, 2);
    }
  }
  assert.ok(cursor.isNextMade, "there is none");
  assert.equal(schedule.made, 4);
  assert.deepEqual(passed, listInvocations(schedule).map(({ scheduledMs }) => scheduledMs));
});
