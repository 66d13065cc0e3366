import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { LoaderError } from "../../../lib/base/error.ts";
import { Rng } from "../../../lib/base/rng.ts";
import { constant } from "../../../lib/platform/simulator/distribution.ts";
import type { SimulatorOptions } from "../../../lib/platform/simulator/simulator_options.ts";
import { createSimulatorPlatform } from "../../../lib/platform/simulator/simulator_platform.ts";
import { functionSpec } from "../../support/function_spec.ts";
import { scheduleOf, simulate } from "./simulated_run.ts";

/** Nothing takes time but what a test says. */
const BARE: SimulatorOptions = { networkMs: constant(0), startMs: constant(0) };

/** Of the tables of one simulation for each of two policies. */
const GOLDEN_HASH = "5fb1ecfe939c7f51efc9ef1c062ff7fdc08b35e933b9ee9e21f4ef69cea86a33";

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`);
}

Deno.test("simulator: a cold invocation takes network, the parts of the start, and its runtime", async () => {
  const { rows, events } = await simulate({
    schedule: scheduleOf(1, [{ runtimeMs: 30 }, { scheduledMs: 1000, runtimeMs: 30 }], 2000),
    options: {
      networkMs: constant(2),
      schedulingMs: constant(10),
      imageMs: constant(500),
      startMs: constant(200),
    },
  });
  near(rows[0].completedMs, 2 + 10 + 500 + 200 + 30 + 2);
  near(rows[0].servedRuntimeMs, 30);
  assert.equal(rows[0].coldStart, true);
  near(rows[1].completedMs - rows[1].scheduledMs, 34);
  assert.equal(rows[1].coldStart, false);
  assert.equal(rows[1].instance, rows[0].instance);
  assert.deepEqual(
    events.filter(({ event }) => event === "created" || event === "ready")
      .map(({ event, timeMs }) => [event, Math.round(timeMs)]),
    [["created", 2], ["ready", 712]],
  );
});

Deno.test("simulator: a node keeps the images that it has fetched", async () => {
  const invocations = [{}, { scheduledMs: 200_000 }];
  for (const [imageCache, expectedMs] of [[true, 10], [false, 510]] as const) {
    const { rows } = await simulate({
      schedule: scheduleOf(1, invocations, 300_000),
      options: { ...BARE, imageMs: constant(500), imageCache },
    });
    assert.deepEqual(rows.map(({ coldStart }) => coldStart), [true, true]);
    near(rows[1].completedMs - rows[1].scheduledMs, expectedMs);
  }
});

Deno.test("simulator: --min-scale keeps instances of a function that nobody invokes", async () => {
  const seen = async (minScale: number) => {
    const { rows, events } = await simulate({
      schedule: scheduleOf(1, [{}, { scheduledMs: 1_000_000 }], 1_100_000),
      specs: [{ initialScale: minScale }],
      options: { ...BARE, minScale },
    });
    return {
      cold: rows.map(({ coldStart }) => coldStart),
      gone: events.filter(({ event, timeMs }) => event === "gone" && timeMs < 1_000_000).length,
    };
  };
  assert.deepEqual(await seen(0), { cold: [true, true], gone: 1 });
  assert.deepEqual(await seen(2), { cold: [false, false], gone: 0 });
  await assert.rejects(
    simulate({
      schedule: scheduleOf(1, [{}], 10),
      options: { minScale: 1, policy: "fixed-10min" },
    }),
    /--min-scale: 1 is for Knative's autoscaler; the policy fixed-10min decides itself/,
  );
});

Deno.test("simulator: of what happens at one instant, ends of service come before arrivals", async () => {
  const { rows, events } = await simulate({
    schedule: scheduleOf(
      1,
      [{ runtimeMs: 10 }, { scheduledMs: 10, runtimeMs: 10 }, { scheduledMs: 20, runtimeMs: 10 }],
      100,
    ),
    options: { ...BARE, policy: "fixed-10min" },
  });
  assert.deepEqual(rows.map(({ completedMs }) => Math.round(completedMs)), [10, 20, 30]);
  assert.equal(events.filter(({ event }) => event === "created").length, 1);
});

Deno.test("simulator: requests that come together are served in order of their functions", async () => {
  const together = Array.from({ length: 20 }, (_, i) => ({ functionIndex: i % 2 }));
  const { rows } = await simulate({
    schedule: scheduleOf(2, together, 100),
    options: { ...BARE, autoscaling: { maxScale: 1 } },
  });
  assert.equal(rows.length, 20);
  for (const functionIndex of [0, 1]) {
    const ends = rows.filter((row) => row.functionIndex === functionIndex);
    assert.deepEqual(
      ends.map(({ completedMs }) => Math.round(completedMs)),
      Array.from({ length: 10 }, (_, i) => 10 * (i + 1)),
    );
  }
});

Deno.test("simulator: a schedule without invocations ends when its window does", async () => {
  const { rows, result } = await simulate({ schedule: scheduleOf(2, [], 5000) });
  assert.deepEqual(rows, []);
  assert.equal(result.verdict.evidence.dispatched, 0);
});

Deno.test("simulator: no functions, no invocations", async () => {
  const { rows, metrics } = await simulate({ schedule: scheduleOf(0, [], 5000), scrapes: true });
  assert.deepEqual(rows, []);
  assert.ok(metrics.every(({ actual_instances }) => actual_instances === 0));
});

Deno.test("simulator: a function that never ends is given up at the deadline, or when the drain ends", async () => {
  const endless = scheduleOf(1, [{ runtimeMs: 4_000_000_000 }, { scheduledMs: 10 }], 1000);
  const options = { ...BARE, autoscaling: { maxScale: 1 } };
  const patient = await simulate({ schedule: endless, options, timeoutMs: 5000 });
  assert.deepEqual(
    patient.rows.map(({ outcome, statusCode }) => [outcome, statusCode]),
    [["timed_out", 4], ["ok", 0]],
    "the next one is served by the instance that is free then",
  );
  near(patient.rows[1].completedMs, 5010);
  const hurried = await simulate({ schedule: endless, options, drainMs: 2000 });
  assert.deepEqual(hurried.rows.map(({ outcome }) => outcome), ["timed_out", "timed_out"]);
  near(hurried.rows[0].completedMs, 3000);
});

Deno.test("simulator: nodes that can hold no instance are told before any load", async () => {
  for (const options of [{ nodes: 0 }, { nodeMemoryMib: 10 }, { nodeCores: 0.01 }]) {
    const platform = createSimulatorPlatform(options);
    await assert.rejects(
      platform.deploy([functionSpec(0)], new AbortController().signal),
      (error: unknown) => error instanceof LoaderError && error.code === "usage",
    );
  }
});

Deno.test("simulator: nodes that cannot hold an instance are told by their number", async () => {
  for (const [nodes, said] of [[1, "the one node ("], [2, "none of the 2 nodes ("]] as const) {
    await assert.rejects(
      createSimulatorPlatform({ nodes, nodeMemoryMib: 10 })
        .deploy([functionSpec(0)], new AbortController().signal),
      (error: unknown) => error instanceof LoaderError && error.message.includes(said),
    );
  }
});

Deno.test("simulator: a deployment that does not come up says why", async () => {
  const long: SimulatorOptions = { startMs: constant(4_000_000) };
  // Each node has room for one, and what is left of both does not hold the third.
  const narrow: SimulatorOptions = { nodes: 2, nodeMemoryMib: 130, policy: "fixed-10min" };
  const schedule = scheduleOf(1, [{}], 1000);
  for (
    const [options, functions, said] of [
      [long, 1, /take longer to start/],
      [{ ...long, policy: "oracle", schedule }, 1, /take longer to start/],
      [narrow, 3, /have no room on the nodes/],
    ] as const
  ) {
    const specs = Array.from({ length: functions }, (_, i) => functionSpec(i, { initialScale: 1 }));
    await assert.rejects(
      createSimulatorPlatform(options).deploy(specs, new AbortController().signal),
      (error: unknown) => error instanceof LoaderError && said.test(error.message),
    );
  }
});

Deno.test("simulator: where no instance may be, requests are refused after their wait", async () => {
  const { rows } = await simulate({
    schedule: scheduleOf(1, [{}, { scheduledMs: 500 }], 1000),
    options: { ...BARE, maxInstances: 0, queueTimeoutMs: 700 },
  });
  assert.deepEqual(
    rows.map((
      { outcome, statusCode, completedMs },
    ) => [outcome, statusCode, Math.round(completedMs)]),
    [["rejected", 8, 700], ["rejected", 8, 1200]],
  );
});

Deno.test("simulator: what does not fit the memory is pending until something goes", async () => {
  const { rows, metrics } = await simulate({
    schedule: scheduleOf(2, [{ functionIndex: 0 }, { functionIndex: 1, scheduledMs: 1 }], 200_000),
    // Two instances need 160 MiB.
    options: { ...BARE, nodeMemoryMib: 100, queueTimeoutMs: 200_000 },
    scrapes: true,
  });
  assert.ok(metrics.some(({ pending_instances }) => pending_instances === 1));
  assert.ok(metrics.every(({ actual_instances }) => Number(actual_instances) <= 1));
  const [first, second] = rows;
  near(first.completedMs, 10);
  // The window, then the grace period, to the next decision.
  assert.ok(second.completedMs > 60_000 && second.completedMs < 66_000, `${second.completedMs}`);
});

Deno.test("simulator: a keep-alive policy makes room by evicting the least recently used", async () => {
  const { rows, events } = await simulate({
    schedule: scheduleOf(
      3,
      [0, 1, 0, 2, 0].map((functionIndex, i) => ({ functionIndex, scheduledMs: 1000 * i })),
      10_000,
    ),
    // Room for two.
    options: { ...BARE, nodeMemoryMib: 170, policy: "fixed-10min" },
  });
  assert.deepEqual(rows.map(({ coldStart }) => coldStart), [true, true, false, true, false]);
  const stopped = events.find(({ event }) => event === "stopping")!;
  assert.equal(stopped.functionId, "owner/app/f1");
  assert.equal(Math.round(stopped.timeMs), 3000);
});

Deno.test("simulator: an instance is kept for as long as the policy says", async () => {
  const minuteMs = 60_000;
  const { rows } = await simulate({
    schedule: scheduleOf(
      1,
      [0, 9.9, 19.7, 30].map((minute) => ({ scheduledMs: minute * minuteMs })),
      60 * minuteMs,
    ),
    options: { ...BARE, policy: "fixed-10min" },
  });
  assert.deepEqual(rows.map(({ coldStart }) => coldStart), [true, false, false, true]);
});

Deno.test("simulator: instances share the cores of their node, each up to its limit", async () => {
  const run = async (options: SimulatorOptions, calls: number) => {
    const { rows } = await simulate({
      schedule: scheduleOf(1, Array.from({ length: calls }, () => ({ runtimeMs: 100 })), 1000),
      options: { ...BARE, policy: "fixed-10min", cpuOvercommit: 100, ...options },
    });
    return rows.map(({ completedMs }) => Math.round(completedMs));
  };
  assert.deepEqual(await run({ nodeCores: 2 }, 2), [100, 100]);
  assert.deepEqual(await run({ nodeCores: 2 }, 4), [200, 200, 200, 200]);
  assert.deepEqual(await run({ nodeCores: 8, cpuLimitCores: 0.5 }, 2), [200, 200]);
  // With cores of their own, two run and two wait for a node.
  assert.deepEqual(
    await run({ nodeCores: 2, cpu: "dedicated" }, 4),
    [100, 100, 200, 200],
  );
});

Deno.test("simulator: requests of one instance share what it gets, a core each at most", async () => {
  const run = async (cpuLimitCores: number) => {
    const { rows } = await simulate({
      schedule: scheduleOf(
        1,
        [{ runtimeMs: 100 }, { scheduledMs: 50, runtimeMs: 100 }, {
          scheduledMs: 50,
          runtimeMs: 10,
        }],
        1000,
      ),
      options: {
        ...BARE,
        nodeCores: 4,
        cpuLimitCores,
        containerConcurrency: 10,
        autoscaling: { maxScale: 1 },
      },
    });
    return rows.toSorted((a, b) => a.index - b.index).map(({ completedMs }) =>
      Math.round(completedMs)
    );
  };
  // From 50 ms on three share a core: the short one needs 30 ms, and 40 ms are left of the first.
  assert.deepEqual(await run(1), [160, 210, 80]);
  assert.deepEqual(await run(4), [100, 150, 60]);
});

Deno.test("simulator: a start that computes takes longer where cores are short", async () => {
  for (const [startUsesCpu, expectedMs] of [[true, 400], [false, 200]] as const) {
    const { events } = await simulate({
      schedule: scheduleOf(2, [{ functionIndex: 0 }, { functionIndex: 1 }], 1000),
      options: { ...BARE, nodeCores: 1, startMs: constant(200), startUsesCpu },
    });
    const ready = events.filter(({ event }) => event === "ready");
    assert.deepEqual(ready.map(({ timeMs }) => Math.round(timeMs)), [expectedMs, expectedMs]);
  }
});

Deno.test("simulator: least allocated spreads instances over the nodes, first fit does not", async () => {
  for (const [placement, expectedMs] of [["least-allocated", 100], ["first-fit", 200]] as const) {
    const { rows } = await simulate({
      schedule: scheduleOf(
        2,
        [{ functionIndex: 0, runtimeMs: 100 }, { functionIndex: 1, runtimeMs: 100 }],
        1000,
      ),
      options: { ...BARE, nodes: 2, nodeCores: 1, placement },
    });
    assert.deepEqual(rows.map(({ completedMs }) => Math.round(completedMs)), [
      expectedMs,
      expectedMs,
    ]);
  }
});

Deno.test("simulator: idle instances stop first, busy ones drain", async () => {
  // Two at once, then one long call on the older instance: the younger one, idle, goes.
  const { rows, events } = await simulate({
    schedule: scheduleOf(
      1,
      [{ runtimeMs: 5000 }, { runtimeMs: 4000 }, { scheduledMs: 6000, runtimeMs: 400_000 }],
      500_000,
    ),
    options: BARE,
  });
  assert.deepEqual(rows.map(({ outcome }) => outcome), ["ok", "ok", "ok"]);
  const [older, younger] = events.filter(({ event }) => event === "created");
  const long = rows.find(({ index }) => index === 2)!;
  assert.equal(long.instance, older.instance);
  const stopped = events.filter(({ event }) => event === "stopping");
  assert.equal(stopped[0].instance, younger.instance);
  assert.ok(stopped[1].timeMs > 406_000);
});

Deno.test("simulator: options out of their range are refused by name", () => {
  for (
    const [options, name] of [
      [{ nodes: -1 }, "nodes"],
      [{ nodeCores: NaN }, "nodeCores"],
      [{ containerConcurrency: 0 }, "containerConcurrency"],
      [{ policy: "none" }, "none"],
      [{ autoscaling: { tickMs: 0 } }, "tickMs"],
    ] as const
  ) {
    assert.throws(
      () => createSimulatorPlatform(options),
      (error: unknown) =>
        error instanceof LoaderError && error.code === "usage" && error.message.includes(name),
    );
  }
});

Deno.test("simulator: the same bytes as ever, on every machine", async () => {
  const rng = Rng.fromSeed(11, "golden");
  let scheduledMs = 0;
  const invocations = Array.from({ length: 5000 }, () => ({
    scheduledMs: scheduledMs += Math.round(rng.nextFloat() * 100),
    functionIndex: rng.nextBelow(20),
    runtimeMs: 1 + rng.nextBelow(2000),
  }));
  const hash = createHash("sha256");
  for (const policy of ["knative", "fixed-10min"]) {
    const { rows, events, metrics, scales, generator } = await simulate({
      schedule: scheduleOf(20, invocations, 400_000),
      options: {
        policy,
        nodes: 3,
        nodeCores: 4,
        nodeMemoryMib: 1600,
        cpuOvercommit: 8,
        startMs: { kind: "log-normal", median: 200, sigma: 0.4 },
        networkMs: { kind: "exponential", mean: 1 },
        serviceFactor: { kind: "quantiles", quantiles: [0, 0.9, 1], values: [1, 1.1, 3] },
      },
      scrapes: true,
    });
    hash.update(JSON.stringify([rows, events, metrics, scales, generator]));
  }
  // A change of this is a change of every simulation: to be looked at before it is accepted.
  assert.equal(hash.digest("hex"), GOLDEN_HASH);
});
