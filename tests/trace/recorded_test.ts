import assert from "node:assert/strict";
import { RecordedBuilder } from "../../lib/trace/recorded.ts";

const constant = (value: number) => ({ quantiles: [0, 1], values: [value, value], mean: value });
const UNKNOWN = { runtimeMs: () => constant(7), memoryMib: () => constant(128) };
const F = { id: "f", appId: "a", ownerId: "o", trigger: "http" };

Deno.test("rows in any order become functions: instants in order, counts, percentiles", () => {
  const builder = new RecordedBuilder();
  const f = builder.functionOf(F);
  const g = builder.functionOf({ ...F, id: "g" });
  assert.equal(builder.functionOf({ ...F }), f);
  builder.add(f, 61_000, 30, 64);
  builder.add(f, 500, 10, 64);
  builder.add(f, 500, 20, 64);
  builder.add(g, 1, null, null);
  assert.equal(builder.lastMs, 61_000);
  const { functions, unordered, ties } = builder.finish(60_000, 2, UNKNOWN);
  assert.deepEqual([unordered, ties], [1, 1]);
  const [first, second] = functions;
  assert.deepEqual([...first.recorded!.arrivalMs], [500, 500, 61_000]);
  assert.deepEqual([...first.recorded!.runtimeMs!], [10, 20, 30]);
  assert.deepEqual([...first.invocationsPerSlot.toArray()], [2, 1]);
  assert.equal(first.runtimeMs.values[3], 20);
  assert.equal(first.runtimeMs.mean, 20);
  assert.deepEqual(first.memoryMib.values, Array(7).fill(64));
  assert.equal(second.recorded!.runtimeMs, null);
  assert.deepEqual(second.runtimeMs, constant(7));
  assert.deepEqual(second.memoryMib, constant(128));
});

Deno.test("where some runtimes are known, percentiles are of those, and each is drawn", () => {
  const builder = new RecordedBuilder();
  const f = builder.functionOf(F);
  for (let i = 0; i < 40; i++) builder.add(f, i, i % 2 === 0 ? 100 : null, null);
  const [profile] = builder.finish(1000, 1, UNKNOWN).functions;
  assert.equal(profile.recorded!.runtimeMs, null);
  assert.equal(profile.runtimeMs.mean, 100);
  assert.equal(profile.invocationsPerSlot.total, 40);
});
