import assert from "node:assert/strict";
import { neverAborted } from "../../lib/base/signal.ts";
import { VirtualClock } from "../../lib/clock/virtual_clock.ts";
import type { InstanceEvent } from "../../lib/model/platform.ts";
import { COMMON_OPTIONS, type CommonOptions } from "../../lib/run/common_options.ts";
import { DeploymentSession, passTime, SharedDeployment } from "../../lib/run/deployment_session.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { createPlatform } from "../../lib/platform/registry.ts";
import { generateRateStep } from "../../lib/schedule/pattern_schedule.ts";
import { functionKey } from "../../lib/model/trace.ts";
import { InvocationMemorySink } from "../support/memory_sink.ts";

const never = neverAborted();
const OPTIONS = parseOptions("", "", COMMON_OPTIONS, []).values as CommonOptions;

const SCHEDULE = generateRateStep({
  seed: 42,
  ratePerS: 10,
  durationMs: 2000,
  warmupShare: 0,
  functions: 1,
  runtimeMs: 10,
  memoryMib: 64,
  iatDistribution: "equidistant",
});
const FUNCTION_IDS = SCHEDULE.functions.map(functionKey);

async function openSession() {
  const events: InstanceEvent[] = [];
  const platform = await createPlatform("simulator", {});
  const session = new DeploymentSession(platform, { record: (event) => void events.push(event) });
  const [profile] = SCHEDULE.functions;
  await session.deploy([{
    index: 0,
    functionId: FUNCTION_IDS[0],
    name: "f",
    profile,
    initialScale: 1,
    cpuRequestMilli: 100,
    memoryRequestMib: 64,
  }], never);
  return { session, events };
}

Deno.test("DeploymentSession: instances are followed from the deployment on", async () => {
  const { session, events } = await openSession();
  await session[Symbol.asyncDispose]();
  assert.deepEqual(events.map(({ event }) => event).slice(0, 2), ["created", "ready"]);
});

Deno.test("DeploymentSession: what goes on beside a run ends with it, the last first", async () => {
  const { session } = await openSession();
  await using _session = session;
  const invocations = new InvocationMemorySink(FUNCTION_IDS);
  const ended: string[] = [];
  const starts: number[] = [];
  const { outcomes } = await session.run({
    schedule: SCHEDULE,
    options: OPTIONS,
    invocations,
    signal: never,
    onStart: (runStartMs, beside) => {
      starts.push(runStartMs);
      beside.defer(() => void ended.push("first"));
      beside.defer(() => void ended.push("second"));
    },
  });
  assert.equal(outcomes.ok, 20);
  assert.equal(invocations.rows.length, 20);
  assert.equal(starts.length, 1);
  assert.deepEqual(ended, ["second", "first"]);
});

Deno.test("DeploymentSession: it ends also where the run breaks off", async () => {
  const { session } = await openSession();
  await using _session = session;
  let ended = 0;
  const run = session.run({
    schedule: SCHEDULE,
    options: OPTIONS,
    invocations: {
      write() {
        throw new Error("the disk is full");
      },
    },
    signal: never,
    onStart: (_runStartMs, beside) => beside.defer(() => void ended++),
  });
  await assert.rejects(run, /the disk is full/);
  assert.equal(ended, 1);
});

/** Deployments that write down what becomes of them. */
function fakeDeployments() {
  const log: string[] = [];
  let count = 0;
  const shared = new SharedDeployment(() => {
    log.push("after");
    return Promise.resolve();
  });
  const take = (word: string | undefined, fails = false) =>
    shared.take(word, {
      create: () => {
        const name = `deployment ${++count}`;
        log.push(`create ${name}`);
        const session = {
          [Symbol.asyncDispose]: () => Promise.resolve(void log.push(`tear down ${name}`)),
        };
        return Promise.resolve({ session: session as unknown as DeploymentSession });
      },
      deploy: () => fails ? Promise.reject(new Error("no room")) : Promise.resolve(),
    });
  return { shared, take, log };
}

Deno.test("SharedDeployment: runs in a row with one word share it, others have their own", async () => {
  const { shared, take, log } = fakeDeployments();
  const first = await take("ramp");
  assert.equal(await take("ramp"), first);
  assert.deepEqual(log, ["create deployment 1"]);
  await take("other");
  await take(undefined);
  await take(undefined);
  await shared.tearDown();
  assert.deepEqual(log, [
    ...["create deployment 1", "tear down deployment 1", "after"],
    ...["create deployment 2", "tear down deployment 2", "after"],
    ...["create deployment 3", "tear down deployment 3", "after"],
    ...["create deployment 4", "tear down deployment 4", "after"],
  ]);
});

Deno.test("SharedDeployment: one that did not come up is torn down, and shared by nobody", async () => {
  const { shared, take, log } = fakeDeployments();
  await assert.rejects(take("ramp", true), /no room/);
  await take("ramp");
  assert.deepEqual(log, [
    ...["create deployment 1", "tear down deployment 1", "after"],
    "create deployment 2",
  ]);
  await shared.tearDown();
});

Deno.test("passTime: lets virtual time pass, and hears the signal", async () => {
  const clock = new VirtualClock();
  await passTime(clock, 5000, never);
  assert.equal(clock.nowMs(), 5000);
  await passTime(clock, 1000, never);
  assert.equal(clock.nowMs(), 5000);
  const stop = new AbortController();
  clock.at(6000, () => stop.abort("stopped"));
  await assert.rejects(passTime(clock, 9000, stop.signal), (reason) => reason === "stopped");
  assert.equal(clock.nowMs(), 6000);
});
