import assert from "node:assert/strict";
import type { InstanceEvent } from "../../lib/model/platform.ts";
import { InstanceUsage } from "../../lib/preflight/instance_usage.ts";

const REQUESTS = new Map([
  ["small", { instances: 1, cpuMilli: 100, memoryMib: 128 }],
  ["large", { instances: 1, cpuMilli: 400, memoryMib: 512 }],
]);

function eventAt(timeMs: number, functionId: string, event: InstanceEvent["event"]): InstanceEvent {
  return { timeMs, functionId, instance: functionId, event, detail: null };
}

Deno.test("InstanceUsage: counts from creation until gone, and what a run finds is there", () => {
  const usage = new InstanceUsage(REQUESTS);
  usage.record(eventAt(10, "small", "created"));
  usage.record(eventAt(20, "small", "ready"));
  usage.begin(1000);
  usage.record(eventAt(1500, "large", "created"));
  usage.record(eventAt(2500, "large", "stopping"));
  usage.record(eventAt(2600, "large", "gone"));
  usage.record(eventAt(4000, "small", "gone"));
  assert.deepEqual(usage.now, { instances: 0, cpuMilli: 0, memoryMib: 0 });
  assert.deepEqual(usage.derivePeak(), { instances: 2, cpuMilli: 500, memoryMib: 640 });
  assert.deepEqual(usage.createdMs, [500]);
  const bins = { binMs: 1000, count: 5 };
  assert.deepEqual(usage.deriveSeries("instances", bins), [2, 2, 1, 0, 0]);
  assert.deepEqual(usage.deriveSeries("memoryMib", bins), [640, 640, 128, 0, 0]);
});
