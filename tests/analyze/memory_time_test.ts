import assert from "node:assert/strict";
import fc from "fast-check";
import type { InstanceLife } from "../../lib/analyze/instance_life.ts";
import {
  deriveInstanceTimes,
  type ServiceTable,
  sumMemoryTime,
  wastedMibS,
} from "../../lib/analyze/memory_time.ts";

interface Service {
  readonly functionId?: string;
  readonly instance: string | null;
  readonly completedMs: number;
  readonly servedMs: number;
  readonly memoryMib?: number;
}

function serviceTable(rows: readonly Service[]): ServiceTable {
  const functionIds = [...new Set(rows.map(({ functionId = "f" }) => functionId))];
  const instances = [...new Set(rows.flatMap(({ instance }) => instance ?? []))];
  return {
    count: rows.length,
    functionIds,
    functionCode: Int32Array.from(rows, ({ functionId = "f" }) => functionIds.indexOf(functionId)),
    instances,
    instanceCode: Int32Array.from(
      rows,
      ({ instance }) => instance === null ? -1 : instances.indexOf(instance),
    ),
    completedMs: Float64Array.from(rows, ({ completedMs }) => completedMs),
    servedRuntimeMs: Float64Array.from(rows, ({ servedMs }) => servedMs),
    requestedMemoryMib: Float64Array.from(rows, ({ memoryMib = 100 }) => memoryMib),
  };
}

function life(
  instance: string,
  [createdMs, readyMs, stoppedMs]: readonly [number, number, number],
  functionId = "f",
): InstanceLife {
  return { functionId, instance, createdMs, readyMs, stoppedMs, detail: null };
}

const DAY = { fromMs: 0, untilMs: 86_400_000 };

Deno.test("memory-time: an instance starts, serves and is idle, and nothing else", () => {
  const [time] = deriveInstanceTimes(
    [life("a", [1000, 1200, 61_500])],
    serviceTable([
      { instance: "a", completedMs: 1500, servedMs: 300 },
      { instance: "a", completedMs: 31_500, servedMs: 500 },
    ]),
    DAY,
  );
  assert.deepEqual(time, {
    functionId: "f",
    memoryMib: 100,
    startingMs: 200,
    idleMs: 60_300 - 800,
    servingMs: 800,
  });
});

Deno.test("memory-time: only what lies in the span counts", () => {
  const lives = [life("a", [-500, -300, NaN]), life("b", [9000, NaN, NaN])];
  const services = serviceTable([
    { instance: "a", completedMs: 2000, servedMs: 1500 },
    { instance: "a", completedMs: 11_000, servedMs: 4000 },
  ]);
  const [time] = deriveInstanceTimes(lives, services, { fromMs: 1000, untilMs: 10_000 });
  // `a` serves from 1 s to 2 s and from 7 s on; `b` starts from 9 s on and is never ready.
  assert.deepEqual(
    [time.startingMs, time.servingMs, time.idleMs],
    [1000, 4000, 5000],
  );
});

Deno.test("memory-time: an instance that stops while it starts was never idle", () => {
  const [time] = deriveInstanceTimes([life("a", [0, NaN, 700])], serviceTable([]), DAY);
  assert.deepEqual([time.startingMs, time.idleMs, time.servingMs], [700, 0, 0]);
});

Deno.test("memory-time: services at the same time keep one instance busy once", () => {
  const [time] = deriveInstanceTimes(
    [life("a", [0, 0, 1000])],
    serviceTable([
      { instance: "a", completedMs: 900, servedMs: 800 },
      { instance: "a", completedMs: 500, servedMs: 300 },
      { instance: "a", completedMs: 950, servedMs: 100 },
    ]),
    DAY,
  );
  assert.deepEqual([time.servingMs, time.idleMs], [850, 150]);
});

Deno.test("memory-time: weighs each function by what its invocations ask for on average", () => {
  const times = deriveInstanceTimes(
    [life("b-1", [0, 1000, 3000], "b"), life("a-1", [0, 500, 2000], "a")],
    serviceTable([
      { functionId: "a", instance: "a-1", completedMs: 1500, servedMs: 1000, memoryMib: 40 },
      { functionId: "b", instance: "b-1", completedMs: 2000, servedMs: 1000, memoryMib: 200 },
      // Refused: it counts for the memory, but nobody served it.
      { functionId: "b", instance: null, completedMs: 2500, servedMs: NaN, memoryMib: 400 },
    ]),
    DAY,
  );
  assert.deepEqual(times.map(({ functionId, memoryMib }) => [functionId, memoryMib]), [
    ["a", 40],
    ["b", 300],
  ]);
  const sum = sumMemoryTime(times)!;
  assert.deepEqual(sum, {
    startingMibS: 0.5 * 40 + 300,
    idleMibS: 0.5 * 40 + 300,
    servingMibS: 40 + 300,
  });
  assert.equal(wastedMibS(sum), 640);
});

Deno.test("memory-time: is unknown where an instance's memory is", () => {
  const times = deriveInstanceTimes([life("a", [0, 10, 20])], serviceTable([]), DAY);
  assert.equal(sumMemoryTime(times), null);
  // What was not there in the span needs no memory.
  const later = { fromMs: 50, untilMs: 60 };
  const none = deriveInstanceTimes([life("a", [0, 10, 20])], serviceTable([]), later);
  assert.deepEqual(sumMemoryTime(none), { startingMibS: 0, idleMibS: 0, servingMibS: 0 });
});

Deno.test("memory-time: equals counting every millisecond, and parts of a span add up", () => {
  const instance = fc.record({
    createdMs: fc.integer({ min: -20, max: 60 }),
    startMs: fc.nat(20),
    gaps: fc.array(fc.record({ idleMs: fc.nat(10), servedMs: fc.integer({ min: 1, max: 10 }) })),
    lastMs: fc.nat(20),
    stops: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(instance, { maxLength: 4 }), fc.nat(100), fc.nat(100), (all, a, b) => {
      const [middleMs, untilMs] = [Math.min(a, b), Math.max(a, b)];
      const services: Service[] = [];
      const counted = { startingMs: 0, idleMs: 0, servingMs: 0 };
      const count = (what: keyof typeof counted, fromMs: number, toMs: number) => {
        for (let tMs = fromMs; tMs < toMs; tMs++) if (tMs >= 0 && tMs < untilMs) counted[what]++;
      };
      const lives = all.map(({ createdMs, startMs, gaps, lastMs, stops }, i) => {
        let tMs = createdMs + startMs;
        count("startingMs", createdMs, tMs);
        for (const { idleMs, servedMs } of gaps) {
          count("idleMs", tMs, tMs + idleMs);
          tMs += idleMs + servedMs;
          count("servingMs", tMs - servedMs, tMs);
          services.push({ instance: `i-${i}`, completedMs: tMs, servedMs });
        }
        count("idleMs", tMs, stops ? tMs + lastMs : 200);
        return life(`i-${i}`, [createdMs, createdMs + startMs, stops ? tMs + lastMs : NaN]);
      });
      const table = serviceTable(services);
      const within = (fromMs: number, untilMs: number) =>
        deriveInstanceTimes(lives, table, { fromMs, untilMs })[0];
      const whole = within(0, untilMs);
      const parts = [within(0, middleMs), within(middleMs, untilMs)];
      for (const key of ["startingMs", "idleMs", "servingMs"] as const) {
        assert.equal(whole?.[key] ?? 0, counted[key]);
        if (whole !== undefined) assert.equal(parts[0][key] + parts[1][key], counted[key]);
      }
    }),
    { seed: 42, numRuns: 300 },
  );
});
