import assert from "node:assert/strict";
import fc from "fast-check";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  deriveColdStartRows,
  deriveColdStarts,
  deriveColdStartSummary,
  deriveStartParts,
  START_PARTS,
} from "../../lib/analyze/cold_start_parts.ts";
import { listColdInvocations } from "../../lib/analyze/cold_invocation.ts";
import { deriveInstanceLives, type InstanceLife } from "../../lib/analyze/instance_life.ts";
import { readInvocations } from "../../lib/store/read/stored_invocations.ts";
import { StoredTables } from "../../lib/store/read/stored_table.ts";
import { COLD_START_PARTS, INSTANCES } from "../../lib/store/schema/tables.ts";

const STEPS = {
  scheduledMs: 5,
  preparedMs: 450,
  pullingMs: NaN,
  pulledMs: NaN,
  startedMs: 750,
  platformStartMs: 1000,
  platformReadyMs: 1000,
};

function life(given: Partial<InstanceLife> = {}): InstanceLife {
  return {
    functionId: "f",
    instance: "i",
    createdMs: 0,
    readyMs: 1100,
    stoppedMs: NaN,
    detail: null,
    steps: STEPS,
    ...given,
  };
}

Deno.test("parts of a start: by its steps", () => {
  assert.deepEqual(deriveStartParts(life()), {
    startMs: 1100,
    partMs: {
      scheduling: 5,
      sandbox: 445,
      image: 0,
      containers: 300,
      readiness: 350,
      unexplained: 0,
    },
  });
  const pulled = { ...STEPS, pullingMs: 450, pulledMs: 690 };
  const { partMs } = deriveStartParts(life({ steps: pulled }));
  assert.equal(partMs.image, 240);
  assert.equal(partMs.containers, 60);
});

Deno.test("parts of a start: what no step explains is the rest", () => {
  const unknown = deriveStartParts(life({ steps: { ...STEPS, preparedMs: NaN } }));
  assert.equal(unknown.partMs.unexplained, 1100 - 5 - 350);
  assert.ok(Number.isNaN(unknown.partMs.sandbox) && Number.isNaN(unknown.partMs.containers));
  const nothing = deriveStartParts(life({ steps: undefined }));
  assert.equal(nothing.partMs.unexplained, 1100);
});

Deno.test("parts of a start: never negative, and together all of it, whatever is told when", () => {
  const time = fc.oneof(fc.constant(NaN), fc.double({ min: -100, max: 3000, noNaN: true }));
  fc.assert(
    fc.property(
      fc.record({
        scheduledMs: time,
        preparedMs: time,
        pullingMs: time,
        pulledMs: time,
        startedMs: time,
        platformStartMs: time,
        platformReadyMs: time,
      }),
      fc.double({ min: 0, max: 2000, noNaN: true }),
      (steps, readyMs) => {
        const { startMs, partMs } = deriveStartParts(life({ steps, readyMs }));
        let sum = 0;
        for (const part of START_PARTS) {
          if (Number.isNaN(partMs[part])) continue;
          assert.ok(partMs[part] >= -1e-9, `${part} is ${partMs[part]}`);
          sum += partMs[part];
        }
        assert.ok(Math.abs(sum - startMs) < 1e-6);
      },
    ),
    { seed: 63, numRuns: 500 },
  );
});

const INSTANCES_CSV = `time_ms,function_id,instance,event,detail,platform_ms
-500,f,warm,ready,,-1000
100,f,a,created,,-200
104,f,a,scheduled,,-200
540,f,a,prepared,,800
900,f,a,started,,800
1200,f,a,ready,,800
1210,f,b,created,,800
1300,f,b,gone,Evicted,
`;

const INVOCATIONS_CSV =
  `index,function_id,phase,scheduled_ms,dispatched_ms,completed_ms,requested_runtime_ms,served_runtime_ms,requested_memory_mib,served_memory_mib,instance,cold_start,outcome,status_code
0,f,measurement,50,51,1230,20,22,1,1,a,true,ok,0
1,f,measurement,60,61,1260,20,22,1,1,a,false,ok,0
2,f,measurement,60,61,95,20,22,1,1,warm,false,ok,0
3,f,measurement,60,61,95,20,,1,,,,failed,13
`;

async function withRun(body: (path: string) => void, instances = INSTANCES_CSV) {
  const path = await mkdtemp(join(tmpdir(), "cold-start-"));
  try {
    await writeFile(join(path, "instances.csv"), instances);
    await writeFile(join(path, "invocations.csv"), INVOCATIONS_CSV);
    body(path);
  } finally {
    await rm(path, { recursive: true });
  }
}

Deno.test("cold starts: joined to the cold invocation by the instance that served it", async () => {
  await withRun((path) => {
    const lives = deriveInstanceLives(new StoredTables(path).get(INSTANCES))!;
    const starts = deriveColdStarts(lives, listColdInvocations(readInvocations(path)));
    assert.deepEqual(starts.map(({ life }) => life.instance), ["a", "b"], "warm was there before");
    const names = COLD_START_PARTS.columns.map(({ name }) => name);
    const [a, b] = deriveColdStartRows(starts).map((cells) => {
      assert.equal(cells.length, names.length);
      return Object.fromEntries(cells.map((cell, i) => [names[i], cell]));
    });
    assert.deepEqual(a, {
      function_id: "f",
      instance: "a",
      created_ms: 100,
      ready_ms: 1200,
      start_ms: 1100,
      scheduling_ms: 4,
      sandbox_ms: 436,
      image_ms: 0,
      containers_ms: 360,
      readiness_ms: 300,
      unexplained_ms: 0,
      platform_start_ms: 1000,
      held_up_ms: 0,
      cold_invocation: 0,
      before_start_ms: 49,
      during_start_ms: 1100,
      after_start_ms: 1230 - 51 - 22 - 49 - 1100,
    });
    assert.equal(b.start_ms, null, "it never was ready");
    assert.equal(b.cold_invocation, null);
    const summary = deriveColdStartSummary(starts, [{ fromMs: 0, phase: "measurement" }])!;
    assert.equal(summary.starts, 1);
    assert.deepEqual(summary.startMs, { median: null, least: 1100, most: 1100 });
    assert.equal(summary.coldInvocations, 1);
    const one = (value: number) => ({ median: null, least: value, most: value });
    assert.deepEqual(summary.wait, {
      beforeStartMs: one(49),
      duringStartMs: one(1100),
      afterStartMs: one(8),
    });
    // Between the dispatch of its invocation, at 51, and its start, at 100.
    const phases = [{ fromMs: 0, phase: "warmup" }, { fromMs: 60, phase: "measurement" }] as const;
    const late = deriveColdStartSummary(starts, phases)!;
    assert.deepEqual([late.starts, late.coldInvocations, late.wait], [1, 0, null]);
    assert.equal(
      deriveColdStartSummary(starts, [{ fromMs: 0, phase: "warmup" }]),
      null,
      "starts of the warm-up are not measured",
    );
  });
});

Deno.test("cold starts: news that was held up on the way is told", () => {
  const steps = { ...STEPS, platformReadyMs: 4000 };
  const lives = [1000, 5000, 6000, 9500].map((readyMs, i) =>
    life({ instance: `i${i}`, readyMs, steps })
  );
  const starts = deriveColdStarts(lives, new Map());
  const column = COLD_START_PARTS.columns.findIndex(({ name }) => name === "held_up_ms");
  assert.deepEqual(deriveColdStartRows(starts).map((cells) => cells[column]), [0, 0, 0, 3500]);
  assert.equal(
    deriveColdStartSummary(starts, [{ fromMs: 0, phase: "measurement" }])!.heldUp,
    1,
  );
});

Deno.test("cold starts: a median needs twenty of them", () => {
  const summaryOf = (count: number) => {
    const lives = Array.from(
      { length: count },
      (_, i) => life({ instance: `i${i}`, readyMs: 1 + i }),
    );
    return deriveColdStartSummary(
      deriveColdStarts(lives, new Map()),
      [{ fromMs: 0, phase: "measurement" }],
    )!;
  };
  assert.deepEqual(summaryOf(19).startMs, { median: null, least: 1, most: 19 });
  assert.deepEqual(summaryOf(20).startMs, { median: 10, least: 1, most: 20 });
});

Deno.test("cold starts: tables of earlier versions have no parts", async () => {
  const old = INSTANCES_CSV.split("\n").filter((line) => !/scheduled|prepared|started/.test(line))
    .map((line) => line.slice(0, line.lastIndexOf(","))).join("\n");
  await withRun((path) => {
    const lives = deriveInstanceLives(new StoredTables(path).get(INSTANCES))!;
    assert.ok(lives.every(({ steps }) => steps === undefined));
    assert.equal(lives.find(({ instance }) => instance === "a")!.readyMs, 1200);
  }, old);
});

Deno.test("cold starts: a summary is bounded, and its groups are all of the starts", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 750, max: 9000 }), { minLength: 1, maxLength: 400 }), (
      readyMs,
    ) => {
      const lives = readyMs.map((ms, i) => life({ instance: `i${i}`, readyMs: ms }));
      const starts = deriveColdStarts(lives, new Map());
      const { groups, wait } = deriveColdStartSummary(
        starts,
        [{ fromMs: 0, phase: "measurement" }],
      )!;
      assert.ok(groups.length <= 80);
      assert.equal(wait, null);
      assert.equal(groups[0].fromRank, 0);
      assert.equal(groups.at(-1)!.untilRank, readyMs.length);
      const total = groups.reduce(
        (sum, { fromRank, untilRank, partMs }) =>
          sum + (untilRank - fromRank) * START_PARTS.reduce((all, part) => all + partMs[part], 0),
        0,
      );
      const expected = readyMs.reduce((sum, ms) => sum + ms, 0);
      assert.ok(Math.abs(total - expected) < 1e-6 * expected);
    }),
    { seed: 64 },
  );
});
