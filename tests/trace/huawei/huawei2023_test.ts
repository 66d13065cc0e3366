import assert from "node:assert/strict";
import { generateSchedule } from "../../../lib/schedule/trace_schedule.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { temporaryFiles } from "../../support/trace_files.ts";
import { seriesText } from "./series_text.ts";

/** Minutes 0, 1 and 2 of a day, of functions 0 and 1. */
const COUNTS = { "0": ["2.0", "NaN", "4.0"], "1": ["1", "0", "0"] };

Deno.test("counts by the minute; nothing known is a loss and not nothing", async () => {
  await using folder = await temporaryFiles({
    "requests_minute/day_000.csv": seriesText({
      day: 0,
      columns: { ...COUNTS, "2": ["", "NaN", ""] },
    }),
  });
  const trace = await readTrace(folder.path);
  assert.deepEqual([trace.slotMs, trace.slots], [60_000, 1440]);
  assert.equal(trace.startMs, undefined);
  assert.deepEqual(
    trace.functions.map(({ id, invocationsPerSlot }) => [
      id,
      [...invocationsPerSlot.toArray().subarray(0, 4)],
    ]),
    [["0", [2, 0, 4, 0]], ["1", [1, 0, 0, 0]]],
  );
  assert.deepEqual(
    trace.repairs.map(({ defect, repair, count, severity, examples }) => [
      defect,
      repair,
      count,
      severity,
      examples,
    ]),
    [
      [
        "slot of a function of which nothing is known (NaN)",
        "no invocations taken",
        1,
        "loss",
        ["day_000.csv 0 in 1 of 1440 slots"],
      ],
      [
        "function of which nothing is known on the chosen days",
        "function left out",
        1,
        "loss",
        ["day_000.csv 2"],
      ],
    ],
  );
  await assert.rejects(readTrace(folder.path, { defects: "refuse" }), {
    code: "input",
    message: /Slot of a function of which nothing is known/,
  });
});

Deno.test("time counts from the start of the data set, not of the day", async () => {
  await using folder = await temporaryFiles({
    "requests_minute/day_003.csv": seriesText({ day: 3, columns: { "0": ["1", "2"] } }),
    "wrong/requests_minute/day_003.csv": seriesText({ day: 3, columns: { "0": ["1", "2"] } })
      .replaceAll(/^3,(\d+),/gm, (_, time) => `3,${Number(time) - 3 * 86_400},`),
  });
  const trace = await readTrace(folder.path);
  assert.deepEqual([...trace.functions[0].invocationsPerSlot.toArray().subarray(0, 3)], [1, 2, 0]);
  await assert.rejects(readTrace(`${folder.path}/wrong`), {
    code: "input",
    message: `${folder.path}/wrong/requests_minute/day_003.csv:2, column time: Expected whole ` +
      "seconds since the start of the data set, which day 3 has from 259200 to 345599, got 0.",
  });
});

Deno.test("days: the first by default, a range with its gaps as a loss, a missing one refused", async () => {
  await using folder = await temporaryFiles({
    "requests_minute/day_000.csv": seriesText({ day: 0, columns: { "0": ["1"] } }),
    "requests_minute/day_001.csv.gz": seriesText({ day: 1, columns: { "0": ["2"] } }),
    "requests_minute/day_004.csv": seriesText({ day: 4, columns: { "0": ["3"], "7": ["5"] } }),
  });
  const first = await readTrace(folder.path);
  assert.match(first.name, /\/day 0$/);
  assert.deepEqual(first.notes, ["The trace has the days 0 to 1, 4; day 0 is taken (--day)."]);
  const range = await readTrace(folder.path, { days: { first: 1, last: 4 } });
  assert.equal(range.slots, 4 * 1440);
  const [zero, seven] = range.functions;
  assert.deepEqual([zero.id, seven.id], ["0", "7"]);
  assert.equal(zero.invocationsPerSlot.toArray()[0], 2);
  assert.equal(zero.invocationsPerSlot.toArray()[3 * 1440], 3);
  assert.equal(seven.invocationsPerSlot.total, 5);
  assert.deepEqual(
    range.repairs.map(({ defect, count, severity, examples }) => [
      defect,
      count,
      severity,
      examples,
    ]),
    [["day without a file", 2, "loss", [" day 2", " day 3"]]],
  );
  await assert.rejects(readTrace(folder.path, { days: { first: 2, last: 4 } }), {
    code: "usage",
    message: `${folder.path}/requests_minute: --day: there is no file of day 2, but of the ` +
      "days 0 to 1, 4.",
  });
});

Deno.test("runtimes come from function_delay, weighted by requests; its unit is assumed and told", async () => {
  await using folder = await temporaryFiles({
    "requests_minute/day_000.csv": seriesText({
      day: 0,
      columns: { "0": ["3", "1", "5"], "1": ["1"] },
    }),
    // Another order of columns, and a function that the counts do not have.
    "function_delay_minute/day_000.csv": seriesText({
      day: 0,
      columns: { "9": ["1", "1", "1"], "1": ["NaN"], "0": ["10", "50", "NaN"] },
      rest: "NaN",
    }),
  });
  const trace = await readTrace(folder.path);
  const [zero, one] = trace.functions;
  assert.equal(zero.runtimeMs.mean, 20);
  assert.deepEqual(zero.runtimeMs.quantiles, [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1]);
  assert.deepEqual(zero.runtimeMs.values, [10, 10, 10, 10, 10, 50, 50]);
  assert.ok(one.runtimeMs.mean > 0);
  assert.deepEqual(
    trace.repairs.map(({ defect, count, severity, examples }) => [
      defect,
      count,
      severity,
      examples,
    ]),
    [["function without a known runtime", 1, "approximate", ["day_000.csv 1"]]],
  );
  assert.match(
    trace.assumptions![0],
    /unit of function_delay is not told: milliseconds are assumed/,
  );
  assert.ok(!trace.assumptions!.some((sentence) => sentence.startsWith("Runtimes are not")));
});

Deno.test("memory_limit sums up all instances, so their number divides it", async () => {
  const files = {
    "requests_minute/day_000.csv": seriesText({ day: 0, columns: { "0": ["3", "1"] } }),
    "memory_limit_minute/day_000.csv": seriesText({ day: 0, columns: { "0": ["1024", "2048"] } }),
  };
  const instances = {
    "instances_minute/day_000.csv": seriesText({ day: 0, columns: { "0": ["4", "8"] } }),
  };
  const usage = {
    "memory_usage_minute/day_000.csv": seriesText({ day: 0, columns: { "0": ["0.5", "0.25"] } }),
  };
  await using limitAlone = await temporaryFiles(files);
  const unknown = await readTrace(limitAlone.path);
  assert.match(unknown.assumptions!.join("\n"), /Memory is not in the data set/);
  await using both = await temporaryFiles({ ...files, ...instances });
  const limited = await readTrace(both.path);
  assert.deepEqual([...new Set(limited.functions[0].memoryMib.values)], [256]);
  assert.match(limited.assumptions!.join("\n"), /sums up all instances, over their number/);
  await using all = await temporaryFiles({ ...files, ...instances, ...usage });
  const used = await readTrace(all.path);
  assert.deepEqual(used.functions[0].memoryMib.values.at(-1), 128);
  assert.deepEqual(used.functions[0].memoryMib.values[0], 64);
  assert.equal(used.functions[0].memoryMib.mean, (3 * 128 + 64) / 4);
});

Deno.test("delays are not read as counts, whichever way they are given", async () => {
  const delays = seriesText({ day: 0, columns: { "0": ["10", "50"] } });
  await using folder = await temporaryFiles({
    "function_delay_minute/day_000.csv": delays,
    "other/day_000.csv": delays,
    "renamed/requests_minute/day_000.csv": delays.replace("0,0,10", "0,0,10.5"),
  });
  await assert.rejects(readTrace(`${folder.path}/function_delay_minute`), {
    code: "input",
    message:
      `${folder.path}/function_delay_minute: function_delay_minute (Huawei 2023): These are ` +
      "figures of function_delay, not counts of requests; give requests_minute or " +
      "requests_second, or the folder above.",
  });
  await assert.rejects(readTrace(`${folder.path}/function_delay_minute/day_000.csv`), {
    message: /These are figures of function_delay, not counts/,
  });
  await assert.rejects(readTrace(folder.path), {
    message: /The counts are missing: there is neither requests_minute nor requests_second/,
  });
  await assert.rejects(readTrace(`${folder.path}/other`), {
    message: /The folder's name is what tells the metric of these files, and this one does not/,
  });
  await assert.rejects(readTrace(`${folder.path}/renamed`), {
    message: /day_000\.csv:2, column 0: Expected a whole number of requests .* of another metric\?/,
  });
});

Deno.test("by the second: slots of a second, delays of the second, a folder or a file of it", async () => {
  const text = seriesText({ day: 1, stepS: 1, columns: { "0": ["2", "0", "1"] } });
  await using folder = await temporaryFiles({
    "requests_second/day_001.csv": text,
    "requests_second/day_002.csv": text.replaceAll(/^1,/gm, "2,"),
    "function_delay_second/day_001.csv": seriesText({
      day: 1,
      stepS: 1,
      columns: { "0": ["30", "NaN", "60"] },
    }),
  });
  for (const path of ["", "/requests_second", "/requests_second/day_001.csv"]) {
    const trace = await readTrace(folder.path + path);
    assert.deepEqual([trace.slotMs, trace.slots], [1000, 86_400]);
    const [zero] = trace.functions;
    assert.deepEqual([...zero.invocationsPerSlot.toArray().subarray(0, 4)], [2, 0, 1, 0]);
    assert.equal(zero.runtimeMs.mean, 40);
  }
  await assert.rejects(
    readTrace(`${folder.path}/requests_second/day_001.csv`, { days: { first: 2, last: 2 } }),
    { code: "usage", message: /--day: there is no file of day 2, but of day 1\.$/ },
  );
  // Memory is known by the minute only.
  for (const [metric, cell] of [["memory_limit", "512"], ["instances", "2"]]) {
    const minutes = seriesText({ day: 1, columns: { "0": [cell] }, rest: "NaN" });
    await Deno.mkdir(`${folder.path}/${metric}_minute`);
    await Deno.writeTextFile(`${folder.path}/${metric}_minute/day_001.csv`, minutes);
  }
  assert.equal((await readTrace(folder.path)).functions[0].memoryMib.mean, 256);
  const schedule = generateSchedule(await readTrace(folder.path), { durationMs: 3000 });
  const scheduledMs = [...schedule.chunks()].flatMap((chunk) => [...chunk.scheduledMs]);
  assert.deepEqual(scheduledMs.map((ms) => Math.floor(ms / 1000)), [0, 0, 2]);
  assert.deepEqual(schedule.durationMs, 3000);
});

Deno.test("the public trace has counts alone: runtimes are assumed by name, and it says so", async () => {
  await using folder = await temporaryFiles({
    "requests_minute/day_00.csv": seriesText({ day: 0, columns: { "0": ["1"], "5092": ["2"] } }),
    "requests_minute/day_01.csv": seriesText({ day: 1, columns: { "0": ["1"], "5092": ["2"] } }),
  });
  const trace = await readTrace(folder.path);
  const later = await readTrace(folder.path, { days: { first: 1, last: 1 } });
  assert.deepEqual(trace.functions[1].runtimeMs, later.functions[1].runtimeMs);
  assert.notDeepEqual(trace.functions[0].runtimeMs, trace.functions[1].runtimeMs);
  assert.match(trace.assumptions!.join("\n"), /Runtimes are not in the data set: .*figure 7/);
  const fixed = await readTrace(folder.path, {
    assume: { runtime: { kind: "fixed", runtimeMs: 100 } },
  });
  assert.equal(fixed.functions[1].runtimeMs.mean, 100);
  assert.match(fixed.assumptions!.join("\n"), /100 ms are assumed/);
});

Deno.test("rows that are missing, twice or of another day are told", async () => {
  const text = seriesText({ day: 0, columns: { "0": ["1", "2", "3", "4"] } });
  await using missing = await temporaryFiles({
    "requests_minute/day_000.csv": text.replace("0,60,2\n", "").replace("0,120,3\n", ""),
  });
  const trace = await readTrace(missing.path);
  assert.deepEqual(
    trace.repairs.map(({ defect, count, severity }) => [defect, count, severity]),
    [["instant without a row", 2, "loss"]],
  );
  assert.equal(trace.functions[0].invocationsPerSlot.total, 5);
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ["0,60,2", "0,0,2", /:3, column time: Expected rows in order of time, each once, but 0 comes/],
    ["0,60,2", "1,86400,2", /:3, column day: Expected day 0 as the file's name says, got 1/],
    ["0,60,2", "0,61,2", /:3, column time: Expected a multiple of 60 seconds, got 61/],
    ["0,60,2", "0,60,x", /:3, column 0: Expected a number, got "x"/],
    ["0,60,2", "0,60,-2", /:3, column 0: Expected a number from 0, got "-2"/],
    ["day,time,0", "day,time,f", /No trace of a known format/],
  ];
  for (const [from, to, message] of wrong) {
    await using folder = await temporaryFiles({
      "requests_minute/day_000.csv": text.replace(from, to),
    });
    await assert.rejects(readTrace(`${folder.path}/requests_minute`), { code: "input", message });
  }
});

Deno.test("folders as they unpack: found from above; two traces are to be chosen from", async () => {
  const day = seriesText({ day: 0, columns: { "0": ["1"] } });
  await using folder = await temporaryFiles({
    "datasets/private_dataset/requests_minute/day_000.csv": day,
    "both/private_dataset/requests_minute/day_000.csv": day,
    "both/public_dataset/csv_files/requests_minute/day_00.csv": day,
  });
  assert.equal((await readTrace(folder.path)).functions.length, 1);
  await assert.rejects(readTrace(`${folder.path}/both`), {
    message:
      `${folder.path}/both: private_dataset, public_dataset/csv_files (Huawei 2023): These ` +
      "are several traces; give the folder of one of them.",
  });
});
