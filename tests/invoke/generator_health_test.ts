import assert from "node:assert/strict";
import { GeneratorHealth } from "../../lib/invoke/generator_health.ts";
import { VERDICT_LIMITS } from "../../lib/invoke/verdict.ts";
import { GENERATOR } from "../../lib/store/schema/tables.ts";
import type { Cell } from "../../lib/model/table.ts";

/** A measurement of a minute. */
const MEASURED = {
  limits: VERDICT_LIMITS,
  phases: [{ fromMs: 0, phase: "measurement" }],
  windowMs: 60_000,
  machine: null,
} as const;

/** The health of a generator whose CPU a test decides, and its rows by column. */
function createHealth() {
  const used = { cpuMs: 0, waitingMs: 0 };
  const rows: Record<string, Cell>[] = [];
  const sink = {
    write: (cells: readonly Cell[]) =>
      void rows.push(
        Object.fromEntries(GENERATOR.columns.map(({ name }, i) => [name, cells[i]])),
      ),
  };
  const health = new GeneratorHealth({
    ...MEASURED,
    sink,
    readCpuMs: () => used.cpuMs,
    readWaitingMs: () => used.waitingMs,
  });
  return { health, used, rows };
}

Deno.test("GeneratorHealth: waiting is told apart and does not make a second busy", () => {
  const { health, used, rows } = createHealth();
  used.cpuMs += 950;
  used.waitingMs += 700;
  health.endSeconds(1000, 0, 0);
  used.cpuMs += 1000;
  used.waitingMs += 50;
  health.end(2000, 0, 0);
  assert.deepEqual(rows.map((row) => [row.cpu_percent, row.waiting_percent]), [[25, 70], [95, 5]]);
  const evidence = health.evidence(0, 0);
  assert.deepEqual(evidence.busySeconds, [1]);
  assert.equal(evidence.waitingPercent, 37.5);
});

Deno.test("GeneratorHealth: waiting that the clock counted while off the core makes no CPU negative", () => {
  const { health, used, rows } = createHealth();
  used.cpuMs += 300;
  used.waitingMs += 400;
  health.end(1000, 0, 0);
  assert.equal(rows[0].cpu_percent, 0);
});

Deno.test("GeneratorHealth: on virtual time there is no CPU to tell, and no waiting", () => {
  const rows: (readonly Cell[])[] = [];
  const sink = { write: (cells: readonly Cell[]) => void rows.push(cells) };
  const health = new GeneratorHealth({
    ...MEASURED,
    sink,
    readCpuMs: null,
    readWaitingMs: () => 0,
  });
  health.end(1000, 0, 0);
  const cell = (name: string) => rows[0][GENERATOR.columns.findIndex((one) => one.name === name)];
  assert.deepEqual([cell("cpu_percent"), cell("waiting_percent")], [null, null]);
  assert.equal(health.evidence(0, 0).waitingPercent, null);
});
