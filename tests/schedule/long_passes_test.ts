import assert from "node:assert/strict";
import { derivePlan, holdsMoreThan } from "../../lib/schedule/plan.ts";
import { writeScheduleFile } from "../../lib/schedule/schedule_file.ts";
import { hashSchedule } from "../../lib/schedule/schedule_hash.ts";
import type { Schedule, ScheduleChunk } from "../../lib/model/schedule.ts";
import { deriveArrivals } from "../../lib/platform/simulator/known_arrivals.ts";

/** Longer than any pause is away, and no test lasts. */
const BOUND_MS = 60_000;

/** A schedule that goes on until the test has failed. */
function endlessSchedule(): Schedule {
  const chunk: ScheduleChunk = {
    scheduledMs: new Float64Array(1000),
    functionIndex: new Uint32Array(1000),
    runtimeMs: new Uint32Array(1000),
    memoryMib: new Uint32Array(1000),
  };
  return {
    functions: [],
    durationMs: 1,
    phases: [{ fromMs: 0, phase: "measurement" }],
    *chunks() {
      for (const untilMs = performance.now() + BOUND_MS; performance.now() < untilMs;) yield chunk;
      throw new Error("the wish to stop was not heard");
    },
    hash: (signal) => hashSchedule([], endlessSchedule().chunks(), signal),
  };
}

const PASSES: Record<string, (schedule: Schedule, signal: AbortSignal) => Promise<unknown>> = {
  "its plan": (schedule, signal) => derivePlan(schedule, signal),
  "its size": (schedule, signal) => holdsMoreThan(Infinity, schedule, signal),
  "its hash": (schedule, signal) => schedule.hash(signal),
  "its file": async (schedule, signal) => {
    const folder = await Deno.makeTempDir({ prefix: "loader-schedule-" });
    try {
      await writeScheduleFile(schedule, `${folder}/schedule`, signal);
    } finally {
      assert.deepEqual([...Deno.readDirSync(folder)], [], "nothing half is left");
      await Deno.remove(folder, { recursive: true });
    }
  },
  "what an oracle knows of it": (schedule, signal) =>
    deriveArrivals(schedule, { networkMs: 0, serviceFactor: 1, serviceOverheadMs: 0 }, signal),
};

for (const [what, pass] of Object.entries(PASSES)) {
  Deno.test(`a long schedule: the wish to stop is heard while ${what} is found out`, async () => {
    const stop = new AbortController();
    const reason = new Error("stopped");
    setTimeout(() => stop.abort(reason), 0);
    await assert.rejects(pass(endlessSchedule(), stop.signal), reason);
  });
}

Deno.test("a long schedule: its file is gone when the wish to stop comes while it is written", async () => {
  const folder = await Deno.makeTempDir({ prefix: "loader-schedule-" });
  const stop = new AbortController();
  const endless = endlessSchedule();
  let passes = 0;
  const schedule: Schedule = {
    ...endless,
    // The first pass counts its chunks.
    *chunks() {
      if (passes++ === 0) return;
      stop.abort(new Error("stopped"));
      yield* endless.chunks();
    },
    hash: () => Promise.resolve(""),
  };
  try {
    await assert.rejects(writeScheduleFile(schedule, `${folder}/schedule`, stop.signal), /stopped/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
