import assert from "node:assert/strict";
import { MachineWatch } from "../../lib/invoke/machine_watch.ts";
import type { MachineCounters } from "../../lib/model/machine.ts";

const ZERO: MachineCounters = {
  stolenMs: 0,
  coreMs: 0,
  throttledMs: 0,
  cpuPeriods: 0,
  throttledPeriods: 0,
  threadWaitMs: null,
  cpuPressureMs: 0,
  memoryPressureMs: 0,
  memoryLimitHits: 0,
  majorFaults: 0,
};

function createWatch() {
  let counters = ZERO;
  const watch = new MachineWatch({
    limits: { cpuCores: 0.5, memoryMib: null },
    read: () => counters,
  });
  return { watch, set: (change: Partial<MachineCounters>) => counters = { ...ZERO, ...change } };
}

Deno.test("MachineWatch: figures are of the time between two readings, unknown ones stay unknown", () => {
  const { watch, set } = createWatch();
  set({ coreMs: 1000, stolenMs: 500 });
  watch.begin();
  set({
    coreMs: 5000,
    stolenMs: 980,
    throttledMs: 300,
    cpuPeriods: 20,
    throttledPeriods: 6,
    cpuPressureMs: 500,
    memoryLimitHits: 4,
  });
  assert.deepEqual(watch.read(2000), {
    stolenPercent: 12,
    throttledMs: 150,
    cpuPeriods: 10,
    throttledPeriods: 3,
    threadWaitMs: null,
    cpuPressurePercent: 25,
    memoryPressurePercent: 0,
    memoryLimitHits: 2,
    majorFaults: 0,
  });
  // A counter that is read no more, and one that begins anew.
  set({ coreMs: 6000, stolenMs: 0, throttledMs: null });
  const { stolenPercent, throttledMs } = watch.read(1000);
  assert.deepEqual([stolenPercent, throttledMs], [0, null]);
});

Deno.test("MachineWatch: a cause is what was much in a second in which the generator was late", () => {
  const { watch, set } = createWatch();
  const second = (number: number, throttledMs: number, isLate: boolean) => {
    set({ throttledMs });
    watch.begin();
    set({ throttledMs: throttledMs * 2, coreMs: 2000 });
    watch.judge(number, watch.read(1000), isLate);
  };
  second(0, 50, false);
  second(1, 9, true);
  second(2, 60, true);
  second(3, 80, true);
  const { means, causes, limits } = watch.evidence();
  assert.deepEqual(causes, [{ figure: "throttledMs", mean: 70, seconds: [2, 3] }]);
  assert.equal(means.throttledMs, (50 + 9 + 60 + 80) / 4);
  assert.equal(means.threadWaitMs, null);
  assert.equal(limits.cpuCores, 0.5);
});
