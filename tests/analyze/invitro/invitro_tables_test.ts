import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  INVITRO_INVOCATIONS,
  INVITRO_MINUTES,
  INVITRO_SCALES,
} from "../../../lib/analyze/invitro/invitro_columns.ts";
import {
  deriveInvitroInvocations,
  deriveInvitroMinutes,
  deriveInvitroScales,
  type InvitroSource,
  readInvitroSource,
} from "../../../lib/analyze/invitro/invitro_tables.ts";
import type { RunManifest } from "../../../lib/store/schema/manifest.ts";
import type { Cell, Table } from "../../../lib/model/table.ts";
import {
  GENERATOR,
  INVOCATIONS,
  NODES,
  PLATFORM_METRICS,
  PROCESSES,
  SCALES,
} from "../../../lib/store/schema/tables.ts";
import { csvText, writeSyntheticRun } from "../../support/synthetic_run.ts";

/** Run start in µs since 1970, as the synthetic manifest has it in ms. */
const START_US = 1_735_787_046_000_000;
const UNKNOWN = null;

// In the order in which they ended; the fifth was lost.
const INVOCATION_ROWS: Cell[][] = [
  [1, "a", "measurement", 61_000.5, 61_001, 61_100.5, 20, 25.25, 170, 85, "i", false, "ok", 0],
  [0, "a", "warmup", 100, 100.2, 150, 20, 20.5, 170, 64.5, "i", true, "ok", 0],
  [2, "a", "measurement", 62_000, null, null, 20, null, 170, null, null, null, "dropped", null],
  [3, "b", "measurement", 70_000, 70_000, 80_000, 7, null, 170, null, null, null, "timed_out", 4],
  [5, "b", "measurement", 71_000, 71_000, 71_001, 7, null, 170, null, null, null, "rejected", 8],
];
const METRIC_ROWS: Cell[][] = [
  [-10, 2, 2, 1, 1, 0, 0.5, 0.25, 0.1, 0, null, null, null, null, 1],
  [60_000, 3, 4, 2, 1, 1, 0.75, 1.5, 0.2, 17, 5, 20, 8, 30, 1],
  [62_000, ...Array<null>(14).fill(null)],
];
const SCALE_ROWS: Cell[][] = [
  [-10, "a", 0, 0],
  [-10, "b", 1, 1],
  [500, "a", 1, 0],
  [1_000, "a", 1, 1],
  [1_000, "b", null, null],
  [61_000, "b", 0, 0],
  [65_000, "b", 1, null],
  [66_000, "b", 1, 2],
];
const GENERATOR_ROWS: Cell[][] = [
  [1_000, 0, 0, 0, 0, 0, 128, 1, 1, 1],
  [61_000, 0, 0, 0, 0, 0, 256, 1, 1, 1],
];

const ALL: readonly (readonly [Table, Cell[][]])[] = [
  [INVOCATIONS, INVOCATION_ROWS],
  [PLATFORM_METRICS, METRIC_ROWS],
  [SCALES, SCALE_ROWS],
  [GENERATOR, GENERATOR_ROWS],
];

async function readSource(
  tables: readonly (readonly [Table, Cell[][]])[],
  changes: Partial<RunManifest> = {},
): Promise<InvitroSource> {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    const manifest = await writeSyntheticRun(folder, {
      experiment: "rps-ramp",
      name: "rate-5",
      parameters: { ratePerS: 5 },
      seed: 1,
      durationMs: 90_000,
      phases: [{ fromMs: 0, phase: "warmup" }, { fromMs: 60_000, phase: "measurement" }],
      arrivals: [],
      cores: 1,
      capacity: 1,
    });
    for (const table of [INVOCATIONS, PLATFORM_METRICS, SCALES, GENERATOR, NODES, PROCESSES]) {
      await rm(join(folder, `${table.name}.csv`), { force: true });
    }
    for (const [table, rows] of tables) {
      await writeFile(join(folder, `${table.name}.csv`), csvText(table, rows));
    }
    const source = readInvitroSource(folder, { ...manifest, ...changes });
    // A table is read when something of it is first asked for.
    const { invocations, generator, platformMetrics, scales } = source;
    for (const table of [invocations, generator, platformMetrics, scales]) table.rowCount;
    return source;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Cells by the name of their column. */
function named(table: Table, row: readonly Cell[]): Record<string, Cell> {
  assert.equal(row.length, table.columns.length);
  return Object.fromEntries(table.columns.map(({ name }, i) => [name, row[i]]));
}

Deno.test("what the user cancelled neither failed nor took its time", async () => {
  const cells = ["b", "measurement", 70_000, 70_000, 71_000, 7, null, 170, null, null, null];
  const source = await readSource([[INVOCATIONS, [[0, ...cells, "cancelled", 1]]]]);
  const [row] = [...deriveInvitroInvocations(source)];
  const { response_time, timeout, failed, requested_duration } = named(INVITRO_INVOCATIONS, row);
  assert.deepEqual([response_time, timeout, failed], [UNKNOWN, UNKNOWN, UNKNOWN]);
  assert.equal(requested_duration, 7_000);
});

Deno.test("the columns are In-Vitro's, in its order", () => {
  const names = (table: Table) => table.columns.map(({ name }) => name).join(",");
  assert.equal(
    names(INVITRO_INVOCATIONS),
    "phase,rps,timestamp,response_time,requested_duration,actual_duration,memory,timeout,failed," +
      "mem_load,interval,master_cpu,master_mem,worker_cpu_avg,worker_cpu_max," +
      "worker_cpu_active_avg,worker_mem,desired_pods,unready_pods,pending_pods,requested_pods," +
      "running_pods,activator_queue,activator_request_count,autoscaler_stable_queue," +
      "autoscaler_panic_queue,scheduling_p99,scheduling_p50,e2e_placement_p99," +
      "e2e_placement_p50,coldstart_count",
  );
  assert.equal(
    names(INVITRO_MINUTES),
    "phase,rps,index,duration,num_func_target,num_func_invoked,num_coldstarts",
  );
  assert.equal(names(INVITRO_SCALES), "timestamp,deployment,desired_scale,actual_scale");
});

Deno.test("invocations are in microseconds and KiB, in order of schedule", async () => {
  const rows = [...deriveInvitroInvocations(await readSource(ALL))];
  assert.equal(rows.length, 5);
  const nodes = Array<null>(6).fill(UNKNOWN);
  assert.deepEqual(rows[0], [
    ...[1, 5, START_US + 100_000, 50_000, 20_000, 20_500, 66_048, false, false],
    // No second of the generator had ended, and nothing was due before.
    ...[UNKNOWN, UNKNOWN, ...nodes],
    ...[2, 1, 0, 2, 1, 0.1, 0, 0.5, 0.25, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 0],
  ]);
  assert.deepEqual(rows[1], [
    ...[2, 5, START_US + 61_000_500, 100_000, 20_000, 25_250, 87_040, false, false],
    ...[256, 60_900_500, ...nodes],
    ...[3, 1, 1, 4, 2, 0.2, 17, 0.75, 1.5, 0.02, 0.005, 0.03, 0.008, 1],
  ]);
});

Deno.test("outcomes are told as they were, and what is unknown is empty", async () => {
  const [, , dropped, timedOut, rejected] = [...deriveInvitroInvocations(await readSource(ALL))]
    .map((row) => named(INVITRO_INVOCATIONS, row));
  assert.deepEqual([dropped.timeout, dropped.failed], [false, true]);
  assert.deepEqual([dropped.response_time, dropped.actual_duration, dropped.memory], [
    UNKNOWN,
    UNKNOWN,
    UNKNOWN,
  ]);
  assert.equal(dropped.interval, 999_500);
  assert.equal(dropped.desired_pods, UNKNOWN, "the scrape just before it failed");
  assert.equal(dropped.coldstart_count, 1);

  assert.deepEqual([timedOut.timeout, timedOut.failed], [true, false]);
  assert.equal(timedOut.response_time, 10_000_000);
  assert.equal(timedOut.coldstart_count, 2, "the scale of b went from 0 to 2");

  assert.deepEqual([rejected.timeout, rejected.failed], [false, true]);
  assert.equal(rejected.interval, UNKNOWN, "the record of the one before was lost");
});

Deno.test("nodes are in percent, masters apart from workers, without the loader's own use", async () => {
  const nodes: Cell[][] = [
    [0, "m", true, true, 600, 1_100, 1_000, 10_000, 1],
    [0, "w1", false, false, 100, 500, 4_000, 1_000, 1],
    [0, "w2", false, false, 3_000, 700, 4_000, 1_000, 1],
    [61_500, "m", true, true, 300, 1_100, 1_000, 10_000, 1],
    [61_500, "w1", false, false, 4_000, 500, 4_000, 1_000, 1],
  ];
  const processes: Cell[][] = [
    [-5, "loader", 1, 10, 100, 1],
    [-5, "instances", 3, 300, 800, 1],
    [40_000, "loader", 1, 20, 200, 1],
    [60_500, "loader", null, null, null, null],
  ];
  const source = await readSource([...ALL, [NODES, nodes], [PROCESSES, processes]]);
  const rows = [...deriveInvitroInvocations(source)].map((row) => named(INVITRO_INVOCATIONS, row));
  const cellsOf = (row: Record<string, Cell>) => [
    ...[row.master_cpu, row.master_mem, row.worker_cpu_avg, row.worker_cpu_max],
    ...[row.worker_cpu_active_avg, row.worker_mem],
  ];
  // The first worker uses 2.5 % of its CPU: idle, by In-Vitro's bound.
  assert.deepEqual(cellsOf(rows[0]), [50, 10, 38.75, 75, 75, 60]);
  assert.deepEqual(cellsOf(rows[1]), [50, 10, 38.75, 75, 75, 60], "until the next scrape");
  assert.deepEqual(cellsOf(rows[2]), [10, 9, 87.5, 100, 87.5, 60], "one worker was not told again");
});

Deno.test("minutes count what was due, what was dispatched and what scaled up from zero", async () => {
  assert.deepEqual([...deriveInvitroMinutes(await readSource(ALL))], [
    [1, 5, 0, 60_000_000, 1, 1, 1],
    [2, 5, 1, 30_000_000, 4, 3, 1],
  ]);
});

Deno.test("a minute in which the phase changes has two rows", async () => {
  const phases: RunManifest["phases"] = [
    { fromMs: 0, phase: "warmup" },
    { fromMs: 50, phase: "measurement" },
  ];
  assert.deepEqual([...deriveInvitroMinutes(await readSource(ALL, { phases }))].slice(0, 2), [
    [1, 5, 0, 50_000, 0, 0, 0],
    [2, 5, 0, 59_950_000, 1, 1, 1],
  ]);
});

Deno.test("scales are told as they were observed", async () => {
  const rows = [...deriveInvitroScales(await readSource(ALL))];
  assert.equal(rows.length, SCALE_ROWS.length);
  assert.deepEqual(rows[3], [START_US + 1_000_000, "a", 1, 1]);
  assert.deepEqual(rows[4], [START_US + 1_000_000, "b", UNKNOWN, UNKNOWN]);
});

Deno.test("without the platform's tables, its columns are empty", async () => {
  const source = await readSource([[INVOCATIONS, INVOCATION_ROWS]], {
    parameters: { functions: 2 },
    runStartUnixMs: null,
  });
  const first = named(INVITRO_INVOCATIONS, [...deriveInvitroInvocations(source)][0]);
  assert.equal(first.rps, source.manifest.plan.meanRatePerS);
  assert.equal(first.timestamp, UNKNOWN);
  assert.equal(first.response_time, 50_000);
  for (const name of ["mem_load", "running_pods", "scheduling_p99", "coldstart_count"]) {
    assert.equal(first[name], UNKNOWN, name);
  }
  assert.deepEqual([...deriveInvitroScales(source)], []);
  assert.equal([...deriveInvitroMinutes(source)][0].at(-1), UNKNOWN);
});
