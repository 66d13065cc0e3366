import assert from "node:assert/strict";
import type { EmpiricalDistribution } from "../../../lib/analyze/empirical_distribution.ts";
import { deriveTwinParameters } from "../../../lib/analyze/twin/parameters.ts";
import type { ServedCall, ServingInstance, TwinSource } from "../../../lib/analyze/twin/source.ts";
import type { RunManifest } from "../../../lib/store/schema/manifest.ts";

const MACHINE = { cores: 2, containerConcurrency: 1 };

function sourceOf(
  instances: readonly ServingInstance[],
  cpu: TwinSource["cpu"] = new Map(),
): TwinSource {
  return { manifest: {} as RunManifest, instances, cpu, clockwork: null };
}

function instanceOf(
  calls: readonly ServedCall[],
  life: Partial<ServingInstance> = {},
): ServingInstance {
  return {
    functionId: "f",
    createdMs: NaN,
    readyMs: -1000,
    stoppingMs: NaN,
    goneMs: NaN,
    ...life,
    calls,
  };
}

function medianOf(distribution: EmpiricalDistribution | null): number {
  const { quantiles, values } = distribution!;
  return values[quantiles.findIndex((quantile) => quantile >= 0.5)];
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, not ${expected}`);
}

/** Work of 20 ms that takes 21, and 2 ms of the instance beside; 1 ms on each way. */
function callsAlone(count: number, fromMs: number): ServedCall[] {
  return Array.from({ length: count }, (_, i) => {
    const dispatchedMs = fromMs + 100 * i;
    return {
      scheduledMs: dispatchedMs,
      dispatchedMs,
      completedMs: dispatchedMs + 1 + 23 + 1,
      requestedRuntimeMs: 20,
      servedRuntimeMs: 21,
      isCold: false,
    };
  });
}

/** Calls that wait from the beginning, each done `everyMs` after the one before. */
function callsInRow(count: number, fromMs: number, everyMs: number): ServedCall[] {
  return Array.from({ length: count }, (_, i) => ({
    scheduledMs: fromMs,
    dispatchedMs: fromMs,
    completedMs: fromMs + (i + 1) * everyMs,
    requestedRuntimeMs: 20,
    servedRuntimeMs: everyMs - 2,
    isCold: false,
  }));
}

Deno.test("twin parameters: calls alone tell their work, and the way", () => {
  // In a row on one instance: what it is taken by each beyond the service shows.
  const source = sourceOf([
    instanceOf([...callsInRow(40, 0, 23), ...callsAlone(60, 2000)]),
  ]);
  const parameters = deriveTwinParameters([source], MACHINE);
  assertNear(parameters.serviceFactor, 1.05, 1e-9);
  assertNear(medianOf(parameters.serviceOverheadMs), 2, 1e-6);
  assertNear(medianOf(parameters.networkMs), 1, 1e-6);
});

Deno.test("twin parameters: calls among many tell the cores, and their work stays what it is", () => {
  // Four at a time take twice as long as one: two cores.
  const crowd = Array.from(
    { length: 4 },
    (_, i) => instanceOf(callsInRow(50, 10_000 + 11 * i, 46)),
  );
  const alone = instanceOf([...callsInRow(40, 0, 23), ...callsAlone(60, 2000)]);
  // What they took while they were not many says nothing of what they could have got.
  const percent = [90, 90, 20, 20, 20, 20, 20, 20, 10, 10, 200, 200, 201, 199, 40];
  const readings = percent.map((cpuPercent, i) => ({
    fromMs: i < 10 ? 1000 * i : 10_050 + 500 * (i - 10),
    untilMs: i < 10 ? 1000 * (i + 1) : 10_050 + 500 * (i - 9),
    cpuPercent,
  }));
  const source = sourceOf([alone, ...crowd], new Map([["instances", readings]]));
  const parameters = deriveTwinParameters([source], MACHINE);
  assertNear(parameters.nodeCores!, 2, 0.05);
  assertNear(parameters.serviceFactor, 1.05, 1e-9);
  assertNear(medianOf(parameters.serviceOverheadMs), 2, 0.01);
});

Deno.test("twin parameters: calls that queue in a crowd only do not pass for the way", () => {
  // No call waits for another but where four share two cores: it seems to take 27 ms more.
  const crowd = Array.from(
    { length: 4 },
    (_, i) =>
      instanceOf(
        callsInRow(50, 10_000 + 11 * i, 46)
          .map((call) => ({ ...call, servedRuntimeMs: call.servedRuntimeMs - 25 })),
      ),
  );
  const source = sourceOf([instanceOf(callsAlone(60, 0)), ...crowd]);
  const parameters = deriveTwinParameters([source], MACHINE);
  // What a call takes beyond its service, of its instance or on its ways, is 4 ms.
  const ownMs = medianOf(parameters.serviceOverheadMs) + 2 * medianOf(parameters.networkMs);
  assertNear(ownMs, 4, 1e-6);
});

Deno.test("twin parameters: without a crowd, the functions have what the others leave", () => {
  const reading = (cpuPercent: number) => [{ fromMs: 0, untilMs: 1000, cpuPercent }];
  const source = sourceOf(
    [instanceOf(callsAlone(50, 0))],
    new Map([["loader", reading(10)], ["gateway", reading(5)]]),
  );
  assertNear(deriveTwinParameters([source], MACHINE).nodeCores!, 1.85, 1e-9);
});

Deno.test("twin parameters: starts side by side are told from long ones", () => {
  // Four starts at once on two cores took 300 ms each: 150 ms of a core.
  const starts = Array.from(
    { length: 4 },
    () => instanceOf([], { createdMs: 0, readyMs: 300, stoppingMs: 5000, goneMs: 5040 }),
  );
  const parameters = deriveTwinParameters([sourceOf(starts)], MACHINE);
  assert.equal(parameters.starts, 4);
  assertNear(medianOf(parameters.startMs), 150, 1e-6);
  assertNear(medianOf(parameters.stopMs), 40, 1e-6);
});

Deno.test("twin parameters: where instances start in every crowd, their CPU tells the cores", () => {
  const starts = Array.from(
    { length: 4 },
    () => instanceOf([], { createdMs: 0, readyMs: 4000 }),
  );
  const readings = [150, 148, 152, 150, 3].map((cpuPercent, i) => ({
    fromMs: 1000 * i,
    untilMs: 1000 * (i + 1),
    cpuPercent,
  }));
  const source = sourceOf(starts, new Map([["instances", readings]]));
  const parameters = deriveTwinParameters([source], MACHINE);
  assertNear(parameters.nodeCores!, 1.5, 1e-9);
  assertNear(medianOf(parameters.startMs), 1500, 1e-6);
});

Deno.test("twin parameters: what a first call takes more is part of the start", () => {
  const first = {
    scheduledMs: 0,
    dispatchedMs: 0,
    completedMs: 173,
    requestedRuntimeMs: 20,
    servedRuntimeMs: 71,
    isCold: true,
  };
  const source = sourceOf([
    instanceOf([first], { createdMs: 0, readyMs: 100 }),
    instanceOf([...callsInRow(40, 1000, 23), ...callsAlone(60, 3000)]),
  ]);
  assertNear(medianOf(deriveTwinParameters([source], MACHINE).startMs), 150, 0.1);
});

Deno.test("twin parameters: of nothing nothing is known", () => {
  assert.deepEqual(deriveTwinParameters([sourceOf([])], { ...MACHINE, cores: null }), {
    nodeCores: null,
    reactionMs: null,
    startMs: null,
    stopMs: null,
    serviceFactor: 1,
    serviceOverheadMs: null,
    wakeUpMs: 0,
    networkMs: null,
    calls: 0,
    starts: 0,
  });
});

Deno.test("twin parameters: where cores are not told apart, what disturbed is part of the times", () => {
  // Four starts at once took 300 ms each, and a third of the calls were slowed down by others.
  const starts = Array.from(
    { length: 4 },
    () => instanceOf([], { createdMs: 0, readyMs: 300, stoppingMs: 5000, goneMs: 5040 }),
  );
  const slow = callsAlone(45, 20_000).map((call) => ({
    ...call,
    completedMs: call.completedMs + 30,
    servedRuntimeMs: call.servedRuntimeMs + 30,
  }));
  const source = sourceOf([...starts, instanceOf(callsAlone(90, 1000)), instanceOf(slow)]);
  const apart = deriveTwinParameters([source], { ...MACHINE, cores: null });
  assert.equal(apart.nodeCores, null);
  assert.equal(apart.wakeUpMs, 0);
  assertNear(medianOf(apart.startMs), 300, 1e-6);
  const { quantiles, values } = apart.serviceOverheadMs!;
  const share = quantiles[values.findIndex((value) => value > 29)];
  assertNear(share, 2 / 3, 0.03);
});

Deno.test("twin parameters: an instance that serves before the news of ready is ready by then", () => {
  const first = {
    scheduledMs: 0,
    dispatchedMs: 0,
    completedMs: 1425,
    requestedRuntimeMs: 20,
    servedRuntimeMs: 21,
    isCold: true,
  };
  const source = sourceOf([
    instanceOf([first], { createdMs: 100, readyMs: 1600 }),
    instanceOf(callsAlone(60, 3000), { functionId: "g" }),
  ]);
  const node = { ...MACHINE, isNode: true };
  const { startMs, reactionMs } = deriveTwinParameters([source], node);
  // From 100 until 1404, when its call began; and a millisecond of what a call takes.
  assertNear(medianOf(startMs), 1304, 4);
  assertNear(medianOf(reactionMs), 98, 2);
});

Deno.test("twin parameters: a node's cores are all there, and its CPU readings are not used", () => {
  const readings = (cpuPercent: number) =>
    Array.from(
      { length: 10 },
      (_, i) => ({ fromMs: 1000 * i, untilMs: 1000 * i + 1000, cpuPercent }),
    );
  const cpu = new Map([["loader", readings(40)], ["instances", readings(60)]]);
  const crowd = Array.from({ length: 6 }, () => instanceOf(callsInRow(200, 0, 50)));
  const source = sourceOf(crowd, cpu);
  assert.equal(deriveTwinParameters([source], { ...MACHINE, isNode: true }).nodeCores, 2);
  assert.notEqual(deriveTwinParameters([source], MACHINE).nodeCores, 2);
});
