import assert from "node:assert/strict";
import { VirtualClock } from "../../../lib/clock/virtual_clock.ts";
import { FunctionScaler } from "../../../lib/autoscale/knative/function_scaler.ts";
import type { FunctionScalerOptions } from "../../../lib/autoscale/knative/function_scaler.ts";
import { CapacityLedger } from "../../../lib/platform/local/capacity.ts";
import {
  FunctionPool,
  type InstanceCallbacks,
  type InstanceHandle,
  type PooledInstance,
  type PooledRequest,
  type ScalingStep,
} from "../../../lib/platform/local/function_pool.ts";

const START_MS = 100;
const STOP_MS = 10;
const QUEUE_TIMEOUT_MS = 5000;

/** Starts and stops on virtual time, if it can be started at all. */
class FakeInstance implements InstanceHandle {
  readonly pid = null;
  connected = true;
  #gone = false;
  readonly #world: World;
  readonly #callbacks: InstanceCallbacks;

  constructor(world: World, callbacks: InstanceCallbacks) {
    this.#world = world;
    this.#callbacks = callbacks;
    if (world.failingStarts > 0) {
      world.failingStarts--;
      world.after(START_MS, () => this.die("no such file"));
    } else {
      world.after(START_MS, () => this.#gone || callbacks.onReady());
    }
  }

  stop(): void {
    this.#world.after(STOP_MS, () => this.#end(null));
  }

  die(detail: string): void {
    this.#end(detail);
  }

  #end(detail: string | null): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#callbacks.onGone(detail);
  }
}

/** A pool on virtual time with its reports and ticks. */
class World {
  readonly clock = new VirtualClock(1_700_000_000_000);
  readonly events: string[] = [];
  readonly pool: FunctionPool<FakeInstance>;
  failingStarts = 0;

  constructor(
    options: {
      instances?: number;
      initialScale?: number;
      autoscaling?: FunctionScalerOptions;
      onScaling?: (step: ScalingStep) => void;
    } = {},
  ) {
    const { instances = 10, initialScale = 0, autoscaling = {}, onScaling } = options;
    this.pool = new FunctionPool({
      name: "f",
      initialScale,
      request: { cpuMilli: 1, memoryMib: 1 },
      clock: this.clock,
      scaler: new FunctionScaler({ ...autoscaling, initialScale, initialReady: initialScale }),
      capacity: new CapacityLedger({ instances, cpuMilli: null, memoryMib: null }, Infinity),
      queueTimeoutMs: QUEUE_TIMEOUT_MS,
      onScaling,
      startInstance: (_, callbacks) => new FakeInstance(this, callbacks),
      onEvent: ({ instance, event, detail, timeMs }) =>
        this.events.push(`${timeMs} ${instance} ${event}${detail === null ? "" : ` ${detail}`}`),
    });
    this.#every(1000, () => this.pool.report());
    this.#every(2000, () => this.pool.tick());
    this.pool.start();
  }

  after(delayMs: number, action: () => void): void {
    this.clock.at(this.clock.nowMs() + delayMs, action);
  }

  async runUntil(untilMs: number): Promise<void> {
    await this.clock.run((stop) => this.clock.at(untilMs, stop));
  }

  request(name: string, durationMs: number | null): FakeRequest {
    const request = new FakeRequest(this, name, durationMs);
    this.pool.submit(request);
    return request;
  }

  #every(periodMs: number, action: () => void): void {
    this.after(periodMs, () => {
      action();
      this.#every(periodMs, action);
    });
  }
}

/** Is served for `durationMs`, or until `finish` if that is `null`. */
class FakeRequest implements PooledRequest<FakeInstance> {
  startedMs: number | null = null;
  instance: PooledInstance<FakeInstance> | null = null;
  rejection: { status: number; sentence: string } | null = null;
  readyUnixMs: number | null = null;
  readonly #world: World;
  readonly #durationMs: number | null;

  constructor(world: World, readonly name: string, durationMs: number | null) {
    this.#world = world;
    this.#durationMs = durationMs;
  }

  assign(instance: PooledInstance<FakeInstance>): void {
    this.startedMs = this.#world.clock.nowMs();
    this.instance = instance;
    this.readyUnixMs = instance.takeReadyUnixMs();
    if (this.#durationMs !== null) this.#world.after(this.#durationMs, () => this.finish());
  }

  reject(status: number, sentence: string): void {
    this.rejection = { status, sentence };
  }

  get isRejected(): boolean {
    return this.rejection !== null;
  }

  finish(): void {
    this.#world.pool.complete(this.instance!);
  }
}

Deno.test("a request that meets a function at zero starts an instance at once", async () => {
  const world = new World();
  await world.runUntil(500);
  const request = world.request("a", 50);
  await world.runUntil(700);
  assert.equal(request.startedMs, 500 + START_MS);
  assert.deepEqual(world.events, ["500 f-00000 created", "600 f-00000 ready"]);
});

Deno.test("requests wait in order of arrival, one at a time in an instance", async () => {
  const world = new World({ instances: 1 });
  const requests = ["a", "b", "c"].map((name) => world.request(name, 50));
  await world.runUntil(1000);
  assert.deepEqual(requests.map(({ startedMs }) => startedMs), [100, 150, 200]);
});

Deno.test("the first request of an instance learns when it became ready, others do not", async () => {
  const world = new World();
  const cold = world.request("a", 50);
  await world.runUntil(300);
  const warm = world.request("b", 50);
  await world.runUntil(400);
  assert.equal(cold.readyUnixMs, world.clock.originUnixMs + START_MS);
  assert.equal(warm.readyUnixMs, null);
  assert.equal(warm.instance?.name, cold.instance?.name);
});

Deno.test("a request that has waited too long is turned away with RESOURCE_EXHAUSTED", async () => {
  const world = new World({ instances: 1 });
  world.request("a", null);
  const waiting = world.request("b", 50);
  await world.runUntil(QUEUE_TIMEOUT_MS - 1);
  assert.ok(!waiting.isRejected);
  await world.runUntil(QUEUE_TIMEOUT_MS);
  assert.equal(waiting.rejection?.status, 8);
  assert.match(waiting.rejection!.sentence, /No instance of f was free for 5 s/);
});

Deno.test("a cancelled request leaves the queue to those behind it", async () => {
  const world = new World({ instances: 1 });
  world.request("a", 200);
  const cancelled = world.request("b", 200);
  const last = world.request("c", 200);
  world.pool.cancel(cancelled);
  await world.runUntil(1000);
  assert.equal(cancelled.startedMs, null);
  assert.equal(last.startedMs, 300);
});

Deno.test("load that stays brings more instances; beyond the capacity they are pending", async () => {
  const world = new World({ instances: 3 });
  const requests = Array.from({ length: 5 }, (_, i) => world.request(`r${i}`, null));
  await world.runUntil(4500);
  const { desired, actual, pending, requested, concurrency } = world.pool.status();
  assert.ok(desired > 3, `desired ${desired}`);
  assert.equal(actual, 3);
  assert.equal(pending, desired - 3);
  assert.equal(requested, desired);
  assert.equal(concurrency, 5);
  assert.equal(requests.filter(({ startedMs }) => startedMs !== null).length, 3);
});

Deno.test("after a report of zero the next request counts at once, also where one is ready", async () => {
  const steps: ScalingStep[] = [];
  const world = new World({ onScaling: (step) => steps.push(step) });
  world.request("a", 100);
  await world.runUntil(2500);
  world.request("b", 100);
  world.request("c", 100);
  await world.runUntil(3000);
  assert.deepEqual(steps.map(({ timeMs, step }) => `${timeMs} ${step}`), [
    "0 poke",
    "1000 report",
    "2000 tick",
    "2000 report",
    "2500 arrival",
    "3000 report",
  ]);
});

Deno.test("without load the last instance goes after window and grace", async () => {
  const world = new World({ autoscaling: { stableWindowMs: 6000, scaleToZeroGraceMs: 2000 } });
  world.request("a", 100);
  await world.runUntil(6000);
  assert.equal(world.pool.status().actual, 1);
  await world.runUntil(20_000);
  assert.equal(world.pool.status().actual, 0);
  assert.deepEqual(world.events.at(-1)?.split(" ").slice(1), ["f-00000", "gone"]);
});

Deno.test("idle instances stop first, busy ones finish their request", async () => {
  const world = new World({
    initialScale: 3,
    autoscaling: { stableWindowMs: 6000, scaleToZeroGraceMs: 0 },
  });
  await world.runUntil(200);
  const busy = world.request("a", null);
  await world.runUntil(60_000);
  assert.equal(world.pool.status().actual, 1);
  assert.equal(world.pool.instances, 1);
  busy.finish();
  assert.ok(world.events.every((event) => !event.includes(`${busy.instance?.name} stopping`)));
});

Deno.test("a failed start is tried again, later each time, and its reason told", async () => {
  const world = new World();
  world.failingStarts = 3;
  const request = world.request("a", 50);
  await world.runUntil(4000);
  const createdMs = world.events.filter((event) => event.includes("created")).map(parseFloat);
  assert.deepEqual(createdMs, [0, 350, 950, 2050]);
  assert.equal(world.events[1], "100 f-00000 gone no such file");
  assert.equal(request.startedMs, 2150);
});

Deno.test("a rejection tells why no instance started", async () => {
  const world = new World();
  world.failingStarts = Infinity;
  const request = world.request("a", 50);
  await world.runUntil(QUEUE_TIMEOUT_MS);
  assert.match(request.rejection!.sentence, /did not start: no such file/);
});

Deno.test("an instance that dies is replaced at once", async () => {
  const world = new World({ initialScale: 1 });
  await world.runUntil(200);
  const lost = world.request("a", null);
  world.after(50, () => {
    lost.instance!.handle.die("killed");
    lost.finish();
  });
  const waiting = world.request("b", 10);
  await world.runUntil(500);
  assert.equal(waiting.startedMs, 200 + 50 + START_MS);
  assert.ok(world.events.includes("250 f-00000 gone killed"));
});

Deno.test("an instance that has lost its connection gets no request", async () => {
  const world = new World({ initialScale: 1 });
  await world.runUntil(200);
  const lost = world.request("a", null);
  const { handle } = lost.instance!;
  handle.connected = false;
  lost.finish();
  const next = world.request("b", 10);
  world.after(50, () => handle.die("killed"));
  await world.runUntil(500);
  assert.equal(next.instance?.name, "f-00001");
});

Deno.test("closing rejects what waits and ends all instances", async () => {
  const world = new World({ instances: 1 });
  world.request("a", null);
  const waiting = world.request("b", null);
  await world.runUntil(200);
  world.pool.close();
  await world.runUntil(300);
  assert.equal(waiting.rejection?.status, 14);
  assert.equal(world.pool.instances, 0);
  const late = world.request("c", null);
  assert.equal(late.rejection?.status, 14);
});
