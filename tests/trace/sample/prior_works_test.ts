import assert from "node:assert/strict";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import type { Trace } from "../../../lib/model/trace.ts";
import { type SampleMethod, sampleTrace } from "../../../lib/trace/sample/sample.ts";
import { profileOf, traceOf } from "../../support/trace_files.ts";

const MINUTES = 150;

/** 60 functions of three triggers; f7 is invoked 8 times in minute 7, and so on. */
const TRACE = traceOf(Array.from({ length: 60 }, (_, i) =>
  profileOf({
    id: `f${i}`,
    trigger: i % 6 === 0 ? "timer" : i % 2 === 0 ? "queue" : "http",
    invocationsPerSlot: SlotCounts.from(
      Array.from({ length: MINUTES }, (_, minute) => minute === i ? i + 1 : minute === 149 ? 3 : 0),
    ),
  })));

const take = (method: SampleMethod, size: number): Trace =>
  sampleTrace(TRACE, size, { seed: 42, method });

const original = (id: string) => TRACE.functions.find((profile) => profile.id === id)!;
const totalOf = (trace: Trace) =>
  trace.functions.reduce((sum, { invocationsPerSlot }) => sum + invocationsPerSlot.total, 0);

Deno.test("faascache: each hour keeps its sum, spread evenly", () => {
  for (const { id, invocationsPerSlot } of take("faascache", 20).functions) {
    const before = original(id).invocationsPerSlot;
    for (const [from, to] of [[0, 60], [60, 120], [120, 150]]) {
      assert.equal(invocationsPerSlot.sum(from, to), before.sum(from, to));
      const counts = [...invocationsPerSlot.toArray().subarray(from, to)];
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
    }
  }
});

Deno.test("medes: five times the rate, runtime and memory of ten benchmark functions", () => {
  const { functions } = take("medes", 10);
  for (const { id, invocationsPerSlot } of functions) {
    assert.equal(invocationsPerSlot.total, 5 * original(id).invocationsPerSlot.total);
  }
  assert.deepEqual(
    functions.map(({ runtimeMs, memoryMib }) => `${runtimeMs.mean}/${memoryMib.mean}`).toSorted(),
    [
      "1000/66",
      "1000/90",
      "1200/26",
      "150/17",
      "2000/48",
      "250/32",
      "3000/88",
      "400/22",
      "400/22",
      "500/32",
    ],
  );
  assert.ok(
    functions.every(({ runtimeMs }) => runtimeMs.values.every((value) => value === runtimeMs.mean)),
  );
});

Deno.test("hermes: one function has 90 % of the invocations, the others equal parts of the rest", () => {
  const { functions } = take("hermes", 50);
  const before = functions.map(({ id }) => original(id).invocationsPerSlot);
  for (let minute = 0; minute < MINUTES; minute++) {
    const sum = (counts: readonly SlotCounts[]) =>
      counts.reduce((all, one) => all + one.sum(minute, minute + 1), 0);
    assert.equal(sum(functions.map((profile) => profile.invocationsPerSlot)), sum(before));
  }
  const totals = functions.map(({ invocationsPerSlot }) => invocationsPerSlot.total)
    .toSorted((a, b) => b - a);
  const all = totals.reduce((sum, total) => sum + total, 0);
  assert.ok(Math.abs(totals[0] - 0.9 * all) <= 1);
  assert.ok(totals[1] - totals[49] <= 1);
});

Deno.test("atoll: the most invoked functions of each trigger, as many of each", () => {
  const { functions } = take("atoll", 21);
  const ids = (trigger: string) =>
    functions.filter((profile) => profile.trigger === trigger).map(({ id }) => id);
  assert.deepEqual(ids("http"), ["f47", "f49", "f51", "f53", "f55", "f57", "f59"]);
  assert.deepEqual(ids("timer"), ["f18", "f24", "f30", "f36", "f42", "f48", "f54"]);
  assert.equal(ids("queue").length, 7);
  const nameless = { ...TRACE, functions: TRACE.functions.map((f) => ({ ...f, trigger: null })) };
  assert.throws(() => sampleTrace(nameless, 2, { seed: 1, method: "atoll" }), {
    code: "usage",
    message: /the trace tells no triggers; choose another method/,
  });
});

Deno.test("mu: two functions as they are; the certificate is of what is replayed", () => {
  const mu = take("mu", 2);
  assert.ok(mu.functions.every((profile) => profile === original(profile.id)));
  const medes = take("medes", 10);
  const [invocations] = medes.certificate!.loads;
  assert.ok(Math.abs(invocations.sample * 10 - totalOf(medes)) < 1e-6);
});
