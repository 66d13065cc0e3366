import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { createCallColumns } from "../../lib/invoke/calls_in_flight.ts";
import type { FunctionSpec, InstanceEvent, Platform } from "../../lib/model/platform.ts";
import type { Outcome } from "../../lib/model/record.ts";
import { functionSpec } from "../support/function_spec.ts";

function specOf(index: number, initialScale: number): FunctionSpec {
  const name = `contract-${index}`;
  return functionSpec(index, { name, functionId: `owner/app/${name}`, initialScale });
}

/** Invokes function 0, 1, … once each and waits for all. */
async function invokeEach(platform: Platform, functions: number) {
  const calls = createCallColumns(functions);
  const outcomes = new Map<number, Outcome>();
  let stop = () => {};
  const transport = await platform.transport(calls, (slot, outcome) => {
    assert.ok(!outcomes.has(slot), "a call completes once");
    outcomes.set(slot, outcome);
    if (outcomes.size === functions) stop();
  });
  // Where time is virtual, it passes in here alone.
  await platform.clock.run((whenDone) => {
    stop = whenDone;
    for (let slot = 0; slot < functions; slot++) {
      calls.functionIndex[slot] = slot;
      calls.runtimeMs[slot] = 5;
      calls.memoryMib[slot] = 8;
      calls.deadlineMs[slot] = platform.clock.nowMs() + 60_000;
      calls.dispatchedMs[slot] = NaN;
      transport.invoke(slot);
      assert.ok(!outcomes.has(slot), "never synchronously");
    }
  });
  await transport.close();
  return { calls, outcomes };
}

/** What a platform can tell. */
export interface PlatformAbility {
  /** Whether it starts instances and so knows when each was created, ready and gone. */
  readonly tellsInstances: boolean;
}

/**
 * What every platform must do, whatever it runs on. A new platform adds one
 * call of this to `platform_test.ts`.
 */
export function testPlatformContract(
  name: string,
  create: () => Promise<Platform>,
  { tellsInstances }: PlatformAbility,
): void {
  const never = new AbortController().signal;

  Deno.test(`platform contract, ${name}: deploys, serves, tears down`, async () => {
    await using platform = await create();
    const deployments = await platform.deploy([specOf(0, 0), specOf(1, 1)], never);
    assert.deepEqual(deployments.map(({ spec }) => spec.index), [0, 1]);
    const { calls, outcomes } = await invokeEach(platform, 2);
    assert.deepEqual([outcomes.get(0), outcomes.get(1)], ["ok", "ok"]);
    for (const slot of [0, 1]) {
      assert.ok(calls.dispatchedMs[slot] <= platform.clock.nowMs());
      assert.ok(calls.servedRuntimeUs[slot] > 0);
      assert.ok(calls.servedMemoryKib[slot] > 0);
      assert.notEqual(calls.instance[slot], null);
    }
    await platform.teardown();
    await platform.teardown();
    assert.equal(platform.lost.aborted, false, "an end that was asked for is no loss");
  });

  if (tellsInstances) testInstanceLives(name, create);
  else testInstanceSilence(name, create);

  Deno.test(`platform contract, ${name}: what is scraped fits the tables`, async () => {
    await using platform = await create();
    await platform.deploy([specOf(0, 1)], never);
    for (const scraper of platform.scrapers()) {
      assert.ok(scraper.everyMs > 0 && scraper.timeoutMs > 0);
      const observed = await scraper.scrape(never);
      const rows = [...observed, ...scraper.gap()];
      // What tells of events, with times of their own, has no row while nothing happens.
      const isLog = scraper.gap().length === 0 &&
        observed.every(({ timeMs }) => timeMs !== undefined);
      assert.ok(isLog || rows.length > 0, scraper.name);
      for (const { table, cells } of rows) {
        assert.ok(scraper.tables.includes(table));
        assert.equal(cells.length, table.columns.length - 1, table.name);
      }
    }
  });

  Deno.test(`platform contract, ${name}: an abort ends a deployment with its reason`, async () => {
    await using platform = await create();
    const reason = new LoaderError("interrupted", "Stopped by the user.");
    await assert.rejects(platform.deploy([specOf(0, 1)], AbortSignal.abort(reason)), reason);
    // Nothing of it is left in the way.
    await platform.deploy([specOf(0, 0)], never);
  });

  Deno.test(`platform contract, ${name}: what it says of itself can be written down`, async () => {
    await using platform = await create();
    const facts = platform.describe();
    assert.deepEqual(JSON.parse(JSON.stringify(facts)), facts);
    assert.equal(typeof platform.name, "string");
    for (const bound of Object.values(platform.capacity)) assert.ok(bound === null || bound >= 0);
  });
}

/** What a platform must do that starts instances. */
function testInstanceLives(name: string, create: () => Promise<Platform>): void {
  Deno.test(`platform contract, ${name}: tells the lives of its instances`, async () => {
    await using platform = await create();
    const events: InstanceEvent[] = [];
    platform.onInstanceEvent((event) => events.push(event));
    const never = new AbortController().signal;
    const deployments = await platform.deploy([specOf(0, 0), specOf(1, 1)], never);
    assert.equal(new Set(deployments.map(({ authority }) => authority)).size, 2);
    assert.ok(
      events.some(({ event, functionId }) =>
        event === "ready" && functionId.endsWith("contract-1")
      ),
      "the initial instance is ready",
    );

    const { calls } = await invokeEach(platform, 2);
    assert.notEqual(calls.coldStart[1], true, "it was ready before");
    assert.notEqual(calls.coldStart[0], false, "it was at zero");

    // A reply may overtake what is told of the instance that gave it; the end does not.
    await platform.teardown();
    for (const slot of [0, 1]) {
      // Some tell steps between them.
      const life = events.filter(({ instance, event }) =>
        instance === calls.instance[slot] && (event === "created" || event === "ready")
      );
      assert.deepEqual(life.map(({ event }) => event), ["created", "ready"]);
      assert.ok(life[0].timeMs <= life[1].timeMs);
    }
    const started = new Set(events.map(({ instance }) => instance));
    const gone = new Set(
      events.filter(({ event }) => event === "gone").map(({ instance }) => instance),
    );
    assert.deepEqual(gone, started);
  });
}

/** What a platform must not pretend that knows nothing of instances. */
function testInstanceSilence(name: string, create: () => Promise<Platform>): void {
  Deno.test(`platform contract, ${name}: claims nothing of instances and cold starts`, async () => {
    await using platform = await create();
    const events: InstanceEvent[] = [];
    platform.onInstanceEvent((event) => events.push(event));
    await platform.deploy([specOf(0, 0), specOf(1, 1)], new AbortController().signal);
    const { calls } = await invokeEach(platform, 2);
    assert.deepEqual([calls.coldStart[0], calls.coldStart[1]], [null, null]);
    await platform.teardown();
    assert.deepEqual(events, []);
  });
}
