import assert from "node:assert/strict";
import fc from "fast-check";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { deriveKnee, isRateKept, type RateResult, wasInTime } from "../../lib/analyze/knee.ts";
import { LoaderError } from "../../lib/base/error.ts";
import { renderReport } from "../../lib/report/report.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import { OUTCOMES } from "../../lib/model/record.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import type { Verdict } from "../../lib/store/schema/manifest.ts";
import type { PlannedRun, RunFeedback } from "../../lib/run/experiment.ts";
import { searchKnee, type TriedLoad } from "../../lib/run/knee_search.ts";
import { temporaryFolder } from "../support/script.ts";

interface TestSummary {
  readonly notOk?: number;
  readonly p90?: number | null;
  readonly p50?: number | null;
}

function resultOf({ notOk = 0, p90 = 2, p50 = 1 }: TestSummary, isOverloaded = false): RateResult {
  const all = { p50, p90, p95: null, p99: null };
  const slowdown = { observations: 100, infinite: 0, all, okOnly: all };
  const none = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
  return {
    isOverloaded,
    summary: {
      outcomes: {
        ...none,
        ok: 1000 - notOk,
        timed_out: notOk,
      } as RateResult["summary"]["outcomes"],
      slowdown,
      slowdownRest: slowdown,
    },
  };
}

Deno.test("a rate is kept while few are not ok and 90 of 100 are not slow", () => {
  const isKept = (summary: TestSummary, isOverloaded?: boolean) =>
    isRateKept(resultOf(summary, isOverloaded), 5);
  assert.ok(isKept({}));
  assert.ok(isKept({ notOk: 10, p90: 5 }));
  assert.ok(!isKept({ notOk: 11 }));
  assert.ok(!isKept({ p90: 5.1 }));
  assert.ok(!isKept({ p90: Infinity }));
  assert.ok(!isKept({}, true));
  // Too few for p90: half of them decide, and nothing at all is not kept.
  assert.ok(isKept({ p90: null, p50: 4 }));
  assert.ok(!isKept({ p90: null, p50: 6 }));
  assert.ok(!isKept({ p90: null, p50: null }));
});

/** Rates that a search tries on a platform that keeps all up to one; that one is told by chance. */
function tryOn(
  keepsPerS: number,
  search: { readonly startPerS: number; readonly leastPerS?: number; readonly mostPerS?: number },
): TriedLoad[] {
  const tried: TriedLoad[] = [];
  const runs = searchKnee({
    leastPerS: 0.5,
    mostPerS: 1_000_000,
    precision: 0.1,
    mostSlowdown: 5,
    run: (load) => {
      tried.push(load);
      return {} as PlannedRun;
    },
    ...search,
  });
  for (let next = runs.next(); !next.done;) {
    const isKept = tried.at(-1)!.ratePerS <= keepsPerS;
    next = runs.next(resultOf({ p90: isKept ? 1 : 99 }) as RunFeedback);
  }
  return tried;
}

Deno.test("a search brackets the knee of any platform to its precision, from any start", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.6, max: 500_000, noNaN: true }),
      fc.double({ min: 0.5, max: 100_000, noNaN: true }),
      (keepsPerS, startPerS) => {
        const tried = tryOn(keepsPerS, { startPerS });
        const { keptPerS, lostPerS } = deriveKnee(
          tried.map(({ ratePerS }) => ({ ratePerS, isKept: ratePerS <= keepsPerS })),
        );
        assert.ok(keptPerS! <= keepsPerS && lostPerS! > keepsPerS);
        assert.ok(lostPerS! <= keptPerS! * 1.101, `${keptPerS} and ${lostPerS}`);
        // Each lost rate twice, and never more than the ratio of start and knee needs.
        assert.ok(tried.length <= 2 * (12 + Math.abs(Math.log2(keepsPerS / startPerS))));
      },
    ),
    { seed: 8 },
  );
});

Deno.test("a search tries what is lost once more, and ends at the bounds", () => {
  const rates = (tried: readonly TriedLoad[]) => tried.map(({ ratePerS }) => ratePerS);
  assert.deepEqual(tryOn(30, { startPerS: 20, mostPerS: 40 }).slice(0, 3), [
    { ratePerS: 20, attempt: 1, lostBefore: 0 },
    { ratePerS: 40, attempt: 1, lostBefore: 0 },
    { ratePerS: 40, attempt: 2, lostBefore: 1 },
  ]);
  assert.deepEqual(rates(tryOn(1e9, { startPerS: 20, mostPerS: 50 })), [20, 40, 50]);
  assert.deepEqual(rates(tryOn(0, { startPerS: 4, leastPerS: 1.5 })), [4, 4, 2, 2, 1.5, 1.5]);
});

Deno.test("a search looks once more where the generator was late, and ends where it is again", () => {
  const tried: string[] = [];
  const runs = searchKnee({
    startPerS: 20,
    leastPerS: 1,
    mostPerS: 1e6,
    precision: 0.1,
    mostSlowdown: 5,
    run: ({ ratePerS, attempt }) => {
      tried.push(`${ratePerS}/${attempt}`);
      return {} as PlannedRun;
    },
  });
  const kept = resultOf({ p90: 1 }) as RunFeedback;
  const late = { ...kept, isGeneratorLimited: true };
  // Late once at 40: whatever the platform did, it is tried again and kept.
  let next = runs.next();
  for (const feedback of [kept, late, kept, late, late]) next = runs.next(feedback);
  assert.deepEqual(tried, ["20/1", "40/1", "40/2", "80/1", "80/2"]);
  assert.ok(next.done);
  assert.match(String(next.value), /^The search ended at 80 a second: the generator did not keep/);
});

Deno.test("a generator that only dropped calls was in time: the platform let too many pile up", () => {
  const verdict = (evidence: Partial<Verdict["evidence"]>) => ({
    verdict: "GENERATOR-LIMITED",
    limits: { busySecondsShare: 0.05 },
    evidence: {
      ...{ dropped: 5, dispatched: 1000, lateDispatches: 10, loopProbes: 100, lateLoopProbes: 1 },
      ...{ busySeconds: [3], seconds: 20 },
      ...evidence,
    },
  } as unknown as Verdict);
  assert.ok(wasInTime(verdict({})));
  assert.ok(!wasInTime(verdict({ dropped: 0 })));
  assert.ok(!wasInTime(verdict({ lateDispatches: 11 })));
  assert.ok(!wasInTime(verdict({ lateLoopProbes: 2 })));
  assert.ok(!wasInTime(verdict({ busySeconds: [3, 4] })));
  assert.ok(wasInTime({ ...verdict({ dropped: 0 }), verdict: "VALID" }));
});

Deno.test("rps ramp: repetitions search anew, and tell the highest rate kept with its spread", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  const args = ["--max-scale", "1", "--slot", "20s", "--knee-precision", "0.3"];
  const { runs } = await runExperiment(
    rpsRamp,
    rampOptions(...args, "--repetitions", "2", "--output", output),
  );
  assert.ok(runs.some(({ name }) => name === "rate-20"));
  assert.ok(runs.some(({ name }) => name === "rate-20_repetition-1"));
  await renderReport(output);
  const text = await Deno.readTextFile(`${output}/report.html`);
  assert.match(
    text,
    /In 2 repetitions the highest rate that the platform kept was [\d.]+ per second/,
  );
});

Deno.test("a knee is between the highest rate kept and the lowest lost", () => {
  const knee = (...tried: (readonly [number, boolean])[]) =>
    deriveKnee(tried.map(([ratePerS, isKept]) => ({ ratePerS, isKept })));
  assert.deepEqual(knee([20, true], [40, false]), { keptPerS: 20, lostPerS: 40 });
  assert.deepEqual(knee([20, true]), { keptPerS: 20, lostPerS: null });
  assert.deepEqual(knee([20, false]), { keptPerS: null, lostPerS: 20 });
  // Kept at the second try; and what was kept above a rate that was lost is no knee.
  assert.deepEqual(knee([20, true], [40, false], [40, true]), { keptPerS: 40, lostPerS: null });
  assert.deepEqual(knee([20, true], [30, false], [40, true]), { keptPerS: 20, lostPerS: 30 });
});

function rampOptions(...args: string[]) {
  return parseOptions("rps-ramp", "", rpsRamp.options, ["--platform", "simulator", ...args]).values;
}

Deno.test("rps ramp: finds the knee that queueing theory expects, and is resumed in the midst", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  // One instance of 20 ms serves 50 a second, and no more.
  const args = ["--max-scale", "1", "--slot", "60s", "--output", output];
  const { status, runs } = await runExperiment(rpsRamp, rampOptions(...args));
  assert.equal(status, "finished");
  await renderReport(output);
  const text = await Deno.readTextFile(`${output}/report.html`);
  const [, kept, lost] = /kept up to ([\d.]+) per second, and no longer ([\d.]+)/.exec(text)!;
  assert.ok(Number(kept) > 35 && Number(kept) < 50, kept);
  assert.ok(Number(lost) > 38 && Number(lost) <= 55, lost);

  // As after a crash: the last runs are missing, and the experiment is not finished.
  for (const { name } of runs.slice(-2)) {
    await Deno.remove(`${output}/runs/${name}`, { recursive: true });
  }
  const file = `${output}/experiment.json`;
  const manifest = JSON.parse(await Deno.readTextFile(file));
  await Deno.writeTextFile(file, JSON.stringify({ ...manifest, status: "running" }));
  const resumed = await runExperiment(rpsRamp, rampOptions(...args));
  assert.deepEqual(resumed.runs.map(({ name }) => name), runs.map(({ name }) => name));
});

Deno.test("rps ramp: what needs to know all rates before the load asks for an end", async () => {
  for (
    const args of [
      ["--shard", "1/2"],
      ["--save-schedules", "schedules"],
      ["--schedules", "schedules"],
    ]
  ) {
    await assert.rejects(
      runExperiment(rpsRamp, rampOptions(...args)),
      (error: unknown) =>
        error instanceof LoaderError && error.code === "usage" &&
        error.message.startsWith(`${args[0]}: which runs there will be is not known`),
    );
  }
});
