import assert from "node:assert/strict";
import { functionKey } from "../../../lib/model/trace.ts";
import { generateSchedule } from "../../../lib/schedule/trace_schedule.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { csv, temporaryFiles } from "../../support/trace_files.ts";

const HEADER = "app,func,end_timestamp,duration";
const FILE = "AzureFunctionsInvocationTraceForTwoWeeksJan2021.txt";

Deno.test("seconds become milliseconds, and an invocation starts its duration before its end", async () => {
  await using folder = await temporaryFiles({
    [FILE]: csv(HEADER, "a,f,10.5,0.25", "a,f,70,9.5", "a,g,61.0000005,1"),
  });
  const trace = await readTrace(folder.path);
  assert.deepEqual([trace.slotMs, trace.slots], [60_000, 2]);
  assert.equal(trace.startMs, Date.UTC(2021, 0, 31));
  const [f, g] = trace.functions;
  assert.deepEqual([...f.recorded!.arrivalMs], [10_250, 60_500]);
  assert.deepEqual([...f.recorded!.runtimeMs!], [250, 9500]);
  assert.equal(f.recorded!.memoryMib, null);
  assert.deepEqual([...f.invocationsPerSlot.toArray()], [1, 1]);
  assert.equal(f.runtimeMs.values[0], 250);
  assert.ok(Math.abs(g.recorded!.arrivalMs[0] - 60_000.0005) < 1e-6);
  assert.deepEqual(trace.repairs, []);
});

Deno.test("a function's name is unique in its application only", async () => {
  await using folder = await temporaryFiles({
    [FILE]: csv(HEADER, "a,f,1,0.1", "b,f,2,0.1", "a,f,3,0.1"),
  });
  const { functions } = await readTrace(folder.path);
  assert.deepEqual(
    functions.map((profile) => [functionKey(profile), profile.invocationsPerSlot.total]),
    [["azure2021/a/f", 2], ["azure2021/b/f", 1]],
  );
});

Deno.test("recognised by its columns, whatever the file's name, and given as a file", async () => {
  await using folder = await temporaryFiles({
    "mine.data": csv("duration,END_TIMESTAMP,func,app", "0.5,1,f,a"),
    "notes.md": "app,func,end_timestamp,duration\n",
  });
  for (const path of [folder.path, `${folder.path}/mine.data`]) {
    const trace = await readTrace(path);
    assert.equal(trace.functions[0].recorded!.arrivalMs[0], 500);
  }
  await using two = await temporaryFiles({
    "x.csv": csv(HEADER, "a,f,1,0"),
    "y.csv": csv(HEADER, "a,f,1,0"),
  });
  await assert.rejects(readTrace(two.path), {
    code: "input",
    message: `${two.path}: x.csv, y.csv (Azure Functions 2021): These are several traces; give ` +
      "one of the files.",
  });
});

Deno.test("what started before the trace is a loss; rounding is not; order and ties are told", async () => {
  await using folder = await temporaryFiles({
    [FILE]: csv(
      HEADER,
      "a,f,5,6",
      "a,f,-1,0.5",
      "a,f,0.0305,0.031",
      "a,f,9,1",
      "a,f,8,1",
      "a,f,8.5,0.5",
    ),
  });
  const trace = await readTrace(folder.path);
  assert.deepEqual(
    trace.repairs.map(({ defect, count, severity, examples }) => [
      defect,
      count,
      severity,
      examples,
    ]),
    [["invocation that started before the trace", 2, "loss", [`${FILE}:2 5`, `${FILE}:3 -1`]]],
  );
  assert.deepEqual([...trace.functions[0].recorded!.arrivalMs], [0, 7000, 8000, 8000]);
  assert.deepEqual(trace.notes, [
    "1 row is not in order of arrival within a function; they were sorted.",
    "1 row is at the same instant as another invocation of the same function; they are kept so.",
  ]);
  await assert.rejects(readTrace(folder.path, { defects: "refuse" }), {
    message: /AzureFunctionsInvocationTraceForTwoWeeksJan2021\.txt:2, column end_timestamp: /,
  });
});

Deno.test("durations of 0 are kept and counted, negative ones are taken as 0", async () => {
  await using folder = await temporaryFiles({
    [FILE]: csv(HEADER, "a,f,1,0", "a,f,2,0.0", "a,f,3,-0.5"),
  });
  const trace = await readTrace(folder.path);
  assert.deepEqual(trace.repairs.map(({ defect, count }) => [defect, count]), [
    ["duration of 0", 2],
    ["negative duration", 1],
  ]);
  assert.deepEqual([...trace.functions[0].recorded!.runtimeMs!], [0, 0, 0]);
  assert.deepEqual([...trace.functions[0].recorded!.arrivalMs], [1000, 2000, 3000]);
});

Deno.test("memory is assumed by application and says so; another can be given", async () => {
  const text = csv(HEADER, "a,f,1,0.1", "a,g,2,0.1", "b,f,3,0.1");
  await using folder = await temporaryFiles({ [FILE]: text });
  const { functions: [f, g, other], assumptions } = await readTrace(folder.path);
  assert.deepEqual(f.memoryMib, g.memoryMib);
  assert.notDeepEqual(f.memoryMib, other.memoryMib);
  assert.match(assumptions!.join("\n"), /^Times .*2021-01-31[^]*Memory is not in the data set: /);
  const fixed = await readTrace(folder.path, {
    assume: { memory: { kind: "fixed", memoryMib: 256 } },
  });
  assert.equal(fixed.functions[2].memoryMib.mean, 256);
  assert.match(fixed.assumptions!.join("\n"), /256 MiB are assumed/);
  await using alone = await temporaryFiles({ [FILE]: csv(HEADER, "a,f,1,0.1") });
  const { functions: [single] } = await readTrace(alone.path);
  assert.equal(single.memoryMib.mean, f.memoryMib.mean * 2, "two functions share it");
});

Deno.test("a wrong cell is told with file, line and column; no rows are told", async () => {
  await using folder = await temporaryFiles({ [FILE]: csv(HEADER, "a,f,1,0.1", "a,f,x,0.1") });
  await assert.rejects(readTrace(folder.path), {
    code: "input",
    message: `${folder.path}/${FILE}:3, column end_timestamp: Expected a number, got "x".`,
  });
  await using none = await temporaryFiles({ [FILE]: csv(HEADER) });
  await assert.rejects(readTrace(none.path), { message: /no row after the header/ });
});

Deno.test("the schedule has the recorded instants and runtimes", async () => {
  await using folder = await temporaryFiles({
    [FILE]: csv(HEADER, "a,f,1.5,0.25", "b,f,2.5,0.25", "a,f,62,0.5"),
  });
  const schedule = generateSchedule(await readTrace(folder.path), { arrivals: "recorded" });
  const chunks = [...schedule.chunks()];
  assert.deepEqual(chunks.flatMap(({ scheduledMs }) => [...scheduledMs]), [1250, 2250, 61_500]);
  assert.deepEqual(chunks.flatMap(({ runtimeMs }) => [...runtimeMs]), [250, 250, 500]);
  const folded = generateSchedule(await readTrace(folder.path), { arrivals: "folded" });
  const counts = [...folded.chunks()].map(({ scheduledMs }) => scheduledMs.length);
  assert.deepEqual(counts, [2, 1]);
});

const REAL = "../shared/data/traces/azure_2021_example";

Deno.test({
  name: "slices of the real trace, where they are beside the project",
  ignore: !await isThere(REAL),
  fn: async () => {
    const trace = await readTrace(`${REAL}/Azure2021_200.csv`);
    const count = trace.functions.reduce((sum, one) => sum + one.invocationsPerSlot.total, 0);
    const lines = (await Deno.readTextFile(`${REAL}/Azure2021_200.csv`)).trim().split("\n").length;
    const lost = trace.repairs.filter(({ severity }) => severity === "loss")
      .reduce((sum, repair) => sum + repair.count, 0);
    assert.equal(count + lost, lines - 1);
    const [first] = trace.functions;
    assert.ok(Math.abs(first.recorded!.arrivalMs[0] - 1.49090003967285) < 1e-9);
    assert.equal(first.recorded!.runtimeMs![0], 78);
  },
});

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
