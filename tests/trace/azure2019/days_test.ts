import assert from "node:assert/strict";
import type { LoaderError } from "../../../lib/base/error.ts";
import { functionKey, type Trace } from "../../../lib/model/trace.ts";
import { mixPercentiles } from "../../../lib/trace/azure2019/mixture.ts";
import { parseDayRange } from "../../../lib/trace/day_range.ts";
import { readTrace, type ReadTraceOptions } from "../../../lib/trace/read_trace.ts";
import {
  APPLICATION_MEMORY_HEADER,
  csv,
  DURATIONS_HEADER,
  FUNCTION_MEMORY_HEADER,
  temporaryFiles,
} from "../../support/trace_files.ts";

const namesOf = (day: string) => ({
  invocations: `invocations_per_function_md.anon.d${day}.csv`,
  durations: `function_durations_percentiles.anon.d${day}.csv`,
  memory: `app_memory_percentiles.anon.d${day}.csv`,
});

const INVOCATIONS_HEADER = "HashOwner,HashApp,HashFunction,Trigger,1,2";

/** Durations of a function that are around a value, with a count. */
const duration = (id: string, around: number, count: number) =>
  `o,a,${id},${around},${count},${around},${around},${
    [0, 1, 2, 3, 4, 5, 6].map((i) => around + i).join()
  }`;
const memory = (app: string, around: number, samples: number) =>
  `o,${app},${samples},${around},${Array(8).fill(around).join()}`;

/** Three days: f on each, g on the first two, h on the last; the third has no file of memory. */
const FILES = {
  [namesOf("01").invocations]: csv(INVOCATIONS_HEADER, "o,a,f,http,1,2", "o,a,g,timer,0,5"),
  [namesOf("01").durations]: csv(DURATIONS_HEADER, duration("f", 10, 1), duration("g", 50, 2)),
  [namesOf("01").memory]: csv(APPLICATION_MEMORY_HEADER, memory("a", 300, 10)),
  [namesOf("02").invocations]: csv(INVOCATIONS_HEADER, "o,a,g,timer,7,0", "o,a,f,http,3,0"),
  [namesOf("02").durations]: csv(DURATIONS_HEADER, duration("f", 100, 3)),
  [namesOf("02").memory]: csv(APPLICATION_MEMORY_HEADER, memory("a", 600, 30)),
  [namesOf("03").invocations]: csv(INVOCATIONS_HEADER, "o,a,h,queue,0,9", "o,a,f,http,0,4"),
  [namesOf("03").durations]: csv(DURATIONS_HEADER, duration("f", 200, 0), duration("h", 1, 9)),
};

async function read(
  files: Readonly<Record<string, string>>,
  days: string,
  options: ReadTraceOptions = {},
): Promise<Trace> {
  await using folder = await temporaryFiles(files);
  return await readTrace(folder.path, { ...options, days: parseDayRange(days) });
}

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  const error: LoaderError = await attempt.then(
    () => assert.fail("nothing was refused"),
    (error) => error,
  );
  return error.message.replace(/\S*\//g, "");
}

Deno.test("days are joined on the function, with zeros where a day does not have it", async () => {
  const trace = await read(FILES, "1..3");
  assert.equal(trace.slots, 6);
  assert.equal(trace.slotMs, 60_000);
  assert.equal(trace.name.split("/")[1], "d01-d03");
  assert.deepEqual(trace.functions.map(functionKey), ["o/a/f", "o/a/g", "o/a/h"]);
  assert.deepEqual(trace.functions.map(({ trigger }) => trigger), ["http", "timer", "queue"]);
  assert.deepEqual(
    trace.functions.map(({ invocationsPerSlot }) => [...invocationsPerSlot.toArray()]),
    [[1, 2, 3, 0, 0, 4], [0, 5, 7, 0, 0, 0], [0, 0, 0, 0, 0, 9]],
  );
  assert.deepEqual(trace.functions.map(({ invocationsPerSlot }) => invocationsPerSlot.total), [
    10,
    12,
    9,
  ]);
});

Deno.test("durations and memory of several days are mixed by their counts", async () => {
  const { functions } = await read(FILES, "1..3");
  const values = (around: number) => [0, 1, 2, 3, 4, 5, 6].map((i) => around + i);
  const quantiles = [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1];
  assert.deepEqual(
    functions[0].runtimeMs,
    mixPercentiles(quantiles, [
      { values: values(200), mean: 200, weight: 0 },
      { values: values(100), mean: 100, weight: 3 },
      { values: values(10), mean: 10, weight: 1 },
    ]),
  );
  assert.equal(functions[0].runtimeMs.mean, 77.5);
  assert.deepEqual(functions[1].runtimeMs.values, values(50), "one day's are as they stand");
  // 300 of ten samples and 600 of thirty, shared by the three functions.
  assert.deepEqual(functions[2].memoryMib.values, [100, 100, 100, 200, 200, 200, 200, 200]);
  assert.equal(functions[2].memoryMib.mean, 175);
});

Deno.test("what a day lacks is taken from the others, and told", async () => {
  const told = (trace: Trace) =>
    trace.repairs.map(({ defect, count, severity, examples }) => [
      defect,
      count,
      severity,
      ...examples,
    ]);
  assert.deepEqual(told(await read(FILES, "1..3")), [
    [
      "day without a file of memory",
      1,
      "approximate",
      `${namesOf("03").invocations} none`,
    ],
    [
      "function without durations on a day",
      1,
      "approximate",
      `${namesOf("02").invocations}:2 o/a/g`,
    ],
  ]);
  assert.deepEqual(told(await read(FILES, "3")), [
    ["missing memory file", 1, "approximate", `${namesOf("03").invocations} none`],
    // A duration of 0 times is one all the same.
  ]);
  const withoutApplication = {
    ...FILES,
    [namesOf("02").memory]: csv(APPLICATION_MEMORY_HEADER, memory("b", 1, 1)),
  };
  assert.deepEqual(told(await read(withoutApplication, "1..2")), [
    ["row of memory without invocations", 1, "harmless", `${namesOf("02").memory}:2 o/b`],
    [
      "function or application without memory on a day",
      1,
      "approximate",
      `${namesOf("02").invocations}:2 o/a`,
    ],
    [
      "function without durations on a day",
      1,
      "approximate",
      `${namesOf("02").invocations}:2 o/a/g`,
    ],
  ]);
});

Deno.test("a function without durations on any of its days is left out once", async () => {
  const files = { ...FILES, [namesOf("01").durations]: csv(DURATIONS_HEADER, duration("f", 1, 1)) };
  const trace = await read(files, "1..2");
  assert.deepEqual(trace.functions.map(({ id }) => id), ["f"]);
  const { defect, count, severity } = trace.repairs[0];
  assert.deepEqual([defect, count, severity], ["function without durations", 1, "loss"]);
});

Deno.test("a function twice on one day is refused or merged on that day", async () => {
  const files = {
    ...FILES,
    [namesOf("02").invocations]: csv(
      INVOCATIONS_HEADER,
      "o,a,g,timer,7,0",
      "o,a,f,http,3,0",
      "o,a,f,http,1,6",
    ),
  };
  assert.match(
    await messageOf(read(files, "1..2")),
    /d02\.csv:4: f is there already in line 3; remove one, or allow/,
  );
  const trace = await read(files, "1..3", { duplicates: "merge" });
  assert.deepEqual([...trace.functions[0].invocationsPerSlot.toArray()], [1, 2, 4, 6, 0, 4]);
});

Deno.test("days that are not there or cannot be joined are refused in a sentence", async () => {
  assert.equal(
    await messageOf(read(FILES, "2..5")).then((message) => message.replace(/^\S* /, "")),
    "--day: there are no files of day 4; those of the days 1, 2, 3 are there.",
  );
  const shorter = {
    ...FILES,
    [namesOf("02").invocations]: csv("HashOwner,HashApp,HashFunction,5,6,7", "o,a,f,1,1,1"),
  };
  assert.equal(
    await messageOf(read(shorter, "1..2")),
    `${namesOf("02").invocations}:1: The days cannot be joined: this one has 3 minutes from 5, ` +
      `and ${namesOf("01").invocations} has 2 minutes from 1; choose days of the same minutes ` +
      "(--day).",
  );
  const ofFunctions = {
    ...FILES,
    [namesOf("02").memory]: csv(FUNCTION_MEMORY_HEADER, "o,a,f,1,1,1,1,1,1,1,1,1,1"),
  };
  assert.match(
    await messageOf(read(ofFunctions, "1..2")),
    /d02\.csv:1, column HashFunction: The days cannot be joined: memory is of functions on some/,
  );
  const { [namesOf("02").durations]: _, ...withoutDurations } = FILES;
  assert.match(await messageOf(read(withoutDurations, "1..3")), /The file of durations is missing/);
});

Deno.test("days are written as 3 or 1..14", () => {
  assert.deepEqual(parseDayRange("0"), { first: 0, last: 0 });
  assert.deepEqual(parseDayRange("3"), { first: 3, last: 3 });
  assert.deepEqual(parseDayRange("1..14"), { first: 1, last: 14 });
  for (
    const [text, sentence] of [
      ["", '"" is not a day; write one as 3, several as 1..14.'],
      ["1-3", '"1-3" is not a day; write one as 3, several as 1..14.'],
      ["5..2", "5..2 ends before it begins."],
    ]
  ) assert.throws(() => parseDayRange(text), { message: sentence });
});
