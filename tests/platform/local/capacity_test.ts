import assert from "node:assert/strict";
import { type Applicant, CapacityLedger } from "../../../lib/platform/local/capacity.ts";

const SMALL = { cpuMilli: 100, memoryMib: 128 };
const UNBOUND = { instances: null, cpuMilli: null, memoryMib: null };

/** Wants `count` instances and writes its name down for each it gets. */
function applicant(name: string, count: number, log: string[], request = SMALL): Applicant {
  return {
    request,
    grant() {
      log.push(name);
      return --count > 0;
    },
  };
}

for (
  const [what, capacity, granted] of [
    ["instances", { ...UNBOUND, instances: 3 }, 3],
    ["CPU", { ...UNBOUND, cpuMilli: 299 }, 2],
    ["memory", { ...UNBOUND, memoryMib: 128 }, 1],
    ["nothing", UNBOUND, 5],
  ] as const
) {
  Deno.test(`is bounded in ${what}`, () => {
    const log: string[] = [];
    new CapacityLedger(capacity, Infinity).apply(applicant("a", 5, log));
    assert.equal(log.length, granted);
  });
}

Deno.test("those who wait get one instance each in turn", () => {
  const log: string[] = [];
  const ledger = new CapacityLedger({ ...UNBOUND, instances: 1 }, Infinity);
  ledger.apply(applicant("first", 1, log));
  ledger.apply(applicant("a", 3, log));
  ledger.apply(applicant("b", 1, log));
  for (let i = 0; i < 4; i++) ledger.release(SMALL, false);
  assert.deepEqual(log, ["first", "a", "b", "a", "a"]);
});

Deno.test("a large request is not passed over by small ones", () => {
  const log: string[] = [];
  const ledger = new CapacityLedger({ ...UNBOUND, cpuMilli: 200 }, Infinity);
  ledger.apply(applicant("small", 1, log));
  ledger.apply(applicant("large", 1, log, { cpuMilli: 200, memoryMib: 1 }));
  ledger.apply(applicant("late", 1, log));
  assert.deepEqual(log, ["small"]);
  ledger.release(SMALL, false);
  assert.deepEqual(log, ["small", "large"]);
});

Deno.test("only so many start at once", () => {
  const log: string[] = [];
  const ledger = new CapacityLedger(UNBOUND, 2);
  ledger.apply(applicant("a", 5, log));
  assert.equal(log.length, 2);
  ledger.started();
  assert.equal(log.length, 3);
  ledger.release(SMALL, true);
  assert.equal(log.length, 4);
});

Deno.test("who has left the line gets nothing", () => {
  const log: string[] = [];
  const ledger = new CapacityLedger({ ...UNBOUND, instances: 0 }, Infinity);
  const waiting = applicant("a", 1, log);
  ledger.apply(waiting);
  ledger.withdraw(waiting);
  ledger.release(SMALL, false);
  assert.deepEqual(log, []);
});
