import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { Rng } from "../../lib/base/rng.ts";
import { readScheduleFile, writeScheduleFile } from "../../lib/schedule/schedule_file.ts";
import { generateSchedule } from "../../lib/schedule/trace_schedule.ts";
import { listInvocations, traceWithCounts } from "../support/schedules.ts";
import { temporaryFolder } from "../support/script.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  await body(folder.path);
}

Deno.test("schedule file: what is written is read back, to the bit", async () => {
  await withFolder(async (folder) => {
    const schedule = generateSchedule(traceWithCounts([30, 0, 7], [1, 2, 3]), {
      timeScale: 3,
      warmupMs: 60_000,
    });
    const path = `${folder}/schedule.bin`;
    await writeScheduleFile(schedule, path);
    const read = await readScheduleFile(path);
    assert.equal(await read.hash(), await schedule.hash());
    assert.equal(read.durationMs, schedule.durationMs);
    assert.deepEqual(read.phases, schedule.phases);
    assert.deepEqual(listInvocations(read), listInvocations(schedule));
    assert.deepEqual(read.functions.map(({ id }) => id), schedule.functions.map(({ id }) => id));
    assert.deepEqual(read.functions[0].memoryMib, schedule.functions[0].memoryMib);
  });
});

Deno.test("schedule file: one that is there is not overwritten", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/schedule.bin`;
    const schedule = generateSchedule(traceWithCounts([1]));
    await writeScheduleFile(schedule, path);
    await assert.rejects(writeScheduleFile(schedule, path), { code: "usage", message: /exists/ });
  });
});

Deno.test("schedule file: missing, foreign, cut short or altered, each in a sentence", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/schedule.bin`;
    await writeScheduleFile(generateSchedule(traceWithCounts([30])), path);
    const bytes = Deno.readFileSync(path);
    const attempt = (name: string, content: Uint8Array | null) => {
      if (content !== null) Deno.writeFileSync(`${folder}/${name}`, content);
      return () => readScheduleFile(`${folder}/${name}`);
    };
    const altered = bytes.slice();
    altered[altered.length - 1] ^= 1;
    await assert.rejects(attempt("missing", null), {
      code: "input",
      message: /missing: .*cannot be read/,
    });
    await assert.rejects(attempt("foreign", new Uint8Array(100)), {
      message: /not a schedule file/,
    });
    await assert.rejects(attempt("empty", new Uint8Array(0)), { message: /not a schedule file/ });
    for (const length of [25, 200, bytes.length - 1]) {
      await assert.rejects(attempt(`cut-${length}`, bytes.slice(0, length)), {
        message: /cut short/,
      });
    }
    await assert.rejects(attempt("altered", altered), { message: /hash is [0-9a-f]{64}, not/ });
  });
});

Deno.test("schedule file: a header that is damaged is told, whatever is wrong with it", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/whole.schedule`;
    const origin = { experiment: "test", options: { seed: 1 }, trace: null };
    await writeScheduleFile(generateSchedule(traceWithCounts([3])), path, undefined, origin);
    assert.deepEqual((await readScheduleFile(path)).origin, origin);
    const bytes = await Deno.readFile(path);
    const rng = Rng.fromSeed(3, "schedule file");
    const headerLength = new DataView(bytes.buffer).getUint32(18, true);
    for (let round = 0; round < 200; round++) {
      const damaged = bytes.slice();
      const at = 18 + rng.nextBelow(headerLength + 4);
      damaged[at] ^= 1 << rng.nextBelow(8);
      await Deno.writeFile(`${folder}/x.schedule`, damaged);
      // What is not part of the hash, such as a name in the origin, may be another one.
      await readScheduleFile(`${folder}/x.schedule`).catch((error) => {
        assert.ok(error instanceof LoaderError, `byte ${at}: ${error}`);
        assert.match(error.message, /x\.schedule: /);
      });
    }
  });
});
