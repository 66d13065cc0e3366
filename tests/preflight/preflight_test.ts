import assert from "node:assert/strict";
import { neverAborted } from "../../lib/base/signal.ts";
import { formatJson } from "../../lib/base/json.ts";
import { burst } from "../../experiments/burst.ts";
import { keepAlive } from "../../experiments/keep_alive.ts";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { LoaderError } from "../../lib/base/error.ts";
import { describeCalibratedMachine } from "../../lib/run/calibration.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import type { OptionTable } from "../../lib/option/option.ts";
import { isFeasible, type Preflight, preflight } from "../../lib/preflight/preflight.ts";
import {
  parsePreflightOptions,
  type PreflightValues,
} from "../../lib/preflight/preflight_options.ts";
import { renderPreflight } from "../../lib/preflight/preflight_text.ts";
import { readExperimentResult } from "../../lib/run/result_table.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import { temporaryFolder } from "../support/script.ts";

const SIMULATED = ["--platform", "simulator"];
/** A trace sweep of a moment. */
const SHORT = ["--duration", "10s"];

function valuesOf<O extends OptionTable>(
  experiment: Experiment<O>,
  args: readonly string[],
): PreflightValues<O> {
  return parsePreflightOptions(experiment, args).values;
}

async function preflightOf<O extends OptionTable>(
  experiment: Experiment<O>,
  ...args: readonly string[]
): Promise<Preflight> {
  return await preflight(experiment, valuesOf(experiment, args), neverAborted());
}

Deno.test("preflight: its runs are those of the experiment, by their schedules' hashes", async () => {
  const args = [...SIMULATED, ...SHORT, "--sizes", "3,6", "--repetitions", "2", "--no-search"];
  const { runs } = await preflightOf(traceSweep, ...args);
  const planned = [...(await traceSweep.plan(valuesOf(traceSweep, args))).runs];
  assert.deepEqual(
    runs.map(({ name, scheduleHash }) => [name, scheduleHash]),
    await Promise.all(planned.map(async ({ name, schedule }) => [name, await schedule.hash()])),
  );
});

Deno.test("preflight: its figures are those that the experiment comes to on the simulator", async () => {
  await using folder = await temporaryFolder();
  const experiments = [
    [traceSweep, [...SHORT, "--sizes", "4,8", "--warmup", "1min"]],
    // Runs that share a deployment.
    [rpsRamp, ["--start", "20", "--step", "40", "--end", "100", "--node-cores", "2"]],
    [burst, ["--duration", "5s"]],
  ] as const;
  for (
    const [experiment, args] of experiments as unknown as [Experiment<OptionTable>, string[]][]
  ) {
    const output = `${folder.path}/${experiment.name}`;
    const all = [...SIMULATED, ...args, "--no-search"];
    const expected = await preflightOf(experiment, ...all);
    await runExperiment(experiment, { ...valuesOf(experiment, all), output });
    const { runs } = await readExperimentResult(output);
    assert.equal(runs.length, expected.runs.length);
    for (const [i, { manifest, summary }] of runs.entries()) {
      const { name, scheduleHash, simulated } = expected.runs[i];
      assert.deepEqual([name, scheduleHash], [manifest.name, manifest.scheduleHash]);
      const { outcomes, coldInvocations, responseTimeMs, slowdown } = simulated!;
      assert.deepEqual(outcomes, summary.outcomes);
      assert.equal(coldInvocations, summary.coldInvocations);
      // The files have microseconds.
      for (const percentile of ["p50", "p90"] as const) {
        assertClose(responseTimeMs.all[percentile], summary.responseTimeMs.all[percentile]);
        assertClose(slowdown.all[percentile], summary.slowdown.all[percentile]);
      }
    }
  }
});

function assertClose(actual: number | null, expected: number | null): void {
  if (actual === null || expected === null) return assert.equal(actual, expected);
  assert.ok(Math.abs(actual - expected) <= 0.002, `${actual} is not ${expected}`);
}

Deno.test("preflight: the same options give the same answer", async () => {
  const args = [...SIMULATED, ...SHORT, "--sizes", "5", "--node-instances", "12"];
  const [once, again] = [
    await preflightOf(traceSweep, ...args),
    await preflightOf(traceSweep, ...args),
  ];
  assert.deepEqual(again, once);
  assert.equal(renderPreflight(again), renderPreflight(once));
});

Deno.test("preflight: series are conserved and no longer than the run", async () => {
  const { runs: [run] } = await preflightOf(traceSweep, ...SIMULATED, ...SHORT, "--sizes", "8");
  const { plan, bins, offered, simulated } = run;
  assert.equal(bins.count * bins.binMs, 10_000);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum(offered.ratePerS) * bins.binMs / 1000 - plan.invocations) < 1e-6);
  assert.ok(
    Math.abs(sum(offered.concurrency) / bins.count - plan.expectedConcurrency) < 1e-9,
  );
  const { series, peak, outcomes } = simulated!;
  for (const values of Object.values(series)) assert.equal(values.length, bins.count);
  assert.equal(Math.max(...series.instances), peak.instances);
  assert.equal(Math.max(...series.memoryMib), peak.memoryMib);
  assert.equal(sum(Object.values(outcomes)), plan.invocations);
});

Deno.test("preflight: the limit that is hit first is told", async () => {
  const reasonOf = async (...args: readonly string[]) => {
    const result = await preflightOf(
      traceSweep,
      ...[...SIMULATED, ...SHORT, "--sizes", "8", "--no-search", ...args],
    );
    assert.equal(result.runs[0].fit.word, result.platformFit);
    assert.equal(isFeasible(result), result.platformFit !== "does not fit");
    return `${result.platformFit}: ${result.runs[0].fit.reason}`;
  };
  assert.match(await reasonOf(), /^fits: /);
  assert.match(await reasonOf("--max-instances", "3"), /^does not fit: instances: 3 of 3/);
  assert.match(
    await reasonOf("--node-memory", "1000"),
    /^does not fit: requested memory: .* wait for room from \d+ s on/,
  );
  assert.match(await reasonOf("--node-cores", "0.5"), /^does not fit: requested CPU: /);
  assert.match(await reasonOf("--limit-slowdown", "2"), /^does not fit: slowdown p99 above/);
  assert.match(
    await reasonOf("--start-delay", "5s", "--queue-timeout", "1s"),
    /^does not fit: rejected from 1 s on: no instance within --queue-timeout, 1s/,
  );
  assert.match(
    await reasonOf("--node-cores", "0.1", "--cpu-overcommit", "100", "--start-delay", "0ms"),
    /^does not fit: work: .* so queues grow/,
  );
  const roomy = ["--cpu-overcommit", "100", "--start-delay", "0ms"];
  assert.match(
    await reasonOf(...roomy, "--service-factor", "exponential(80)"),
    /^does not fit: work: .* so queues grow/,
  );
  assert.match(
    await reasonOf(...roomy, "--service-overhead", "200ms"),
    /^does not fit: work: .* so queues grow/,
  );
  // The memory of one instance.
  assert.match(await reasonOf("--node-memory", "64"), /^does not fit: An instance of .* needs/);
});

Deno.test("preflight: calls beyond the cap in flight are the generator's", async () => {
  const result = await preflightOf(
    burst,
    ...[...SIMULATED, "--start-delay", "2s", "--max-in-flight", "10", "--no-search"],
  );
  assert.equal(result.generator.word, "does not fit");
  assert.match(result.generator.reason, /up to 10 calls in flight of 10/);
  assert.equal(isFeasible(result), false);
});

Deno.test("preflight: the largest load fits, and the next one does not", async () => {
  const questions = [
    [traceSweep, [...SHORT, "--sizes", "4", "--node-instances", "15"], "--sizes", []],
    [rpsRamp, ["--start", "100", "--end", "100", "--node-cores", "4"], "--end", ["--start", "100"]],
    [burst, ["--duration", "5s", "--queue-timeout", "3s"], "--burst", []],
  ] as const;
  for (const [experiment, args, option] of questions) {
    const one = experiment as unknown as Experiment<OptionTable>;
    const { largest } = await preflightOf(one, ...SIMULATED, ...args);
    const { size, next, trials } = largest!;
    assert.equal(next!.size, size! + 1);
    assert.ok(trials.length <= 24);
    const wordOf = async (value: number) => {
      const values = valuesOf(one, [...SIMULATED, ...args, "--no-search"]);
      const sized = { ...values, ...one.loadSize!.withSize(values, value) };
      return (await preflight(one, sized, neverAborted())).platformFit;
    };
    assert.notEqual(await wordOf(size!), "does not fit", `${option} ${size}`);
    assert.equal(await wordOf(next!.size), "does not fit", `${option} ${next!.size}`);
  }
});

Deno.test("preflight: all functions of the trace may fit, or none", async () => {
  const args = [...SIMULATED, ...SHORT, "--sizes", "10"];
  const roomy = ["--node-cores", "64", "--node-memory", "262144", "--node-instances", "1000"];
  const limit = ["--limit-slowdown", "1000000"];
  const all = (await preflightOf(traceSweep, ...args, ...roomy, ...limit)).largest!;
  assert.equal(all.next, null);
  assert.equal(all.size, await traceSweep.loadSize!.most(valuesOf(traceSweep, args)));
  const none = (await preflightOf(traceSweep, ...args, "--max-instances", "0")).largest!;
  assert.equal(none.size, null);
  assert.match(none.next!.reason!, /^instances: 0 of 0/);
});

Deno.test("preflight: a run of too many invocations is not simulated, and says so", async () => {
  const result = await preflightOf(
    traceSweep,
    ...[...SIMULATED, ...SHORT, "--sizes", "8", "--most-invocations", "100"],
  );
  const { runs: [run], largest, platformFit } = result;
  assert.equal(run.simulated, null);
  assert.match(run.fit.reason, /not simulated: .* more than --most-invocations, 100/);
  assert.equal(platformFit, "unknown");
  assert.match(largest!.next!.reason!, /^not tried: /);
  assert.match(renderPreflight(result), /Largest load that fits: +at least \d+ functions; /);
  assert.match(
    renderPreflight(result),
    /Preflight: unknown \(platform: not simulated: .*; raise it/,
  );
});

Deno.test("preflight: where even the smallest load is too many invocations, nothing is said of it", async () => {
  const text = renderPreflight(
    await preflightOf(burst, ...SIMULATED, "--most-invocations", "10"),
  );
  assert.match(text, /unknown: even 1 \(invocations in the burst\) is above --most-invocations/);
  assert.doesNotMatch(text, /none, not even 1/);
});

Deno.test("preflight: refuses what the experiment would refuse", async () => {
  await assert.rejects(
    preflightOf(rpsRamp, ...SIMULATED, "--policy", "oracle", "--end", "40"),
    (error) =>
      error instanceof LoaderError && error.exitStatus === 2 &&
      /oracle must know all arrivals/.test(error.message),
  );
});

Deno.test("preflight: every run says itself why it finds no place", async () => {
  const bounds = ["--start", "20", "--end", "60", "--step", "20"];
  const fitsOf = async (...args: readonly string[]) => {
    const { runs } = await preflightOf(rpsRamp, ...SIMULATED, ...bounds, ...args);
    assert.equal(runs.length, 3);
    assert.deepEqual(new Set(runs.map(({ fit }) => fit.word)), new Set(["does not fit"]));
    return new Set(runs.map(({ fit }) => fit.reason));
  };
  assert.deepEqual(await fitsOf("--nodes", "0"), new Set(["There is no node (--nodes 0)."]));
  const [tooSmall] = await fitsOf("--node-memory", "10");
  assert.match(tooSmall, /^An instance of .* needs .* MiB, and a node has .* 10 MiB\.$/);
  // There is memory for all initial instances, but not where it is of use.
  const [apart] = await fitsOf(
    ...["--nodes", "2", "--node-memory", "100", "--memory", "64", "--instance-overhead", "0"],
    ...["--initial-scale", "3", "--functions", "1"],
  );
  assert.match(apart, /^The nodes have no room for all of the initial instances \(3\) at once/);
  const [tooMany] = await fitsOf(
    ...["--cpu", "dedicated", "--node-cores", "2", "--initial-scale", "3", "--functions", "1"],
  );
  assert.match(tooMany, /^The 3 initial instances need 3 cores .*, and there are 2 cores /);
});

Deno.test("preflight: what is not known of the generator is part of the verdict", async () => {
  const result = await preflightOf(
    burst,
    ...["--node-cores", "64", "--node-instances", "500", "--connections", "invocation"],
  );
  assert.notEqual(result.platformFit, "does not fit");
  assert.equal(result.verdict, "unknown");
  assert.ok(isFeasible(result));
  assert.match(
    renderPreflight(result),
    /Preflight: unknown \(generator: (not calibrated yet|This machine was not calibrated)[^.]*\)$/,
  );
});

Deno.test("preflight: as many calls may fail as the verdict of the experiment allows", async () => {
  // The one call of the victim finds no instance in time.
  const args = ["--burst", "1", "--start-delay", "2s", "--queue-timeout", "1s"];
  const fitOf = async (...more: readonly string[]) => {
    const { runs: [{ fit, simulated }] } = await preflightOf(
      burst,
      ...[...SIMULATED, ...args, "--no-search", ...more],
    );
    assert.equal(simulated!.outcomes.rejected, 1);
    return fit;
  };
  assert.equal((await fitOf()).word, "fits");
  const strict = await fitOf("--limit-not-ok", "0.001");
  assert.match(strict.reason, /^rejected from \d+ s on: .* \(1 of \d+ not ok\)$/);
  assert.equal(strict.word, "does not fit");
  const { largest } = await preflightOf(burst, ...SIMULATED, ...args);
  assert.ok(largest!.size! > 1);
});

Deno.test("preflight: under a policy that evicts, waiting for room is judged by what it does to calls", async () => {
  const short = [...SIMULATED, ...SHORT, "--sizes", "8", "--no-search", "--node-memory", "1500"];
  const fitOf = async (...args: readonly string[]) =>
    (await preflightOf(traceSweep, ...short, "--limit-slowdown", "1e9", ...args)).runs[0].fit;
  assert.match((await fitOf()).reason, /wait for room/);
  const { word, limits } = await fitOf("--policy", "greedy-dual");
  assert.equal(word, "fits");
  const memory = limits.find(({ name }) => name === "requested memory")!;
  assert.deepEqual([memory.crossed, memory.share], [false, null]);
});

Deno.test("preflight: the sum of invocations, and what is infinite or not known", async () => {
  const result = await preflightOf(
    rpsRamp,
    ...[...SIMULATED, "--start", "1", "--step", "1", "--end", "2", "--no-search"],
    ...["--start-delay", "5s", "--queue-timeout", "1s", "--initial-scale", "0"],
  );
  const sum = result.runs.reduce((all, { plan }) => all + plan.invocations, 0);
  assert.equal(result.invocations, sum);
  const text = renderPreflight(result);
  assert.match(text, new RegExp(`^${sum} invocations in ${result.runs.length} runs?$`, "m"));
  assert.match(text, /│ +[^│]*, – ms │/);
  const { runs } = JSON.parse(formatJson({
    ...result,
    runs: [{ ...result.runs[0], simulated: withSlowdown(result.runs[0], Infinity) }],
  }));
  assert.deepEqual(
    [runs[0].simulated.slowdown.all.p50, runs[0].simulated.slowdown.all.p99],
    ["Infinity", null],
  );
});

function withSlowdown({ simulated }: Preflight["runs"][number], p50: number) {
  const { slowdown } = simulated!;
  return { ...simulated!, slowdown: { ...slowdown, all: { ...slowdown.all, p50, p99: null } } };
}

Deno.test("preflight: has the experiment's options but those that write or share a load", () => {
  const refused = [
    [burst, ["--output", "results/x"]],
    [burst, ["--save-schedules", "results/x"]],
    [burst, ["--dry-run"]],
    [burst, ["--twin"]],
    [burst, ["--compat"]],
    [burst, ["--shard", "1/2"]],
    [burst, ["--platform", "endpoints", "--endpoints", "127.0.0.1:1", "--node-cores", "2"]],
    // The experiment compares policies and has no option for one.
    [keepAlive, ["--policy", "oracle"]],
  ] as const;
  for (const [experiment, args] of refused as unknown as [Experiment<OptionTable>, string[]][]) {
    assert.throws(
      () => valuesOf(experiment, args),
      (error) =>
        error instanceof LoaderError && error.message.includes(args.at(-1)!) ||
        (error as LoaderError).message.includes(args.at(-2)!),
      args.join(" "),
    );
  }
  const { output, shard, twin, dryRun } = valuesOf(burst, ["--node-cores", "3"]);
  assert.deepEqual([output, shard, twin, dryRun], [null, null, false, false]);
});

Deno.test("preflight: of endpoints only the load is known", async () => {
  const result = await preflightOf(
    rpsRamp,
    ...["--platform", "endpoints", "--endpoints", "127.0.0.1:1", "--end", "40"],
  );
  assert.deepEqual(result.runs.map(({ simulated }) => simulated), [null, null]);
  assert.deepEqual([result.platformFit, result.largest], ["unknown", null]);
  assert.ok(isFeasible(result));
  const text = renderPreflight(result);
  assert.match(text, /not simulated, for what serves at the endpoints/);
  assert.match(text, /concurrency/);
});

Deno.test("preflight: a ramp ends where the platform is overloaded", async () => {
  const { runs, isOpen, notes } = await preflightOf(
    rpsRamp,
    ...[...SIMULATED, "--end", "100000", "--step", "400", "--node-cores", "1", "--no-search"],
    ...["--queue-timeout", "1s", "--slot", "4s"],
  );
  assert.equal(isOpen, false);
  assert.match(notes[0], /would end after rate-\d+: the platform is overloaded/);
  assert.ok(runs.length < 50);
});

Deno.test("preflight: the local platform is simulated as this machine, or as flags say", async () => {
  const { platform } = await preflightOf(
    burst,
    ...["--node-cores", "7", "--start-delay", "300ms", "--no-search"],
  );
  assert.equal(platform.name, "local");
  assert.equal(platform.cores, 7);
  assert.equal(platform.parameters!.startMs, "300");
  // As measured on the local platform.
  assert.equal(platform.parameters!.networkMs, "0.9");
});

Deno.test("preflight: the generator is judged by the calibration, or the command named", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/calibration.json`;
  const stepOf = (ratePerS: number, dispatchedPerS: number, lagP99Ms: number) => ({
    ...{ ratePerS, dispatchedPerS, dropped: 0, lagP50Ms: 0.1, lagP99Ms, lagMaxMs: lagP99Ms },
    ...{ loopDelayP99Ms: 1, cpuPercent: 10, waitingPercent: 10, memoryMib: 80 },
  });
  const steps = [stepOf(200, 200, 1), stepOf(400, 300, 80)];
  const calibration = {
    ...{ kind: "calibration", formatVersion: 2, createdAt: "2026-01-01T00:00:00.000Z" },
    machine: describeCalibratedMachine(),
    steps,
  };
  await Deno.writeTextFile(file, JSON.stringify(calibration));
  const generatorOf = async (rate: number, ...args: readonly string[]) => {
    const bounds = ["--start", String(rate), "--end", String(rate), "--iat", "equidistant"];
    const roomy = ["--node-cores", "64", "--node-instances", "500", "--max-scale", "100"];
    return (await preflightOf(rpsRamp, ...bounds, ...roomy, "--no-search", ...args)).generator;
  };
  const calibrated = ["--calibration", file];
  assert.equal((await generatorOf(100, ...calibrated)).word, "fits");
  assert.equal((await generatorOf(180, ...calibrated)).word, "tight");
  assert.match((await generatorOf(250, ...calibrated)).reason, /GENERATOR-LIMITED/);
  const beyond = await generatorOf(350, ...calibrated);
  assert.deepEqual([beyond.word, beyond.sustainedRatePerS], ["does not fit", 200]);
  const otherWay = await generatorOf(100, ...calibrated, "--connections", "invocation");
  assert.equal(otherWay.word, "unknown");
  assert.match(otherWay.reason, /not calibrated for/);
});

Deno.test("preflight: --like takes what was measured in earlier runs for the platform", async () => {
  await using folder = await temporaryFolder();
  const like = `${folder.path}/earlier`;
  const args = [...SIMULATED, ...SHORT, "--sizes", "8", "--no-search"];
  const slow = [...args, "--start-delay", "700ms", "--service-factor", "3"];
  await runExperiment(traceSweep, { ...valuesOf(traceSweep, slow), output: like });
  const [{ summary }] = (await readExperimentResult(like)).runs;
  const { runs: [run], platform } = await preflightOf(traceSweep, ...args, "--like", like);
  assert.match(platform.source!, /\d+ calls and \d+ starts/);
  for (const percentile of ["p50", "p90"] as const) {
    const expected = run.simulated!.responseTimeMs.all[percentile]!;
    const ratio = expected / summary.responseTimeMs.all[percentile]!;
    assert.ok(ratio > 0.8 && ratio < 1.25, `${percentile}: ${ratio}`);
  }
  // What a flag says counts more than what was measured.
  const flagged = await preflightOf(traceSweep, ...args, "--like", like, "--service-factor", "1");
  assert.equal(flagged.platform.parameters!.serviceFactor, "1");
});

Deno.test("preflight: --like needs a folder with something to measure", async () => {
  await using folder = await temporaryFolder();
  await assert.rejects(
    preflightOf(burst, "--like", folder.path),
    (error) => error instanceof LoaderError && error.code === "input",
  );
  await assert.rejects(
    () =>
      preflightOf(
        burst,
        ...["--platform", "endpoints", "--endpoints", "127.0.0.1:1", "--like", folder.path],
      ),
    /--like: the platform endpoints does not use it/,
  );
});

Deno.test("preflight: what a run has otherwise than its experiment, its rehearsal has too", async () => {
  const args = [...SIMULATED, ...SHORT, "--sizes", "4", "--no-search"];
  const requesting: Experiment<OptionTable> = {
    ...traceSweep as unknown as Experiment<OptionTable>,
    async plan(options) {
      const { runs, overloadTolerance } = await traceSweep.plan(options as never);
      const [run] = runs;
      return { runs: [{ ...run, options: { cpuRequestMilli: 321 } }], overloadTolerance };
    },
  };
  const { runs: [{ simulated }] } = await preflightOf(requesting, ...args);
  assert.equal(simulated!.peak.cpuMilli, 321 * simulated!.peak.instances);
});
