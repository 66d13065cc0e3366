import assert from "node:assert/strict";
import { neverAborted } from "../../../lib/base/signal.ts";
import fc from "fast-check";
import { burst } from "../../../experiments/burst.ts";
import { VirtualClock } from "../../../lib/clock/virtual_clock.ts";
import { LoaderError } from "../../../lib/base/error.ts";
import { generateSchedule } from "../../../lib/schedule/trace_schedule.ts";
import { functionKey } from "../../../lib/model/trace.ts";
import { AgreedStarts, StartClock } from "../../../lib/run/shard/agreed_start.ts";
import { runExperiment } from "../../../lib/cli/run_experiment.ts";
import { formatShard, parseShard, shardIndexOf } from "../../../lib/run/shard/shard.ts";
import { formatInstant, parseInstant } from "../../../lib/run/shard/shard_options.ts";
import { takeShard } from "../../../lib/run/shard/shard_schedule.ts";
import { traceWithCounts } from "../../support/schedules.ts";
import { valuesOf } from "../../support/shard_run.ts";

function usage(sentence: RegExp) {
  return (error: unknown) =>
    error instanceof LoaderError && error.code === "usage" && sentence.test(error.message);
}

Deno.test("shard: i/n is parsed, and what is no part is refused", () => {
  assert.deepEqual(parseShard("2/3"), { index: 2, count: 3 });
  assert.equal(formatShard({ index: 2, count: 3 }), "2/3");
  for (const text of ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "1.5/2", "1/1001"]) {
    assert.throws(() => parseShard(text), Error, text);
  }
});

Deno.test("shard: the loader of a function is fixed by its key, as other languages reckon it too", () => {
  // As of: printf owner/app/f0 | sha256sum | cut -c1-12
  const expected = { "owner/app/f0": "2b1ec18aa5b0", "owner/app/f1": "c1311a4a5b69" };
  for (const [key, digits] of Object.entries(expected)) {
    for (const count of [1, 2, 3, 7]) {
      assert.equal(shardIndexOf(key, count), Number(BigInt(`0x${digits}`) % BigInt(count)) + 1);
    }
  }
});

Deno.test("shard: functions are dealt about evenly", () => {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 4000; i++) counts[shardIndexOf(`owner/app/f${i}`, 4) - 1]++;
  for (const count of counts) assert.ok(count > 850 && count < 1150, String(counts));
});

Deno.test("shards of a schedule: each invocation is in one of them, with its index in the whole", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 1000 }),
      fc.array(fc.array(fc.nat(20), { minLength: 2, maxLength: 2 }), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.boolean(),
      async (count, seed, counts, reuse) => {
        const whole = generateSchedule(traceWithCounts(...counts), { seed });
        const rows = new Map<number, readonly unknown[]>();
        let ofParts = 0;
        for (let index = 1; index <= count; index++) {
          const part = takeShard(whole, { index, count });
          assert.equal(await part.hash(), await whole.hash());
          assert.deepEqual([part.durationMs, part.phases], [whole.durationMs, whole.phases]);
          ofParts += part.functions.length;
          let last = -1;
          for (const chunk of part.chunks({ reuse })) {
            chunk.index!.forEach((at, i) => {
              assert.ok(at > last, "in order");
              last = at;
              rows.set(at, [
                chunk.scheduledMs[i],
                functionKey(part.functions[chunk.functionIndex[i]]),
                chunk.runtimeMs[i],
                chunk.memoryMib[i],
              ]);
            });
          }
        }
        assert.equal(ofParts, whole.functions.length);
        let at = 0;
        for (const chunk of whole.chunks()) {
          for (let i = 0; i < chunk.scheduledMs.length; i++) {
            assert.deepEqual(rows.get(at++), [
              chunk.scheduledMs[i],
              functionKey(whole.functions[chunk.functionIndex[i]]),
              chunk.runtimeMs[i],
              chunk.memoryMib[i],
            ]);
          }
        }
        assert.equal(rows.size, at);
      },
    ),
    { seed: 6, numRuns: 60 },
  );
});

Deno.test("shards of a schedule: what is not reused stays as it was", () => {
  const whole = generateSchedule(traceWithCounts([5, 9], [7, 3], [4, 4]), { seed: 3 });
  const part = takeShard(whole, { index: 1, count: 2 });
  const kept = [...part.chunks()].map((chunk) => [...chunk.scheduledMs]);
  const seen = [];
  for (const chunk of part.chunks({ reuse: true })) seen.push([...chunk.scheduledMs]);
  assert.deepEqual(kept, seen);
});

Deno.test("start: instants are RFC 3339 with a zone, or seconds since 1970", () => {
  const expected = Date.UTC(2026, 10, 23, 10);
  for (
    const text of [
      "2026-11-23T10:00:00Z",
      "2026-11-23T10:00Z",
      "2026-11-23t12:00:00.000+02:00",
      String(expected / 1000),
    ]
  ) {
    assert.equal(parseInstant(text), expected, text);
  }
  assert.equal(parseInstant("2026-11-23T10:00:00.250Z"), expected + 250);
  assert.equal(formatInstant(expected), "2026-11-23T10:00:00Z");
  // Without a zone it would be another instant on each machine.
  for (const text of ["2026-11-23T10:00:00", "10:00", "soon", "2026-13-23T10:00:00Z", "-5", ""]) {
    assert.throws(() => parseInstant(text), /not an instant/, text);
  }
});

Deno.test("start: a run starts when the one before has surely ended and the gap has passed", () => {
  const starts = new AgreedStarts({ startAtUnixMs: 1_000_000, drainMs: 500, startGapMs: 3000 });
  assert.deepEqual(starts.next(60_000), { unixMs: 1_000_000, deployUnixMs: 997_000 });
  assert.deepEqual(starts.next(10_000), { unixMs: 1_063_500, deployUnixMs: 1_060_500 });
  assert.equal(starts.next(1).unixMs, 1_077_000);
});

Deno.test("start: on virtual time the gap lies between deployment and start, for later runs too", async () => {
  const clock = new VirtualClock();
  const never = neverAborted();
  const starts = new AgreedStarts({ startAtUnixMs: 5_000_000, drainMs: 1000, startGapMs: 3000 });
  const first = starts.next(2000);
  const startClock = new StartClock(clock, first);
  await startClock.waitForDeployment(first, never);
  assert.equal(clock.nowMs(), 0);
  assert.equal(await startClock.waitForRun(first, never), 3000);
  assert.ok(clock.nowMs() < 3000);
  assert.equal(await startClock.waitForRun(starts.next(1), never), 3000 + 2000 + 1000 + 3000);
});

Deno.test("start: who waits can be stopped", async () => {
  const stop = new AbortController();
  const clock = new VirtualClock();
  const start = { unixMs: 1e6, deployUnixMs: 0 };
  clock.at(500, () => stop.abort(new LoaderError("interrupted", "Stopped by the user.")));
  await assert.rejects(new StartClock(clock, start).waitForRun(start, stop.signal), /Stopped/);
});

Deno.test("shard: several loaders on real platforms need one start, and no twin", async () => {
  const plan = (...args: string[]) => runExperiment(burst, valuesOf(burst, [...args, "--dry-run"]));
  await assert.rejects(
    plan("--shard", "1/2"),
    usage(/2 loaders must start at one instant; give each the same --start-at, such as 20/),
  );
  await assert.rejects(
    plan("--shard", "1/2", "--start-at", "2020-01-01T00:00:00Z"),
    usage(/--start-at: 2020-01-01T00:00:00Z was .* ago by the clock of this machine/),
  );
  await assert.rejects(
    plan("--shard", "1/2", "--twin", "--start-at", "2120-01-01T00:00:00Z"),
    usage(/--twin/),
  );
  const { status } = await plan("--shard", "1/2", "--start-at", "2120-01-01T00:00:00Z");
  assert.equal(status, "finished");
});
