import assert from "node:assert/strict";
import { neverAborted } from "../../lib/base/signal.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import type { Capacity } from "../../lib/model/platform.ts";
import { deriveFunctionSpecs } from "../../lib/run/function_specs.ts";
import { LoadJudge } from "../../lib/run/load_judge.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { RunPlanner } from "../../lib/run/run_planner.ts";
import { csv, DURATIONS_HEADER, SMALL_TRACE, temporaryFiles } from "../support/trace_files.ts";

const MINUTES = Array.from({ length: 20 }, (_, i) => i + 1);

/** Files of functions with equal counts in every minute and a constant runtime. */
function filesOf(
  prefix: string,
  functions: readonly { readonly id: string; readonly count: number; readonly runtimeMs: number }[],
  withDurations = functions.length,
): Record<string, string> {
  return {
    [`${prefix}inv.csv`]: csv(
      `HashOwner,HashApp,HashFunction,Trigger,${MINUTES}`,
      ...functions.map(({ id, count }) => `o,a,${id},http,${MINUTES.map(() => count)}`),
    ),
    [`${prefix}run.csv`]: csv(
      DURATIONS_HEADER,
      ...functions.slice(0, withDurations).map(({ id, runtimeMs }) =>
        `o,a,${id},${Array(11).fill(runtimeMs)}`
      ),
    ),
    [`${prefix}mem.csv`]: SMALL_TRACE.memory,
  };
}

async function planOf(files: Record<string, string>, ...args: string[]) {
  await using folder = await temporaryFiles(files);
  const options = parseOptions("test", "", traceSweep.options, [
    ...["--platform", "simulator", "--duration", "1min", "--trace", folder.path],
    ...args,
  ]).values;
  const { runs } = await traceSweep.plan(options);
  return { runs: [...runs], options };
}

const one = (id: string) => ({ id, count: 60, runtimeMs: 5 });

Deno.test("trace sweep: initial scales follow the rate at which the trace is replayed", async () => {
  const files = filesOf("2_", [
    { id: "f", count: 300, runtimeMs: 1000 },
    { id: "g", count: 0, runtimeMs: 1000 },
  ]);
  for (
    const [args, scale] of [
      [[], 5],
      [["--rate-scale", "0.2"], 1],
      [["--rate-scale", "0.6"], 3],
      [["--rate-scale", "10"], 50],
      [["--time-scale", "10"], 50],
      [["--time-scale", "0.5"], 3],
      [["--rate-scale", "0.1", "--time-scale", "4"], 2],
    ] as const
  ) {
    const { runs: [run] } = await planOf(files, "--sizes", "2", "--warmup", "1min", ...args);
    assert.deepEqual(run.initialScales, [scale, 0], args.join(" "));
  }
});

Deno.test("trace sweep: profiling looks at the five minutes before the warm-up", async () => {
  // Busy from the 4th to the 8th minute, 300 a minute; then seldom.
  const busy = MINUTES.map((minute) => minute >= 4 && minute <= 8 ? 300 : 6);
  const files = filesOf("1_", [{ id: "f", count: 0, runtimeMs: 1000 }]);
  files["1_inv.csv"] = csv(
    `HashOwner,HashApp,HashFunction,Trigger,${MINUTES}`,
    `o,a,f,http,${busy}`,
  );
  for (const [startMinute, scale] of [[3, 5], [0, 3], [8, 1]]) {
    const { runs: [run] } = await planOf(
      files,
      ...["--sizes", "1", "--warmup", "1min", "--window", `${startMinute}..`],
    );
    assert.deepEqual(run.initialScales, [scale], `from minute ${startMinute}`);
  }
  // What it replays begins after them.
  const { runs: [run] } = await planOf(
    files,
    ...["--sizes", "1", "--warmup", "1min", "--window", "3.."],
  );
  let invocations = 0;
  for (const chunk of run.schedule.chunks()) invocations += chunk.scheduledMs.length;
  assert.equal(invocations, 2 * 6);
});

Deno.test("trace sweep: max-max allocation cuts the scales that follow the rate", async () => {
  const files = filesOf("1_", [{ id: "f", count: 300, runtimeMs: 1000 }]);
  // 40 % of 5 cores are 2,000 milli-cores; an instance of 140 MiB asks for 167.
  const capacity: Capacity = {
    cpuMilli: 5000,
    memoryMib: null,
    instances: null,
    instanceOverheadMib: 0,
  };
  for (const [rateScale, granted] of [["0.2", 1], ["1", 5], ["10", 11]] as const) {
    const { runs: [run] } = await planOf(
      files,
      ...["--sizes", "1", "--warmup", "1min", "--rate-scale", rateScale],
    );
    const [spec] = deriveFunctionSpecs(run, 42, capacity);
    assert.equal(spec.initialScale, granted, rateScale);
  }
});

Deno.test("trace sweep: initial scales are of the runtimes that are asked for", async () => {
  const files = filesOf("2_", [
    { id: "long", count: 60, runtimeMs: 1_954_000 },
    { id: "none", count: 60_000, runtimeMs: 0 },
  ]);
  const { runs: [run] } = await planOf(files, "--sizes", "2", "--warmup", "1min");
  // 1 a second × 60 s, and 1,000 a second × 1 ms.
  assert.deepEqual(run.initialScales, [60, 1]);
});

Deno.test("trace sweep: runtimes that are cut are told, with the concurrency of the whole", async () => {
  const files = filesOf("1_", [{ id: "long", count: 3, runtimeMs: 1_954_000 }]);
  const { runs, options } = await planOf(files, "--sizes", "1");
  const loads = await new RunPlanner({ runs }, null, null, neverAborted()).ahead(9);
  assert.match(
    new LoadJudge(options).warnings(loads).join(),
    /^3 of the 3 invocations of functions-1_repetition-0 ask for 60 s, .* 97\.70 instead of 3\.00\.$/,
  );
});

Deno.test("trace sweep: a run is of as many functions as its files hold, and says so", async () => {
  const files = filesOf("4_", ["a", "b", "c", "d"].map(one), 2);
  const { runs, options } = await planOf(files, "--sizes", "4");
  assert.equal(runs[0].name, "functions-2_repetition-0");
  assert.deepEqual(runs[0].parameters, { functions: 2, repetition: 0 });
  const warnings = new LoadJudge(options).warnings(
    await new RunPlanner({ runs }, null, null, neverAborted()).ahead(9),
  );
  assert.match(
    warnings.join(),
    /is to have 4 functions and has 2 \(function without durations: 2\)/,
  );
});

Deno.test("trace sweep: two samples that come to one number of functions are refused", async () => {
  await assert.rejects(
    planOf(
      {
        ...filesOf("4_", ["a", "b", "c", "d"].map(one), 2),
        ...filesOf("2_", ["a", "b"].map(one)),
      },
      ...["--sizes", "2,4"],
    ),
    { code: "usage", message: /^--sizes: the samples of 2 and 4 functions both have 2/ },
  );
});

Deno.test("trace sweep: samples of files are checked to be nested", async () => {
  const larger = filesOf("3_", ["a", "b", "c"].map(one));
  const notesOf = async (smaller: Record<string, string>) => {
    const { runs } = await planOf({ ...smaller, ...larger }, "--sizes", "2,3");
    return runs.map(({ notes = [] }) => notes.join());
  };
  assert.deepEqual(await notesOf(filesOf("2_", ["b", "c"].map(one))), ["", ""]);
  const [first, second] = await notesOf(filesOf("2_", ["c", "x"].map(one)));
  assert.equal(first, "");
  assert.match(second, /not nested: 1 of the 2 functions of the sample \S+\/2 are not in \S+\/3;/);
  const [, others] = await notesOf(
    filesOf("2_", ["b", "c"].map((id) => ({ ...one(id), count: 9 }))),
  );
  assert.match(others, /not nested: 2 of the 2 functions .* have other figures in/);
});

Deno.test("trace sweep: functions without an invocation in the window are told", async () => {
  const files = filesOf("2_", [one("f"), { ...one("g"), count: 0 }]);
  const { runs: [run] } = await planOf(files, "--sizes", "2");
  assert.match(run.notes!.join(), /^1 of the 2 functions .* are not invoked in the window/);
});

Deno.test("trace sweep: a day is chosen with --day, and told where it was not", async () => {
  const day = (mark: string, id: string): Record<string, string> => {
    const [invocations, durations, memory] = Object.values(filesOf("", [one(id)]));
    return {
      [`invocations_per_function_md.anon.d${mark}.csv`]: invocations,
      [`function_durations_percentiles.anon.d${mark}.csv`]: durations,
      [`app_memory_percentiles.anon.d${mark}.csv`]: memory,
    };
  };
  const files = { ...day("01", "x"), ...day("02", "y") };
  const chosen = await planOf(files, "--sizes", "1", "--day", "2");
  assert.equal(chosen.runs[0].schedule.functions[0].id, "y");
  assert.deepEqual(chosen.runs[0].notes, []);
  const first = await planOf(files, "--sizes", "1");
  assert.match(first.runs[0].notes!.join(), /has the days 1, 2; day 1 is taken \(--day\)/);
});

Deno.test("trace sweep: minutes count from the trace's first, whatever its number", async () => {
  const files = filesOf("1_", [one("f")]);
  const from540 = {
    ...files,
    "1_inv.csv": files["1_inv.csv"].replace(`${MINUTES}`, `${MINUTES.map((n) => n + 539)}`),
  };
  const hashOf = async (text: Record<string, string>, ...args: string[]) =>
    (await planOf(text, "--sizes", "1", ...args)).runs[0].schedule.hash();
  assert.equal(
    await hashOf(from540, "--window", "3.."),
    await hashOf(files, "--window", "3.."),
  );
  await assert.rejects(hashOf(from540, "--window", "540.."), {
    code: "usage",
    message: /20 minutes \(from 0 on; the columns 540 to 559 of its files\)/,
  });
});

Deno.test("trace sweep: a warm-up and a duration of whole minutes together fit a trace as long", async () => {
  const files = filesOf("1_", [one("f")]);
  // 5 minutes of profiling and 15 of the rest, in parts that no double holds.
  for (const warmup of ["1s", "7s", "10s", "50s", "130s"]) {
    const seconds = 15 * 60 - Number.parseInt(warmup);
    const { runs: [run] } = await planOf(
      files,
      ...["--sizes", "1", "--warmup", warmup, "--duration", `${seconds}s`],
    );
    let count = 0;
    for (const { scheduledMs } of run.schedule.chunks()) count += scheduledMs.length;
    assert.equal(count, 15 * 60, warmup);
    assert.equal(run.schedule.durationMs, 15 * 60_000);
  }
});
