import assert from "node:assert/strict";
import { readScheduleFile, writeScheduleFile } from "../../lib/generate/schedule_file.ts";
import { generateSchedule } from "../../lib/generate/trace_schedule.ts";
import { listInvocations, traceWithCounts } from "../support/schedules.ts";

async function withFolder(body: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "loader-schedule-" });
  try {
    body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("schedule file: what is written is read back, to the bit", async () => {
  await withFolder((folder) => {
    const schedule = generateSchedule(traceWithCounts([30, 0, 7], [1, 2, 3]), {
      timeScale: 3,
      warmupMinutes: 1,
    });
    const path = `${folder}/schedule.bin`;
    writeScheduleFile(schedule, path);
    const read = readScheduleFile(path);
    assert.equal(read.hash(), schedule.hash());
    assert.equal(read.durationMs, schedule.durationMs);
    assert.deepEqual(read.phases, schedule.phases);
    assert.deepEqual(listInvocations(read), listInvocations(schedule));
    assert.deepEqual(read.functions.map(({ id }) => id), schedule.functions.map(({ id }) => id));
    assert.deepEqual(read.functions[0].memoryMib, schedule.functions[0].memoryMib);
  });
});

Deno.test("schedule file: one that is there is not overwritten", async () => {
  await withFolder((folder) => {
    const path = `${folder}/schedule.bin`;
    const schedule = generateSchedule(traceWithCounts([1]));
    writeScheduleFile(schedule, path);
    assert.throws(() => writeScheduleFile(schedule, path), { code: "usage", message: /exists/ });
  });
});

Deno.test("schedule file: missing, foreign, cut short or altered, each in a sentence", async () => {
  await withFolder((folder) => {
    const path = `${folder}/schedule.bin`;
    writeScheduleFile(generateSchedule(traceWithCounts([30])), path);
    const bytes = Deno.readFileSync(path);
    const attempt = (name: string, content: Uint8Array | null) => {
      if (content !== null) Deno.writeFileSync(`${folder}/${name}`, content);
      return () => readScheduleFile(`${folder}/${name}`);
    };
    const altered = bytes.slice();
    altered[altered.length - 1] ^= 1;
    assert.throws(attempt("missing", null), {
      code: "input",
      message: /missing: .*cannot be read/,
    });
    assert.throws(attempt("foreign", new Uint8Array(100)), { message: /not a schedule file/ });
    assert.throws(attempt("empty", new Uint8Array(0)), { message: /not a schedule file/ });
    for (const length of [25, 200, bytes.length - 1]) {
      assert.throws(attempt(`cut-${length}`, bytes.slice(0, length)), { message: /cut short/ });
    }
    assert.throws(attempt("altered", altered), { message: /hash is [0-9a-f]{64}, not/ });
  });
});
