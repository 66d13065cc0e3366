import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import type { Schedule } from "../../../lib/model/schedule.ts";
import { constant } from "../../../lib/platform/simulator/distribution.ts";
import type { SimulatorOptions } from "../../../lib/platform/simulator/simulator_options.ts";
import { scheduleOf, simulate } from "./simulated_run.ts";

const INVOCATIONS = 200_000;
const MEAN_SERVICE_MS = 1000;
/** Left out at the beginning, where the system is still emptier than later. */
const WARMUP_SHARE = 0.05;
const BATCHES = 20;
/** Student's t with 19 degrees of freedom, two-sided 99.9 %. */
const T_VALUE = 3.883;

/** Nothing but queueing: no network, instances at once, requests wait for ever. */
const BARE: SimulatorOptions = {
  networkMs: constant(0),
  startMs: constant(0),
  queueTimeoutMs: 86_400_000,
  nodeMemoryMib: 1e9,
  nodeInstances: 1e6,
  cpuOvercommit: 1e6,
};

type DrawService = (rng: Rng) => number;

const exponential: DrawService = (rng) => -Math.log(1 - rng.nextFloat()) * MEAN_SERVICE_MS;

/** Coefficient of variation 2.1: a tenth of the requests makes 70 % of the work. */
const bimodal: DrawService = (rng) => rng.nextFloat() < 0.1 ? 7000 : 1000 / 3;

/** Poisson arrivals at `load` times what one server can serve. */
function poisson(load: number, drawService: DrawService, name: string): Schedule {
  const rng = Rng.fromSeed(7, name);
  let scheduledMs = 0;
  const invocations = Array.from({ length: INVOCATIONS }, () => {
    scheduledMs += -Math.log(1 - rng.nextFloat()) * MEAN_SERVICE_MS / load;
    return { scheduledMs, runtimeMs: Math.round(drawService(rng)) };
  });
  return scheduleOf(1, invocations, scheduledMs + 1);
}

/** A fixed number of instances that nothing scales. */
function fixedScale(instances: number): SimulatorOptions["autoscaling"] {
  return { minScale: instances, maxScale: instances };
}

interface Interval {
  readonly mean: number;
  readonly halfWidth: number;
}

/** Batch means: batches are long beside the correlation, so that their means are independent. */
function confidenceInterval(values: readonly number[]): Interval {
  const from = Math.floor(values.length * WARMUP_SHARE);
  const size = Math.floor((values.length - from) / BATCHES);
  const means = Array.from({ length: BATCHES }, (_, batch) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += values[from + batch * size + i];
    return sum / size;
  });
  const mean = means.reduce((sum, value) => sum + value, 0) / BATCHES;
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (BATCHES - 1);
  return { mean, halfWidth: T_VALUE * Math.sqrt(variance / BATCHES) };
}

function assertCovers(interval: Interval, expected: number): void {
  const { mean, halfWidth } = interval;
  assert.ok(
    Math.abs(mean - expected) <= halfWidth,
    `${mean} ± ${halfWidth} does not cover ${expected}`,
  );
  assert.ok(halfWidth < 0.1 * expected, `± ${halfWidth} says nothing about ${expected}`);
}

/** Response times in order of arrival, and the time-average number in the system. */
async function measure(schedule: Schedule, options: SimulatorOptions, initialScale: number) {
  const { rows } = await simulate({
    schedule,
    options: { ...BARE, ...options },
    specs: [{ initialScale }],
  });
  assert.ok(rows.every(({ outcome }) => outcome === "ok"));
  const ordered = rows.toSorted((a, b) => a.index - b.index);
  const responsesMs = ordered.map((row) => row.completedMs - row.scheduledMs);
  const lastMs = Math.max(...ordered.slice(-1000).map((row) => row.completedMs));
  const occupancy = responsesMs.reduce((sum, ms) => sum + ms, 0) / lastMs;
  return { responsesMs, occupancy };
}

Deno.test("queueing: M/M/1 has the mean response of its closed form", async () => {
  const load = 0.7;
  const { responsesMs, occupancy } = await measure(
    poisson(load, exponential, "M/M/1"),
    { cpu: "dedicated", autoscaling: fixedScale(1) },
    1,
  );
  const expectedMs = MEAN_SERVICE_MS / (1 - load);
  const interval = confidenceInterval(responsesMs);
  assertCovers(interval, expectedMs);
  // Little's law, with the arrival rate that it had.
  const expected = load / (1 - load);
  assert.ok(Math.abs(occupancy - expected) < 2 * expected * interval.halfWidth / expectedMs);
});

Deno.test("queueing: M/M/c has the mean response of Erlang's C formula", async () => {
  const servers = 4;
  const load = 3.2;
  const { responsesMs } = await measure(
    poisson(load, exponential, "M/M/c"),
    { cpu: "dedicated", autoscaling: fixedScale(servers) },
    servers,
  );
  let sum = 0;
  let term = 1;
  for (let k = 0; k < servers; k++) {
    sum += term;
    term *= load / (k + 1);
  }
  const waiting = term * servers / (servers - load);
  const waitProbability = waiting / (sum + waiting);
  const expectedMs = MEAN_SERVICE_MS + waitProbability * MEAN_SERVICE_MS / (servers - load);
  assertCovers(confidenceInterval(responsesMs), expectedMs);
});

for (
  const [place, options, initialScale] of [
    ["within an instance", { containerConcurrency: 100_000, autoscaling: fixedScale(1) }, 1],
    ["between instances of a node", { policy: "fixed-10min", autoscaling: { maxScale: 0 } }, 0],
  ] as const
) {
  for (const [name, drawService] of [["exponential", exponential], ["bimodal", bimodal]] as const) {
    Deno.test(`queueing: M/G/1-PS ${place}, ${name}, has the mean response of its closed form`, async () => {
      const load = 0.6;
      const { responsesMs, occupancy } = await measure(
        poisson(load, drawService, `M/G/1-PS ${name}`),
        { cpu: "sharing", nodeCores: 1, ...options },
        initialScale,
      );
      // Insensitive to the distribution of the service time.
      const expectedMs = MEAN_SERVICE_MS / (1 - load);
      const interval = confidenceInterval(responsesMs);
      assertCovers(interval, expectedMs);
      const expected = load / (1 - load);
      assert.ok(Math.abs(occupancy - expected) < 2 * expected * interval.halfWidth / expectedMs);
    });
  }
}

Deno.test("queueing: M/G/∞ keeps nobody waiting, and its occupancy is Poisson", async () => {
  const load = 5;
  const schedule = poisson(load, bimodal, "M/G/∞");
  const { rows } = await simulate({
    schedule,
    options: {
      ...BARE,
      cpu: "dedicated",
      nodeCores: 10_000,
      policy: "fixed-10min",
      autoscaling: { maxScale: 0 },
    },
  });
  const ordered = rows.toSorted((a, b) => a.index - b.index);
  const ends = new Float64Array(ordered.map((row) => row.completedMs)).sort();
  let ended = 0;
  const met = ordered.map((row, i) => {
    assert.ok(Math.abs(row.completedMs - row.scheduledMs - row.requestedRuntimeMs) < 1e-3);
    while (ends[ended] <= row.scheduledMs) ended++;
    return i - ended;
  });
  // What arrivals meet is what is there (PASTA): Poisson, so that mean and variance are equal.
  assertCovers(confidenceInterval(met), load);
  assertCovers(confidenceInterval(met.map((count) => (count - load) ** 2)), load);
});
